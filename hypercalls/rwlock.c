/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rwlock(9).  As in mutex.c, what nobody waits for never leaves C.
 */

#include <sys/param.h>
#include <sys/rwlock.h>

#include "held.h"

enum {
	MAGIC_RW = 0x72776c6b,
	MAGIC_DEAD = 0x72776c64
};

krw_t	rw_lock_op(krwlock_t *);

#define CHECK(rw, call) \
do { \
	if (__predict_false((rw)->rw_magic != MAGIC_RW)) \
		rumphost_misuse("rwlock(9)", (rw)->rw_magic == MAGIC_DEAD ? \
		    call " of a lock that was destroyed" : \
		    call " of a lock that was never initialised"); \
} while (0)

static inline uint64_t
writer_word(const struct rumphost_lwp *l)
{

	return rumphost_owner_word(l) | RUMPHOST_RW_WRITE_LOCKED;
}

void
rumphost_rw_init(krwlock_t *rw, uint64_t site)
{

	rw->rw_owner = 0;
	rw->rw_magic = MAGIC_RW;
	if (__predict_false(rumphost_locks_are_slow(rumphost_cpu())))
		rumphost_lock_init(rw, RUMPHOST_LOCK_RW, 0, site);
}

void
rw_init(krwlock_t *rw)
{

	rumphost_rw_init(rw, RUMPHOST_CALLER);
}

void
rw_destroy(krwlock_t *rw)
{

	CHECK(rw, "rw_destroy");
	if (rw->rw_owner != 0 || rumphost_locks_are_slow(rumphost_cpu()))
		rumphost_rw_destroy(rw);
	rw->rw_magic = MAGIC_DEAD;
}

/* Returns 1 if the lock could be had without the host. */
static inline int
take(krwlock_t *rw, const struct rumphost_lwp *l, krw_t op)
{

	if (rumphost_locks_are_slow(rumphost_cpu()))
		return 0;
	if (op == RW_WRITER) {
		if (rw->rw_owner != 0)
			return 0;
		rw->rw_owner = writer_word(l);
		return 1;
	}
	if ((rw->rw_owner & (RUMPHOST_RW_WRITE_LOCKED | RUMPHOST_RW_WAITERS)) != 0)
		return 0;
	rw->rw_owner += RUMPHOST_RW_READER;
	return 1;
}

void
rw_enter(krwlock_t *rw, const krw_t op)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	CHECK(rw, "rw_enter");
	if (l->spin_count != 0 || l->kind == 'i' || !take(rw, l, op))
		rumphost_rw_enter(rw, op == RW_WRITER);
	rumphost_held_push(l, rw);
}

int
rw_tryenter(krwlock_t *rw, const krw_t op)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	CHECK(rw, "rw_tryenter");
	if (!take(rw, l, op) && !rumphost_rw_tryenter(rw, op == RW_WRITER))
		return 0;
	rumphost_held_push(l, rw);
	return 1;
}

void
rw_exit(krwlock_t *rw)
{
	struct rumphost_lwp *l = rumphost_curlwp();
	int held;

	CHECK(rw, "rw_exit");
	held = rumphost_held_pop(l, rw);
	if (__predict_false(!held || (rw->rw_owner & RUMPHOST_RW_WAITERS) != 0 ||
	    rumphost_locks_are_slow(rumphost_cpu())))
		rumphost_rw_exit(rw, held);
	else if (rw->rw_owner == writer_word(l))
		rw->rw_owner = 0;
	else
		rw->rw_owner -= RUMPHOST_RW_READER;
}

int
rw_tryupgrade(krwlock_t *rw)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	CHECK(rw, "rw_tryupgrade");
	if (rw->rw_owner == RUMPHOST_RW_READER && !rumphost_locks_are_slow(rumphost_cpu())) {
		rw->rw_owner = writer_word(l);
		return 1;
	}
	return rumphost_rw_tryupgrade(rw);
}

void
rw_downgrade(krwlock_t *rw)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	CHECK(rw, "rw_downgrade");
	if (rw->rw_owner == writer_word(l) && !rumphost_locks_are_slow(rumphost_cpu()))
		rw->rw_owner = RUMPHOST_RW_READER;
	else
		rumphost_rw_downgrade(rw);
}

int
rw_read_held(krwlock_t *rw)
{

	return (rw->rw_owner & RUMPHOST_RW_WRITE_LOCKED) == 0 &&
	    rw->rw_owner >= RUMPHOST_RW_READER;
}

int
rw_write_held(krwlock_t *rw)
{

	return (rw->rw_owner & ~(uint64_t)RUMPHOST_RW_WAITERS) ==
	    writer_word(rumphost_curlwp());
}

int
rw_lock_held(krwlock_t *rw)
{

	return rw->rw_owner >= RUMPHOST_RW_READER;
}

krw_t
rw_lock_op(krwlock_t *rw)
{

	return (rw->rw_owner & RUMPHOST_RW_WRITE_LOCKED) != 0 ? RW_WRITER : RW_READER;
}
