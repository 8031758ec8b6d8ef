/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Raises the IPL in attach and does not lower it again.  Ought to be told, and
 * lowered.
 */

#include "faulty.h"

struct badspl_softc {
	struct faulty	sc_faulty;
};

static void
badspl_attach(device_t parent, device_t self, void *aux)
{
	struct badspl_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	(void)splvm();
}

CFATTACH_DECL_NEW(badspl, sizeof(struct badspl_softc),
    faulty_match, badspl_attach, faulty_detach, NULL);
