/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Enters in attach an adaptive mutex that it holds already: two functions that
 * do not agree on who takes the lock.
 */

#include "faulty.h"

struct mtxtwice_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
};

static void __noinline
mtxtwice_reset(struct mtxtwice_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	FAULTY_WRITE(&sc->sc_faulty, TEACH_CTRL, CTRL_RST);
	mutex_exit(&sc->sc_lock);
}

static void
mtxtwice_attach(device_t parent, device_t self, void *aux)
{
	struct mtxtwice_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	mutex_enter(&sc->sc_lock);
	mtxtwice_reset(sc);
	mutex_exit(&sc->sc_lock);
}

CFATTACH_DECL_NEW(mtxtwice, sizeof(struct mtxtwice_softc),
    faulty_match, mtxtwice_attach, faulty_detach, NULL);
