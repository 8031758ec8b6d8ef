/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Simple locks, and what spinning needs.
 */

#ifndef _SYS_LOCK_H_
#define _SYS_LOCK_H_

#include <sys/stdint.h>
#include <sys/mutex.h>

#include <machine/lock.h>

#ifdef _KERNEL
#ifndef SPINLOCK_SPIN_HOOK
#define SPINLOCK_SPIN_HOOK
#endif
#ifndef SPINLOCK_BACKOFF_HOOK
#define SPINLOCK_BACKOFF_HOOK	((void)0)
#endif
#define SPINLOCK_BACKOFF_MIN	4
#define SPINLOCK_BACKOFF_MAX	128
#define SPINLOCK_BACKOFF(count) \
do { \
	for (int _spins = (count); _spins != 0; _spins--) { \
		SPINLOCK_BACKOFF_HOOK; \
	} \
	if ((count) < SPINLOCK_BACKOFF_MAX) \
		(count) += (count); \
} while (0)
#endif

#endif /* !_SYS_LOCK_H_ */
