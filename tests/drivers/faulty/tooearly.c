/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Schedules its watchdog before the command that it watches is there.  A tick
 * is long, so all is well, until the callout comes at once: then
 * tooearly_watchdog() ought to be reported, with the point in attach.
 */

#include "faulty.h"

struct tooearly_softc {
	struct faulty	sc_faulty;
	callout_t	sc_watchdog;
	struct tooearly_command {
		uint32_t	c_result;
	}		*sc_command;
};

static void
tooearly_watchdog(void *arg)
{
	struct tooearly_softc *sc = arg;

	sc->sc_command->c_result = FAULTY_READ(&sc->sc_faulty, TEACH_RESULT);
}

static void
tooearly_attach(device_t parent, device_t self, void *aux)
{
	struct tooearly_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	faulty_map(f, self, aux);
	callout_init(&sc->sc_watchdog, 0);
	callout_reset(&sc->sc_watchdog, hz, tooearly_watchdog, sc);
	FAULTY_WRITE(f, TEACH_CTRL, CTRL_ENABLE);
	sc->sc_command = kmem_zalloc(sizeof(*sc->sc_command), KM_SLEEP);
}

static int
tooearly_detach(device_t self, int flags)
{
	struct tooearly_softc *sc = device_private(self);

	callout_halt(&sc->sc_watchdog, NULL);
	callout_destroy(&sc->sc_watchdog);
	kmem_free(sc->sc_command, sizeof(*sc->sc_command));
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(tooearly, sizeof(struct tooearly_softc),
    faulty_match, tooearly_attach, tooearly_detach, NULL);
