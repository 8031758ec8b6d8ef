/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_bus.py runs: bus_space(9) and bus_dma(9) from a driver's side.  The check functions
 * return 0, or the line of the first check that failed.
 */

#include <sys/types.h>

#include "shim.h"

#include <sys/param.h>
#include <sys/errno.h>
#include <sys/mbuf.h>
#include <sys/uio.h>
#include <sys/bus.h>

#define CHECK(e)	do { if (!(e)) return __LINE__; } while (0)
#define ENTRY		RUMPHOST_UPCALL uint64_t

#define MEM		(&rumphost_bus_space_memory)
#define TAG		(&rumphost_bus_dma_tag32)

ENTRY single(uint64_t), many(uint64_t), streams(uint64_t), parts(uint64_t, uint64_t);
ENTRY ports(uint64_t), reserve(void), touch(uint64_t, uint64_t, uint64_t), vaddr(uint64_t);
ENTRY map_direct(void), split(void), safe(uint64_t, uint64_t, uint64_t, uint64_t);
ENTRY tags(void), chain(void), vectors(void), raw(void), wrong(uint64_t);
ENTRY load_static(uint64_t), sync_static(uint64_t, uint64_t, uint64_t), unload_static(void);
ENTRY load_at(uint64_t), leave(void), static_byte(uint64_t), broken_chain(void);

void rumphost_update_clock(void) { }

/* == bus_space(9) == */

ENTRY
single(uint64_t address)
{
	bus_space_handle_t h;

	CHECK(bus_space_map(MEM, address, 0x1000, 0, &h) == 0);
	bus_space_write_8(MEM, h, 0x10, 0x1122334455667788);
	CHECK(bus_space_read_8(MEM, h, 0x10) == 0x1122334455667788);
	CHECK(bus_space_read_4(MEM, h, 0x14) == 0x11223344);
	CHECK(bus_space_read_2(MEM, h, 0x12) == 0x5566);
	CHECK(bus_space_read_1(MEM, h, 0x11) == 0x77);
	bus_space_write_4(MEM, h, 0x10, 0xdeadbeef);
	bus_space_write_2(MEM, h, 0x14, 0xcafe);
	bus_space_write_1(MEM, h, 0x16, 0x99);
	CHECK(bus_space_read_8(MEM, h, 0x10) == 0x1199cafedeadbeef);
	bus_space_barrier(MEM, h, 0x10, 8, BUS_SPACE_BARRIER_READ | BUS_SPACE_BARRIER_WRITE);
	bus_space_unmap(MEM, h, 0x1000);
	return 0;
}

ENTRY
streams(uint64_t address)
{
	bus_space_handle_t h;

	CHECK(bus_space_map(MEM, address, 0x1000, 0, &h) == 0);
	bus_space_write_stream_4(MEM, h, 0, 0x01020304);
	CHECK(bus_space_read_stream_2(MEM, h, 0) == 0x0304);
	CHECK(bus_space_read_stream_1(MEM, h, 3) == 0x01);
	bus_space_write_stream_8(MEM, h, 8, 5);
	CHECK(bus_space_read_stream_8(MEM, h, 8) == 5);
	bus_space_unmap(MEM, h, 0x1000);
	return 0;
}

/* The functions on many items, once for each width. */
#define WIDTH(width, type, suffix) do {					\
	type in[4] = { 1, 2, 3, 4 }, out[4] = { 0, 0, 0, 0 };		\
	int n;								\
									\
	bus_space_write_region_##suffix(MEM, h, 0x40, in, 4);		\
	bus_space_read_region_##suffix(MEM, h, 0x40, out, 4);		\
	for (n = 0; n < 4; n++)						\
		CHECK(out[n] == in[n]);					\
	bus_space_read_multi_##suffix(MEM, h, 0x40 + 2 * width, out, 4); \
	for (n = 0; n < 4; n++)						\
		CHECK(out[n] == 3);					\
	bus_space_write_multi_##suffix(MEM, h, 0x80, in, 4);		\
	CHECK(bus_space_read_##suffix(MEM, h, 0x80) == 4);		\
	bus_space_set_region_##suffix(MEM, h, 0x80, 9, 3);		\
	bus_space_set_multi_##suffix(MEM, h, 0x80, 8, 3);		\
	bus_space_read_region_##suffix(MEM, h, 0x80, out, 3);		\
	CHECK(out[0] == 8 && out[1] == 9 && out[2] == 9);		\
	/* Overlapping, in either direction. */				\
	bus_space_copy_region_##suffix(MEM, h, 0x40, h, 0x40 + width, 3); \
	bus_space_read_region_##suffix(MEM, h, 0x40, out, 4);		\
	CHECK(out[0] == 1 && out[1] == 1 && out[2] == 2 && out[3] == 3); \
	bus_space_copy_region_##suffix(MEM, h, 0x40 + width, h, 0x40, 3); \
	bus_space_read_region_##suffix(MEM, h, 0x40, out, 4);		\
	CHECK(out[0] == 1 && out[1] == 2 && out[2] == 3 && out[3] == 3); \
} while (0)

