/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_sync.py runs: small drivers that lock, wait and are called back, and some that do it
 * wrong.  t_say(n) makes a note that the test sees, as a console line.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/cpu.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/kthread.h>
#include <sys/lock.h>
#include <sys/mutex.h>
#include <sys/pcq.h>
#include <sys/proc.h>
#include <sys/pserialize.h>
#include <sys/rwlock.h>
#include <sys/workqueue.h>
#include <sys/xcall.h>
#if __has_include(<sys/psref.h>)
#include <sys/psref.h>
#endif
#if __has_include(<sys/localcount.h>)
#include <sys/localcount.h>
#endif

#include "shim.h"

#define UP	RUMPHOST_UPCALL uint64_t

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static kmutex_t mtx, other, spin;
static kcondvar_t cv;
static krwlock_t rw;
static callout_t co;
static void *sih;
static struct workqueue *wq;
static int turn, count, channel;
static lwp_t *thread;

/* The console asks for it; there are no devices here. */
const char *
device_xname(device_t dev)
{

	(void)dev;
	return "foo0";
}

static void
say(const char *text)
{

	rumphost_console_write(0, NULL, text);
}

UP
t_setup(void)
{

	mutex_init(&mtx, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&other, MUTEX_DEFAULT, IPL_SOFTNET);
	mutex_init(&spin, MUTEX_DEFAULT, IPL_NET);
	cv_init(&cv, "testcv");
	rw_init(&rw);
	callout_init(&co, CALLOUT_MPSAFE);
	return 0;
}

/* Two lwps take turns. */
UP
t_ping(uint64_t me, uint64_t rounds)
{

	mutex_enter(&mtx);
	for (uint64_t n = 0; n < rounds; n++) {
		while (turn != (int)me)
			cv_wait(&cv, &mtx);
		turn = !turn;
		count++;
		cv_signal(&cv);
	}
	mutex_exit(&mtx);
	return (uint64_t)count;
}

/* Hold the mutex over a pause, so that others have to wait for it. */
UP
t_hold(uint64_t ticks)
{

	mutex_enter(&mtx);
	say("held\n");
	kpause("hold", false, (int)ticks, NULL);
	say("releasing\n");
	mutex_exit(&mtx);
	return 0;
}

UP
t_take(void)
{

	mutex_enter(&mtx);
	say("taken\n");
	mutex_exit(&mtx);
	return mutex_owned(&mtx);
}

UP
t_mutex(void)
{
	int s, ok;

	ok = mutex_tryenter(&mtx) && mutex_owned(&mtx) && mutex_owner(&mtx) == curlwp;
	mutex_enter(&other);
	mutex_exit(&mtx);			/* not the last taken */
	mutex_exit(&other);
	mutex_enter(&spin);
	ok = ok && rumphost_curlwp()->ipl == IPL_VM && rumphost_curlwp()->spin_count == 1;
	s = splhigh();
	splx(s);
	mutex_spin_exit(&spin);
	ok = ok && rumphost_curlwp()->ipl == IPL_NONE && rumphost_curlwp()->held_count == 0;
	return ok && !mutex_owned(&mtx);
}

/* Spin mutexes of two levels released in the order of taking: the IPL stays until the last. */
UP
t_spin_order(void)
{
	kmutex_t high;
	int first, second;

	mutex_init(&high, MUTEX_DEFAULT, IPL_HIGH);
	mutex_spin_enter(&spin);
	mutex_spin_enter(&high);
	mutex_spin_exit(&spin);
	first = rumphost_curlwp()->ipl;
	mutex_spin_exit(&high);
	second = rumphost_curlwp()->ipl;
	mutex_destroy(&high);
	return (uint64_t)first * 100 + (uint64_t)second;
}

UP
t_spin_wait(void)
{
	int error;

	mutex_enter(&spin);
	error = cv_timedwait(&cv, &spin, 2);
	if (!mutex_owned(&spin) || rumphost_curlwp()->ipl != IPL_VM)
		error = -1;
	mutex_exit(&spin);
	return rumphost_curlwp()->ipl == IPL_NONE ? (uint64_t)error : 1000;
}

UP
t_timedwait(uint64_t ticks)
{
	int error;

	mutex_enter(&mtx);
	error = cv_timedwait(&cv, &mtx, (int)ticks);
	mutex_exit(&mtx);
	return (uint64_t)error;
}

