/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One PCI function that is bound to this module, and what the files of the module offer one another.
 *
 * Locks, in the order in which they are taken:
 *
 *   device_lock of the PCI device   held by the driver core around probe and remove; elsewhere
 *                                   only ever tried
 *   rumphost_device.lock            a mutex: every request, open, release, remove
 *   mmap_lock                       of the caller, by copying, pinning and accounting
 *   rumphost_device.map_lock        a mutex: what mmap and page faults look at; no user memory is
 *                                   touched and nothing is pinned or accounted under it
 *   rumphost_irq.lock               a spin lock, taken with interrupts off
 */
#ifndef RUMPHOST_DEVICE_H
#define RUMPHOST_DEVICE_H

#include <linux/eventfd.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "rumphost.h"

struct rumphost_device;

struct rumphost_bar_state {
	resource_size_t start;
	resource_size_t size;		/* 0: not implemented */
	unsigned long flags;		/* RUMPHOST_BAR_* */
	/* Pages, counted from the page that start is in, that may not be mapped. */
	unsigned long hidden_first;
	unsigned long hidden_count;
	/* Keeps neighbours out of the pages that the BAR fills only partly. */
	struct resource before;
	struct resource after;
	/* How the BAR is mapped now, under map_lock. */
	unsigned int mappings;
	bool write_combining;
	/* The one page that trapped accesses have mapped, or NULL. Under lock and map_lock. */
	void __iomem *page;
	unsigned long page_number;
};

/* A step of an acknowledge program, checked, with the register's address found. */
struct rumphost_step {
	u8 op;
	u8 bar;
	u8 width;
	u32 value;
	void __iomem *register_address;	/* for ioread8() and its kin */
	void __iomem *page;		/* to be unmapped */
};

struct rumphost_vector {
	struct rumphost_device *device;
	int irq;
	u64 count;			/* since the last read; under irq.lock, as the rest is */
	u32 data;
	struct eventfd_ctx *eventfd;
	char name[32];
};

struct rumphost_irq {
	spinlock_t lock;
	u32 kind;
	u32 count;
	struct rumphost_vector *vectors;
	bool masked;
	bool shared;			/* INTx is masked in the function, not at the controller */
	u32 unread;			/* acknowledged ones since the process last looked */
	u32 step_count;
	struct rumphost_step steps[RUMPHOST_ACK_MAX];
};

/* DMA memory of either kind; what the device's list (the mirror) consists of. */
struct rumphost_dma {
	u32 kind;
	u32 handle;
	u64 address;			/* mapped: in the process */
	u64 size;
	struct page **pages;
	unsigned long page_count;
	struct sg_table table;
	enum dma_data_direction direction;
	bool mapped;			/* the device can reach it */
	bool accounted;
	u64 bus_address;		/* of the first segment, which outlives the mapping */
	u32 segments;
};

struct rumphost_device {
	struct kref kref;		/* one for the binding, one for the open file */
	struct mutex lock;
	struct mutex map_lock;
	wait_queue_head_t wait;
	struct pci_dev *pdev;		/* referenced; its hardware is off limits once gone */
	struct miscdevice misc;
	char name[48];
	char node[48];
	bool registered;

	bool gone;			/* removed; under lock and map_lock */
	bool dead;			/* its owner is; under lock */
	bool open;
	bool enabled;			/* between setup and shutdown of the hardware */
	bool master;
	struct mm_struct *owner;	/* mmgrab'ed */
	pid_t owner_tgid;
	char owner_name[TASK_COMM_LEN];
	struct address_space *mapping;
	struct page *ones;		/* what registers of a function that is gone read as */
	struct pci_saved_state *saved;

	struct rumphost_bar_state bars[RUMPHOST_BARS];
	struct rumphost_irq irq;
	u32 dma_bits;
	struct xarray dma;		/* of struct rumphost_dma; written under lock and map_lock */
	atomic64_t dma_bytes;
};

extern const struct file_operations rumphost_fops;
extern bool rumphost_unsafe_dma;
extern struct pci_driver rumphost_driver;

/* main.c */
void rumphost_put(struct rumphost_device *device);
void rumphost_quiesce(struct rumphost_device *device);
int rumphost_reset(struct rumphost_device *device);

/* ioctl.c */
long rumphost_ioctl(struct file *file, unsigned int request, unsigned long argument);

/* config.c */
int rumphost_config_read(struct rumphost_device *device, struct rumphost_config *config);
int rumphost_config_write(struct rumphost_device *device, const struct rumphost_config *config);

/* registers.c */
void rumphost_registers_setup(struct rumphost_device *device);
void rumphost_registers_revoke(struct rumphost_device *device);
void rumphost_registers_release(struct rumphost_device *device);
void rumphost_describe_bars(struct rumphost_device *device, struct rumphost_info *info);
int rumphost_access(struct rumphost_device *device, struct rumphost_batch *batch);
bool rumphost_bar_range(struct rumphost_device *device, u8 bar, u8 width, u32 offset);
void __iomem *rumphost_map_page(struct rumphost_device *device, u8 bar, u32 offset);
void rumphost_unmap_page(struct rumphost_device *device, u8 bar, void __iomem *page);
u64 rumphost_read_register(void __iomem *address, u8 width);
void rumphost_write_register(void __iomem *address, u8 width, u64 value);
int rumphost_mmap_bar(struct rumphost_device *device, struct vm_area_struct *vma);

/* interrupts.c */
u32 rumphost_irq_available(struct rumphost_device *device, u32 kind);
int rumphost_irq_setup(struct rumphost_device *device, const struct rumphost_irq_setup *setup);
int rumphost_irq_eventfd(struct rumphost_device *device, const struct rumphost_irq_eventfd *event);
int rumphost_irq_mask(struct rumphost_device *device, const struct rumphost_irq_vector *vector,
		      bool mask);
int rumphost_irq_ack(struct rumphost_device *device, const struct rumphost_ack_program *program);
void rumphost_irq_release(struct rumphost_device *device);
void rumphost_irq_hang_up(struct rumphost_device *device);
bool rumphost_irq_pending(struct rumphost_device *device);
ssize_t rumphost_irq_read(struct rumphost_device *device, struct file *file, char __user *buffer,
			  size_t size);

/* dma.c */
bool rumphost_dma_confined(struct rumphost_device *device);
int rumphost_set_master(struct rumphost_device *device, const struct rumphost_master *master);
int rumphost_dma_mask(struct rumphost_device *device, const struct rumphost_dma_mask *mask);
int rumphost_dma_alloc(struct rumphost_device *device, struct rumphost_dma_alloc *alloc);
int rumphost_dma_map(struct rumphost_device *device, struct rumphost_dma_map *map);
int rumphost_dma_free(struct rumphost_device *device, const struct rumphost_dma_handle *handle);
int rumphost_dma_sync(struct rumphost_device *device, const struct rumphost_dma_sync *sync);
int rumphost_dma_list(struct rumphost_device *device, struct rumphost_dma_list *list);
int rumphost_mmap_dma(struct rumphost_device *device, struct vm_area_struct *vma);
bool rumphost_may_dma(struct rumphost_device *device);
void rumphost_dma_unreach(struct rumphost_device *device);
void rumphost_dma_release(struct rumphost_device *device);

static inline void rumphost_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

#endif /* RUMPHOST_DEVICE_H */
