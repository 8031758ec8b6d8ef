/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sleeps for ever in attach: nobody signals what it waits for.  Ought to be
 * reported as an attach that does not come to an end, in waits_for_it().
 */

#include <sys/condvar.h>

#include "faulty.h"

struct waits_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
	kcondvar_t	sc_cv;
	bool		sc_ready;
};

static void __noinline
waits_for_it(struct waits_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_ready)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
}

static void
waits_attach(device_t parent, device_t self, void *aux)
{
	struct waits_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sc->sc_cv, "ready");
	waits_for_it(sc);
}

CFATTACH_DECL_NEW(waits, sizeof(struct waits_softc),
    faulty_match, waits_attach, faulty_detach, NULL);