ENTRY
many(uint64_t address)
{
	bus_space_handle_t h;

	CHECK(bus_space_map(MEM, address, 0x1000, 0, &h) == 0);
	WIDTH(1, uint8_t, 1);
	WIDTH(2, uint16_t, 2);
	WIDTH(4, uint32_t, 4);
	WIDTH(8, uint64_t, 8);
	WIDTH(1, uint8_t, stream_1);
	WIDTH(2, uint16_t, stream_2);
	WIDTH(4, uint32_t, stream_4);
	WIDTH(8, uint64_t, stream_8);
	bus_space_unmap(MEM, h, 0x1000);
	return 0;
}

ENTRY
parts(uint64_t address, uint64_t size)
{
	bus_space_handle_t h, part, inner;

	CHECK(bus_space_map(MEM, address, size, 0, &h) == 0);
	CHECK(bus_space_subregion(MEM, h, 0x100, 0x100, &part) == 0);
	CHECK(bus_space_subregion(MEM, part, 0x80, 0x80, &inner) == 0);
	bus_space_write_4(MEM, inner, 4, 0x600d);
	CHECK(bus_space_read_4(MEM, h, 0x184) == 0x600d);
	CHECK(bus_space_is_equal(MEM, MEM));
	CHECK(!bus_space_is_equal(MEM, &rumphost_bus_space_io));
	CHECK(!bus_space_handle_is_equal(MEM, part, inner));
	bus_space_unmap(MEM, h, size);
	return 0;
}

ENTRY
ports(uint64_t address)
{
	bus_space_handle_t h;

	CHECK(bus_space_map(MEM, address, 0x40, 0, &h) == ENOENT);
	CHECK(bus_space_map(&rumphost_bus_space_io, address, 0x40, 0, &h) == 0);
	bus_space_write_1(&rumphost_bus_space_io, h, 1, 0x42);
	CHECK(bus_space_read_2(&rumphost_bus_space_io, h, 0) == 0x4200);
	bus_space_unmap(&rumphost_bus_space_io, h, 0x40);
	CHECK(bus_space_mmap(&rumphost_bus_space_io, address, 0, 0, 0) == (paddr_t)-1);
	CHECK(bus_space_mmap(MEM, 0xe0000000, 0x2000, 0, 0) == 0xe0002);
	return 0;
}

ENTRY
reserve(void)
{
	bus_space_handle_t h;
	bus_addr_t address;

	CHECK(bus_space_alloc(MEM, 0xe0000000, 0xefffffff, 0x100, 0x1000, 0, 0, &address,
	    &h) == 0);
	CHECK(address % 0x1000 == 0 && address >= 0xe0001000);
	CHECK(bus_space_read_4(MEM, h, 0xfc) == 0xffffffff);
	bus_space_free(MEM, h, 0x100);
	return 0;
}

ENTRY
touch(uint64_t address, uint64_t offset, uint64_t width)
{
	bus_space_handle_t h;

	CHECK(bus_space_map(MEM, address, 0x1000, 0, &h) == 0);
	return width == 2 ? bus_space_read_2(MEM, h, offset) : bus_space_read_4(MEM, h, offset);
}

ENTRY
vaddr(uint64_t address)
{
	bus_space_handle_t h;
	int error;

	error = bus_space_map(MEM, address, 0x1000, BUS_SPACE_MAP_LINEAR, &h);
	if (error != 0) {
		CHECK(error == EOPNOTSUPP);
		CHECK(bus_space_map(MEM, address, 0x1000, 0, &h) == 0);
	}
	return (uint64_t)(uintptr_t)bus_space_vaddr(MEM, h);
}

