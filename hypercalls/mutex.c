/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutex(9).  An uncontended mutex is a load and a store: no other lwp runs between them.  The
 * host comes in when lwps have to wait, when something is wrong, and when it wants to see all.
 */

#include <sys/param.h>
#include <sys/mutex.h>

#include "held.h"

enum {
	MAGIC_ADAPTIVE = 0x6d757461,
	MAGIC_SPIN = 0x6d757473,
	MAGIC_DEAD = 0x6d757464
};

int	mutex_ownable(const kmutex_t *);

/* Not a mutex: `unknown' and `dead' say what was tried on it. */
static __attribute__((__noinline__)) void
bad_mutex(const kmutex_t *mtx, const char *unknown, const char *dead)
{

	rumphost_misuse("mutex(9)", mtx->mtx_magic == MAGIC_DEAD ? dead : unknown);
}

#define CHECK(mtx, call) \
do { \
	if (__predict_false((mtx)->mtx_magic != MAGIC_ADAPTIVE && \
	    (mtx)->mtx_magic != MAGIC_SPIN)) \
		bad_mutex((mtx), call " of a mutex that was never initialised", \
		    call " of a mutex that was destroyed"); \
} while (0)

int
rumphost_held_remove(struct rumphost_lwp *l, uint64_t lock)
{
	uint32_t n;

	for (n = l->held_count; n-- > 0;) {
		if (l->held[n] != lock)
			continue;
		for (l->held_count--; n < l->held_count; n++)
			l->held[n] = l->held[n + 1];
		return 1;
	}
	return 0;
}

void
rumphost_mutex_init(kmutex_t *mtx, int type, int ipl, uint64_t site)
{
	bool spin;

	if (ipl < IPL_NONE || ipl > IPL_HIGH)
		rumphost_misuse("mutex(9)", "mutex_init with a level that is none");
	spin = type == MUTEX_SPIN || ipl > IPL_SOFTSERIAL;
	if (spin && type == MUTEX_ADAPTIVE)
		rumphost_misuse("mutex(9)",
		    "mutex_init of an adaptive mutex at the level of a hard interrupt");
	mtx->mtx_owner = 0;
	mtx->mtx_magic = spin ? MAGIC_SPIN : MAGIC_ADAPTIVE;
	mtx->mtx_level = ipl;
	if (__predict_false(rumphost_locks_are_slow(rumphost_cpu())))
		rumphost_lock_init(mtx, spin ? RUMPHOST_LOCK_SPIN : RUMPHOST_LOCK_ADAPTIVE, ipl,
		    site);
}

void
mutex_init(kmutex_t *mtx, kmutex_type_t type, int ipl)
{

	rumphost_mutex_init(mtx, (int)type, ipl, RUMPHOST_CALLER);
}

void
mutex_destroy(kmutex_t *mtx)
{

	CHECK(mtx, "mutex_destroy");
	if (mtx->mtx_owner != 0 || rumphost_locks_are_slow(rumphost_cpu()))
		rumphost_mutex_destroy(mtx);
	mtx->mtx_magic = MAGIC_DEAD;
}

void
mutex_enter(kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;

	if (__predict_false(mtx->mtx_magic != MAGIC_ADAPTIVE)) {
		CHECK(mtx, "mutex_enter");
		mutex_spin_enter(mtx);
		return;
	}
	if (__predict_true(mtx->mtx_owner == 0 && l->spin_count == 0 && l->kind != 'i' &&
	    !rumphost_locks_are_slow(cpu)))
		mtx->mtx_owner = rumphost_owner_word(l);
	else
		rumphost_mutex_enter(mtx);
	rumphost_held_push(l, mtx);
}

void
mutex_exit(kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;

	if (__predict_false(mtx->mtx_magic != MAGIC_ADAPTIVE)) {
		CHECK(mtx, "mutex_exit");
		mutex_spin_exit(mtx);
		return;
	}
	(void)rumphost_held_pop(l, mtx);
	if (__predict_true(mtx->mtx_owner == rumphost_owner_word(l) &&
	    !rumphost_locks_are_slow(cpu)))
		mtx->mtx_owner = 0;
	else
		rumphost_mutex_exit(mtx);
}

/* After the IPL was raised from `before'. */
static inline void
spin_taken(struct rumphost_lwp *l, kmutex_t *mtx, int before)
{

	if (l->spin_count++ == 0)
		l->spin_ipl = before;
	rumphost_held_push(l, mtx);
}

/* Returns the level to go back to, or the present one while others are held. */
static inline int
spin_released(struct rumphost_lwp *l)
{

	return --l->spin_count == 0 && l->spin_ipl < l->ipl ? l->spin_ipl : l->ipl;
}

