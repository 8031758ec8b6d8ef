/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of the rumphost kernel module: one PCI function in the hands of one process.
 *
 * Every structure has the same layout for 32-bit and 64-bit programs; padding is explicit and must
 * be zero.  The Python side reads this file (with pycparser), so it holds nothing but types, enums
 * and definitions of requests.  kmod/README.md explains the whole.
 *
 * Errors that any request may give: EFAULT (bad pointer), EINVAL (a value out of its range, padding
 * that is not zero), ENOTTY (no such request), ENODEV (the function is gone), EPERM (not the process
 * that opened the function).
 */
#ifndef RUMPHOST_UAPI_H
#define RUMPHOST_UAPI_H

#include <linux/types.h>
#include <linux/ioctl.h>

enum rumphost_constants {
	RUMPHOST_API_VERSION = 1,
	RUMPHOST_BARS = 6,
	RUMPHOST_ACCESS_MAX = 4096,	/* accesses in one request */
	RUMPHOST_ACK_MAX = 16,		/* steps of an acknowledge program */
	RUMPHOST_UNREAD_MAX = 10000,	/* interrupts that a program acknowledges unseen */
	RUMPHOST_SEGMENTS_MAX = 65536	/* of one DMA mapping */
};

/* What the function and its surroundings can do: rumphost_info.flags. */
enum rumphost_info_flag {
	RUMPHOST_INFO_IOMMU = 1,	/* DMA is confined by an IOMMU */
	RUMPHOST_INFO_UNSAFE = 2,	/* not confined, and the module allows that */
	RUMPHOST_INFO_MASKABLE = 4,	/* INTx can be masked in the function */
	RUMPHOST_INFO_RESET = 8		/* the function can be reset */
};

enum rumphost_bar_flag {
	RUMPHOST_BAR_IO = 1,
	RUMPHOST_BAR_64BIT = 2,
	RUMPHOST_BAR_PREFETCHABLE = 4,
	RUMPHOST_BAR_MMAP = 8,		/* can be mapped, except for the range below */
	RUMPHOST_BAR_SPARSE = 16	/* no_mmap_offset and no_mmap_size are valid */
};

/*
 * A base address register; size 0: not implemented.  To map it, give mmap() a file offset of
 * mmap_offset plus a whole number of pages.  The registers begin page_offset bytes into the first
 * page.  Pages that hold the MSI-X table cannot be mapped: from no_mmap_offset
 * (in the BAR), no_mmap_size bytes.
 */
struct rumphost_bar {
	__u64 address;
	__u64 size;
	__u64 mmap_offset;
	__u32 flags;
	__u32 page_offset;
	__u64 no_mmap_offset;
	__u64 no_mmap_size;
};

/* Added to an mmap offset of a prefetchable BAR: write combining instead of uncached. */
enum rumphost_mmap_constants {
	RUMPHOST_MMAP_SHIFT = 40,	/* BAR number, or DMA_BASE + handle, in the file offset */
	RUMPHOST_MMAP_WC_SHIFT = 39,
	RUMPHOST_MMAP_DMA_BASE = 16
};

struct rumphost_info {
	__u32 api_version;
	__u32 flags;
	__u16 vendor;
	__u16 device;
	__u32 config_size;		/* 256 or 4096 */
	__u32 intx_count;		/* 0 or 1 */
	__u32 msi_count;
	__u32 msix_count;
	__u32 pad;
	struct rumphost_bar bars[6];
};

/*
 * Configuration space, width 1, 2 or 4, aligned.  Writes are filtered: EPERM for BARs, MSI and
 * MSI-X registers, the interrupt line, and capabilities that belong to the kernel.  In the command
 * register the bits I/O, memory, bus master and INTx disable are left as they are.
 */
struct rumphost_config {
	__u32 offset;
	__u32 width;
	__u32 value;
	__u32 pad;
};

enum rumphost_access_op {
	RUMPHOST_READ = 0,
	RUMPHOST_WRITE = 1
};