UP
t_timedwait_at_splvm(void)
{
	int after, s;

	s = splvm();
	mutex_enter(&mtx);
	(void)cv_timedwait(&cv, &mtx, 1);
	mutex_exit(&mtx);
	after = rumphost_curlwp()->ipl;
	splx(s);
	return (uint64_t)after * 10 + (uint64_t)rumphost_curlwp()->ipl;
}

UP
t_wake_all(void)
{
	bool waiting = cv_has_waiters(&cv);

	mutex_enter(&mtx);
	cv_broadcast(&cv);
	mutex_exit(&mtx);
	return waiting;
}

UP
t_rw(uint64_t writer, uint64_t ticks)
{

	rw_enter(&rw, writer ? RW_WRITER : RW_READER);
	say(writer ? "writer in\n" : "reader in\n");
	kpause("rw", false, (int)ticks, NULL);
	say(writer ? "writer out\n" : "reader out\n");
	rw_exit(&rw);
	return 0;
}

UP
t_rw_change(void)
{
	int ok;

	rw_enter(&rw, RW_READER);
	ok = rw_read_held(&rw) && rw_tryupgrade(&rw) && rw_write_held(&rw);
	rw_downgrade(&rw);
	ok = ok && rw_read_held(&rw) && !rw_tryenter(&rw, RW_WRITER);
	rw_exit(&rw);
	return ok && !rw_lock_held(&rw);
}

UP
t_sleep(uint64_t priority, uint64_t ticks)
{

	return (uint64_t)tsleep(&channel, (pri_t)priority, "testsl", (int)ticks);
}

UP
t_wakeup(void)
{

	wakeup(&channel);
	return 0;
}

static void
on_tick(void *argument)
{

	say("tick\n");
	count++;
	if (callout_invoking(&co) && cpu_softintr_p() && !callout_pending(&co))
		count += 10;
	callout_ack(&co);
	if (argument != NULL && count < *(int *)argument)
		callout_schedule(&co, 1);
}

static int limit;

UP
t_callout(uint64_t ticks, uint64_t until)
{

	count = 0;
	limit = (int)until;
	callout_reset(&co, (int)ticks, on_tick, &limit);
	return callout_pending(&co) && callout_active(&co) && !callout_expired(&co);
}

UP
t_callout_state(void)
{

	return (uint64_t)count * 100 + callout_expired(&co) * 10 + callout_stop(&co);
}

static void
slow_tick(void *argument)
{

	(void)argument;
	mutex_enter(&mtx);		/* somebody holds it */
	say("slow tick\n");
	mutex_exit(&mtx);
}

UP
t_halt(void)
{

	mutex_enter(&other);
	mutex_enter(&mtx);
	callout_reset(&co, 1, slow_tick, NULL);
	kpause("tick", false, 2, NULL);
	say("halting\n");
	callout_halt(&co, &mtx);	/* lets go of mtx meanwhile */
	say("halted\n");
	mutex_exit(&mtx);
	mutex_exit(&other);
	callout_destroy(&co);
	return 1;
}

static void
soft(void *argument)
{

	say(argument != NULL ? "soft with\n" : "soft without\n");
	count = cpu_softintr_p() ? rumphost_curlwp()->ipl : -1;
}

UP
t_softint(void)
{
	int s;

	sih = softint_establish(SOFTINT_NET | SOFTINT_MPSAFE, soft, &count);
	s = splsoftnet();
	softint_schedule(sih);
	softint_schedule(sih);
	say("scheduled\n");
	splx(s);
	say("after\n");
	softint_disestablish(sih);
	return (uint64_t)count;
}

static void
worker(struct work *wk, void *argument)
{

	say(wk == argument ? "work 0\n" : "work 1\n");
}

UP
t_workqueue(void)
{
	static struct work works[2];

	if (workqueue_create(&wq, "testwq", worker, &works[0], PRI_NONE, IPL_NET, WQ_MPSAFE) != 0)
		return 1;
	workqueue_enqueue(wq, &works[0], NULL);
	workqueue_enqueue(wq, &works[1], NULL);
	say("enqueued\n");
	rumphost_workqueue_wait(wq, &works[1]);
	say("waited\n");
	workqueue_destroy(wq);
	return 0;
}

static void
thread_main(void *argument)
{

	say(curlwp == thread ? "thread is itself\n" : "thread is another\n");
	kpause("thread", false, 1, NULL);
	kthread_exit(*(int *)argument);
}

