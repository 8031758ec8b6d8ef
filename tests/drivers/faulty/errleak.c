/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Forgets a DMA map on an error path.  All is well until the map cannot be
 * loaded; then the map ought to be reported as left behind, with the place in
 * errleak_dma() where it was made.
 */

#include "faulty.h"

struct errleak_softc {
	struct faulty	sc_faulty;
	bus_dmamap_t	sc_map;
	void		*sc_buf;
	bool		sc_ready;
};

static int
errleak_dma(struct errleak_softc *sc)
{
	struct faulty *f = &sc->sc_faulty;
	int error;

	error = bus_dmamap_create(f->f_dmat, PAGE_SIZE, 1, PAGE_SIZE, 0,
	    BUS_DMA_WAITOK, &sc->sc_map);
	if (error != 0)
		return error;
	sc->sc_buf = kmem_zalloc(PAGE_SIZE, KM_SLEEP);
	error = bus_dmamap_load(f->f_dmat, sc->sc_map, sc->sc_buf, PAGE_SIZE,
	    NULL, BUS_DMA_WAITOK);
	if (error != 0)
		kmem_free(sc->sc_buf, PAGE_SIZE);	/* and sc_map? */
	return error;
}

static void
errleak_attach(device_t parent, device_t self, void *aux)
{
	struct errleak_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	if (errleak_dma(sc) != 0)
		aprint_error_dev(self, "no DMA memory\n");
	else
		sc->sc_ready = true;
}

static int
errleak_detach(device_t self, int flags)
{
	struct errleak_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	if (sc->sc_ready) {
		bus_dmamap_unload(f->f_dmat, sc->sc_map);
		bus_dmamap_destroy(f->f_dmat, sc->sc_map);
		kmem_free(sc->sc_buf, PAGE_SIZE);
	}
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(errleak, sizeof(struct errleak_softc),
    faulty_match, errleak_attach, errleak_detach, NULL);