/* One access to a BAR, for I/O BARs and what cannot be mapped; width 1, 2, 4 (memory: 8, too). */
struct rumphost_access {
	__u8 bar;
	__u8 width;
	__u8 op;
	__u8 pad;
	__u32 offset;
	__u64 value;
};

/* count accesses, made in order; done tells how many were made if one is refused. */
struct rumphost_batch {
	__u64 accesses;
	__u32 count;
	__u32 done;
};

enum rumphost_irq_kind {
	RUMPHOST_IRQ_NONE = 0,
	RUMPHOST_IRQ_INTX = 1,
	RUMPHOST_IRQ_MSI = 2,
	RUMPHOST_IRQ_MSIX = 3
};

/*
 * Switch interrupts on, or off with kind NONE and count 0.  EBUSY: they are on.  ENOSPC: fewer
 * vectors are to be had.  MSI and MSI-X are writes by the device, so they need permission for DMA.
 * INTx is masked when it fires, until UNMASK.
 */
struct rumphost_irq_setup {
	__u32 kind;
	__u32 count;
};

/* Have a vector signal an eventfd; fd -1: no more. */
struct rumphost_irq_eventfd {
	__u32 vector;
	__s32 fd;
};

/* RUMPHOST_IRQ_MASK, RUMPHOST_IRQ_UNMASK: INTx only, vector 0. */
struct rumphost_irq_vector {
	__u32 vector;
	__u32 pad;
};

/*
 * The acknowledge program: for a function whose INTx cannot be masked.  Its steps run in order in
 * the hard interrupt handler, on one accumulator that begins as 0.  Offsets are into BARs of the
 * function, widths 1, 2 or 4.  While there is a program, the line is shared and not masked, unless
 * UNREAD_MAX interrupts come without a read() or UNMASK: a program that does not quiet its function
 * would keep the processor for ever.
 */
enum rumphost_ack_op {
	RUMPHOST_ACK_LOAD = 0,		/* accumulator = register */
	RUMPHOST_ACK_AND = 1,		/* accumulator &= value */
	RUMPHOST_ACK_CLAIM = 2,		/* if the accumulator is 0: not our interrupt, stop */
	RUMPHOST_ACK_SAVE = 3,		/* accumulator is or-ed into rumphost_event.data */
	RUMPHOST_ACK_STORE = 4,		/* register = accumulator */
	RUMPHOST_ACK_STORE_VALUE = 5	/* register = value */
};

struct rumphost_ack_step {
	__u8 op;
	__u8 bar;
	__u8 width;
	__u8 pad;
	__u32 offset;
	__u32 value;
	__u32 pad2;
};

/* count 0 removes the program.  EBUSY: interrupts are on. */
struct rumphost_ack_program {
	__u32 count;
	__u32 pad;
	struct rumphost_ack_step steps[16];
};

/*
 * What read() returns, as many as there are and fit: interrupts of a vector since the last read.
 * poll() shows input when there are any, and hang-up when the function is gone.
 */
struct rumphost_event {
	__u32 kind;
	__u32 vector;
	__u64 count;
	__u32 data;
	__u32 pad;
};

/*
 * DMA.  All of it, and bus mastering, gives EACCES unless an IOMMU confines the function, or the
 * module was loaded with unsafe_dma=1 and the caller has CAP_SYS_RAWIO.  ENOMEM: the memory limit
 * (RLIMIT_MEMLOCK) or the memory is exhausted.
 */
struct rumphost_master {
	__u32 on;
	__u32 pad;
};

/* The bus addresses that the function can put out; EBUSY while there is DMA memory. */
struct rumphost_dma_mask {
	__u32 bits;
	__u32 pad;
};

/* Memory that the device and the process share, in one piece for the device; size in whole pages. */
struct rumphost_dma_alloc {
	__u64 size;
	__u64 bus_address;
	__u64 mmap_offset;
	__u32 handle;
	__u32 pad;
};