/* == bus_dma(9) == */

static char static_buffer[3 * 4096];
static bus_dmamap_t static_map;

static char *
arena(uint64_t size)
{

	return rumphost_allocate(size, 4096, RUMPHOST_CALLER);
}

ENTRY
map_direct(void)
{
	char *buffer = arena(0x2000);
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x2000, 4, 0x1000, 0, BUS_DMA_NOWAIT, &map) == 0);
	CHECK(rumphost_bus_dmamaps == map);
	CHECK(bus_dmamap_load(TAG, map, buffer + 8, 0x1800, NULL, BUS_DMA_NOWAIT) == 0);
	CHECK(map->dm_mapsize == 0x1800 && map->dm_nsegs == 2);
	CHECK(map->dm_segs[0].ds_len == 0x1000 && map->dm_segs[1].ds_len == 0x800);
	CHECK(map->dm_segs[1].ds_addr == map->dm_segs[0].ds_addr + 0x1000);
	bus_dmamap_sync(TAG, map, 0, 0x1800, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	bus_dmamap_sync(TAG, map, 0x17ff, 1, BUS_DMASYNC_POSTREAD);
	bus_dmamap_unload(TAG, map);
	CHECK(map->dm_mapsize == 0 && map->dm_nsegs == 0);
	CHECK(bus_dmamap_load(TAG, map, buffer, 0x2001, NULL, 0) == EINVAL);
	map->dm_maxsegsz = 0x400;
	CHECK(bus_dmamap_load(TAG, map, buffer, 0x2000, NULL, 0) == EFBIG);
	CHECK(map->dm_mapsize == 0 && map->dm_nsegs == 0);
	map->dm_maxsegsz = 0x800;
	CHECK(bus_dmamap_load(TAG, map, buffer, 0x2000, NULL, 0) == 0 && map->dm_nsegs == 4);
	bus_dmamap_unload(TAG, map);
	CHECK(map->dm_maxsegsz == 0x1000);
	bus_dmamap_destroy(TAG, map);
	CHECK(rumphost_bus_dmamaps == NULL);
	CHECK(bus_dmamap_create(TAG, 1, 0, 1, 0, 0, &map) == EINVAL);
	CHECK(bus_dmamap_create(TAG, 1, 1, 0, 0, 0, &map) == EINVAL);
	rumphost_release(buffer);
	return 0;
}

ENTRY
split(void)
{
	char *buffer = arena(0x4000);
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x4000, 8, 0x4000, 0x1000, 0, &map) == 0);
	CHECK(bus_dmamap_load(TAG, map, buffer + 0xf00, 0x1200, NULL, 0) == 0);
	CHECK(map->dm_nsegs == 3);
	CHECK(map->dm_segs[0].ds_len == 0x100);
	CHECK(map->dm_segs[1].ds_len == 0x1000 && map->dm_segs[1].ds_addr % 0x1000 == 0);
	CHECK(map->dm_segs[2].ds_len == 0x100);
	bus_dmamap_unload(TAG, map);
	bus_dmamap_destroy(TAG, map);
	rumphost_release(buffer);
	return 0;
}

ENTRY
safe(uint64_t size, uint64_t alignment, uint64_t boundary, uint64_t count)
{
	bus_dma_segment_t segs[4];
	void *kva, *part;
	int n, used;
	bus_size_t total = 0;

	CHECK(bus_dmamem_alloc(TAG, size, alignment, boundary, segs, (int)count, &used, 0) == 0);
	CHECK(used >= 1 && used <= (int)count);
	CHECK(segs[0].ds_addr % (alignment != 0 ? alignment : 1) == 0);
	for (n = 0; n < used; n++) {
		total += segs[n].ds_len;
		if (boundary != 0)
			CHECK(segs[n].ds_addr / boundary ==
			    (segs[n].ds_addr + segs[n].ds_len - 1) / boundary);
	}
	CHECK(total >= size && total % 4096 == 0);
	CHECK(bus_dmamem_map(TAG, segs, used, size, &kva, BUS_DMA_COHERENT) == 0);
	((char *)kva)[0] = 1;
	((char *)kva)[size - 1] = 2;
	CHECK(bus_dmamem_map(TAG, segs, used, total + 1, &part, 0) == EINVAL);
	CHECK(bus_dmamem_mmap(TAG, segs, used, 0, 0, 0) == segs[0].ds_addr >> 12);
	CHECK(bus_dmamem_mmap(TAG, segs, used, (off_t)total, 0, 0) == (paddr_t)-1);
	bus_dmamem_unmap(TAG, kva, size);
	bus_dmamem_free(TAG, segs, used);
	return 0;
}

