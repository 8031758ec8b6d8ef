/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leaves 100 and 3000 bytes of memory behind at detach.  Both ought to be
 * reported with the place in leakmem_attach() where they were allocated.
 */

#include "faulty.h"

struct leakmem_softc {
	struct faulty	sc_faulty;
	void		*sc_small;
	void		*sc_large;
};

static void
leakmem_attach(device_t parent, device_t self, void *aux)
{
	struct leakmem_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	sc->sc_small = kmem_alloc(100, KM_SLEEP);
	sc->sc_large = kmem_zalloc(3000, KM_SLEEP);
}

CFATTACH_DECL_NEW(leakmem, sizeof(struct leakmem_softc),
    faulty_match, leakmem_attach, faulty_detach, NULL);
