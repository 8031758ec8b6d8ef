/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the drivers share that use bus_dma(9) wrongly: a buffer in a map, and
 * commands of the device on it.
 */

#ifndef _FAULTY_DMA_H_
#define _FAULTY_DMA_H_

#include "faulty.h"

#define	FAULTY_DMA_SIZE	256

struct faulty_dma {
	struct faulty		d_faulty;
	bus_dmamap_t		d_map;		/* of the first page */
	bus_dmamap_t		d_source;	/* of the second, for use as it is */
	bus_dma_segment_t	d_seg;
	int			d_nseg;
	uint8_t			*d_buf;
};

/* Get two pages of DMA-safe memory, mapped with `flags'. */
static inline void
faulty_dma_memory(struct faulty_dma *d, int flags)
{
	struct faulty *f = &d->d_faulty;
	void *va;

	if (bus_dmamem_alloc(f->f_dmat, 2 * PAGE_SIZE, PAGE_SIZE, 0, &d->d_seg,
	    1, &d->d_nseg, BUS_DMA_WAITOK) != 0 ||
	    bus_dmamem_map(f->f_dmat, &d->d_seg, d->d_nseg, 2 * PAGE_SIZE, &va,
	    BUS_DMA_WAITOK | flags) != 0)
		panic("%s: no DMA memory", device_xname(f->f_dev));
	d->d_buf = va;
	memset(d->d_buf, 'a', FAULTY_DMA_SIZE);
	memset(d->d_buf + PAGE_SIZE, 's', FAULTY_DMA_SIZE);
}

/* Get memory and maps. */
static inline void
faulty_dma_alloc(struct faulty_dma *d, int flags)
{
	struct faulty *f = &d->d_faulty;

	faulty_dma_memory(d, flags);
	if (bus_dmamap_create(f->f_dmat, PAGE_SIZE, 1, PAGE_SIZE, 0,
	    BUS_DMA_WAITOK, &d->d_map) != 0 ||
	    bus_dmamap_create(f->f_dmat, PAGE_SIZE, 1, PAGE_SIZE, 0,
	    BUS_DMA_WAITOK, &d->d_source) != 0 ||
	    bus_dmamap_load(f->f_dmat, d->d_source, d->d_buf + PAGE_SIZE,
	    FAULTY_DMA_SIZE, NULL, BUS_DMA_WAITOK) != 0)
		panic("%s: no DMA map", device_xname(f->f_dev));
	bus_dmamap_sync(f->f_dmat, d->d_source, 0, FAULTY_DMA_SIZE,
	    BUS_DMASYNC_PREWRITE);
}

static inline void
faulty_dma_free(struct faulty_dma *d)
{
	struct faulty *f = &d->d_faulty;

	if (d->d_source->dm_mapsize != 0)
		bus_dmamap_unload(f->f_dmat, d->d_source);
	bus_dmamap_destroy(f->f_dmat, d->d_source);
	bus_dmamap_destroy(f->f_dmat, d->d_map);
	bus_dmamem_unmap(f->f_dmat, d->d_buf, 2 * PAGE_SIZE);
	bus_dmamem_free(f->f_dmat, &d->d_seg, d->d_nseg);
}

/* Load the first FAULTY_DMA_SIZE bytes; for reading on where that was. */
#define	FAULTY_LOAD(d, flags) do {					\
	if (bus_dmamap_load((d)->d_faulty.f_dmat, (d)->d_map, (d)->d_buf, \
	    FAULTY_DMA_SIZE, NULL, BUS_DMA_WAITOK | (flags)) != 0)	\
		panic("no DMA");					\
} while (/*CONSTCOND*/0)
#define	FAULTY_UNLOAD(d)						\
	bus_dmamap_unload((d)->d_faulty.f_dmat, (d)->d_map)
#define	FAULTY_SYNC(d, ops)						\
	bus_dmamap_sync((d)->d_faulty.f_dmat, (d)->d_map, 0,		\
	    FAULTY_DMA_SIZE, (ops))

/* Where the device sees byte `offset' of a map. */
#define	FAULTY_AT(map, offset)	((map)->dm_segs[0].ds_addr + (offset))

/* Give the device a command. */
static inline void
faulty_dma_start(struct faulty_dma *d, uint32_t command, bus_addr_t src,
    bus_addr_t dst, uint32_t len)
{
	struct faulty *f = &d->d_faulty;

	FAULTY_WRITE(f, TEACH_CTRL, CTRL_ENABLE);
	FAULTY_WRITE(f, TEACH_SRC_LO, (uint32_t)src);
	FAULTY_WRITE(f, TEACH_SRC_HI, (uint32_t)(src >> 32));
	FAULTY_WRITE(f, TEACH_DST_LO, (uint32_t)dst);
	FAULTY_WRITE(f, TEACH_DST_HI, (uint32_t)(dst >> 32));
	FAULTY_WRITE(f, TEACH_LENGTH, len);
	FAULTY_WRITE(f, TEACH_DOORBELL, command);
}

/* Wait until it is done. */
static inline void
faulty_dma_wait(struct faulty_dma *d)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if ((FAULTY_READ(&d->d_faulty, TEACH_STATUS) &
		    STATUS_BUSY) == 0)
			return;
		delay(10);
	}
	panic("%s: hangs", device_xname(d->d_faulty.f_dev));
}

#endif /* _FAULTY_DMA_H_ */
