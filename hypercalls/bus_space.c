/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_space(9): access to device registers.
 *
 * Single accesses are inline, in machine/bus_funcs.h; here they are made once more out of line.
 * A handle that is not negative is the address where the registers are mapped into the process;
 * any other stands for registers that only the host reaches.  Devices are little-endian and so
 * is every host, hence the stream functions are the ordinary ones.
 */

/* Plain functions, this time. */
#define RUMPHOST_BUS_INLINE

#include <sys/types.h>
#include <sys/bus.h>

#include <machine/vmparam.h>

#include "shim.h"

#if _BYTE_ORDER != _LITTLE_ENDIAN
#error "bus_space.c: big-endian hosts need a byte swap in the non-stream functions"
#endif

struct rumphost_bus_space_tag rumphost_bus_space_memory = { .bst_space = 0 };
struct rumphost_bus_space_tag rumphost_bus_space_io = { .bst_space = 1 };

int
bus_space_map(bus_space_tag_t t, bus_addr_t address, bus_size_t size, int flags,
    bus_space_handle_t *handle)
{

	return rumphost_bus_space_map(t->bst_space, address, size, flags, handle);
}

void
bus_space_unmap(bus_space_tag_t t, bus_space_handle_t h, bus_size_t size)
{

	rumphost_bus_space_unmap(t->bst_space, h, size);
}

int
bus_space_subregion(bus_space_tag_t t, bus_space_handle_t h, bus_size_t offset, bus_size_t size,
    bus_space_handle_t *part)
{

	(void)t;
	rumphost_bus_space_subregion(h, offset, size);
	*part = h + offset;
	return 0;
}

int
bus_space_alloc(bus_space_tag_t t, bus_addr_t first, bus_addr_t last, bus_size_t size,
    bus_size_t alignment, bus_size_t boundary, int flags, bus_addr_t *address,
    bus_space_handle_t *handle)
{
	const uint64_t wanted[5] = { first, last, size, alignment, boundary };

	return rumphost_bus_space_alloc(t->bst_space, wanted, flags, address, handle);
}

void
bus_space_free(bus_space_tag_t t, bus_space_handle_t h, bus_size_t size)
{

	rumphost_bus_space_unmap(t->bst_space, h, size);
}

paddr_t
bus_space_mmap(bus_space_tag_t t, bus_addr_t address, off_t offset, int protection, int flags)
{

	(void)protection;
	(void)flags;
	if (t->bst_space != 0)
		return (paddr_t)-1;
	return (address + (bus_addr_t)offset) >> PAGE_SHIFT;
}

void *
bus_space_vaddr(bus_space_tag_t t, bus_space_handle_t h)
{

	(void)t;
	if (!RUMPHOST_BUS_MAPPED(h))
		rumphost_misuse("bus_space(9)",
		    "bus_space_vaddr: the space was not mapped with BUS_SPACE_MAP_LINEAR");
	return (void *)h;
}

void
bus_space_barrier(bus_space_tag_t t, bus_space_handle_t h, bus_size_t offset, bus_size_t size,
    int flags)
{

	(void)t;
	if (RUMPHOST_BUS_MAPPED(h))
		__sync_synchronize();
	else
		rumphost_bus_space_barrier(h, offset, size, flags);
}

bool
bus_space_is_equal(bus_space_tag_t a, bus_space_tag_t b)
{

	return a->bst_space == b->bst_space;
}

bool
bus_space_handle_is_equal(bus_space_tag_t t, bus_space_handle_t a, bus_space_handle_t b)
{

	(void)t;
	return a == b;
}

#define REGISTER(type, h, o)	(*(volatile type *)((h) + (o)))

/* The functions on many items, for a width and a suffix: "4" or "stream_4". */
#define MANY(width, type, suffix)						\
void									\
bus_space_read_multi_##suffix(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type *items, bus_size_t count)			\
{									\
	bus_size_t n;							\
									\
	(void)t;							\
	if (!RUMPHOST_BUS_MAPPED(h)) {					\
		rumphost_bus_space_read_multi(h, o, width, items, count); \
		return;							\
	}								\
	for (n = 0; n < count; n++)					\
		items[n] = REGISTER(type, h, o);			\
}									\
									\
