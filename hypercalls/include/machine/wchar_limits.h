/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of wchar_t and wint_t, from the compiler.
 */

#ifndef _RUMPHOST_WCHAR_LIMITS_H_
#define _RUMPHOST_WCHAR_LIMITS_H_

#define WCHAR_MAX	__WCHAR_MAX__
#define WCHAR_MIN	__WCHAR_MIN__
#define WINT_MAX	__WINT_MAX__
#define WINT_MIN	__WINT_MIN__

#endif /* !_RUMPHOST_WCHAR_LIMITS_H_ */
