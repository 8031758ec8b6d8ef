/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leaves its registers mapped at detach.
 */

#include "faulty.h"

struct leakspace_softc {
	struct faulty	sc_faulty;
};

static void
leakspace_attach(device_t parent, device_t self, void *aux)
{
	struct leakspace_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
}

static int
leakspace_detach(device_t self, int flags)
{
	struct leakspace_softc *sc = device_private(self);

	FAULTY_WRITE(&sc->sc_faulty, TEACH_CTRL, CTRL_RST);
	return 0;
}

CFATTACH_DECL_NEW(leakspace, sizeof(struct leakspace_softc),
    faulty_match, leakspace_attach, leakspace_detach, NULL);
