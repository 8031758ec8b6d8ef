/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Trusts its device in three ways, none of which shows unless the device lies:
 *
 *	planted_receive()	the length in a descriptor, checked against the
 *				page and not against the buffer
 *	planted_count()		an index from a register, of a revision that
 *				the device is not
 *	planted_quiesce()	a status bit that it waits for without end
 *
 * The device's DMA copies the page of descriptors onto another, which does for
 * a device that fills a ring.
 */

#include "faulty.h"

#define	PLANTED_DESCS	4
#define	PLANTED_FRAME	64
#define	PLANTED_OLD	0x5c		/* a revision that has error classes */

struct planted_desc {
	uint32_t	d_length;
	uint32_t	d_flags;
	uint8_t		d_data[PLANTED_FRAME - 8];
};

struct planted_softc {
	struct faulty	sc_faulty;
	bus_dmamap_t	sc_map;
	struct planted_desc *sc_ring;	/* two pages: ours, and the device's */
	uint32_t	sc_revision;

	uint8_t		sc_frame[PLANTED_FRAME];
	void		(*sc_deliver)(struct planted_softc *, uint32_t);
	uint32_t	sc_bytes;
	uint32_t	*sc_classes[6];
	uint32_t	sc_errors;
};

static void
planted_deliver(struct planted_softc *sc, uint32_t length)
{

	sc->sc_bytes += length;
}

static void __noinline
planted_receive(struct planted_softc *sc, const struct planted_desc *d)
{

	if (d->d_length > PAGE_SIZE)
		return;
	memcpy(sc->sc_frame, d->d_data, d->d_length);
	(*sc->sc_deliver)(sc, d->d_length);
}

static void __noinline
planted_count(struct planted_softc *sc)
{
	uint32_t error = FAULTY_READ(&sc->sc_faulty, TEACH_ERROR);

	if (sc->sc_revision == PLANTED_OLD && error != ERROR_NONE)
		(*sc->sc_classes[error])++;
}

static void __noinline
planted_quiesce(struct planted_softc *sc)
{

	while (FAULTY_READ(&sc->sc_faulty, TEACH_STATUS) & STATUS_BUSY)
		continue;
}

static int
planted_intr(void *arg)
{
	struct planted_softc *sc = arg;
	struct faulty *f = &sc->sc_faulty;
	const struct planted_desc *ring;
	uint32_t cause;
	u_int i;

	cause = FAULTY_READ(f, TEACH_ISR);
	if ((cause & INT_DONE) == 0)
		return 0;
	FAULTY_WRITE(f, TEACH_ISR, cause);

	bus_dmamap_sync(f->f_dmat, sc->sc_map, 0, 2 * PAGE_SIZE,
	    BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
	ring = sc->sc_ring + PAGE_SIZE / sizeof(*ring);
	for (i = 0; i < PLANTED_DESCS; i++)
		planted_receive(sc, &ring[i]);
	planted_count(sc);
	return 1;
}

static void
planted_start(struct planted_softc *sc)
{
	struct faulty *f = &sc->sc_faulty;
	bus_addr_t addr = sc->sc_map->dm_segs[0].ds_addr;
	u_int i;

	for (i = 0; i < PLANTED_DESCS; i++)
		sc->sc_ring[i].d_length = sizeof(sc->sc_ring[i].d_data) - i;
	bus_dmamap_sync(f->f_dmat, sc->sc_map, 0, 2 * PAGE_SIZE,
	    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	FAULTY_WRITE(f, TEACH_IMR, INT_DONE | INT_ERROR);
	FAULTY_WRITE(f, TEACH_CTRL, CTRL_ENABLE);
	FAULTY_WRITE(f, TEACH_SRC_LO, addr);
	FAULTY_WRITE(f, TEACH_DST_LO, addr + PAGE_SIZE);
	FAULTY_WRITE(f, TEACH_LENGTH, PLANTED_DESCS * sizeof(*sc->sc_ring));
	FAULTY_WRITE(f, TEACH_DOORBELL, DOORBELL_SWAP_DMA);
}

static void
planted_attach(device_t parent, device_t self, void *aux)
{
	struct planted_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;
	u_int i;

	faulty_map(f, self, aux);
	sc->sc_deliver = planted_deliver;
	for (i = 0; i < __arraycount(sc->sc_classes); i++)
		sc->sc_classes[i] = &sc->sc_errors;
	sc->sc_revision = __SHIFTOUT(FAULTY_READ(f, TEACH_ID), ID_REVISION);

	sc->sc_ring = kmem_zalloc(2 * PAGE_SIZE, KM_SLEEP);
	if (bus_dmamap_create(f->f_dmat, 2 * PAGE_SIZE, 1, 2 * PAGE_SIZE, 0,
	    BUS_DMA_WAITOK, &sc->sc_map) != 0 ||
	    bus_dmamap_load(f->f_dmat, sc->sc_map, sc->sc_ring, 2 * PAGE_SIZE,
	    NULL, BUS_DMA_WAITOK) != 0)
		panic("%s: no DMA map", device_xname(self));
	if (pci_irq_establish(aux, &f->f_irq, false, IPL_VM, planted_intr, sc,
	    device_xname(self)) != 0)
		panic("%s: no interrupt", device_xname(self));
	planted_start(sc);
}

static int
planted_detach(device_t self, int flags)
{
	struct planted_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	planted_quiesce(sc);
	faulty_unmap(f);
	bus_dmamap_unload(f->f_dmat, sc->sc_map);
	bus_dmamap_destroy(f->f_dmat, sc->sc_map);
	kmem_free(sc->sc_ring, 2 * PAGE_SIZE);
	return 0;
}

CFATTACH_DECL_NEW(planted, sizeof(struct planted_softc),
    faulty_match, planted_attach, planted_detach, NULL);
