/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_dma(9): what addresses a device uses for the driver's memory.
 *
 * Memory of the arena is reachable for the device as it is, so loading it is a look-up in the
 * CPU's table of chunks and a sync is nothing.  For any other memory, or with RUMPHOST_SLOW_DMA
 * set, the host finds a way: it has the machine map the memory, or bounces.
 */

#include <sys/types.h>

#include "shim.h"

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/mbuf.h>
#include <sys/uio.h>
#include <sys/bus.h>

#include <machine/vmparam.h>

#include "bus_dma_private.h"

#define PIECES		32	/* of a load that need no allocation */
#define PRE		(BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE)
#define POST		(BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE)

struct rumphost_bus_dma_tag rumphost_bus_dma_tag32 = { .bdt_highest = 0xffffffffUL };
struct rumphost_bus_dma_tag rumphost_bus_dma_tag64 = { .bdt_highest = ~0UL };
struct rumphost_bus_dmamap *rumphost_bus_dmamaps;

/* == tags == */

int
bus_dmatag_subregion(bus_dma_tag_t t, bus_addr_t lowest, bus_addr_t highest, bus_dma_tag_t *part,
    int flags)
{
	bus_dma_tag_t new;

	(void)flags;
	if (lowest > highest || highest < t->bdt_lowest || lowest > t->bdt_highest)
		return EINVAL;
	if (rumphost_refused("dma_tag", NULL, sizeof(*new), 0, RUMPHOST_CALLER))
		return ENOMEM;
	new = rumphost_allocate(sizeof(*new), sizeof(bus_addr_t), RUMPHOST_CALLER);
	if (new == NULL)
		return ENOMEM;
	new->bdt_lowest = MAX(lowest, t->bdt_lowest);
	new->bdt_highest = MIN(highest, t->bdt_highest);
	new->bdt_allocated = 1;
	*part = new;
	return 0;
}

void
bus_dmatag_destroy(bus_dma_tag_t t)
{

	if (!t->bdt_allocated)
		rumphost_misuse(MANUAL, "bus_dmatag_destroy: not a tag of bus_dmatag_subregion");
	rumphost_release(t);
}

/* == maps == */

int
bus_dmamap_create(bus_dma_tag_t t, bus_size_t size, int segments, bus_size_t maxsegsz,
    bus_size_t boundary, int flags, bus_dmamap_t *mapp)
{
	bus_dmamap_t map;

	(void)t;
	if (segments < 1 || maxsegsz == 0)
		return EINVAL;
	if (rumphost_refused("dma_create", NULL, size, 0, RUMPHOST_CALLER))
		return ENOMEM;
	map = rumphost_bus_dma_allocate(
	    sizeof(*map) + (bus_size_t)segments * sizeof(map->dm_segs[0]), sizeof(bus_addr_t),
	    RUMPHOST_CALLER);
	if (map == NULL)
		return ENOMEM;
	map->_dm_size = size;
	map->_dm_maxmaxsegsz = maxsegsz;
	map->_dm_boundary = boundary;
	map->_dm_segcnt = segments;
	map->_dm_flags = flags;
	map->_dm_loaded = RUMPHOST_DMAMAP_EMPTY;
	map->dm_maxsegsz = maxsegsz;
	map->dm_mapsize = 0;
	map->dm_nsegs = 0;

	map->_dm_next = rumphost_bus_dmamaps;
	map->_dm_prev = &rumphost_bus_dmamaps;
	if (map->_dm_next != NULL)
		map->_dm_next->_dm_prev = &map->_dm_next;
	rumphost_bus_dmamaps = map;

	rumphost_bus_dmamap_create(map, size, segments, maxsegsz, boundary, flags,
	    RUMPHOST_CALLER);
	*mapp = map;
	return 0;
}