void									\
bus_space_write_multi_##suffix(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, const type *items, bus_size_t count)			\
{									\
	bus_size_t n;							\
									\
	(void)t;							\
	if (!RUMPHOST_BUS_MAPPED(h)) {					\
		rumphost_bus_space_write_multi(h, o, width, items, count); \
		return;							\
	}								\
	for (n = 0; n < count; n++)					\
		REGISTER(type, h, o) = items[n];			\
}									\
									\
void									\
bus_space_read_region_##suffix(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type *items, bus_size_t count)			\
{									\
	bus_size_t n;							\
									\
	(void)t;							\
	if (!RUMPHOST_BUS_MAPPED(h)) {					\
		rumphost_bus_space_read_region(h, o, width, items,	\
		    count);						\
		return;							\
	}								\
	for (n = 0; n < count; n++)					\
		items[n] = REGISTER(type, h, o + n * width);		\
}									\
									\
void									\
bus_space_write_region_##suffix(bus_space_tag_t t, bus_space_handle_t h, \
    bus_size_t o, const type *items, bus_size_t count)			\
{									\
	bus_size_t n;							\
									\
	(void)t;							\
	if (!RUMPHOST_BUS_MAPPED(h)) {					\
		rumphost_bus_space_write_region(h, o, width, items,	\
		    count);						\
		return;							\
	}								\
	for (n = 0; n < count; n++)					\
		REGISTER(type, h, o + n * width) = items[n];		\
}									\
									\
void									\
bus_space_set_multi_##suffix(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type value, bus_size_t count)				\
{									\
	bus_size_t n;							\
									\
	for (n = 0; n < count; n++)					\
		bus_space_write_##suffix(t, h, o, value);		\
}									\
									\
void									\
bus_space_set_region_##suffix(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type value, bus_size_t count)				\
{									\
	bus_size_t n;							\
									\
	for (n = 0; n < count; n++)					\
		bus_space_write_##suffix(t, h, o + n * width, value);	\
}									\
									\
void									\
bus_space_copy_region_##suffix(bus_space_tag_t t,			\
    bus_space_handle_t from, bus_size_t o, bus_space_handle_t to,	\
    bus_size_t p, bus_size_t count)					\
{									\
	bus_size_t n, k;						\
									\
	for (n = 0; n < count; n++) {					\
		/* Backwards when the parts may overlap that way. */	\
		k = from + o < to + p ? count - 1 - n : n;		\
		bus_space_write_##suffix(t, to, p + k * width,		\
		    bus_space_read_##suffix(t, from, o + k * width));	\
	}								\
}

/* Nothing here faults: where nobody answers, a read gives all ones and a write is lost. */
#define PEEK(width, type)						\
int	bus_space_peek_##width(bus_space_tag_t, bus_space_handle_t,	\
	    bus_size_t, type *);					\
int	bus_space_poke_##width(bus_space_tag_t, bus_space_handle_t,	\
	    bus_size_t, type);						\
									\
int									\
bus_space_peek_##width(bus_space_tag_t t, bus_space_handle_t h,		\
    bus_size_t o, type *value)						\
{									\
	*value = bus_space_read_##width(t, h, o);			\
	return 0;							\
}									\
									\
int									\
bus_space_poke_##width(bus_space_tag_t t, bus_space_handle_t h,		\
    bus_size_t o, type value)						\
{									\
	bus_space_write_##width(t, h, o, value);			\
	return 0;							\
}

MANY(1, uint8_t, 1)
MANY(2, uint16_t, 2)
MANY(4, uint32_t, 4)
MANY(8, uint64_t, 8)
MANY(1, uint8_t, stream_1)
MANY(2, uint16_t, stream_2)
MANY(4, uint32_t, stream_4)
MANY(8, uint64_t, stream_8)
PEEK(1, uint8_t)
PEEK(2, uint16_t)
PEEK(4, uint32_t)
PEEK(8, uint64_t)
