/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Never acknowledges its interrupt, a level: once it is raised, 1 ms after
 * attach, the handler is called again and again.  Ought to be reported as an
 * interrupt storm.
 */

#include "faulty.h"

struct storm_softc {
	struct faulty	sc_faulty;
	u_int		sc_count;
};

static int
storm_intr(void *arg)
{
	struct storm_softc *sc = arg;

	if ((FAULTY_READ(&sc->sc_faulty, TEACH_ISR) & INT_TIMER) == 0)
		return 0;
	sc->sc_count++;
	return 1;
}

static void
storm_attach(device_t parent, device_t self, void *aux)
{
	struct storm_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	faulty_interrupt(&sc->sc_faulty, aux, true, storm_intr, 1000000);
}

CFATTACH_DECL_NEW(storm, sizeof(struct storm_softc),
    faulty_match, storm_attach, faulty_detach, NULL);