ENTRY
tags(void)
{
	bus_dma_tag_t low, lower;
	bus_dmamap_t map;
	bus_dma_segment_t seg;
	char *buffer = arena(0x1000);
	int used;

	CHECK(bus_dmatag_subregion(TAG, 0, 0xffffff, &low, 0) == 0);
	CHECK(bus_dmatag_subregion(low, 0x1000, 0xffffffff, &lower, 0) == 0);
	CHECK(lower->bdt_lowest == 0x1000 && lower->bdt_highest == 0xffffff);
	bus_dmatag_destroy(lower);
	CHECK(bus_dmatag_subregion(low, 0x2000000, 0x3000000, &lower, 0) == EINVAL);
	CHECK(bus_dmatag_subregion(low, 2, 1, &lower, 0) == EINVAL);
	CHECK(bus_dmamap_create(low, 0x1000, 1, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_load(low, map, buffer, 0x1000, NULL, 0) == ENOMEM);
	CHECK(bus_dmamem_alloc(low, 0x1000, 0, 0, &seg, 1, &used, 0) == ENOMEM);
	bus_dmamap_destroy(low, map);
	bus_dmatag_destroy(low);
	rumphost_release(buffer);
	return 0;
}

static struct mbuf mbufs[40];

/* Make a chain of `count' mbufs of 0x10 bytes each, 0x20 apart. */
static struct mbuf *
make_chain(char *buffer, int count)
{
	int n;

	for (n = 0; n < count; n++) {
		mbufs[n].m_next = n + 1 < count ? &mbufs[n + 1] : NULL;
		mbufs[n].m_data = buffer + n * 0x20;
		mbufs[n].m_len = 0x10;
		mbufs[n].m_flags = 0;
	}
	mbufs[0].m_flags = M_PKTHDR;
	mbufs[0].m_pkthdr.len = count * 0x10;
	return &mbufs[0];
}

ENTRY
chain(void)
{
	char *buffer = arena(0x1000);
	struct mbuf *m = make_chain(buffer, 40);
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x1000, 40, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_load_mbuf(TAG, map, m, 0) == 0);
	CHECK(map->dm_nsegs == 40 && map->dm_mapsize == 40 * 0x10);
	CHECK(map->dm_segs[39].ds_addr == map->dm_segs[0].ds_addr + 39 * 0x20);
	bus_dmamap_unload(TAG, map);

	/* Neighbours are joined, empty mbufs left out. */
	make_chain(buffer, 4);
	mbufs[1].m_data = buffer + 0x10;
	mbufs[2].m_len = 0;
	m->m_pkthdr.len = 0x30;
	CHECK(bus_dmamap_load_mbuf(TAG, map, m, 0) == 0);
	CHECK(map->dm_nsegs == 2 && map->dm_segs[0].ds_len == 0x20);
	bus_dmamap_unload(TAG, map);
	bus_dmamap_destroy(TAG, map);
	CHECK(bus_dmamap_create(TAG, 0x1000, 3, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_load_mbuf(TAG, map, make_chain(buffer, 4), 0) == EFBIG);
	bus_dmamap_destroy(TAG, map);
	rumphost_release(buffer);
	return 0;
}

ENTRY
broken_chain(void)
{
	char *buffer = arena(0x1000);
	struct mbuf *m = make_chain(buffer, 4);
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x1000, 4, 0x1000, 0, 0, &map) == 0);
	m->m_pkthdr.len--;
	return (uint64_t)bus_dmamap_load_mbuf(TAG, map, m, 0);
}

ENTRY
vectors(void)
{
	char *buffer = arena(0x1000);
	struct iovec iov[3] = {
		{ .iov_base = buffer, .iov_len = 0x100 },
		{ .iov_base = buffer + 0x200, .iov_len = 0x100 },
		{ .iov_base = buffer + 0x400, .iov_len = 0x100 },
	};
	struct uio uio = { .uio_iov = iov, .uio_iovcnt = 3, .uio_resid = 0x180 };
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x1000, 3, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_load_uio(TAG, map, &uio, 0) == 0);
	CHECK(map->dm_nsegs == 2 && map->dm_mapsize == 0x180);
	CHECK(map->dm_segs[1].ds_len == 0x80);
	bus_dmamap_unload(TAG, map);
	bus_dmamap_destroy(TAG, map);
	rumphost_release(buffer);
	return 0;
}