void
bus_dmamap_destroy(bus_dma_tag_t t, bus_dmamap_t map)
{

	(void)t;
	if (map->_dm_loaded != RUMPHOST_DMAMAP_EMPTY)
		rumphost_bus_dmamap_wrong(map, "bus_dmamap_destroy of a map that is loaded", 0,
		    RUMPHOST_CALLER);
	rumphost_bus_dmamap_destroy(map, RUMPHOST_CALLER);
	*map->_dm_prev = map->_dm_next;
	if (map->_dm_next != NULL)
		map->_dm_next->_dm_prev = map->_dm_prev;
	rumphost_release(map);
}

static void
forget(bus_dmamap_t map)
{

	map->_dm_loaded = RUMPHOST_DMAMAP_EMPTY;
	map->dm_maxsegsz = map->_dm_maxmaxsegsz;
	map->dm_mapsize = 0;
	map->dm_nsegs = 0;
}

/* Append bus addresses to a map's segments, within its limits. */
static int
append(bus_dmamap_t map, bus_addr_t address, bus_size_t length)
{
	const bus_size_t boundary = map->_dm_boundary;
	bus_dma_segment_t *last;
	bus_size_t part;
	int joins;

	for (; length > 0; address += part, length -= part) {
		part = length;
		if (boundary != 0)
			part = MIN(part, boundary - address % boundary);
		last = map->dm_nsegs > 0 ? &map->dm_segs[map->dm_nsegs - 1] : NULL;
		joins = last != NULL && last->ds_addr + last->ds_len == address &&
		    last->ds_len < map->dm_maxsegsz &&
		    (boundary == 0 || address % boundary != 0);
		if (joins) {
			part = MIN(part, map->dm_maxsegsz - last->ds_len);
			last->ds_len += part;
			continue;
		}
		if (map->dm_nsegs == map->_dm_segcnt)
			return EFBIG;
		part = MIN(part, map->dm_maxsegsz);
		map->dm_segs[map->dm_nsegs].ds_addr = address;
		map->dm_segs[map->dm_nsegs].ds_len = part;
		map->dm_nsegs++;
	}
	return 0;
}

/* Load what can be loaded here; ENOENT: the host must. */
static int
load_direct(bus_dma_tag_t t, bus_dmamap_t map, const bus_dma_segment_t *pieces, uint32_t count,
    int raw)
{
	bus_addr_t bus;
	uint32_t n;
	int error;

	if (rumphost_cpu()->slow & RUMPHOST_SLOW_DMA)
		return ENOENT;
	for (n = 0; n < count; n++) {
		if (pieces[n].ds_len == 0)
			continue;
		bus = pieces[n].ds_addr;
		if (!raw && !rumphost_bus_dma_find(pieces[n].ds_addr, pieces[n].ds_len, &bus))
			return ENOENT;
		if (!rumphost_bus_dma_within(t, bus, pieces[n].ds_len))
			return ENOENT;
		error = append(map, bus, pieces[n].ds_len);
		if (error)
			return error;
	}
	map->_dm_loaded = RUMPHOST_DMAMAP_DIRECT;
	return 0;
}

/* Read a byte of each page, so that a bad address is the driver's fault, here and now. */
static void
touch(const bus_dma_segment_t *pieces, uint32_t count)
{
	const volatile char *p, *end;
	uint32_t n;

	for (n = 0; n < count; n++) {
		if (pieces[n].ds_len == 0)
			continue;
		p = (const volatile char *)pieces[n].ds_addr;
		end = p + pieces[n].ds_len;
		for (; p < end; p = (const volatile char *)(((uintptr_t)p | PAGE_MASK) + 1))
			(void)*p;
	}
}

static int
load_by_host(bus_dma_tag_t t, bus_dmamap_t map, const bus_dma_segment_t *pieces, uint32_t count,
    int flags, int raw, uint64_t site)
{
	const uint64_t limits[3] = { t->bdt_lowest, t->bdt_highest, map->dm_maxsegsz };
	int segments;

	if (!raw)
		touch(pieces, count);
	segments = rumphost_bus_dmamap_load(map, map->dm_segs, pieces, count, limits, flags, raw,
	    site);
	if (segments < 0)
		return -segments;
	map->dm_nsegs = segments;
	map->_dm_loaded = RUMPHOST_DMAMAP_HOST;
	return 0;
}

