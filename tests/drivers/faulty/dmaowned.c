/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Writes to byte 0x40 of a buffer while the device owns it. The write ought
 * to be reported at the next sync, with its offset.
 */

#include "faulty_dma.h"

static void
dmaowned_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	faulty_dma_start(d, DOORBELL_SUM_DMA,
	    FAULTY_AT(d->d_map, 0),
	    FAULTY_AT(d->d_map, 0), FAULTY_DMA_SIZE);
	d->d_buf[0x40] = 'x';
	faulty_dma_wait(d);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
	FAULTY_UNLOAD(d);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmaowned, sizeof(struct faulty_dma),
    faulty_match, dmaowned_attach, faulty_detach, NULL);
