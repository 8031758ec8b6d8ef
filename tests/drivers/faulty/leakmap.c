/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leaves a DMA map, loaded, behind at detach.  The map ought to be reported
 * with the place in leakmap_map() where it was made.
 */

#include "faulty.h"

struct leakmap_softc {
	struct faulty	sc_faulty;
	bus_dmamap_t	sc_map;
	void		*sc_buf;
};

static void
leakmap_map(struct leakmap_softc *sc)
{
	struct faulty *f = &sc->sc_faulty;

	sc->sc_buf = kmem_zalloc(PAGE_SIZE, KM_SLEEP);
	if (bus_dmamap_create(f->f_dmat, PAGE_SIZE, 2, PAGE_SIZE, 0,
	    BUS_DMA_WAITOK, &sc->sc_map) != 0 ||
	    bus_dmamap_load(f->f_dmat, sc->sc_map, sc->sc_buf, PAGE_SIZE,
	    NULL, BUS_DMA_WAITOK) != 0)
		panic("%s: no DMA map", device_xname(f->f_dev));
}

static void
leakmap_attach(device_t parent, device_t self, void *aux)
{
	struct leakmap_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	leakmap_map(sc);
}

static int
leakmap_detach(device_t self, int flags)
{
	struct leakmap_softc *sc = device_private(self);

	kmem_free(sc->sc_buf, PAGE_SIZE);
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(leakmap, sizeof(struct leakmap_softc),
    faulty_match, leakmap_attach, leakmap_detach, NULL);
