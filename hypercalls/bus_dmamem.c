/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_dma(9): memory that is safe for DMA.
 */

#include <sys/types.h>

#include "shim.h"

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/bus.h>

#include <machine/vmparam.h>

#include "bus_dma_private.h"

/* An address in the allocation `p' whose bus address is aligned, or 0: too little room. */
static uint64_t
align_on_bus(void *p, uint64_t room, uint64_t size, uint64_t alignment, bus_addr_t *bus)
{
	uint64_t address = (uint64_t)(uintptr_t)p, skip;

	if (!rumphost_bus_dma_find(address, room, bus))
		return 0;
	skip = roundup(*bus, alignment) - *bus;
	if (skip + size > room)
		return 0;
	*bus += skip;
	return address + skip;
}

/* Cut bus addresses at each boundary; returns how many segments, or 0: more than `max'. */
static int
cut(bus_addr_t address, bus_size_t size, bus_size_t boundary, bus_dma_segment_t *segments,
    int max)
{
	bus_size_t part;
	int n;

	for (n = 0; size > 0; n++, address += part, size -= part) {
		if (n == max)
			return 0;
		part = boundary != 0 ? MIN(size, boundary - address % boundary) : size;
		segments[n].ds_addr = address;
		segments[n].ds_len = part;
	}
	return n;
}

int
bus_dmamem_alloc(bus_dma_tag_t t, bus_size_t size, bus_size_t alignment, bus_size_t boundary,
    bus_dma_segment_t *segments, int count, int *used, int flags)
{
	uint64_t address, room;
	bus_addr_t bus;
	void *p;

	(void)flags;
	if (size == 0 || count < 1)
		return EINVAL;
	if (rumphost_refused("dma_alloc", NULL, size, 0, RUMPHOST_CALLER))
		return ENOMEM;
	size = (size + PAGE_MASK) & ~(bus_size_t)PAGE_MASK;
	alignment = MAX(alignment, (bus_size_t)PAGE_SIZE);
	if (boundary != 0 && size <= boundary)
		while (alignment < size)
			alignment *= 2;		/* so it crosses no boundary */
	room = size;
	p = rumphost_bus_dma_allocate(room, PAGE_SIZE, RUMPHOST_CALLER);
	if (p != NULL && align_on_bus(p, room, size, alignment, &bus) == 0) {
		rumphost_release(p);
		room = size + alignment - PAGE_SIZE;
		p = rumphost_bus_dma_allocate(room, PAGE_SIZE, RUMPHOST_CALLER);
	}
	if (p == NULL)
		return ENOMEM;
	address = align_on_bus(p, room, size, alignment, &bus);
	if (address == 0 || !rumphost_bus_dma_within(t, bus, size)) {
		rumphost_release(p);
		return ENOMEM;
	}
	*used = cut(bus, size, boundary, segments, count);
	if (*used == 0) {
		rumphost_release(p);
		return EFBIG;
	}
	rumphost_bus_dmamem_alloc(p, (void *)(uintptr_t)address, bus, size, alignment,
	    RUMPHOST_CALLER);
	return 0;
}

void
bus_dmamem_free(bus_dma_tag_t t, bus_dma_segment_t *segments, int count)
{

	(void)t;
	(void)count;
	rumphost_release(rumphost_bus_dmamem_free(segments[0].ds_addr, RUMPHOST_CALLER));
}

int
bus_dmamem_map(bus_dma_tag_t t, bus_dma_segment_t *segments, int count, size_t size,
    void **address, int flags)
{
	int n;

	(void)t;
	if (rumphost_refused("dma_map", NULL, size, 0, RUMPHOST_CALLER))
		return ENOMEM;
	for (n = 1; n < count; n++)
		if (segments[n - 1].ds_addr + segments[n - 1].ds_len != segments[n].ds_addr)
			return EINVAL;
	*address = rumphost_bus_dmamem_map(segments[0].ds_addr, size, flags);
	return *address != NULL ? 0 : EINVAL;
}

void
bus_dmamem_unmap(bus_dma_tag_t t, void *address, size_t size)
{

	(void)t;
	rumphost_bus_dmamem_unmap(address, size);
}

paddr_t
bus_dmamem_mmap(bus_dma_tag_t t, bus_dma_segment_t *segments, int count, off_t offset,
    int protection, int flags)
{
	bus_size_t left = (bus_size_t)offset;
	int n;

	(void)t;
	(void)protection;
	(void)flags;
	for (n = 0; n < count; n++) {
		if (left < segments[n].ds_len)
			return (segments[n].ds_addr + left) >> PAGE_SHIFT;
		left -= segments[n].ds_len;
	}
	return (paddr_t)-1;
}
