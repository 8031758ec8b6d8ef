/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the basic types can hold, from the compiler.
 */

#ifndef _RUMPHOST_LIMITS_H_
#define _RUMPHOST_LIMITS_H_

#define CHAR_BIT	__CHAR_BIT__

#define SCHAR_MAX	__SCHAR_MAX__
#define SCHAR_MIN	(-__SCHAR_MAX__ - 1)
#define UCHAR_MAX	(__SCHAR_MAX__ * 2 + 1)

#define SHRT_MAX	__SHRT_MAX__
#define SHRT_MIN	(-__SHRT_MAX__ - 1)
#define USHRT_MAX	(__SHRT_MAX__ * 2 + 1)

#define INT_MAX		__INT_MAX__
#define INT_MIN		(-__INT_MAX__ - 1)
#define UINT_MAX	(__INT_MAX__ * 2U + 1U)

#define LONG_MAX	__LONG_MAX__
#define LONG_MIN	(-__LONG_MAX__ - 1L)
#define ULONG_MAX	(__LONG_MAX__ * 2UL + 1UL)

#define LLONG_MAX	__LONG_LONG_MAX__
#define LLONG_MIN	(-__LONG_LONG_MAX__ - 1LL)
#define ULLONG_MAX	(__LONG_LONG_MAX__ * 2ULL + 1ULL)

#define SSIZE_MAX	LONG_MAX
#define SSIZE_MIN	LONG_MIN
#define SIZE_T_MAX	ULONG_MAX

#define QUAD_MAX	LLONG_MAX
#define QUAD_MIN	LLONG_MIN
#define UQUAD_MAX	ULLONG_MAX

#define LONG_BIT	64
#define WORD_BIT	32

#endif /* !_RUMPHOST_LIMITS_H_ */
