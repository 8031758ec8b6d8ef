/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of <machine/int_types.h> and <machine/int_mwgwtypes.h>.
 */

#ifndef _RUMPHOST_INT_LIMITS_H_
#define _RUMPHOST_INT_LIMITS_H_

/* Exact width */
#define INT8_MIN	(-__INT8_MAX__ - 1)
#define INT16_MIN	(-__INT16_MAX__ - 1)
#define INT32_MIN	(-__INT32_MAX__ - 1)
#define INT64_MIN	(-__INT64_MAX__ - 1)
#define INT8_MAX	__INT8_MAX__
#define INT16_MAX	__INT16_MAX__
#define INT32_MAX	__INT32_MAX__
#define INT64_MAX	__INT64_MAX__
#define UINT8_MAX	__UINT8_MAX__
#define UINT16_MAX	__UINT16_MAX__
#define UINT32_MAX	__UINT32_MAX__
#define UINT64_MAX	__UINT64_MAX__

/* At least so wide */
#define INT_LEAST8_MIN	INT8_MIN
#define INT_LEAST8_MAX	INT8_MAX
#define UINT_LEAST8_MAX	UINT8_MAX
#define INT_LEAST16_MIN	INT16_MIN
#define INT_LEAST16_MAX	INT16_MAX
#define UINT_LEAST16_MAX	UINT16_MAX
#define INT_LEAST32_MIN	INT32_MIN
#define INT_LEAST32_MAX	INT32_MAX
#define UINT_LEAST32_MAX	UINT32_MAX
#define INT_LEAST64_MIN	INT64_MIN
#define INT_LEAST64_MAX	INT64_MAX
#define UINT_LEAST64_MAX	UINT64_MAX

/* Fast: nothing narrower than 32 bits */
#define INT_FAST8_MIN	INT32_MIN
#define INT_FAST8_MAX	INT32_MAX
#define UINT_FAST8_MAX	UINT32_MAX
#define INT_FAST16_MIN	INT32_MIN
#define INT_FAST16_MAX	INT32_MAX
#define UINT_FAST16_MAX	UINT32_MAX
#define INT_FAST32_MIN	INT32_MIN
#define INT_FAST32_MAX	INT32_MAX
#define UINT_FAST32_MAX	UINT32_MAX
#define INT_FAST64_MIN	INT64_MIN
#define INT_FAST64_MAX	INT64_MAX
#define UINT_FAST64_MAX	UINT64_MAX

/* Pointers, and the widest */
#define INTPTR_MIN	(-__INTPTR_MAX__ - 1)
#define INTPTR_MAX	__INTPTR_MAX__
#define UINTPTR_MAX	__UINTPTR_MAX__
#define INTMAX_MIN	(-__INTMAX_MAX__ - 1)
#define INTMAX_MAX	__INTMAX_MAX__
#define UINTMAX_MAX	__UINTMAX_MAX__

/* Others */
#define PTRDIFF_MIN	(-__PTRDIFF_MAX__ - 1)
#define PTRDIFF_MAX	__PTRDIFF_MAX__
#define SIG_ATOMIC_MIN	INT32_MIN
#define SIG_ATOMIC_MAX	INT32_MAX
#ifndef SIZE_MAX
#define SIZE_MAX	__SIZE_MAX__
#endif

#endif /* !_RUMPHOST_INT_LIMITS_H_ */
