/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Releases in attach a mutex that it does not hold.
 */

#include "faulty.h"

struct mtxunowned_softc {
	struct faulty	sc_faulty;
	kmutex_t	sc_lock;
};

static void
mtxunowned_attach(device_t parent, device_t self, void *aux)
{
	struct mtxunowned_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	mutex_exit(&sc->sc_lock);
}

CFATTACH_DECL_NEW(mtxunowned, sizeof(struct mtxunowned_softc),
    faulty_match, mtxunowned_attach, faulty_detach, NULL);
