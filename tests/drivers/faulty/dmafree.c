/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frees DMA-safe memory that is still loaded. That ought to be reported.
 */

#include "faulty_dma.h"

static void
dmafree_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	bus_dmamap_unload(d->d_faulty.f_dmat, d->d_source);
	bus_dmamem_unmap(d->d_faulty.f_dmat, d->d_buf, 2 * PAGE_SIZE);
	bus_dmamem_free(d->d_faulty.f_dmat, &d->d_seg, d->d_nseg);
	FAULTY_UNLOAD(d);
	faulty_dma_memory(d, 0);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmafree, sizeof(struct faulty_dma),
    faulty_match, dmafree_attach, faulty_detach, NULL);
