/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sleeps in its interrupt handler, which comes 1 ms after attach.  Ought to be
 * reported with sleepintr_intr() in the backtrace.
 */

#include "faulty.h"

struct sleepintr_softc {
	struct faulty	sc_faulty;
};

static int
sleepintr_intr(void *arg)
{
	struct faulty *f = arg;

	if ((FAULTY_READ(f, TEACH_ISR) & INT_TIMER) == 0)
		return 0;
	FAULTY_WRITE(f, TEACH_ISR, INT_TIMER);
	kpause("sleepintr", false, 1, NULL);
	return 1;
}

static void
sleepintr_attach(device_t parent, device_t self, void *aux)
{
	struct sleepintr_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	faulty_interrupt(&sc->sc_faulty, aux, false, sleepintr_intr, 1000000);
}

CFATTACH_DECL_NEW(sleepintr, sizeof(struct sleepintr_softc),
    faulty_match, sleepintr_attach, faulty_detach, NULL);
