/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Synchronises for the wrong direction: PREREAD, and the device reads. That
 * ought to be reported, with the place of the PREREAD.
 */

#include "faulty_dma.h"

static void
dmawrong_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD);
	faulty_dma_start(d, DOORBELL_SUM_DMA,
	    FAULTY_AT(d->d_map, 0),
	    FAULTY_AT(d->d_map, 0), FAULTY_DMA_SIZE);
	faulty_dma_wait(d);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTWRITE);
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmawrong, sizeof(struct faulty_dma),
    faulty_match, dmawrong_attach, faulty_detach, NULL);
