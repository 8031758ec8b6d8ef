/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiler knows the machine's byte-swapping instructions.
 */

#ifndef _RUMPHOST_BYTE_SWAP_H_
#define _RUMPHOST_BYTE_SWAP_H_

#define __BYTE_SWAP_U16_VARIABLE(x)	__builtin_bswap16(x)
#define __BYTE_SWAP_U32_VARIABLE(x)	__builtin_bswap32(x)
#define __BYTE_SWAP_U64_VARIABLE(x)	__builtin_bswap64(x)

#endif /* !_RUMPHOST_BYTE_SWAP_H_ */
