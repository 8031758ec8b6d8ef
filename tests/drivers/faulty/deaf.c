/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Waits for an interrupt, and has no other way to learn that a command is
 * done.  An interrupt that is lost leaves it waiting: ought to be reported
 * as an attach that waits for ever, in deaf_wait().
 */

#include <sys/condvar.h>

#include "faulty.h"

struct deaf_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
	kcondvar_t	sc_cv;
	bool		sc_ticked;
};

static int
deaf_intr(void *arg)
{
	struct deaf_softc *sc = arg;
	uint32_t isr;

	isr = FAULTY_READ(&sc->sc_faulty, TEACH_ISR);
	if (isr == 0)
		return 0;
	FAULTY_WRITE(&sc->sc_faulty, TEACH_ISR, isr);
	mutex_enter(&sc->sc_lock);
	sc->sc_ticked = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return 1;
}

static void __noinline
deaf_wait(struct deaf_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_ticked)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
}

static void
deaf_attach(device_t parent, device_t self, void *aux)
{
	struct deaf_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&sc->sc_cv, "tick");
	faulty_map(f, self, aux);
	faulty_interrupt(f, aux, false, deaf_intr, 10 * 1000 * 1000);
	deaf_wait(sc);
	FAULTY_WRITE(f, TEACH_PERIOD, 0);
	FAULTY_WRITE(f, TEACH_ISR, INT_TIMER);
}

static int
deaf_detach(device_t self, int flags)
{
	struct deaf_softc *sc = device_private(self);
	int error;

	error = faulty_detach(self, flags);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return error;
}

CFATTACH_DECL_NEW(deaf, sizeof(struct deaf_softc),
    faulty_match, deaf_attach, deaf_detach, NULL);
