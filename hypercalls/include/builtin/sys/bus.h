/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_space(9) and bus_dma(9).
 */

#ifndef _SYS_BUS_H_
#define _SYS_BUS_H_

#include <sys/types.h>
#include <machine/bus_defs.h>

struct mbuf;
struct proc;
struct uio;

/* bus_space_map(9) */
#define BUS_SPACE_MAP_CACHEABLE		0x01
#define BUS_SPACE_MAP_LINEAR		0x02
#define BUS_SPACE_MAP_PREFETCHABLE	0x04

/* bus_space_barrier(9) */
#define BUS_SPACE_BARRIER_READ		0x01
#define BUS_SPACE_BARRIER_WRITE		0x02

struct bus_space_reservation;
typedef struct bus_space_reservation bus_space_reservation_t;

int	bus_space_map(bus_space_tag_t, bus_addr_t, bus_size_t, int, bus_space_handle_t *);
void	bus_space_unmap(bus_space_tag_t, bus_space_handle_t, bus_size_t);
int	bus_space_subregion(bus_space_tag_t, bus_space_handle_t, bus_size_t, bus_size_t,
	    bus_space_handle_t *);
int	bus_space_alloc(bus_space_tag_t, bus_addr_t, bus_addr_t, bus_size_t, bus_size_t,
	    bus_size_t, int, bus_addr_t *, bus_space_handle_t *);
void	bus_space_free(bus_space_tag_t, bus_space_handle_t, bus_size_t);
paddr_t	bus_space_mmap(bus_space_tag_t, bus_addr_t, off_t, int, int);
void	*bus_space_vaddr(bus_space_tag_t, bus_space_handle_t);
void	bus_space_barrier(bus_space_tag_t, bus_space_handle_t, bus_size_t, bus_size_t, int);
bool	bus_space_is_equal(bus_space_tag_t, bus_space_tag_t);
bool	bus_space_handle_is_equal(bus_space_tag_t, bus_space_handle_t, bus_space_handle_t);
int	bus_space_peek_1(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint8_t *);
int	bus_space_peek_2(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint16_t *);
int	bus_space_peek_4(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint32_t *);
int	bus_space_peek_8(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint64_t *);
int	bus_space_poke_1(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint8_t);
int	bus_space_poke_2(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint16_t);
int	bus_space_poke_4(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint32_t);
int	bus_space_poke_8(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint64_t);


uint8_t bus_space_read_1(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_1(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint8_t);
void	bus_space_read_multi_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t *, bus_size_t);
void	bus_space_write_multi_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint8_t *, bus_size_t);
void	bus_space_set_multi_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t, bus_size_t);
void	bus_space_read_region_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t *, bus_size_t);
void	bus_space_write_region_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint8_t *, bus_size_t);
void	bus_space_set_region_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t, bus_size_t);
void	bus_space_copy_region_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);
uint8_t bus_space_read_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint8_t);
void	bus_space_read_multi_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t *, bus_size_t);
void	bus_space_write_multi_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint8_t *, bus_size_t);
void	bus_space_set_multi_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t, bus_size_t);
void	bus_space_read_region_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t *, bus_size_t);
void	bus_space_write_region_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint8_t *, bus_size_t);
void	bus_space_set_region_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint8_t, bus_size_t);
void	bus_space_copy_region_stream_1(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);

uint16_t bus_space_read_2(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_2(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint16_t);
void	bus_space_read_multi_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t *, bus_size_t);
void	bus_space_write_multi_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint16_t *, bus_size_t);
void	bus_space_set_multi_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t, bus_size_t);
void	bus_space_read_region_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t *, bus_size_t);
void	bus_space_write_region_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint16_t *, bus_size_t);
void	bus_space_set_region_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t, bus_size_t);
void	bus_space_copy_region_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);
uint16_t bus_space_read_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint16_t);
void	bus_space_read_multi_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t *, bus_size_t);
void	bus_space_write_multi_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint16_t *, bus_size_t);
void	bus_space_set_multi_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t, bus_size_t);
void	bus_space_read_region_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t *, bus_size_t);
void	bus_space_write_region_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint16_t *, bus_size_t);
void	bus_space_set_region_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint16_t, bus_size_t);
void	bus_space_copy_region_stream_2(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);

