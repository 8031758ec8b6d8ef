/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Uses what the device wrote without a POSTREAD. The unloading ought to be
 * reported.
 */

#include "faulty_dma.h"

static void
dmanopost_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	faulty_dma_start(d, DOORBELL_SWAP_DMA,
	    FAULTY_AT(d->d_map, 0),
	    FAULTY_AT(d->d_map, 0), FAULTY_DMA_SIZE);
	faulty_dma_wait(d);
	FAULTY_SYNC(d, BUS_DMASYNC_POSTWRITE);
	FAULTY_UNLOAD(d);
	if (d->d_buf[0] == 'A')
		aprint_normal_dev(self, "saw what it was not shown\n");
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmanopost, sizeof(struct faulty_dma),
    faulty_match, dmanopost_attach, faulty_detach, NULL);
