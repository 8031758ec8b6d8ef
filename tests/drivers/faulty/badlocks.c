/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is wrong with locks and contexts though nothing comes of it this time.
 * Writing a number to hw.badlocks0.fault commits the fault of that number;
 * tests/drivers/test_faulty_locks.py has the words in which each is to be
 * reported.
 */

#include "faulty.h"

#include <sys/condvar.h>
#include <sys/kthread.h>
#include <sys/rwlock.h>
#include <sys/sysctl.h>
#include <sys/workqueue.h>

struct badlocks_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_tx_lock;
	kmutex_t	sc_rx_lock;
	kmutex_t	*sc_core_lock;
	kmutex_t	sc_queue_lock[2];
	kmutex_t	sc_intr_lock;	/* spins at IPL_VM */
	kmutex_t	sc_low_lock;	/* spins, but at IPL_NONE */
	krwlock_t	sc_config_lock;
	kcondvar_t	sc_cv;
	callout_t	sc_tick;
	struct workqueue *sc_wq;
	struct work	sc_work;
	void		*sc_si;
	lwp_t		*sc_thread;
	bool		sc_done;
	int		sc_intr_fault;	/* to be committed in the interrupt */
	int		sc_detach_fault;
	struct sysctllog *sc_log;
};

static void __noinline
tx_then_rx(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	mutex_enter(&sc->sc_rx_lock);
	mutex_exit(&sc->sc_rx_lock);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
rx_then_tx(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_rx_lock);
	mutex_enter(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_rx_lock);
}

static void __noinline
rx_then_core_then_tx(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_rx_lock);
	mutex_enter(sc->sc_core_lock);
	mutex_exit(sc->sc_core_lock);
	mutex_exit(&sc->sc_rx_lock);
	mutex_enter(sc->sc_core_lock);
	mutex_enter(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_tx_lock);
	mutex_exit(sc->sc_core_lock);
}

static void __noinline
queues(struct badlocks_softc *sc, int first)
{

	mutex_enter(&sc->sc_queue_lock[first]);
	mutex_enter(&sc->sc_queue_lock[1 - first]);
	mutex_exit(&sc->sc_queue_lock[1 - first]);
	mutex_exit(&sc->sc_queue_lock[first]);
}

static void __noinline
kernel_lock_inside(void *arg)
{
	struct badlocks_softc *sc = arg;

	mutex_enter(&sc->sc_intr_lock);
	KERNEL_LOCK(1, NULL);
	KERNEL_UNLOCK_ONE(NULL);
	mutex_exit(&sc->sc_intr_lock);
	kthread_exit(0);
}

static void __noinline
kernel_lock_outside(struct badlocks_softc *sc)
{

	KASSERT(KERNEL_LOCKED_P());
	mutex_enter(&sc->sc_intr_lock);
	mutex_exit(&sc->sc_intr_lock);
}

static void __noinline
config_then_tx(struct badlocks_softc *sc)
{

	rw_enter(&sc->sc_config_lock, RW_READER);
	mutex_enter(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_tx_lock);
	rw_exit(&sc->sc_config_lock);
}

static void __noinline
tx_then_config(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	rw_enter(&sc->sc_config_lock, RW_WRITER);
	rw_exit(&sc->sc_config_lock);
	mutex_exit(&sc->sc_tx_lock);
}

/* Whatever runs elsewhere: takes a lock. */
static void __noinline
badlocks_tick(void *arg)
{
	struct badlocks_softc *sc = arg;

	mutex_enter(&sc->sc_tx_lock);
	sc->sc_done = true;
	mutex_exit(&sc->sc_tx_lock);
}

static void
badlocks_softint(void *arg)
{

	badlocks_tick(arg);
}

static void
badlocks_worker(struct work *wk, void *arg)
{

	badlocks_tick(arg);
}

static void
badlocks_thread(void *arg)
{

	badlocks_tick(arg);
	kthread_exit(0);
}

static void __noinline
halts_under_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	callout_halt(&sc->sc_tick, NULL);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
disestablishes_under_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	softint_disestablish(sc->sc_si);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
destroys_queue_under_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	workqueue_destroy(sc->sc_wq);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
joins_under_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	kthread_join(sc->sc_thread);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
takes_low_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_low_lock);
	mutex_exit(&sc->sc_low_lock);
}

