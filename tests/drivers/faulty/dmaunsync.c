/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Synchronises a map after unloading it. That ought to end the driver, with
 * the place of the unload.
 */

#include "faulty_dma.h"

static void
dmaunsync_attach(device_t parent, device_t self, void *aux)
{
	struct faulty_dma *d = device_private(self);

	faulty_map(&d->d_faulty, self, aux);
	faulty_dma_alloc(d, 0);
	FAULTY_LOAD(d, 0);
	FAULTY_UNLOAD(d);
	FAULTY_SYNC(d, BUS_DMASYNC_PREREAD);
	faulty_dma_free(d);
}

CFATTACH_DECL_NEW(dmaunsync, sizeof(struct faulty_dma),
    faulty_match, dmaunsync_attach, faulty_detach, NULL);
