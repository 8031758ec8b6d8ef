/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Loads a DMA map that is loaded already, in attach.
 */

#include "faulty.h"

struct dblload_softc {
	struct faulty	sc_faulty;
	bus_dmamap_t	sc_map;
	void		*sc_buf;
};

static void
dblload_map(struct dblload_softc *sc)
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
dblload_attach(device_t parent, device_t self, void *aux)
{
	struct dblload_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	dblload_map(sc);
	(void)bus_dmamap_load(sc->sc_faulty.f_dmat, sc->sc_map, sc->sc_buf,
	    PAGE_SIZE, NULL, BUS_DMA_WAITOK);
	bus_dmamap_unload(sc->sc_faulty.f_dmat, sc->sc_map);
	bus_dmamap_destroy(sc->sc_faulty.f_dmat, sc->sc_map);
	kmem_free(sc->sc_buf, PAGE_SIZE);
}

CFATTACH_DECL_NEW(dblload, sizeof(struct dblload_softc),
    faulty_match, dblload_attach, faulty_detach, NULL);
