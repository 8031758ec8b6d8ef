/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Divides by zero in attach: a rate that was never set.  Ought to be reported
 * as an arithmetic fault, in divzero_interval() (on processors that trap it).
 */

#include "faulty.h"

struct divzero_softc {
	struct faulty	sc_faulty;
	uint32_t	sc_rate;
};

static uint32_t __noinline
divzero_interval(const struct divzero_softc *sc)
{

	return 1000000 / sc->sc_rate;
}

static void
divzero_attach(device_t parent, device_t self, void *aux)
{
	struct divzero_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	aprint_normal_dev(self, "interval %u us\n", divzero_interval(sc));
}

CFATTACH_DECL_NEW(divzero, sizeof(struct divzero_softc),
    faulty_match, divzero_attach, faulty_detach, NULL);
