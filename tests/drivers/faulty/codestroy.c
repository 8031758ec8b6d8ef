/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Destroys in attach a callout that is pending.
 */

#include "faulty.h"

struct codestroy_softc {
	struct faulty	sc_faulty;
	callout_t	sc_tick;
};

static void
codestroy_tick(void *arg)
{
	struct codestroy_softc *sc = arg;

	callout_schedule(&sc->sc_tick, hz);
}

static void
codestroy_attach(device_t parent, device_t self, void *aux)
{
	struct codestroy_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	callout_init(&sc->sc_tick, CALLOUT_MPSAFE);
	callout_reset(&sc->sc_tick, hz, codestroy_tick, sc);
	callout_destroy(&sc->sc_tick);
}

CFATTACH_DECL_NEW(codestroy, sizeof(struct codestroy_softc),
    faulty_match, codestroy_attach, faulty_detach, NULL);