enum rumphost_dma_direction {
	RUMPHOST_DMA_BOTH = 0,
	RUMPHOST_DMA_TO_DEVICE = 1,
	RUMPHOST_DMA_FROM_DEVICE = 2
};

struct rumphost_dma_segment {
	__u64 bus_address;
	__u64 length;
};

/*
 * Have the device reach the process's own memory.  No segment is longer than max_segment_size (0:
 * any) or crosses a multiple of boundary (a power of two; 0: none).  EFBIG: more than max_segments.
 */
struct rumphost_dma_map {
	__u64 address;
	__u64 size;
	__u64 segments;			/* array of max_segments, filled in */
	__u64 max_segment_size;
	__u64 boundary;
	__u32 max_segments;
	__u32 direction;
	__u32 count;			/* out: segments */
	__u32 handle;			/* out */
};

/* RUMPHOST_DMA_FREE, for both kinds of DMA memory. */
struct rumphost_dma_handle {
	__u32 handle;
	__u32 pad;
};

enum rumphost_dma_sync_for {
	RUMPHOST_SYNC_FOR_DEVICE = 0,
	RUMPHOST_SYNC_FOR_CPU = 1
};

struct rumphost_dma_sync {
	__u32 handle;
	__u32 whom;
};

enum rumphost_dma_kind {
	RUMPHOST_DMA_ALLOCATED = 0,
	RUMPHOST_DMA_MAPPED = 1
};

struct rumphost_dma_entry {
	__u64 address;			/* of mapped memory, in the process */
	__u64 size;
	__u64 bus_address;		/* of the first segment */
	__u32 handle;
	__u32 kind;
	__u32 segments;
	__u32 pad;
};

/* The kernel's list of all DMA memory of the function; count: how many there are. */
struct rumphost_dma_list {
	__u64 entries;
	__u32 capacity;
	__u32 count;
};

#define RUMPHOST_GET_INFO	_IOR(0xB7, 0x00, struct rumphost_info)
#define RUMPHOST_CONFIG_READ	_IOWR(0xB7, 0x01, struct rumphost_config)
#define RUMPHOST_CONFIG_WRITE	_IOW(0xB7, 0x02, struct rumphost_config)
#define RUMPHOST_ACCESS		_IOWR(0xB7, 0x03, struct rumphost_batch)
#define RUMPHOST_RESET		_IO(0xB7, 0x04)
#define RUMPHOST_IRQ_SETUP	_IOW(0xB7, 0x10, struct rumphost_irq_setup)
#define RUMPHOST_IRQ_EVENTFD	_IOW(0xB7, 0x11, struct rumphost_irq_eventfd)
#define RUMPHOST_IRQ_MASK	_IOW(0xB7, 0x12, struct rumphost_irq_vector)
#define RUMPHOST_IRQ_UNMASK	_IOW(0xB7, 0x13, struct rumphost_irq_vector)
#define RUMPHOST_IRQ_ACK	_IOW(0xB7, 0x14, struct rumphost_ack_program)
#define RUMPHOST_SET_MASTER	_IOW(0xB7, 0x20, struct rumphost_master)
#define RUMPHOST_DMA_MASK	_IOW(0xB7, 0x21, struct rumphost_dma_mask)
#define RUMPHOST_DMA_ALLOC	_IOWR(0xB7, 0x22, struct rumphost_dma_alloc)
#define RUMPHOST_DMA_MAP	_IOWR(0xB7, 0x23, struct rumphost_dma_map)
#define RUMPHOST_DMA_FREE	_IOW(0xB7, 0x24, struct rumphost_dma_handle)
#define RUMPHOST_DMA_SYNC	_IOW(0xB7, 0x25, struct rumphost_dma_sync)
#define RUMPHOST_DMA_LIST	_IOWR(0xB7, 0x26, struct rumphost_dma_list)

#endif /* RUMPHOST_UAPI_H */
