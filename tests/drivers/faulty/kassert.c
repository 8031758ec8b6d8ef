/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A KASSERT fails in attach, in a kernel with DIAGNOSTIC.  Its expression, file
 * and line ought to be reported.
 */

#include "faulty.h"

struct kassert_softc {
	struct faulty	sc_faulty;
	int		sc_free;
};

static void
kassert_attach(device_t parent, device_t self, void *aux)
{
	struct kassert_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	KASSERT(sc->sc_free > 0);
}

CFATTACH_DECL_NEW(kassert, sizeof(struct kassert_softc),
    faulty_match, kassert_attach, faulty_detach, NULL);
