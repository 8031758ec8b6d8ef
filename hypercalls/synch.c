/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tsleep(9), wakeup, kpause, yield, preempt, assert_sleepable.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/proc.h>
#if __has_include(<sys/sched.h>)
#include <sys/sched.h>
#endif

#include "held.h"

void	wakeup_one(wchan_t);

static const char not_held[] = "sleeping without holding the mutex";

/* Channels are volatile for no reason that matters here. */
static inline const void *
channel(wchan_t ident)
{

	return (const void *)(uintptr_t)ident;
}

int
tsleep(wchan_t ident, pri_t priority, const char *wmesg, int ticks)
{

	return rumphost_tsleep(channel(ident), wmesg, ticks, (priority & PCATCH) != 0, NULL);
}

int
mtsleep(wchan_t ident, pri_t priority, const char *wmesg, int ticks, kmutex_t *mtx)
{
	void *owed;
	int error;

	owed = rumphost_mutex_drop(mtx, "mtsleep(9)", not_held);
	error = rumphost_tsleep(channel(ident), wmesg, ticks, (priority & PCATCH) != 0, owed);
	if ((priority & PNORELOCK) == 0)
		mutex_enter(mtx);
	return error;
}

int
kpause(const char *wmesg, bool interruptible, int ticks, kmutex_t *mtx)
{
	void *owed = NULL;
	int error;

	if (mtx != NULL)
		owed = rumphost_mutex_drop(mtx, "kpause(9)", not_held);
	error = rumphost_kpause(wmesg, ticks, interruptible, owed);
	if (mtx != NULL)
		mutex_enter(mtx);
	return error;
}

void
wakeup(wchan_t ident)
{

	rumphost_wakeup(channel(ident));
}

void
wakeup_one(wchan_t ident)
{

	rumphost_wakeup_one(channel(ident));
}

void
yield(void)
{

	rumphost_preempt();
}

void
preempt(void)
{

	rumphost_preempt();
}

void
assert_sleepable(void)
{
	const struct rumphost_lwp *l = rumphost_curlwp();

	if (!rumphost_may_sleep())
		rumphost_misuse("ASSERT_SLEEPABLE(9)", "inside a pserialize(9) read section");
	if (l->kind != 't' || l->spin_count != 0)
		rumphost_assert_sleepable();
}
