/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Dereferences NULL in attach: a ring that was never allocated.  Ought to be
 * reported as a fault at a small address, in nullderef_fill().
 */

#include "faulty.h"

struct nullderef_softc {
	struct faulty	sc_faulty;
	struct nullderef_ring {
		uint32_t	r_next;
		uint32_t	r_desc[64];
	}		*sc_ring;
};

static void __noinline
nullderef_fill(struct nullderef_softc *sc)
{

	sc->sc_ring->r_desc[2] = FAULTY_READ(&sc->sc_faulty, TEACH_ID);
	sc->sc_ring->r_next = 3;
}

static void
nullderef_attach(device_t parent, device_t self, void *aux)
{
	struct nullderef_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	nullderef_fill(sc);
}

CFATTACH_DECL_NEW(nullderef, sizeof(struct nullderef_softc),
    faulty_match, nullderef_attach, faulty_detach, NULL);
