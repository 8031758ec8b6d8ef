/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bswap16() and its like: what the machine adds to <sys/bswap.h>.
 */

#ifndef _RUMPHOST_BSWAP_H_
#define _RUMPHOST_BSWAP_H_

#include <machine/byte_swap.h>

#define __BSWAP_RENAME
#include <sys/bswap.h>

#endif /* !_RUMPHOST_BSWAP_H_ */
