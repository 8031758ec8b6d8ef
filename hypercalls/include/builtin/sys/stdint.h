/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integer types, their limits and constants.
 */

#ifndef _SYS_STDINT_H_
#define _SYS_STDINT_H_

#include <sys/types.h>
#include <machine/int_const.h>
#include <machine/int_limits.h>
#include <machine/int_mwgwtypes.h>
#include <machine/wchar_limits.h>

#endif /* !_SYS_STDINT_H_ */
