/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kmutex_t is made of.  mutex.c in hypercalls/ has the functions.
 */

#ifndef _RUMPHOST_MUTEX_H_
#define _RUMPHOST_MUTEX_H_

#include <sys/types.h>

struct kmutex {
	volatile uint64_t mtx_owner;	/* shared with the host: hypercall.h */
	uint32_t	mtx_magic;	/* its type, or that it is none */
	int32_t		mtx_level;	/* of a spin mutex */
};

#endif /* !_RUMPHOST_MUTEX_H_ */
