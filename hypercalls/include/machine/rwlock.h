/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a krwlock_t is made of.  rwlock.c in hypercalls/ has the functions.
 */

#ifndef _RUMPHOST_RWLOCK_H_
#define _RUMPHOST_RWLOCK_H_

#include <sys/types.h>

struct krwlock {
	volatile uint64_t rw_owner;	/* shared with the host: hypercall.h */
	uint32_t	rw_magic;
};

#endif /* !_RUMPHOST_RWLOCK_H_ */
