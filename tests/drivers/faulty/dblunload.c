/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Unloads a DMA map twice, in attach.
 */

#include "faulty.h"

struct dblunload_softc {
	struct faulty	sc_faulty;
	bus_dmamap_t	sc_map;
	void		*sc_buf;
};

static void
dblunload_map(struct dblunload_softc *sc)
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
dblunload_attach(device_t parent, device_t self, void *aux)
{
	struct dblunload_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	dblunload_map(sc);
	bus_dmamap_unload(sc->sc_faulty.f_dmat, sc->sc_map);
	bus_dmamap_unload(sc->sc_faulty.f_dmat, sc->sc_map);
	bus_dmamap_destroy(sc->sc_faulty.f_dmat, sc->sc_map);
	kmem_free(sc->sc_buf, PAGE_SIZE);
}

CFATTACH_DECL_NEW(dblunload, sizeof(struct dblunload_softc),
    faulty_match, dblunload_attach, faulty_detach, NULL);
