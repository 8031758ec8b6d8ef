/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Gives the device the address of DMA-safe memory instead of that of a map.
 * The access ought to be reported.
 */

#include "faulty_dma.h"

static void
dmanowhere_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	faulty_dma_start(d, DOORBELL_SWAP_DMA,
	    FAULTY_AT(d->d_source, 0),
	    d->d_seg.ds_addr, FAULTY_DMA_SIZE);
	faulty_dma_wait(d);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmanowhere, sizeof(struct faulty_dma),
    faulty_match, dmanowhere_attach, faulty_detach, NULL);