/* Load `size' bytes in pieces of memory, or of bus addresses when `raw'. */
static int
load(bus_dma_tag_t t, bus_dmamap_t map, const bus_dma_segment_t *pieces, uint32_t count,
    bus_size_t size, int flags, int raw, uint64_t site)
{
	int error;

	if (map->_dm_loaded != RUMPHOST_DMAMAP_EMPTY)
		rumphost_bus_dmamap_wrong(map, "bus_dmamap_load: the map is loaded already", 1, site);
	if (map->dm_maxsegsz == 0 || map->dm_maxsegsz > map->_dm_maxmaxsegsz)
		rumphost_bus_dmamap_wrong(map,
		    "bus_dmamap_load: dm_maxsegsz is 0 or beyond what the map was created with", 1,
		    site);
	if (size > map->_dm_size)
		return EINVAL;
	map->dm_nsegs = 0;
	error = load_direct(t, map, pieces, count, raw);
	if (error == ENOENT) {
		map->dm_nsegs = 0;
		error = load_by_host(t, map, pieces, count, flags, raw, site);
	}
	if (error) {
		map->dm_nsegs = 0;
		map->dm_mapsize = 0;
		return error;
	}
	map->dm_mapsize = size;
	return 0;
}

int
bus_dmamap_load(bus_dma_tag_t t, bus_dmamap_t map, void *buffer, bus_size_t length,
    struct proc *p, int flags)
{
	const bus_dma_segment_t piece = { (bus_addr_t)buffer, length };

	if (p != NULL)
		rumphost_unsupported(MANUAL, "bus_dmamap_load of a user process's memory");
	if (rumphost_refused("dma_load", NULL, length, 0, RUMPHOST_CALLER))
		return ENOMEM;
	return load(t, map, &piece, 1, length, flags, 0, RUMPHOST_CALLER);
}

/* Room for `count' pieces: `few' if they fit. */
static bus_dma_segment_t *
room_for(uint32_t count, bus_dma_segment_t *few, uint64_t site)
{

	if (count <= PIECES)
		return few;
	return rumphost_bus_dma_allocate(count * sizeof(*few), sizeof(bus_addr_t), site);
}

int
bus_dmamap_load_mbuf(bus_dma_tag_t t, bus_dmamap_t map, struct mbuf *packet, int flags)
{
	bus_dma_segment_t few[PIECES], *pieces;
	bus_size_t size = 0;
	uint32_t count = 0, n = 0;
	struct mbuf *m;
	int error;

	if ((packet->m_flags & M_PKTHDR) == 0)
		rumphost_misuse(MANUAL, "bus_dmamap_load_mbuf: the mbuf has no packet header");
	if (rumphost_refused("dma_load", NULL, (uint64_t)packet->m_pkthdr.len, 0, RUMPHOST_CALLER))
		return ENOMEM;
	for (m = packet; m != NULL; m = m->m_next)
		count++;
	pieces = room_for(count, few, RUMPHOST_CALLER);
	if (pieces == NULL)
		return ENOMEM;
	for (m = packet; m != NULL; m = m->m_next) {
		pieces[n].ds_addr = (bus_addr_t)m->m_data;
		pieces[n++].ds_len = (bus_size_t)m->m_len;
		size += (bus_size_t)m->m_len;
	}
	if (size != (bus_size_t)packet->m_pkthdr.len)
		rumphost_misuse(MANUAL,
		    "bus_dmamap_load_mbuf: m_pkthdr.len is not the length of the chain");
	error = load(t, map, pieces, n, size, flags, 0, RUMPHOST_CALLER);
	if (pieces != few)
		rumphost_release(pieces);
	return error;
}