UP
t_kthread(void)
{
	static int code = 3;

	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL, thread_main, &code,
	    &thread, "test%d", 7) != 0)
		return 1;
	kthread_join(thread);
	say("joined\n");
	return 0;
}

UP
t_pcq(void)
{
	pcq_t *pcq = pcq_create(2, KM_SLEEP);
	int ok;

	ok = pcq_put(pcq, &count) && pcq_put(pcq, &turn) && !pcq_put(pcq, &limit) &&
	    pcq_peek(pcq) == &count && pcq_get(pcq) == &count && pcq_put(pcq, &limit) &&
	    pcq_get(pcq) == &turn && pcq_get(pcq) == &limit && pcq_get(pcq) == NULL &&
	    pcq_maxitems(pcq) == 2;
	pcq_destroy(pcq);
	return (uint64_t)ok;
}

static void
called(void *first, void *second)
{

	count = first == &mtx && second == &cv ? rumphost_curlwp()->ipl : -1;
}

UP
t_xcall(void)
{

	count = -1;
	xc_wait(xc_broadcast(XC_HIGHPRI, called, &mtx, &cv));
	return (uint64_t)count;
}

UP
t_pserialize(void)
{
	pserialize_t psz = pserialize_create();
	int s, during;

	s = pserialize_read_enter();
	during = rumphost_curlwp()->ipl;
	pserialize_read_exit(s);
	pserialize_perform(psz);
	pserialize_destroy(psz);
	return (uint64_t)during * 10 + (uint64_t)rumphost_curlwp()->ipl;
}

UP
t_objects(void)
{
	kmutex_t *lock = mutex_obj_alloc(MUTEX_DEFAULT, IPL_NONE);
	krwlock_t *rwlock = rw_obj_alloc();
	int ok;

	mutex_obj_hold(lock);
	mutex_enter(lock);
	mutex_exit(lock);
	ok = !mutex_obj_free(lock) && mutex_obj_free(lock) && rw_obj_free(rwlock);
	return (uint64_t)ok;
}

UP
t_kernel_lock(void)
{
	int before, held = -1;

	before = rumphost_kernel_locked();
	_kernel_lock(2);
	_kernel_unlock(0, &held);
	return (uint64_t)before * 100 + (uint64_t)held * 10 + (uint64_t)_kernel_locked_p();
}

UP
t_delay(uint64_t us)
{

	DELAY((unsigned int)us);
	return rumphost_cpu()->now_ns;
}

/* -- wrong -- */

UP
w_unlock(void)
{

	mutex_exit(&mtx);
	return 0;
}

UP
w_twice(void)
{

	mutex_enter(&mtx);
	mutex_enter(&mtx);
	return 0;
}

UP
w_spin_twice(void)
{

	mutex_spin_enter(&spin);
	mutex_spin_enter(&spin);
	return 0;
}

UP
w_adaptive_under_spin(void)
{

	mutex_enter(&spin);
	mutex_enter(&mtx);
	return 0;
}

UP
w_sleep_under_spin(void)
{

	mutex_enter(&spin);
	tsleep(&channel, PWAIT, "bad", 1);
	return 0;
}

UP
w_uninitialised(void)
{
	static kmutex_t never;

	mutex_enter(&never);
	return 0;
}

UP
w_destroyed(void)
{

	mutex_destroy(&mtx);
	mutex_enter(&mtx);
	return 0;
}

UP
w_destroy_held(void)
{

	mutex_enter(&mtx);
	mutex_destroy(&mtx);
	return 0;
}

UP
w_end_holding(void)
{

	mutex_enter(&mtx);
	return 0;
}

UP
w_cv_without_mutex(void)
{

	cv_wait(&cv, &mtx);
	return 0;
}

UP
w_cv_destroy(void)
{

	cv_destroy(&cv);
	return 0;
}

UP
w_rw_exit(void)
{

	rw_exit(&rw);
	return 0;
}

UP
w_rw_upgrade(void)
{

	rw_enter(&rw, RW_READER);
	rw_enter(&rw, RW_WRITER);
	return 0;
}

UP
w_callout_destroy(void)
{

	callout_reset(&co, 10, on_tick, NULL);
	callout_destroy(&co);
	return 0;
}

UP
w_callout_uninitialised(void)
{
	static callout_t never;

	callout_schedule(&never, 1);
	return 0;
}

static void
sleepy(void *argument)
{

	(void)argument;
	kpause("bad", false, 1, NULL);
}

