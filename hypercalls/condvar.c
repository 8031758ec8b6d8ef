/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condvar(9).  A condition variable's three words: who waits (the host's: the number of lwps, or
 * the only one), its wait message, and whether it is one.
 */

#include <sys/param.h>
#include <sys/condvar.h>
#include <sys/time.h>

#include "held.h"

enum { NS_PER_S = 1000000000 };

int	cv_timedwaitbt(kcondvar_t *, kmutex_t *, struct bintime *, const struct bintime *);
int	cv_timedwaitbt_sig(kcondvar_t *, kmutex_t *, struct bintime *, const struct bintime *);

static const char valid[] = "valid", destroyed[] = "destroyed";

#define WAITERS(cv)	(*(void *volatile *)&(cv)->cv_opaque[0])
#define WMESG(cv)	((cv)->cv_opaque[1])
#define STATE(cv)	((cv)->cv_opaque[2])

#define CHECK(cv, call) \
do { \
	if (__predict_false(STATE(cv) != valid)) \
		rumphost_misuse("condvar(9)", STATE(cv) == destroyed ? \
		    call " of a condition variable that was destroyed" : \
		    call " of a condition variable that was never initialised"); \
} while (0)

void
cv_init(kcondvar_t *cv, const char *wmesg)
{

	if (wmesg == NULL)
		rumphost_misuse("condvar(9)", "cv_init without a wait message");
	cv->cv_opaque[0] = NULL;
	WMESG(cv) = __UNCONST(wmesg);
	STATE(cv) = __UNCONST(valid);
}

void
cv_destroy(kcondvar_t *cv)
{

	CHECK(cv, "cv_destroy");
	if (WAITERS(cv) != NULL)
		rumphost_cv_destroy(cv);
	STATE(cv) = __UNCONST(destroyed);
}

static int
wait(kcondvar_t *cv, kmutex_t *mtx, int ticks, uint64_t duration_ns, int interruptible)
{
	void *owed;
	int error;

	owed = rumphost_mutex_drop(mtx, "condvar(9)",
	    "cv_wait without holding the mutex");
	error = rumphost_cv_wait(cv, owed, WMESG(cv), ticks, duration_ns, interruptible);
	mutex_enter(mtx);
	return error;
}

/* Wait without a hypercall: for a mutex that nobody else wants, until somebody signals. */
static bool
hand_over(kcondvar_t *cv, kmutex_t *mtx)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;

	if (cpu->handovers == 0 || rumphost_locks_are_slow(cpu) || l->spin_count != 0 ||
	    l->ipl != IPL_NONE || l->kind != 't' || WAITERS(cv) != NULL ||
	    mtx->mtx_owner != rumphost_owner_word(l) || !rumphost_may_sleep())
		return false;
	(void)rumphost_mutex_drop(mtx, "condvar(9)", "");
	(void)(*rumphost_host->sleep)(&WAITERS(cv), WMESG(cv));
	mutex_enter(mtx);
	return true;
}

void
cv_wait(kcondvar_t *cv, kmutex_t *mtx)
{

	CHECK(cv, "cv_wait");
	if (!hand_over(cv, mtx))
		(void)wait(cv, mtx, 0, 0, 0);
}

int
cv_wait_sig(kcondvar_t *cv, kmutex_t *mtx)
{

	CHECK(cv, "cv_wait_sig");
	return wait(cv, mtx, 0, 0, 1);
}

int
cv_timedwait(kcondvar_t *cv, kmutex_t *mtx, int ticks)
{

	CHECK(cv, "cv_timedwait");
	return wait(cv, mtx, ticks, 0, 0);
}

int
cv_timedwait_sig(kcondvar_t *cv, kmutex_t *mtx, int ticks)
{

	CHECK(cv, "cv_timedwait_sig");
	return wait(cv, mtx, ticks, 0, 1);
}

/* A duration in ns, rounded up; one that is too long for 64 bits is as good as for ever. */
static uint64_t
bintime_ns(const struct bintime *bt)
{
	uint64_t whole, high;

	if ((uint64_t)bt->sec > UINT64_MAX / NS_PER_S - 1)
		return UINT64_MAX;
	whole = (uint64_t)bt->sec * NS_PER_S;
	high = (uint64_t)bt->frac >> 32;
	return whole + ((high * NS_PER_S + UINT32_MAX) >> 32);
}

/* As cv_timedwait; what is left of the time is stored back. */
static int
wait_bintime(kcondvar_t *cv, kmutex_t *mtx, struct bintime *bt, int interruptible)
{
	uint64_t start_ns, duration_ns, passed_ns, left_ns;
	int error;

	if (bt == NULL)
		return wait(cv, mtx, 0, 0, interruptible);
	if (bt->sec < 0 || (bt->sec == 0 && bt->frac == 0))
		return EWOULDBLOCK;
	start_ns = rumphost_cpu()->now_ns;
	duration_ns = bintime_ns(bt);
	error = wait(cv, mtx, 0, duration_ns, interruptible);
	passed_ns = rumphost_cpu()->now_ns - start_ns;
	left_ns = passed_ns < duration_ns ? duration_ns - passed_ns : 0;
	bt->sec = (time_t)(left_ns / NS_PER_S);
	bt->frac = left_ns % NS_PER_S * (UINT64_MAX / NS_PER_S);
	return error;
}

int
cv_timedwaitbt(kcondvar_t *cv, kmutex_t *mtx, struct bintime *bt,
    const struct bintime *epsilon __unused)
{

	CHECK(cv, "cv_timedwaitbt");
	return wait_bintime(cv, mtx, bt, 0);
}

int
cv_timedwaitbt_sig(kcondvar_t *cv, kmutex_t *mtx, struct bintime *bt,
    const struct bintime *epsilon __unused)
{

	CHECK(cv, "cv_timedwaitbt_sig");
	return wait_bintime(cv, mtx, bt, 1);
}

void
cv_signal(kcondvar_t *cv)
{

	CHECK(cv, "cv_signal");
	if (WAITERS(cv) == NULL && !rumphost_locks_are_slow(rumphost_cpu()))
		return;
	if (!(*rumphost_host->wake)(&WAITERS(cv)))
		rumphost_cv_signal(cv);
}

void
cv_broadcast(kcondvar_t *cv)
{

	CHECK(cv, "cv_broadcast");
	if (WAITERS(cv) != NULL || rumphost_locks_are_slow(rumphost_cpu()))
		rumphost_cv_broadcast(cv);
}

bool
cv_has_waiters(kcondvar_t *cv)
{

	return WAITERS(cv) != NULL;
}

bool
cv_is_valid(kcondvar_t *cv)
{

	return STATE(cv) == valid && WMESG(cv) != NULL;
}