void
mutex_spin_enter(kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;
	int before = l->ipl;

	if (__predict_false(mtx->mtx_magic != MAGIC_SPIN)) {
		CHECK(mtx, "mutex_spin_enter");
		rumphost_misuse("mutex(9)", "mutex_spin_enter of an adaptive mutex");
	}
	if (before < mtx->mtx_level)
		l->ipl = mtx->mtx_level;
	if (__predict_true(mtx->mtx_owner == 0 && !rumphost_locks_are_slow(cpu)))
		mtx->mtx_owner = rumphost_owner_word(l);
	else
		rumphost_mutex_spin_enter(mtx, mtx->mtx_level, before);
	spin_taken(l, mtx, before);
}

void
mutex_spin_exit(kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;
	int ipl;

	if (__predict_false(mtx->mtx_magic != MAGIC_SPIN)) {
		CHECK(mtx, "mutex_spin_exit");
		rumphost_misuse("mutex(9)", "mutex_spin_exit of an adaptive mutex");
	}
	if (__predict_true(mtx->mtx_owner == rumphost_owner_word(l) &&
	    !rumphost_locks_are_slow(cpu)))
		mtx->mtx_owner = 0;
	else
		rumphost_mutex_spin_exit(mtx);
	(void)rumphost_held_pop(l, mtx);
	ipl = spin_released(l);
	if (ipl < l->ipl)
		rumphost_lower(l, ipl);
}

int
mutex_tryenter(kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;
	int before = l->ipl;
	bool spin;

	CHECK(mtx, "mutex_tryenter");
	spin = mtx->mtx_magic == MAGIC_SPIN;
	if (spin && before < mtx->mtx_level)
		l->ipl = mtx->mtx_level;
	if (__predict_true(!rumphost_locks_are_slow(cpu) && (spin || l->kind != 'i'))) {
		if (mtx->mtx_owner != 0)
			goto busy;
		mtx->mtx_owner = rumphost_owner_word(l);
	} else {
		if (!spin && l->kind == 'i')
			rumphost_misuse("mutex(9)",
			    "mutex_tryenter of an adaptive mutex in a hard interrupt handler");
		if (!rumphost_mutex_tryenter(mtx))
			goto busy;
	}
	if (spin)
		spin_taken(l, mtx, before);
	else
		rumphost_held_push(l, mtx);
	return 1;

busy:
	if (before < l->ipl)
		rumphost_lower(l, before);
	return 0;
}

void *
rumphost_mutex_drop(kmutex_t *mtx, const char *page, const char *why)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;

	CHECK(mtx, "sleeping with the interlock");
	if ((mtx->mtx_owner & ~(uint64_t)RUMPHOST_MUTEX_WAITERS) != rumphost_owner_word(l))
		rumphost_misuse(page, why);
	(void)rumphost_held_pop(l, mtx);
	if (mtx->mtx_magic == MAGIC_SPIN)
		l->ipl = spin_released(l);
	if (mtx->mtx_owner != rumphost_owner_word(l) || rumphost_locks_are_slow(cpu))
		return mtx;
	mtx->mtx_owner = 0;
	return NULL;
}

/*
 * Some vintages of <sys/mutex.h> have these take a pointer to const, others do not; to the linker
 * that is one and the same.
 */
#define NAMED(function, name) \
	__asm(".globl " #name "\n.hidden " #name "\n.set " #name "," #function)

NAMED(owned, mutex_owned);
NAMED(owner, mutex_owner);

static __used int
owned(const kmutex_t *mtx)
{

	if (mtx->mtx_magic == MAGIC_SPIN)
		return mtx->mtx_owner != 0;
	return (mtx->mtx_owner & ~(uint64_t)RUMPHOST_MUTEX_WAITERS) ==
	    rumphost_owner_word(rumphost_curlwp());
}

static __used lwp_t *
owner(const kmutex_t *mtx)
{
	struct rumphost_lwp *l;

	l = (struct rumphost_lwp *)(uintptr_t)
	    (mtx->mtx_owner & ~(uint64_t)RUMPHOST_MUTEX_WAITERS);
	return l == NULL ? NULL : rumphost_kernel_lwp_of(l);
}

/* For assertions: the caller may enter it. */
int
mutex_ownable(const kmutex_t *mtx)
{

	CHECK(mtx, "mutex_ownable");
	if ((mtx->mtx_owner & ~(uint64_t)RUMPHOST_MUTEX_WAITERS) ==
	    rumphost_owner_word(rumphost_curlwp()))
		rumphost_misuse("mutex(9)", "mutex_ownable: locking against myself");
	return 1;
}