int
bus_dmamap_load_uio(bus_dma_tag_t t, bus_dmamap_t map, struct uio *uio, int flags)
{
	bus_dma_segment_t few[PIECES], *pieces;
	bus_size_t left = uio->uio_resid, length, size = 0;
	uint32_t n = 0;
	int error, k;

	if (rumphost_refused("dma_load", NULL, left, 0, RUMPHOST_CALLER))
		return ENOMEM;
	pieces = room_for((uint32_t)uio->uio_iovcnt, few, RUMPHOST_CALLER);
	if (pieces == NULL)
		return ENOMEM;
	for (k = 0; k < uio->uio_iovcnt && left > 0; k++) {
		length = MIN(left, uio->uio_iov[k].iov_len);
		pieces[n].ds_addr = (bus_addr_t)uio->uio_iov[k].iov_base;
		pieces[n++].ds_len = length;
		size += length;
		left -= length;
	}
	error = load(t, map, pieces, n, size, flags, 0, RUMPHOST_CALLER);
	if (pieces != few)
		rumphost_release(pieces);
	return error;
}

int
bus_dmamap_load_raw(bus_dma_tag_t t, bus_dmamap_t map, bus_dma_segment_t *segments, int count,
    bus_size_t size, int flags)
{
	bus_dma_segment_t few[PIECES], *pieces;
	bus_size_t left = size;
	uint32_t n = 0;
	int error, k;

	if (rumphost_refused("dma_load", NULL, size, 0, RUMPHOST_CALLER))
		return ENOMEM;
	pieces = room_for((uint32_t)count, few, RUMPHOST_CALLER);
	if (pieces == NULL)
		return ENOMEM;
	for (k = 0; k < count && left > 0; k++) {
		pieces[n].ds_addr = segments[k].ds_addr;
		pieces[n].ds_len = MIN(left, segments[k].ds_len);
		left -= pieces[n++].ds_len;
	}
	error = left > 0 ? EINVAL :
	    load(t, map, pieces, n, size, flags, 1, RUMPHOST_CALLER);
	if (pieces != few)
		rumphost_release(pieces);
	return error;
}

void
bus_dmamap_unload(bus_dma_tag_t t, bus_dmamap_t map)
{

	(void)t;
	switch (map->_dm_loaded) {
	case RUMPHOST_DMAMAP_EMPTY:
		rumphost_bus_dmamap_wrong(map, "bus_dmamap_unload of a map that is not loaded", 0,
		    RUMPHOST_CALLER);
		break;
	case RUMPHOST_DMAMAP_HOST:
		rumphost_bus_dmamap_unload(map, RUMPHOST_CALLER);
		break;
	}
	forget(map);
}

void
bus_dmamap_sync(bus_dma_tag_t t, bus_dmamap_t map, bus_addr_t offset, bus_size_t length,
    int operations)
{

	(void)t;
	if ((operations & PRE) != 0 && (operations & POST) != 0)
		rumphost_bus_dmamap_wrong(map,
		    "bus_dmamap_sync: PRE and POST operations in one call", 1, RUMPHOST_CALLER);
	if (map->_dm_loaded == RUMPHOST_DMAMAP_EMPTY)
		rumphost_bus_dmamap_wrong(map, "bus_dmamap_sync: the map is not loaded", 1,
		    RUMPHOST_CALLER);
	if (offset > map->dm_mapsize || length > map->dm_mapsize - offset)
		rumphost_bus_dmamap_wrong(map,
		    "bus_dmamap_sync: offset or length beyond what is loaded", 1, RUMPHOST_CALLER);
	if (map->_dm_loaded == RUMPHOST_DMAMAP_HOST)
		rumphost_bus_dmamap_sync(map, offset, length, operations, RUMPHOST_CALLER);
	else
		__sync_synchronize();
}
