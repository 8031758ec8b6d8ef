/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of bus_space(9) and bus_dma(9).  The functions are in bus_funcs.h, bus_space.c and
 * bus_dma.c.
 */

#ifndef _RUMPHOST_BUS_DEFS_H_
#define _RUMPHOST_BUS_DEFS_H_

#include <sys/types.h>

typedef unsigned long	bus_addr_t;
typedef unsigned long	bus_size_t;

#define PRIxBUSADDR	"lx"
#define PRIxBUSSIZE	"lx"
#define PRIuBUSSIZE	"lu"
#define PRIxBSH		"lx"

/*
 * A handle is an address: where the registers are mapped into the process, or, for registers that
 * are not, a number that is negative as a signed 64-bit integer.  Either way the handle of a
 * part is the handle plus the part's offset.
 */
typedef unsigned long	bus_space_handle_t;

struct rumphost_bus_space_tag {
	int	bst_space;		/* 0: memory, 1: I/O ports */
};
typedef struct rumphost_bus_space_tag *bus_space_tag_t;

/* The tags of the PCI bus, and of everything behind it. */
extern struct rumphost_bus_space_tag rumphost_bus_space_memory;
extern struct rumphost_bus_space_tag rumphost_bus_space_io;

/* What bus addresses a device can put out, first to last. */
struct rumphost_bus_dma_tag {
	bus_addr_t	bdt_lowest;
	bus_addr_t	bdt_highest;
	int		bdt_allocated;	/* by bus_dmatag_subregion(9) */
};
typedef struct rumphost_bus_dma_tag *bus_dma_tag_t;

/* Of a PCI function with 32 address bits, and with 64. */
extern struct rumphost_bus_dma_tag rumphost_bus_dma_tag32;
extern struct rumphost_bus_dma_tag rumphost_bus_dma_tag64;

/* Whether what is at p may be handed on as an array of t */
#define BUS_SPACE_ALIGNED_POINTER(p, t)	ALIGNED_POINTER(p, t)

#define BUS_DMA_TAG_VALID(t)	((t) != NULL)

struct rumphost_bus_dma_segment {
	bus_addr_t	ds_addr;
	bus_size_t	ds_len;
};
typedef struct rumphost_bus_dma_segment bus_dma_segment_t;

/* How a map was loaded: what unload and sync have to undo. */
enum {
	RUMPHOST_DMAMAP_EMPTY = 0,
	RUMPHOST_DMAMAP_DIRECT = 1,	/* the shim's look-up in the arena */
	RUMPHOST_DMAMAP_HOST = 2	/* the host: bounced, or mapped for the device */
};

struct rumphost_bus_dmamap {
	/* For the shim and for debuggers. */
	struct rumphost_bus_dmamap *_dm_next;
	struct rumphost_bus_dmamap **_dm_prev;
	bus_size_t	_dm_size;	/* largest transfer */
	bus_size_t	_dm_maxmaxsegsz;
	bus_size_t	_dm_boundary;
	int		_dm_segcnt;	/* entries of dm_segs[] */
	int		_dm_flags;	/* BUS_DMA_* of creation */
	int		_dm_loaded;	/* RUMPHOST_DMAMAP_* */

	/* For drivers. */
	bus_size_t	dm_maxsegsz;
	bus_size_t	dm_mapsize;
	int		dm_nsegs;
	bus_dma_segment_t dm_segs[];
};
typedef struct rumphost_bus_dmamap *bus_dmamap_t;

/* All that exist, for debuggers. */
extern struct rumphost_bus_dmamap *rumphost_bus_dmamaps;

#endif /* !_RUMPHOST_BUS_DEFS_H_ */
