/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Spins for ever in attach, without a call that would let others run.  Ought to
 * be reported by the watchdog, in spins_wait().
 */

#include "faulty.h"

struct spins_softc {
	struct faulty	sc_faulty;
	volatile bool	sc_ready;
};

static void __noinline
spins_wait(struct spins_softc *sc)
{

	while (!sc->sc_ready)
		continue;
}

static void
spins_attach(device_t parent, device_t self, void *aux)
{
	struct spins_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	spins_wait(sc);
}

CFATTACH_DECL_NEW(spins, sizeof(struct spins_softc),
    faulty_match, spins_attach, faulty_detach, NULL);
