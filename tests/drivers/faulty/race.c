/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A lost update.  Two threads add to sc_count without a lock; each reads a
 * register of the device between its load and its store.  A thread that is
 * not preempted there loses nothing, and the threads take turns politely, so
 * that in plain order all is well.  When the schedule is shaken, one of them
 * runs within the other's window: the last to finish then panics with the
 * number lost.
 *
 * 	hw.race0.count		updates that arrived
 * 	hw.race0.running	threads that have not finished
 */

#include "faulty.h"

#include <sys/condvar.h>
#include <sys/kthread.h>
#include <sys/sysctl.h>

#define	RACE_THREADS	2
#define	RACE_UPDATES	20	/* of each thread */

struct race_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;	/* sc_running; alas, not sc_count */
	kcondvar_t	sc_cv;
	int		sc_running;
	int		sc_count;
	struct sysctllog *sc_log;
};

static void
race_update(struct race_softc *sc)
{
	int count;

	count = sc->sc_count;
	(void)FAULTY_READ(&sc->sc_faulty, TEACH_SCRATCH);
	sc->sc_count = count + 1;
}

static void
race_thread(void *arg)
{
	struct race_softc *sc = arg;
	int i, lost = 0;

	for (i = 0; i < RACE_UPDATES; i++) {
		race_update(sc);
		kpause("race", false, 1, NULL);
	}
	mutex_enter(&sc->sc_lock);
	if (--sc->sc_running == 0)
		lost = RACE_THREADS * RACE_UPDATES - sc->sc_count;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	if (lost != 0)
		panic("race: %d of %d updates lost", lost,
		    RACE_THREADS * RACE_UPDATES);
	kthread_exit(0);
}

static void
race_attach(device_t parent, device_t self, void *aux)
{
	struct race_softc *sc = device_private(self);
	const struct sysctlnode *rnode;
	int i;

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sc->sc_cv, "racedone");
	if (sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(self), NULL, NULL, 0, NULL, 0,
	    CTL_HW, CTL_CREATE, CTL_EOL) != 0 ||
	    sysctl_createv(&sc->sc_log, 0, &rnode, NULL, CTLFLAG_READONLY,
	    CTLTYPE_INT, "count", SYSCTL_DESCR("Updates that arrived"),
	    NULL, 0, &sc->sc_count, 0, CTL_CREATE, CTL_EOL) != 0 ||
	    sysctl_createv(&sc->sc_log, 0, &rnode, NULL, CTLFLAG_READONLY,
	    CTLTYPE_INT, "running", SYSCTL_DESCR("Threads at work"),
	    NULL, 0, &sc->sc_running, 0, CTL_CREATE, CTL_EOL) != 0)
		aprint_error_dev(self, "unable to create sysctl nodes\n");

	sc->sc_running = RACE_THREADS;
	for (i = 0; i < RACE_THREADS; i++) {
		if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL,
		    race_thread, sc, NULL, "%s/%d", device_xname(self), i)
		    != 0)
			panic("%s: no thread", device_xname(self));
	}
}

static int
race_detach(device_t self, int flags)
{
	struct race_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	while (sc->sc_running > 0)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
	sysctl_teardown(&sc->sc_log);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(race, sizeof(struct race_softc),
    faulty_match, race_attach, race_detach, NULL);
