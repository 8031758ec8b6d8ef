/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bswap(3).
 */

#ifndef _SYS_BSWAP_H_
#define _SYS_BSWAP_H_

#include <sys/types.h>
#include <machine/byte_swap.h>

uint16_t	bswap16(uint16_t) __constfunc;
uint32_t	bswap32(uint32_t) __constfunc;
uint64_t	bswap64(uint64_t) __constfunc;

#define bswap16(x)	((uint16_t)__BYTE_SWAP_U16_VARIABLE((uint16_t)(x)))
#define bswap32(x)	((uint32_t)__BYTE_SWAP_U32_VARIABLE((uint32_t)(x)))
#define bswap64(x)	((uint64_t)__BYTE_SWAP_U64_VARIABLE((uint64_t)(x)))

#endif /* !_SYS_BSWAP_H_ */