static void __noinline
takes_tx_lock(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_tx_lock);
}

static void __noinline
sleeps_with_spin_mutex(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_intr_lock);
	kpause("badlocks", false, 1, NULL);
	mutex_exit(&sc->sc_intr_lock);
}

static void __noinline
holds_for_long(struct badlocks_softc *sc)
{
	int i;

	mutex_enter(&sc->sc_intr_lock);
	for (i = 0; i < 6; i++)
		delay(10000);
	mutex_exit(&sc->sc_intr_lock);
}

static void __noinline
forgets_to_release(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_rx_lock);
}

static void __noinline
schedules_at_none(struct badlocks_softc *sc)
{

	softint_schedule(sc->sc_si);
}

static void __noinline
reads_twice(struct badlocks_softc *sc)
{

	rw_enter(&sc->sc_config_lock, RW_READER);
	rw_enter(&sc->sc_config_lock, RW_READER);
	rw_exit(&sc->sc_config_lock);
	rw_exit(&sc->sc_config_lock);
}

static void __noinline
waits_with_another(struct badlocks_softc *sc)
{

	mutex_enter(&sc->sc_rx_lock);
	mutex_enter(&sc->sc_tx_lock);
	cv_timedwait(&sc->sc_cv, &sc->sc_rx_lock, 1);
	mutex_exit(&sc->sc_tx_lock);
	mutex_exit(&sc->sc_rx_lock);
}

static void __noinline
frees_a_pending_callout(struct badlocks_softc *sc)
{
	callout_t *co;

	co = kmem_alloc(sizeof(*co), KM_SLEEP);
	callout_init(co, 0);
	callout_reset(co, hz, badlocks_tick, sc);
	kmem_free(co, sizeof(*co));
}

static void __noinline
resets_a_destroyed_callout(struct badlocks_softc *sc)
{

	callout_destroy(&sc->sc_tick);
	callout_reset(&sc->sc_tick, hz, badlocks_tick, sc);
}

static void
badlocks_wait(struct badlocks_softc *sc)
{

	while (!sc->sc_done)
		kpause("badlocks", false, 1, NULL);
}

static void
badlocks_halt(struct badlocks_softc *sc, void (*halt)(struct badlocks_softc *))
{

	badlocks_wait(sc);
	(*halt)(sc);
}

static void
badlocks_commit(struct badlocks_softc *sc, int fault)
{

	switch (fault) {
	case 1:
		tx_then_rx(sc);
		rx_then_tx(sc);
		break;
	case 2:
		tx_then_rx(sc);
		rx_then_core_then_tx(sc);
		break;
	case 3:
		queues(sc, 0);
		queues(sc, 0);
		queues(sc, 1);
		break;
	case 4:
		kernel_lock_outside(sc);
		(void)kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL,
		    kernel_lock_inside, sc, NULL, "badlocks");
		break;
	case 5:
		config_then_tx(sc);
		tx_then_config(sc);
		break;
	case 6:
		callout_reset(&sc->sc_tick, 1, badlocks_tick, sc);
		badlocks_halt(sc, halts_under_lock);
		break;
	case 7:
		kpreempt_disable();
		softint_schedule(sc->sc_si);
		kpreempt_enable();
		badlocks_halt(sc, disestablishes_under_lock);
		break;
	case 8:
		workqueue_enqueue(sc->sc_wq, &sc->sc_work, NULL);
		badlocks_halt(sc, destroys_queue_under_lock);
		break;
	case 9:
		if (kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN,
		    NULL, badlocks_thread, sc, &sc->sc_thread, "badlocks") == 0)
			badlocks_halt(sc, joins_under_lock);
		break;
	case 10:
	case 11:
		takes_low_lock(sc);
		sc->sc_intr_fault = fault;
		FAULTY_WRITE(&sc->sc_faulty, TEACH_PERIOD, 1000000);
		break;
	case 12:
		sleeps_with_spin_mutex(sc);
		break;
	case 13:
		holds_for_long(sc);
		break;
	case 14:
		forgets_to_release(sc);
		break;
	case 15:
		schedules_at_none(sc);
		break;
	case 16:
		reads_twice(sc);
		break;
	case 17:
		waits_with_another(sc);
		break;
	case 18:
		frees_a_pending_callout(sc);
		break;
	case 19:
		resets_a_destroyed_callout(sc);
		break;
	default:
		sc->sc_detach_fault = fault;
		break;
	}
}

