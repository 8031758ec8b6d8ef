/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Calls panic(9) in attach.  Its message ought to be reported.
 */

#include "faulty.h"

struct panics_softc {
	struct faulty	sc_faulty;
};

static void
panics_attach(device_t parent, device_t self, void *aux)
{
	struct panics_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	panic("%s: the hardware smells of smoke (ID %#x)", device_xname(self),
	    FAULTY_READ(&sc->sc_faulty, TEACH_ID));
}

CFATTACH_DECL_NEW(panics, sizeof(struct panics_softc),
    faulty_match, panics_attach, faulty_detach, NULL);
