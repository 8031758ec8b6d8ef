/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks that an lwp holds, in order: what the fast paths of mutex(9) and rwlock(9) keep, and
 * what the pages that sleep need of a mutex.
 */

#ifndef RUMPHOST_HELD_H
#define RUMPHOST_HELD_H

#include "shim.h"

struct kmutex;
struct krwlock;
struct lwp;

/* cpu.c: the lwp as a driver's headers describe it. */
struct lwp *rumphost_kernel_lwp_of(struct rumphost_lwp *);
/* pserialize.c: the caller is not in a read section. */
int	rumphost_may_sleep(void);
/* mutex.c, rwlock.c: initialise a lock on behalf of `site'. */
void	rumphost_mutex_init(struct kmutex *, int type, int ipl, uint64_t site);
void	rumphost_rw_init(struct krwlock *, uint64_t site);
/* mutex.c: take a lock off that is not the last; returns 0 when it is not there. */
int	rumphost_held_remove(struct rumphost_lwp *, uint64_t);
/* mutex.c: release a mutex on the way to sleep, such that nothing can happen in between.  Returns
 * what the sleeping hypercall takes as its `mutex'.  `why' is said of a mutex that is not held. */
void	*rumphost_mutex_drop(struct kmutex *, const char *page, const char *why);

static inline void
rumphost_held_push(struct rumphost_lwp *l, volatile void *lock)
{

	if (__builtin_expect(l->held_count >= RUMPHOST_HELD_LOCKS, 0))
		rumphost_unsupported("mutex(9)", "an lwp that holds more than 32 locks");
	l->held[l->held_count++] = (uint64_t)(uintptr_t)lock;
}

/* Returns 1, or 0 when the lwp does not hold the lock. */
static inline int
rumphost_held_pop(struct rumphost_lwp *l, volatile void *lock)
{
	uint64_t address = (uint64_t)(uintptr_t)lock;

	if (__builtin_expect(l->held_count != 0 && l->held[l->held_count - 1] == address, 1)) {
		l->held_count--;
		return 1;
	}
	return rumphost_held_remove(l, address);
}

/* The word of a mutex that the lwp owns. */
static inline uint64_t
rumphost_owner_word(const struct rumphost_lwp *l)
{

	return (uint64_t)(uintptr_t)l;
}

static inline int
rumphost_locks_are_slow(const struct rumphost_cpu *cpu)
{

	return (cpu->slow & RUMPHOST_SLOW_LOCK) != 0;
}

/* spl.c: lower the IPL of an lwp, and let in what waited for that. */
static inline void
rumphost_lower(struct rumphost_lwp *l, int ipl)
{
	struct rumphost_cpu *cpu = rumphost_cpu();

	l->ipl = ipl;
	if (__builtin_expect(cpu->pending_ipl > ipl || rumphost_locks_are_slow(cpu), 0))
		rumphost_spl_lower(ipl);
}

#endif
