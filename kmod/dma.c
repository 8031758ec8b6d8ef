// SPDX-License-Identifier: GPL-2.0
/*
 * DMA memory: allocated for device and process, or the process's own, pinned.
 *
 * Everything goes through the DMA API, so with an IOMMU the function reaches this and nothing else.
 * Allocated memory consists of single pages with reference counts: a mapping in the process keeps
 * its pages alive, whatever becomes of the function.  Functions that are not cache coherent are
 * refused, so that "shared" needs no more.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

#define ALLOC_MAX	(1UL << 30)
#define MAP_PAGES_MAX	65536
#define HANDLE_MAX	((1U << 20) - 1)
#define PIECE_ORDER	9

/* == Who may == */

/* Another function of the IOMMU group reaches what ours reaches, and the other way round. */
static int other_driver(struct device *dev, void *argument)
{
	if (!dev_is_pci(dev))
		return 1;
	if (to_pci_dev(dev)->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return 0;
	return dev->driver != &rumphost_driver.driver;
}

static bool interrupts_isolated(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return msi_device_has_isolated_msi(dev);
#else
	return irq_domain_check_msi_remap() || device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
#endif
}

/* An IOMMU translates for this function's group, which is ours alone, and checks its messages. */
bool rumphost_dma_confined(struct rumphost_device *device)
{
	struct device *dev = &device->pdev->dev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iommu_group *group;
	bool alone;

	if (!domain || !(domain->type & __IOMMU_DOMAIN_PAGING))
		return false;
	group = iommu_group_get(dev);
	if (!group)
		return false;
	alone = !iommu_group_for_each_dev(group, NULL, other_driver);
	iommu_group_put(group);
	return alone && interrupts_isolated(dev);
}

bool rumphost_may_dma(struct rumphost_device *device)
{
	if (!dev_is_dma_coherent(&device->pdev->dev))
		return false;
	if (rumphost_dma_confined(device))
		return true;
	if (!rumphost_unsafe_dma || !capable(CAP_SYS_RAWIO))
		return false;
	if (!test_taint(TAINT_USER)) {
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
		pci_warn(device->pdev, "DMA without an IOMMU by %s: the kernel is tainted\n",
			 current->comm);
	}
	return true;
}

int rumphost_set_master(struct rumphost_device *device, const struct rumphost_master *master)
{
	if (master->pad || master->on > 1)
		return -EINVAL;
	if (!master->on) {
		pci_clear_master(device->pdev);
	} else {
		if (!rumphost_may_dma(device))
			return -EACCES;
		pci_set_master(device->pdev);
	}
	device->master = master->on;
	return 0;
}

int rumphost_dma_mask(struct rumphost_device *device, const struct rumphost_dma_mask *mask)
{
	int error;

	if (mask->pad || mask->bits < 20 || mask->bits > 64)
		return -EINVAL;
	if (!xa_empty(&device->dma))
		return -EBUSY;
	error = dma_set_mask_and_coherent(&device->pdev->dev, DMA_BIT_MASK(mask->bits));
	if (!error)
		device->dma_bits = mask->bits;
	return error;
}

/* == The life of DMA memory == */

/* Book pages to the owner's limit on locked memory, or give them back. */
static int account(struct rumphost_device *device, struct rumphost_dma *dma, bool take)
{
	struct mm_struct *mm = device->owner;
	int error = 0;

	if (!take && !dma->accounted)
		return 0;
	if (mmget_not_zero(mm)) {
		error = account_locked_vm(mm, dma->page_count, take);
		mmput(mm);
	}
	if (!error) {
		dma->accounted = take;
		atomic64_add(take ? dma->page_count * PAGE_SIZE :
				    -(s64)(dma->page_count * PAGE_SIZE), &device->dma_bytes);
	}
	return error;
}

static struct rumphost_dma *new_dma(struct rumphost_device *device, u32 kind, u64 size,
				    unsigned long page_count, enum dma_data_direction direction)
{
	struct rumphost_dma *dma = kzalloc(sizeof(*dma), GFP_KERNEL_ACCOUNT);
	int error;

	if (!dma)
		return ERR_PTR(-ENOMEM);
	dma->kind = kind;
	dma->size = size;
	dma->page_count = page_count;
	dma->direction = direction;
	dma->pages = kvcalloc(page_count, sizeof(*dma->pages), GFP_KERNEL_ACCOUNT);
	if (!dma->pages) {
		kfree(dma);
		return ERR_PTR(-ENOMEM);
	}
	error = account(device, dma, true);
	if (error) {
		kvfree(dma->pages);
		kfree(dma);
		return ERR_PTR(error);
	}
	return dma;
}

/* The device reaches it no more once this returns. */
static void unreach(struct rumphost_device *device, struct rumphost_dma *dma)
{
	struct device *dev = &device->pdev->dev;
	struct iommu_domain *domain;

	if (!dma->mapped)
		return;
	dma->mapped = false;
	dma_unmap_sgtable(dev, &dma->table, dma->direction, 0);
	/* The DMA API may put off the invalidation of the IOMMU's caches. */
	domain = iommu_get_domain_for_dev(dev);
	if (domain && domain->type & __IOMMU_DOMAIN_PAGING)
		iommu_flush_iotlb_all(domain);
}

static void destroy(struct rumphost_device *device, struct rumphost_dma *dma)
{
	unsigned long n;

	unreach(device, dma);
	sg_free_table(&dma->table);
	if (dma->kind == RUMPHOST_DMA_MAPPED) {
		if (dma->pages[0])
			unpin_user_pages_dirty_lock(dma->pages, dma->page_count,
						    dma->direction != DMA_TO_DEVICE);
	} else {
		for (n = 0; n < dma->page_count; n++)
			if (dma->pages[n])
				__free_page(dma->pages[n]);
	}
	account(device, dma, false);
	kvfree(dma->pages);
	kfree(dma);
}

static int publish(struct rumphost_device *device, struct rumphost_dma *dma)
{
	int error;

	dma->bus_address = sg_dma_address(dma->table.sgl);
	mutex_lock(&device->map_lock);
	error = xa_alloc(&device->dma, &dma->handle, dma, XA_LIMIT(1, HANDLE_MAX),
			 GFP_KERNEL_ACCOUNT);
	mutex_unlock(&device->map_lock);
	return error;
}

/* Before the driver lets go of the function: nothing is in its reach. The memory stays. */
void rumphost_dma_unreach(struct rumphost_device *device)
{
	struct rumphost_dma *dma;
	unsigned long handle;

	xa_for_each(&device->dma, handle, dma)
		unreach(device, dma);
}

void rumphost_dma_release(struct rumphost_device *device)
{
	struct rumphost_dma *dma;
	unsigned long handle;

	xa_for_each(&device->dma, handle, dma) {
		mutex_lock(&device->map_lock);
		xa_erase(&device->dma, handle);
		mutex_unlock(&device->map_lock);
		destroy(device, dma);
	}
}

/* == Allocated memory == */

/* Without an IOMMU the device needs one run of pages, where its address bits reach. */
static int allocate_run(struct rumphost_device *device, struct rumphost_dma *dma)
{
	unsigned int order = get_order(dma->size);
	gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	struct page *page = NULL;
	unsigned long n;

	if (device->dma_bits <= 32)
		page = alloc_pages(flags | GFP_DMA32, order);
	else
		page = alloc_pages(flags, order);
	if (page && page_to_phys(page) + dma->size - 1 > DMA_BIT_MASK(device->dma_bits)) {
		__free_pages(page, order);
		page = alloc_pages(flags | GFP_DMA, order);
	}
	if (!page)
		return -ENOMEM;
	split_page(page, order);
	for (n = 0; n < 1UL << order; n++) {
		if (n < dma->page_count)
			dma->pages[n] = page + n;
		else
			__free_page(page + n);
	}
	return 0;
}

/* With an IOMMU any pages will do; larger pieces are kinder to it. */
static int allocate_pieces(struct rumphost_dma *dma)
{
	unsigned int order = PIECE_ORDER;
	unsigned long n, done = 0;
	struct page *page;

	while (done < dma->page_count) {
		gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;

		while (order && 1UL << order > dma->page_count - done)
			order--;
		flags |= order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL;
		page = alloc_pages(flags, order);
		if (!page) {
			if (!order)
				return -ENOMEM;
			order--;
			continue;
		}
		split_page(page, order);
		for (n = 0; n < 1UL << order; n++)
			dma->pages[done++] = page + n;
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* The device must see these very pages, not a copy that the DMA API keeps. */
static bool seen_directly(struct rumphost_device *device, struct rumphost_dma *dma)
{
	struct device *dev = &device->pdev->dev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	dma_addr_t address = sg_dma_address(dma->table.sgl);

	if (domain && domain->type & __IOMMU_DOMAIN_PAGING)
		return iommu_iova_to_phys(domain, address) == page_to_phys(dma->pages[0]);
	return !dma_need_sync(dev, address);
}

int rumphost_dma_alloc(struct rumphost_device *device, struct rumphost_dma_alloc *alloc)
{
	bool confined = rumphost_dma_confined(device);
	struct rumphost_dma *dma;
	int error;

	if (alloc->pad || alloc->handle || alloc->bus_address || alloc->mmap_offset ||
	    !alloc->size || !PAGE_ALIGNED(alloc->size) || alloc->size > ALLOC_MAX)
		return -EINVAL;
	if (!rumphost_may_dma(device))
		return -EACCES;
	dma = new_dma(device, RUMPHOST_DMA_ALLOCATED, alloc->size, alloc->size >> PAGE_SHIFT,
		      DMA_BIDIRECTIONAL);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	error = confined ? allocate_pieces(dma) : allocate_run(device, dma);
	if (!error)
		error = sg_alloc_table_from_pages_segment(&dma->table, dma->pages, dma->page_count,
							  0, dma->size, SZ_1G, GFP_KERNEL_ACCOUNT);
	if (!error)
		error = dma_map_sgtable(&device->pdev->dev, &dma->table, DMA_BIDIRECTIONAL, 0);
	if (!error) {
		dma->mapped = true;
		dma->segments = 1;
		if (dma->table.nents != 1 || sg_dma_len(dma->table.sgl) != dma->size ||
		    !seen_directly(device, dma))
			error = -EIO;
	}
	if (!error)
		error = publish(device, dma);
	if (error) {
		destroy(device, dma);
		return error;
	}
	alloc->bus_address = dma->bus_address;
	alloc->handle = dma->handle;
	alloc->mmap_offset = (u64)(RUMPHOST_MMAP_DMA_BASE + dma->handle) << RUMPHOST_MMAP_SHIFT;
	return 0;
}

int rumphost_mmap_dma(struct rumphost_device *device, struct vm_area_struct *vma)
{
	unsigned long key = vma->vm_pgoff >> (RUMPHOST_MMAP_SHIFT - PAGE_SHIFT);
	unsigned long first = vma->vm_pgoff & ((1UL << (RUMPHOST_MMAP_SHIFT - PAGE_SHIFT)) - 1);
	unsigned long left, pages = vma_pages(vma);
	struct rumphost_dma *dma;
	int error = -EINVAL;

	mutex_lock(&device->map_lock);
	dma = device->gone ? NULL : xa_load(&device->dma, key - RUMPHOST_MMAP_DMA_BASE);
	if (dma && dma->kind == RUMPHOST_DMA_ALLOCATED && first < dma->page_count &&
	    pages <= dma->page_count - first) {
		rumphost_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTCOPY);
		left = pages;
		error = vm_insert_pages(vma, vma->vm_start, dma->pages + first, &left);
	}
	mutex_unlock(&device->map_lock);
	return error;
}

/* == The process's own memory == */

static enum dma_data_direction direction_of(u32 direction)
{
	switch (direction) {
	case RUMPHOST_DMA_BOTH:
		return DMA_BIDIRECTIONAL;
	case RUMPHOST_DMA_TO_DEVICE:
		return DMA_TO_DEVICE;
	case RUMPHOST_DMA_FROM_DEVICE:
		return DMA_FROM_DEVICE;
	default:
		return DMA_NONE;
	}
}

static int pin(struct rumphost_dma *dma)
{
	unsigned int flags = FOLL_LONGTERM;
	int pinned;

	if (dma->direction != DMA_TO_DEVICE)
		flags |= FOLL_WRITE;
	pinned = pin_user_pages_fast(dma->address & PAGE_MASK, dma->page_count, flags, dma->pages);
	if (pinned == dma->page_count)
		return 0;
	if (pinned > 0)
		unpin_user_pages(dma->pages, pinned);
	dma->pages[0] = NULL;
	return pinned < 0 ? pinned : -EFAULT;
}

/* Cut what the DMA API gave to the limits of the device; returns the number of segments. */
static long cut(struct rumphost_dma *dma, const struct rumphost_dma_map *map,
		struct rumphost_dma_segment *segments)
{
	struct scatterlist *sg;
	long count = 0;
	int n;

	for_each_sgtable_dma_sg(&dma->table, sg, n) {
		u64 address = sg_dma_address(sg), left = sg_dma_len(sg);

		while (left) {
			u64 length = left;

			if (map->max_segment_size)
				length = min(length, map->max_segment_size);
			if (map->boundary)
				length = min(length, map->boundary - (address & (map->boundary - 1)));
			if (count == map->max_segments)
				return -EFBIG;
			segments[count].bus_address = address;
			segments[count++].length = length;
			address += length;
			left -= length;
		}
	}
	return count;
}

static int check_map(const struct rumphost_dma_map *map)
{
	u64 end;

	if (map->count || map->handle || !map->size || !map->max_segments ||
	    map->max_segments > RUMPHOST_SEGMENTS_MAX ||
	    direction_of(map->direction) == DMA_NONE ||
	    (map->boundary && !is_power_of_2(map->boundary)) ||
	    check_add_overflow(map->address, map->size, &end) ||
	    map->size > (u64)(MAP_PAGES_MAX - 1) << PAGE_SHIFT)
		return -EINVAL;
	return 0;
}

int rumphost_dma_map(struct rumphost_device *device, struct rumphost_dma_map *map)
{
	struct rumphost_dma_segment *segments;
	struct rumphost_dma *dma;
	unsigned int in_page = offset_in_page(map->address);
	long count = 0;
	int error = check_map(map);

	if (error)
		return error;
	if (!rumphost_may_dma(device))
		return -EACCES;
	segments = kvcalloc(map->max_segments, sizeof(*segments), GFP_KERNEL_ACCOUNT);
	if (!segments)
		return -ENOMEM;
	dma = new_dma(device, RUMPHOST_DMA_MAPPED, map->size,
		      PAGE_ALIGN(in_page + map->size) >> PAGE_SHIFT, direction_of(map->direction));
	if (IS_ERR(dma)) {
		kvfree(segments);
		return PTR_ERR(dma);
	}
	dma->address = map->address;
	error = pin(dma);
	if (!error)
		error = sg_alloc_table_from_pages_segment(&dma->table, dma->pages, dma->page_count,
							  in_page, map->size, SZ_1G,
							  GFP_KERNEL_ACCOUNT);
	if (!error)
		error = dma_map_sgtable(&device->pdev->dev, &dma->table, dma->direction, 0);
	if (!error) {
		dma->mapped = true;
		count = cut(dma, map, segments);
		error = min(count, 0L);
		dma->segments = max(count, 0L);
	}
	if (!error && copy_to_user(u64_to_user_ptr(map->segments), segments,
				   count * sizeof(*segments)))
		error = -EFAULT;
	if (!error)
		error = publish(device, dma);
	kvfree(segments);
	if (error) {
		destroy(device, dma);
		return error;
	}
	map->count = count;
	map->handle = dma->handle;
	return 0;
}

int rumphost_dma_free(struct rumphost_device *device, const struct rumphost_dma_handle *handle)
{
	struct rumphost_dma *dma;

	if (handle->pad)
		return -EINVAL;
	mutex_lock(&device->map_lock);
	dma = xa_erase(&device->dma, handle->handle);
	mutex_unlock(&device->map_lock);
	if (!dma)
		return -EINVAL;
	destroy(device, dma);
	return 0;
}

int rumphost_dma_sync(struct rumphost_device *device, const struct rumphost_dma_sync *sync)
{
	struct rumphost_dma *dma = xa_load(&device->dma, sync->handle);

	if (!dma || sync->whom > RUMPHOST_SYNC_FOR_CPU)
		return -EINVAL;
	if (sync->whom == RUMPHOST_SYNC_FOR_CPU)
		dma_sync_sgtable_for_cpu(&device->pdev->dev, &dma->table, dma->direction);
	else
		dma_sync_sgtable_for_device(&device->pdev->dev, &dma->table, dma->direction);
	return 0;
}

int rumphost_dma_list(struct rumphost_device *device, struct rumphost_dma_list *list)
{
	struct rumphost_dma_entry __user *user = u64_to_user_ptr(list->entries);
	struct rumphost_dma_entry entry;
	struct rumphost_dma *dma;
	unsigned long handle;

	list->count = 0;
	xa_for_each(&device->dma, handle, dma) {
		if (list->count < list->capacity) {
			memset(&entry, 0, sizeof(entry));
			entry.address = dma->address;
			entry.size = dma->size;
			entry.bus_address = dma->bus_address;
			entry.handle = handle;
			entry.kind = dma->kind;
			entry.segments = dma->segments;
			if (copy_to_user(&user[list->count], &entry, sizeof(entry)))
				return -EFAULT;
		}
		list->count++;
	}
	return 0;
}
