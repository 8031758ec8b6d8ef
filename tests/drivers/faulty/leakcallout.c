/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leaves a callout pending at detach, so that it would fire on memory that is
 * gone.
 */

#include "faulty.h"

struct leakcallout_softc {
	struct faulty	sc_faulty;
	callout_t	sc_tick;
	u_int		sc_ticks;
};

static void
leakcallout_tick(void *arg)
{
	struct leakcallout_softc *sc = arg;

	sc->sc_ticks++;
	callout_schedule(&sc->sc_tick, hz);
}

static void
leakcallout_attach(device_t parent, device_t self, void *aux)
{
	struct leakcallout_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	callout_init(&sc->sc_tick, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_tick, leakcallout_tick, sc);
	callout_schedule(&sc->sc_tick, hz);
}

CFATTACH_DECL_NEW(leakcallout, sizeof(struct leakcallout_softc),
    faulty_match, leakcallout_attach, faulty_detach, NULL);
