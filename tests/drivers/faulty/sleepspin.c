/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sleeps in attach while it holds a spin mutex.
 */

#include "faulty.h"

struct sleepspin_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
};

static void
sleepspin_attach(device_t parent, device_t self, void *aux)
{
	struct sleepspin_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_VM);
	mutex_enter(&sc->sc_lock);
	kpause("sleepspin", false, 1, NULL);
	mutex_exit(&sc->sc_lock);
	mutex_destroy(&sc->sc_lock);
}

CFATTACH_DECL_NEW(sleepspin, sizeof(struct sleepspin_softc),
    faulty_match, sleepspin_attach, faulty_detach, NULL);