static int
badlocks_intr(void *arg)
{
	struct badlocks_softc *sc = arg;

	if ((FAULTY_READ(&sc->sc_faulty, TEACH_ISR) & INT_TIMER) == 0)
		return 0;
	FAULTY_WRITE(&sc->sc_faulty, TEACH_ISR, INT_TIMER);
	if (sc->sc_intr_fault == 10)
		takes_tx_lock(sc);
	if (sc->sc_intr_fault == 11)
		takes_low_lock(sc);
	return 1;
}

static int
badlocks_sysctl(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct badlocks_softc *sc = node.sysctl_data;
	int fault = 0, error;

	node.sysctl_data = &fault;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	badlocks_commit(sc, fault);
	return 0;
}

/* One place initialises both, whatever the compiler does with loops. */
static void __noinline
badlocks_init_queue(struct badlocks_softc *sc, int i)
{

	mutex_init(&sc->sc_queue_lock[i], MUTEX_DEFAULT, IPL_NONE);
}

static void
badlocks_attach(device_t parent, device_t self, void *aux)
{
	struct badlocks_softc *sc = device_private(self);
	const struct sysctlnode *rnode;
	int i;

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_tx_lock, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&sc->sc_rx_lock, MUTEX_DEFAULT,
	    IPL_NONE);
	sc->sc_core_lock = mutex_obj_alloc(MUTEX_DEFAULT, IPL_NONE);
	for (i = 0; i < 2; i++)
		badlocks_init_queue(sc, i);
	mutex_init(&sc->sc_intr_lock, MUTEX_DEFAULT, IPL_VM);
	mutex_init(&sc->sc_low_lock, MUTEX_SPIN, IPL_NONE);
	rw_init(&sc->sc_config_lock);
	cv_init(&sc->sc_cv, "badlocks");
	callout_init(&sc->sc_tick, CALLOUT_MPSAFE);
	sc->sc_si = softint_establish(SOFTINT_NET | SOFTINT_MPSAFE,
	    badlocks_softint, sc);
	if (workqueue_create(&sc->sc_wq, "badlocks", badlocks_worker, sc,
	    PRI_NONE, IPL_NONE, WQ_MPSAFE) != 0)
		panic("%s: no workqueue", device_xname(self));
	faulty_interrupt(&sc->sc_faulty, aux, false, badlocks_intr, 0);
	if (sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(self), NULL, NULL, 0, NULL, 0,
	    CTL_HW, CTL_CREATE, CTL_EOL) != 0 ||
	    sysctl_createv(&sc->sc_log, 0, &rnode, NULL, CTLFLAG_READWRITE,
	    CTLTYPE_INT, "fault", SYSCTL_DESCR("Commit a fault"),
	    badlocks_sysctl, 0, (void *)sc, 0, CTL_CREATE, CTL_EOL) != 0)
		aprint_error_dev(self, "unable to create sysctl nodes\n");
}

static int
badlocks_detach(device_t self, int flags)
{
	struct badlocks_softc *sc = device_private(self);
	int i;

	sysctl_teardown(&sc->sc_log);
	faulty_unmap(&sc->sc_faulty);
	workqueue_destroy(sc->sc_wq);
	softint_disestablish(sc->sc_si);
	callout_halt(&sc->sc_tick, NULL);
	callout_destroy(&sc->sc_tick);
	cv_destroy(&sc->sc_cv);
	rw_destroy(&sc->sc_config_lock);
	mutex_destroy(&sc->sc_low_lock);
	if (sc->sc_detach_fault != 20)
		mutex_destroy(&sc->sc_intr_lock);
	for (i = 0; i < 2; i++)
		mutex_destroy(&sc->sc_queue_lock[i]);
	mutex_obj_free(sc->sc_core_lock);
	mutex_destroy(&sc->sc_rx_lock);
	mutex_destroy(&sc->sc_tx_lock);
	return 0;
}

CFATTACH_DECL_NEW(badlocks, sizeof(struct badlocks_softc),
    faulty_match, badlocks_attach, badlocks_detach, NULL);
