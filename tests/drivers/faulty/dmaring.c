/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Does right what a ring needs: memory mapped as coherent, parts of which
 * the device looks at while the driver writes to others, and gives them over
 * without taking them back first. Nothing ought to be reported.
 */

#include "faulty_dma.h"

static void
dmaring_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);
	int i;

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, BUS_DMA_COHERENT);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	for (i = 0; i < FAULTY_DMA_SIZE; i += 64) {
		memset(d->d_buf + i, 'b', 64);
		bus_dmamap_sync(d->d_faulty.f_dmat, d->d_map, i, 64,
		    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
		faulty_dma_start(d, DOORBELL_SWAP_DMA,
		    FAULTY_AT(d->d_map, i),
		    FAULTY_AT(d->d_map, i), 64);
		bus_dmamap_sync(d->d_faulty.f_dmat, d->d_map, i, 64,
		    BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
		bus_dmamap_sync(d->d_faulty.f_dmat, d->d_map, i, 64,
		    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
		faulty_dma_wait(d);
		bus_dmamap_sync(d->d_faulty.f_dmat, d->d_map, i, 64,
		    BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
		if (d->d_buf[i] != 'B')
			panic("%s: got nothing", device_xname(self));
	}
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmaring, sizeof(struct faulty_dma),
    faulty_match, dmaring_attach, faulty_detach, NULL);
