/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ffs32(3), fls32(3), ilog2(3), fast_divide32(3).
 */

#ifndef _SYS_BITOPS_H_
#define _SYS_BITOPS_H_

#include <sys/types.h>

/* Number of the lowest, and of the highest, bit that is set, from 1; 0 when none is. */
static __inline int __unused
ffs32(uint32_t n)
{

	return __builtin_ffs((int)n);
}

static __inline int __unused
ffs64(uint64_t n)
{

	return __builtin_ffsll((long long)n);
}

static __inline int __unused
fls32(uint32_t n)
{

	return n == 0 ? 0 : 32 - __builtin_clz(n);
}

static __inline int __unused
fls64(uint64_t n)
{

	return n == 0 ? 0 : 64 - __builtin_clzll(n);
}

/* Logarithm to base 2, rounded down; -1 for 0 */
#define ilog2(n) \
	((int)((n) == 0 ? -1 : 63 - __builtin_clzll((unsigned long long)(n) | 1)))

/* Division by a number that is prepared once: the compiler's own is good enough. */
static __inline void __unused
fast_divide32_prepare(uint32_t by, uint32_t *__restrict m, uint8_t *__restrict s1,
    uint8_t *__restrict s2)
{

	*m = by;
	*s1 = *s2 = 0;
}

static __inline uint32_t __unused
fast_divide32(uint32_t n, uint32_t by, uint32_t m, uint8_t s1, uint8_t s2)
{

	(void)m;
	(void)s1;
	(void)s2;
	return n / by;
}

static __inline uint32_t __unused
fast_remainder32(uint32_t n, uint32_t by, uint32_t m, uint8_t s1, uint8_t s2)
{

	(void)m;
	(void)s1;
	(void)s2;
	return n % by;
}

/* Bit maps of any unsigned type */
#define __BITMAP_BITS(t)	(sizeof(t) * 8)
#define __BITMAP_SHIFT(t)	(ilog2(__BITMAP_BITS(t)))
#define __BITMAP_MASK(t)	(__BITMAP_BITS(t) - 1)
#define __BITMAP_SIZE(t, n)	(((n) + (__BITMAP_BITS(t) - 1)) / __BITMAP_BITS(t))
#define __BITMAP_BIT(n, v)	((__typeof__((v)->_b[0]))1 << ((n) & __BITMAP_MASK((v)->_b[0])))
#define __BITMAP_WORD(n, v)	((n) >> __BITMAP_SHIFT((v)->_b[0]))

#define __BITMAP_TYPE(s, t, n) struct s {				\
	t _b[__BITMAP_SIZE(t, n)];					\
}
#define __BITMAP_SET(n, v)	((v)->_b[__BITMAP_WORD(n, v)] |= __BITMAP_BIT(n, v))
#define __BITMAP_CLR(n, v)	((v)->_b[__BITMAP_WORD(n, v)] &= ~__BITMAP_BIT(n, v))
#define __BITMAP_ISSET(n, v)	((v)->_b[__BITMAP_WORD(n, v)] & __BITMAP_BIT(n, v))
#define __BITMAP_ZERO(v)	__builtin_memset((v)->_b, 0, sizeof((v)->_b))

#endif /* !_SYS_BITOPS_H_ */