uint32_t bus_space_read_4(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_4(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint32_t);
void	bus_space_read_multi_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t *, bus_size_t);
void	bus_space_write_multi_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint32_t *, bus_size_t);
void	bus_space_set_multi_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t, bus_size_t);
void	bus_space_read_region_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t *, bus_size_t);
void	bus_space_write_region_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint32_t *, bus_size_t);
void	bus_space_set_region_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t, bus_size_t);
void	bus_space_copy_region_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);
uint32_t bus_space_read_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint32_t);
void	bus_space_read_multi_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t *, bus_size_t);
void	bus_space_write_multi_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint32_t *, bus_size_t);
void	bus_space_set_multi_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t, bus_size_t);
void	bus_space_read_region_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t *, bus_size_t);
void	bus_space_write_region_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint32_t *, bus_size_t);
void	bus_space_set_region_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint32_t, bus_size_t);
void	bus_space_copy_region_stream_4(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);

uint64_t bus_space_read_8(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_8(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint64_t);
void	bus_space_read_multi_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t *, bus_size_t);
void	bus_space_write_multi_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint64_t *, bus_size_t);
void	bus_space_set_multi_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t, bus_size_t);
void	bus_space_read_region_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t *, bus_size_t);
void	bus_space_write_region_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint64_t *, bus_size_t);
void	bus_space_set_region_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t, bus_size_t);
void	bus_space_copy_region_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);
uint64_t bus_space_read_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t);
void	bus_space_write_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t, uint64_t);
void	bus_space_read_multi_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t *, bus_size_t);
void	bus_space_write_multi_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint64_t *, bus_size_t);
void	bus_space_set_multi_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t, bus_size_t);
void	bus_space_read_region_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t *, bus_size_t);
void	bus_space_write_region_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    const uint64_t *, bus_size_t);
void	bus_space_set_region_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    uint64_t, bus_size_t);
void	bus_space_copy_region_stream_8(bus_space_tag_t, bus_space_handle_t, bus_size_t,
	    bus_space_handle_t, bus_size_t, bus_size_t);

/* Flags of bus_dma(9). */
#define BUS_DMA_WAITOK		0x000
#define BUS_DMA_NOWAIT		0x001
#define BUS_DMA_ALLOCNOW	0x002
#define BUS_DMA_COHERENT	0x004
#define BUS_DMA_STREAMING	0x008
#define BUS_DMA_BUS1		0x010
#define BUS_DMA_BUS2		0x020
#define BUS_DMA_BUS3		0x040
#define BUS_DMA_BUS4		0x080
#define BUS_DMA_READ		0x100	/* device to memory only */
#define BUS_DMA_WRITE		0x200	/* memory to device only */
#define BUS_DMA_NOCACHE		0x400
#define BUS_DMA_PREFETCHABLE	0x800

/* bus_dmamap_sync(9); READ is device to memory. */
#define BUS_DMASYNC_PREREAD	0x01
#define BUS_DMASYNC_POSTREAD	0x02
#define BUS_DMASYNC_PREWRITE	0x04
#define BUS_DMASYNC_POSTWRITE	0x08

int	bus_dmamap_create(bus_dma_tag_t, bus_size_t, int, bus_size_t, bus_size_t, int,
	    bus_dmamap_t *);
void	bus_dmamap_destroy(bus_dma_tag_t, bus_dmamap_t);
int	bus_dmamap_load(bus_dma_tag_t, bus_dmamap_t, void *, bus_size_t, struct proc *, int);
int	bus_dmamap_load_mbuf(bus_dma_tag_t, bus_dmamap_t, struct mbuf *, int);
int	bus_dmamap_load_uio(bus_dma_tag_t, bus_dmamap_t, struct uio *, int);
int	bus_dmamap_load_raw(bus_dma_tag_t, bus_dmamap_t, bus_dma_segment_t *, int, bus_size_t,
	    int);
void	bus_dmamap_unload(bus_dma_tag_t, bus_dmamap_t);
void	bus_dmamap_sync(bus_dma_tag_t, bus_dmamap_t, bus_addr_t, bus_size_t, int);
int	bus_dmamem_alloc(bus_dma_tag_t, bus_size_t, bus_size_t, bus_size_t, bus_dma_segment_t *,
	    int, int *, int);
void	bus_dmamem_free(bus_dma_tag_t, bus_dma_segment_t *, int);
int	bus_dmamem_map(bus_dma_tag_t, bus_dma_segment_t *, int, size_t, void **, int);
void	bus_dmamem_unmap(bus_dma_tag_t, void *, size_t);
paddr_t	bus_dmamem_mmap(bus_dma_tag_t, bus_dma_segment_t *, int, off_t, int, int);
int	bus_dmatag_subregion(bus_dma_tag_t, bus_addr_t, bus_addr_t, bus_dma_tag_t *, int);
void	bus_dmatag_destroy(bus_dma_tag_t);

#include <machine/bus_funcs.h>

#endif /* !_SYS_BUS_H_ */
