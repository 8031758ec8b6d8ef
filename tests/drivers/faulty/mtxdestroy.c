/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Destroys in attach a mutex that it holds.
 */

#include "faulty.h"

struct mtxdestroy_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
};

static void
mtxdestroy_attach(device_t parent, device_t self, void *aux)
{
	struct mtxdestroy_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	mutex_enter(&sc->sc_lock);
	mutex_destroy(&sc->sc_lock);
}

CFATTACH_DECL_NEW(mtxdestroy, sizeof(struct mtxdestroy_softc),
    faulty_match, mtxdestroy_attach, faulty_detach, NULL);
