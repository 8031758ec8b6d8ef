/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Simple locks.  There is one CPU, and an lwp keeps it between hypercalls: nothing else can run
 * between the test and the store.
 */

#ifndef _RUMPHOST_LOCK_H_
#define _RUMPHOST_LOCK_H_

#include <sys/types.h>

static __inline int
__SIMPLELOCK_LOCKED_P(const __cpu_simple_lock_t *lock)
{

	return *lock == __SIMPLELOCK_LOCKED;
}

static __inline int
__SIMPLELOCK_UNLOCKED_P(const __cpu_simple_lock_t *lock)
{

	return *lock == __SIMPLELOCK_UNLOCKED;
}

static __inline void
__cpu_simple_lock_set(__cpu_simple_lock_t *lock)
{

	*lock = __SIMPLELOCK_LOCKED;
}

static __inline void
__cpu_simple_lock_clear(__cpu_simple_lock_t *lock)
{

	*lock = __SIMPLELOCK_UNLOCKED;
}

static __inline void
__cpu_simple_lock_init(__cpu_simple_lock_t *lock)
{

	*lock = __SIMPLELOCK_UNLOCKED;
	__insn_barrier();
}

static __inline int
__cpu_simple_lock_try(__cpu_simple_lock_t *lock)
{

	if (*lock != __SIMPLELOCK_UNLOCKED)
		return 0;
	*lock = __SIMPLELOCK_LOCKED;
	__insn_barrier();
	return 1;
}

#ifdef _KERNEL
/* Reports a lock that is busy: on one CPU nobody would ever release it. */
void	__cpu_simple_lock(__cpu_simple_lock_t *);
#endif

static __inline void
__cpu_simple_unlock(__cpu_simple_lock_t *lock)
{

	__insn_barrier();
	*lock = __SIMPLELOCK_UNLOCKED;
}

#endif /* !_RUMPHOST_LOCK_H_ */
