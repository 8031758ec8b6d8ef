/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of file descriptors.
 */

#ifndef _SYS_FD_SET_H_
#define _SYS_FD_SET_H_

#include <sys/cdefs.h>
#include <machine/int_types.h>

#define __NFDBITS	32
#define __NFD_SIZE	256

typedef struct fd_set {
	__uint32_t	fds_bits[__NFD_SIZE / __NFDBITS];
} fd_set;

#endif /* !_SYS_FD_SET_H_ */