UP
w_softint_sleeps(void)
{

	sih = softint_establish(SOFTINT_NET, sleepy, NULL);
	softint_schedule(sih);
	return 0;
}

static void
keeper(void *argument)
{

	(void)argument;
	mutex_enter(&other);
}

UP
w_softint_keeps(void)
{

	sih = softint_establish(SOFTINT_BIO, keeper, NULL);
	softint_schedule(sih);
	return 0;
}

UP
w_softint_gone(void)
{

	sih = softint_establish(SOFTINT_BIO, keeper, NULL);
	softint_disestablish(sih);
	softint_schedule(sih);
	return 0;
}

static void
returns(void *argument)
{

	(void)argument;
}

UP
w_kthread_returns(void)
{

	return (uint64_t)kthread_create(PRI_NONE, 0, NULL, returns, NULL, NULL, "returns");
}

static void
exits_holding(void *argument)
{

	(void)argument;
	mutex_enter(&mtx);
	kthread_exit(0);
}

UP
w_kthread_holds(void)
{

	return (uint64_t)kthread_create(PRI_NONE, 0, NULL, exits_holding, NULL, NULL, "holds");
}

UP
w_work_twice(void)
{
	static struct work wk;

	(void)workqueue_create(&wq, "testwq", worker, NULL, PRI_NONE, IPL_NET, 0);
	workqueue_enqueue(wq, &wk, NULL);
	workqueue_enqueue(wq, &wk, NULL);
	return 0;
}

UP
w_kernel_unlock(void)
{

	_kernel_unlock(1, NULL);
	return 0;
}

UP
w_perform_inside(void)
{
	pserialize_t psz = pserialize_create();

	(void)pserialize_read_enter();
	pserialize_perform(psz);
	return 0;
}

UP
w_simple_lock(void)
{
	static __cpu_simple_lock_t lock;

	__cpu_simple_lock_init(&lock);
	__cpu_simple_lock(&lock);
	__cpu_simple_lock(&lock);
	return 0;
}

/* -- not implemented -- */

UP
u_kthread_idle(void)
{

	return (uint64_t)kthread_create(PRI_NONE, KTHREAD_IDLE, NULL, returns, NULL, NULL, "idle");
}

UP
u_many_locks(void)
{
	static kmutex_t locks[RUMPHOST_HELD_LOCKS + 1];

	for (size_t n = 0; n < __arraycount(locks); n++) {
		mutex_init(&locks[n], MUTEX_DEFAULT, IPL_NONE);
		mutex_enter(&locks[n]);
	}
	return 0;
}

/* -- speed: how long a number of uncontended pairs takes is the test's to measure -- */

UP
t_mutex_pairs(uint64_t pairs)
{

	while (pairs-- > 0) {
		mutex_enter(&mtx);
		mutex_exit(&mtx);
	}
	return 0;
}

UP
t_atomic_pairs(uint64_t pairs)
{
	static uint64_t word;

	while (pairs-- > 0) {
		__sync_bool_compare_and_swap(&word, 0, 1);
		__sync_bool_compare_and_swap(&word, 1, 0);
	}
	return 0;
}
#ifdef _SYS_PSREF_H_

UP
t_psref(void)
{
	struct psref_class *class = psref_class_create("test", IPL_SOFTNET);
	struct psref_target target;
	struct psref one, two;
	int ok;

	psref_target_init(&target, class);
	psref_acquire(&one, &target, class);
	psref_copy(&two, &one, class);
	psref_release(&one, &target, class);
	ok = psref_held(&target, class);
	psref_release(&two, &target, class);
	ok = ok && !psref_held(&target, class);
	psref_target_destroy(&target, class);
	psref_class_destroy(class);
	return (uint64_t)ok;
}
#endif
#ifdef _SYS_LOCALCOUNT_H_

static struct localcount lc;

UP
t_localcount_user(void)
{

	localcount_acquire(&lc);
	kpause("user", false, 3, NULL);
	say("releasing\n");
	localcount_release(&lc, &cv, &mtx);
	return 0;
}

UP
t_localcount(void)
{

	localcount_init(&lc);
	return 0;
}

UP
t_localcount_drain(void)
{

	mutex_enter(&mtx);
	localcount_drain(&lc, &cv, &mtx);
	mutex_exit(&mtx);
	say("drained\n");
	localcount_fini(&lc);
	return 0;
}
#endif
