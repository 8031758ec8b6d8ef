/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Unloads a buffer that the device is still to write to. The write ought to
 * end the driver, with the places of the load and of the unload.
 */

#include "faulty_dma.h"

static void
dmalate_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	faulty_dma_start(d, DOORBELL_SWAP_DMA,
	    FAULTY_AT(d->d_source, 0),
	    FAULTY_AT(d->d_map, 0), FAULTY_DMA_SIZE);
	FAULTY_UNLOAD(d);
	faulty_dma_wait(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmalate, sizeof(struct faulty_dma),
    faulty_match, dmalate_attach, faulty_detach, NULL);
