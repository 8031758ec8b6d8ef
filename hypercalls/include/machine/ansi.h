/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types behind the basic ISO C and POSIX ones, as the compiler has them.
 */

#ifndef _RUMPHOST_ANSI_H_
#define _RUMPHOST_ANSI_H_

#include <sys/cdefs.h>
#include <machine/int_types.h>

#define _BSD_CLOCK_T_		unsigned int
#define _BSD_CLOCKID_T_		int
#define _BSD_PTRDIFF_T_		__PTRDIFF_TYPE__
#define _BSD_SIZE_T_		__SIZE_TYPE__
#define _BSD_SSIZE_T_		__PTRDIFF_TYPE__
#define _BSD_SUSECONDS_T_	int
#define _BSD_TIME_T_		__int64_t
#define _BSD_TIMER_T_		int
#define _BSD_USECONDS_T_	unsigned int
#define _BSD_VA_LIST_		__builtin_va_list
#define _BSD_WCHAR_T_		__WCHAR_TYPE__
#define _BSD_WINT_T_		__WINT_TYPE__

#endif /* !_RUMPHOST_ANSI_H_ */