ENTRY
raw(void)
{
	bus_dma_segment_t seg;
	bus_dmamap_t map;
	int used;

	CHECK(bus_dmamem_alloc(TAG, 0x1000, 0, 0, &seg, 1, &used, 0) == 0);
	CHECK(bus_dmamap_create(TAG, 0x1000, 1, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_load_raw(TAG, map, &seg, used, 0x800, 0) == 0);
	CHECK(map->dm_segs[0].ds_addr == seg.ds_addr && map->dm_mapsize == 0x800);
	bus_dmamap_unload(TAG, map);
	CHECK(bus_dmamap_load_raw(TAG, map, &seg, used, 0x1001, 0) == EINVAL);
	bus_dmamap_destroy(TAG, map);
	bus_dmamem_free(TAG, &seg, used);
	return 0;
}

/* Load memory outside the arena; returns its bus address. */
ENTRY
load_static(uint64_t size)
{

	CHECK(bus_dmamap_create(TAG, 0x3000, 3, 0x3000, 0, 0, &static_map) == 0);
	CHECK(bus_dmamap_load(TAG, static_map, static_buffer, size, NULL, 0) == 0);
	CHECK(static_map->dm_nsegs == 1 && static_map->dm_mapsize == size);
	return static_map->dm_segs[0].ds_addr;
}

ENTRY
sync_static(uint64_t byte, uint64_t offset, uint64_t operations)
{

	if (byte != 0)
		static_buffer[offset] = (char)byte;
	bus_dmamap_sync(TAG, static_map, offset, 1, (int)operations);
	return 0;
}

ENTRY
static_byte(uint64_t offset)
{

	return (uint8_t)static_buffer[offset];
}

ENTRY
unload_static(void)
{

	bus_dmamap_unload(TAG, static_map);
	bus_dmamap_destroy(TAG, static_map);
	return 0;
}

ENTRY
load_at(uint64_t address)
{
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x3000, 3, 0x3000, 0, 0, &map) == 0);
	return (uint64_t)bus_dmamap_load(TAG, map, (void *)address, 0x2000, NULL, 0);
}

ENTRY
leave(void)
{
	bus_dma_segment_t seg;
	bus_space_handle_t h;
	bus_dmamap_t map;
	int used;

	CHECK(bus_space_map(MEM, 0xe0000000, 0x1000, 0, &h) == 0);
	CHECK(bus_dmamem_alloc(TAG, 0x1000, 0, 0, &seg, 1, &used, 0) == 0);
	CHECK(bus_dmamap_create(TAG, 0x1000, 1, 0x1000, 0, 0, &map) == 0);
	CHECK(bus_dmamap_create(TAG, 0x1000, 1, 0x1000, 0, 0, &map) == 0);
	return 0;
}

ENTRY
wrong(uint64_t how)
{
	char *buffer = arena(0x1000);
	bus_dmamap_t map;

	CHECK(bus_dmamap_create(TAG, 0x1000, 1, 0x1000, 0, 0, &map) == 0);
	if (how == 0) {
		bus_dmamap_unload(TAG, map);
		return 0;
	}
	if (how == 1) {
		bus_dmamap_sync(TAG, map, 0, 1, BUS_DMASYNC_PREREAD);
		return 0;
	}
	CHECK(bus_dmamap_load(TAG, map, buffer, 0x1000, NULL, 0) == 0);
	switch (how) {
	case 2:
		return (uint64_t)bus_dmamap_load(TAG, map, buffer, 0x1000, NULL, 0);
	case 3:
		bus_dmamap_sync(TAG, map, 0xfff, 2, BUS_DMASYNC_PREREAD);
		break;
	case 4:
		bus_dmamap_sync(TAG, map, 0, 1, BUS_DMASYNC_PREREAD | BUS_DMASYNC_POSTWRITE);
		break;
	case 5:
		bus_dmatag_destroy(TAG);
		break;
	case 6:
		bus_dmamap_destroy(TAG, map);
		break;
	}
	return 0;
}
