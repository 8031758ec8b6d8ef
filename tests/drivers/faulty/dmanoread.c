/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lets the device write to a buffer that only a PREWRITE has given it. The
 * write ought to be reported, and so the POSTREAD, which no PREREAD came
 * before.
 */

#include "faulty_dma.h"

static void
dmanoread_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREWRITE);
	faulty_dma_start(d, DOORBELL_SWAP_DMA,
	    FAULTY_AT(d->d_map, 0),
	    FAULTY_AT(d->d_map, 0), FAULTY_DMA_SIZE);
	faulty_dma_wait(d);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmanoread, sizeof(struct faulty_dma),
    faulty_match, dmanoread_attach, faulty_detach, NULL);
