/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integers of at least a width, fast ones, and the widest.
 */

#ifndef _RUMPHOST_INT_MWGWTYPES_H_
#define _RUMPHOST_INT_MWGWTYPES_H_

#include <machine/int_types.h>

typedef __int8_t	int_least8_t;
typedef __int16_t	int_least16_t;
typedef __int32_t	int_least32_t;
typedef __int64_t	int_least64_t;
typedef __uint8_t	uint_least8_t;
typedef __uint16_t	uint_least16_t;
typedef __uint32_t	uint_least32_t;
typedef __uint64_t	uint_least64_t;

typedef __int32_t	int_fast8_t;
typedef __int32_t	int_fast16_t;
typedef __int32_t	int_fast32_t;
typedef __int64_t	int_fast64_t;
typedef __uint32_t	uint_fast8_t;
typedef __uint32_t	uint_fast16_t;
typedef __uint32_t	uint_fast32_t;
typedef __uint64_t	uint_fast64_t;

typedef __INTMAX_TYPE__		intmax_t;
typedef __UINTMAX_TYPE__	uintmax_t;

#define __BIT_TYPES_DEFINED__

#endif /* !_RUMPHOST_INT_MWGWTYPES_H_ */
