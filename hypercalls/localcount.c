/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * localcount(9): a count of users that many increment and one, in the end, waits for.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/condvar.h>
#include <sys/mutex.h>
#include <sys/percpu.h>

#if __has_include(<sys/localcount.h>)
#include <sys/localcount.h>

#include "shim.h"

static int64_t *
count_of(struct localcount *lc)
{
	int64_t *count;

	if (lc->lc_percpu == NULL)
		rumphost_misuse("localcount(9)", "a count that was not initialised, or is gone");
	count = percpu_getref(lc->lc_percpu);
	percpu_putref(lc->lc_percpu);
	return count;
}

void
localcount_init(struct localcount *lc)
{

	lc->lc_totalp = NULL;
	lc->lc_percpu = percpu_alloc(sizeof(int64_t));
}

/* From now on nobody may acquire; waits until everybody has released. */
void
localcount_drain(struct localcount *lc, kcondvar_t *cv, kmutex_t *interlock)
{
	int64_t *count = count_of(lc);

	if (!mutex_owned(interlock))
		rumphost_misuse("localcount(9)", "localcount_drain without its interlock");
	if (lc->lc_totalp != NULL)
		rumphost_misuse("localcount(9)", "localcount_drain twice");
	lc->lc_totalp = count;
	while (*count != 0)
		cv_wait(cv, interlock);
}

void
localcount_fini(struct localcount *lc)
{

	if (*count_of(lc) != 0 || lc->lc_totalp == NULL)
		rumphost_misuse("localcount(9)", "localcount_fini without localcount_drain");
	percpu_free(lc->lc_percpu, sizeof(int64_t));
	lc->lc_percpu = NULL;
	lc->lc_totalp = NULL;
}

void
localcount_acquire(struct localcount *lc)
{
	int64_t *count = count_of(lc);

	if (lc->lc_totalp != NULL)
		rumphost_misuse("localcount(9)", "localcount_acquire after localcount_drain");
	++*count;
}

void
localcount_release(struct localcount *lc, kcondvar_t *cv, kmutex_t *interlock)
{
	int64_t *count = count_of(lc);

	if (*count == 0)
		rumphost_misuse("localcount(9)", "localcount_release without localcount_acquire");
	if (--*count != 0 || lc->lc_totalp == NULL)
		return;
	mutex_enter(interlock);
	cv_broadcast(cv);
	mutex_exit(interlock);
}

#endif
