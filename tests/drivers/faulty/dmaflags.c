/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Loads a buffer for writing to the device and synchronises it for reading.
 * The syncs ought to be reported, with the place of the load.
 */

#include "faulty_dma.h"

static void
dmaflags_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, BUS_DMA_WRITE);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTREAD);
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmaflags, sizeof(struct faulty_dma),
    faulty_match, dmaflags_attach, faulty_detach, NULL);
