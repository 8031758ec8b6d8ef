/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bswap(3), for drivers that are compiled without optimisation: elsewhere these are macros.
 */

#include <sys/types.h>
#include <sys/endian.h>

#undef bswap16
#undef bswap32
#undef bswap64

uint16_t
bswap16(uint16_t x)
{

	return __builtin_bswap16(x);
}

uint32_t
bswap32(uint32_t x)
{

	return __builtin_bswap32(x);
}

uint64_t
bswap64(uint64_t x)
{

	return __builtin_bswap64(x);
}
