/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bus_dma.c and bus_dmamem.c share.
 */

#ifndef RUMPHOST_BUS_DMA_PRIVATE_H
#define RUMPHOST_BUS_DMA_PRIVATE_H

#define MANUAL		"bus_dma(9)"

/* Memory that this page itself accounts for: nobody's, as far as the arena knows. */
static inline void *
rumphost_bus_dma_allocate(uint64_t size, uint64_t alignment, uint64_t site)
{
	struct rumphost_lwp *l = rumphost_curlwp();
	uint32_t owner = l->owner;
	void *p;

	l->owner = 0;
	p = rumphost_allocate(size, alignment, site);
	l->owner = owner;
	return p;
}

/* Find the bus address of memory in the arena; 0 when it is not (all of it) in there. */
static inline int
rumphost_bus_dma_find(uint64_t address, bus_size_t length, bus_addr_t *bus)
{
	const struct rumphost_cpu *cpu = rumphost_cpu();
	const struct rumphost_chunk *c;
	uint64_t offset;

	for (c = cpu->chunks; c < &cpu->chunks[cpu->chunk_count]; c++) {
		offset = address - c->address;
		if (offset < c->size && length <= c->size - offset) {
			*bus = c->bus_address + offset;
			return 1;
		}
	}
	return 0;
}

/* Can devices of the tag put out all these addresses? */
static inline int
rumphost_bus_dma_within(bus_dma_tag_t t, bus_addr_t address, bus_size_t length)
{

	return address >= t->bdt_lowest && address <= t->bdt_highest &&
	    length - 1 <= t->bdt_highest - address;
}

#endif
