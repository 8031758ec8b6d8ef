// SPDX-License-Identifier: GPL-2.0
/*
 * The function's registers: BARs mapped into the process, and accesses made for it.
 *
 * A process gets only pages that hold nothing but the registers of its own BAR, without those of
 * the MSI-X table.  Pages appear at the first access, not at mmap(): a mapping is found by
 * unmap_mapping_range() only once mmap() has returned, and removal must find them all.
 */
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

#define BAR_PAGES_SHIFT		(RUMPHOST_MMAP_SHIFT - PAGE_SHIFT)
#define WC_PAGE			(1UL << (RUMPHOST_MMAP_WC_SHIFT - PAGE_SHIFT))

static unsigned long bar_pages(const struct rumphost_bar_state *bar)
{
	return PAGE_ALIGN(offset_in_page(bar->start) + bar->size) >> PAGE_SHIFT;
}

/* Claim what lies between a BAR and its pages' ends; fails where a neighbour has its registers. */
static bool claim_rest(struct rumphost_device *device, unsigned int n)
{
	struct rumphost_bar_state *bar = &device->bars[n];
	struct resource *parent = device->pdev->resource[n].parent;
	resource_size_t first = ALIGN_DOWN(bar->start, PAGE_SIZE);
	resource_size_t end = bar->start + bar->size;
	resource_size_t last = ALIGN(end, PAGE_SIZE);

	if (first != bar->start) {
		bar->before.name = "rumphost";
		bar->before.flags = IORESOURCE_MEM;
		bar->before.start = first;
		bar->before.end = bar->start - 1;
		if (!parent || request_resource(parent, &bar->before))
			return false;
	}
	if (last != end) {
		bar->after.name = "rumphost";
		bar->after.flags = IORESOURCE_MEM;
		bar->after.start = end;
		bar->after.end = last - 1;
		if (!parent || request_resource(parent, &bar->after)) {
			if (bar->before.parent)
				release_resource(&bar->before);
			return false;
		}
	}
	return true;
}

/* Find the pages that hold the MSI-X table. */
static void hide_msix_table(struct rumphost_device *device)
{
	struct pci_dev *pdev = device->pdev;
	struct rumphost_bar_state *bar;
	unsigned long first, end;
	u32 table;

	if (!pdev->msix_cap)
		return;
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &table);
	if ((table & PCI_MSIX_TABLE_BIR) >= RUMPHOST_BARS)
		return;
	bar = &device->bars[table & PCI_MSIX_TABLE_BIR];
	first = offset_in_page(bar->start) + (table & PCI_MSIX_TABLE_OFFSET);
	end = first + max(pci_msix_vec_count(pdev), 1) * PCI_MSIX_ENTRY_SIZE;
	bar->hidden_first = first >> PAGE_SHIFT;
	bar->hidden_count = (PAGE_ALIGN(end) >> PAGE_SHIFT) - bar->hidden_first;
}

void rumphost_registers_setup(struct rumphost_device *device)
{
	struct pci_dev *pdev = device->pdev;
	unsigned int n;

	for (n = 0; n < RUMPHOST_BARS; n++) {
		struct rumphost_bar_state *bar = &device->bars[n];
		unsigned long flags = pci_resource_flags(pdev, n);

		memset(bar, 0, sizeof(*bar));
		if (!pci_resource_len(pdev, n) || flags & IORESOURCE_UNSET)
			continue;
		bar->start = pci_resource_start(pdev, n);
		bar->size = pci_resource_len(pdev, n);
		if (flags & IORESOURCE_MEM_64)
			bar->flags |= RUMPHOST_BAR_64BIT;
		if (flags & IORESOURCE_IO)
			bar->flags |= RUMPHOST_BAR_IO;
		else if (flags & IORESOURCE_PREFETCH)
			bar->flags |= RUMPHOST_BAR_PREFETCHABLE;
		if (flags & IORESOURCE_MEM && bar->size < 1ULL << RUMPHOST_MMAP_WC_SHIFT &&
		    claim_rest(device, n))
			bar->flags |= RUMPHOST_BAR_MMAP;
	}
	hide_msix_table(device);
}

static void drop_page(struct rumphost_bar_state *bar)
{
	if (bar->page && bar->flags & RUMPHOST_BAR_IO)
		ioport_unmap(bar->page);
	else if (bar->page)
		iounmap(bar->page);
	bar->page = NULL;
}

/* The function is removed or closed: no mapping reaches it after this. */
void rumphost_registers_revoke(struct rumphost_device *device)
{
	unsigned int n;

	if (!device->mapping)
		return;
	for (n = 0; n < RUMPHOST_BARS; n++)
		unmap_mapping_range(device->mapping, (loff_t)n << RUMPHOST_MMAP_SHIFT,
				    1LL << RUMPHOST_MMAP_SHIFT, 1);
}

void rumphost_registers_release(struct rumphost_device *device)
{
	unsigned int n;

	mutex_lock(&device->map_lock);
	for (n = 0; n < RUMPHOST_BARS; n++) {
		struct rumphost_bar_state *bar = &device->bars[n];

		drop_page(bar);
		if (bar->before.parent)
			release_resource(&bar->before);
		if (bar->after.parent)
			release_resource(&bar->after);
	}
	mutex_unlock(&device->map_lock);
}

void rumphost_describe_bars(struct rumphost_device *device, struct rumphost_info *info)
{
	unsigned int n;

	for (n = 0; n < RUMPHOST_BARS; n++) {
		const struct rumphost_bar_state *bar = &device->bars[n];
		struct rumphost_bar *out = &info->bars[n];
		u64 in_page = offset_in_page(bar->start);

		if (!bar->size)
			continue;
		out->address = pci_bus_address(device->pdev, n);
		out->size = bar->size;
		out->flags = bar->flags;
		if (!(bar->flags & RUMPHOST_BAR_MMAP))
			continue;
		out->mmap_offset = (u64)n << RUMPHOST_MMAP_SHIFT;
		out->page_offset = in_page;
		if (bar->hidden_count) {
			u64 first = (u64)bar->hidden_first << PAGE_SHIFT;
			u64 end = first + ((u64)bar->hidden_count << PAGE_SHIFT);

			out->flags |= RUMPHOST_BAR_SPARSE;
			first = max(first, in_page) - in_page;
			end = min(end - in_page, bar->size);
			out->no_mmap_offset = first;
			out->no_mmap_size = end - first;
		}
	}
}

/* == Mappings == */

static unsigned int bar_of(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >> BAR_PAGES_SHIFT;
}

static unsigned long first_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff & (WC_PAGE - 1);
}

static vm_fault_t rumphost_bar_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct rumphost_device *device = vma->vm_private_data;
	const struct rumphost_bar_state *bar = &device->bars[bar_of(vma)];
	unsigned long address, pfn;
	vm_fault_t result = VM_FAULT_NOPAGE;

	mutex_lock(&device->map_lock);
	if (device->gone) {
		/* A driver that looks for a function that was unplugged looks for all ones. */
		result = vmf_insert_pfn(vma, vmf->address & PAGE_MASK, page_to_pfn(device->ones));
		goto out;
	}
	pfn = (bar->start >> PAGE_SHIFT) + first_page(vma);
	for (address = vma->vm_start; address < vma->vm_end; address += PAGE_SIZE, pfn++) {
		result = vmf_insert_pfn(vma, address, pfn);
		if (result != VM_FAULT_NOPAGE)
			break;
	}
out:
	mutex_unlock(&device->map_lock);
	return result;
}

static void rumphost_bar_opened(struct vm_area_struct *vma)
{
	struct rumphost_device *device = vma->vm_private_data;

	mutex_lock(&device->map_lock);
	device->bars[bar_of(vma)].mappings++;
	mutex_unlock(&device->map_lock);
}

static void rumphost_bar_closed(struct vm_area_struct *vma)
{
	struct rumphost_device *device = vma->vm_private_data;
	struct rumphost_bar_state *bar = &device->bars[bar_of(vma)];

	mutex_lock(&device->map_lock);
	if (!--bar->mappings && bar->write_combining) {
		arch_io_free_memtype_wc(bar->start, bar->size);
		bar->write_combining = false;
	}
	mutex_unlock(&device->map_lock);
}

static const struct vm_operations_struct rumphost_bar_ops = {
	.open = rumphost_bar_opened,
	.close = rumphost_bar_closed,
	.fault = rumphost_bar_fault,
};

/*
 * The kernel would silently map a BAR write-combining that is mapped uncached elsewhere, or the
 * other way round.  So one BAR has one attribute at a time.
 */
static int take_attribute(struct rumphost_bar_state *bar, bool wc)
{
	if (wc && !(bar->flags & RUMPHOST_BAR_PREFETCHABLE))
		return -EINVAL;
	if (bar->mappings)
		return bar->write_combining == wc ? 0 : -EBUSY;
	if (!wc)
		return 0;
	drop_page(bar);
	if (arch_io_reserve_memtype_wc(bar->start, bar->size))
		return -EBUSY;
	bar->write_combining = true;
	return 0;
}

int rumphost_mmap_bar(struct rumphost_device *device, struct vm_area_struct *vma)
{
	unsigned long pages = vma_pages(vma), first = first_page(vma);
	bool wc = vma->vm_pgoff & WC_PAGE;
	struct rumphost_bar_state *bar;
	int error;

	if (bar_of(vma) >= RUMPHOST_BARS)
		return -EINVAL;
	mutex_lock(&device->map_lock);
	bar = &device->bars[bar_of(vma)];
	if (device->gone) {
		error = -ENODEV;
	} else if (!(bar->flags & RUMPHOST_BAR_MMAP) || first >= bar_pages(bar) ||
		   pages > bar_pages(bar) - first) {
		error = -EINVAL;
	} else if (bar->hidden_count && first < bar->hidden_first + bar->hidden_count &&
		   bar->hidden_first < first + pages) {
		error = -EPERM;
	} else if (wc && device->irq.step_count) {
		error = -EBUSY;		/* an acknowledge program uses registers uncached */
	} else {
		error = take_attribute(bar, wc);
	}
	if (!error) {
		bar->mappings++;
		/* A child inherits no registers, and a core dump does not read them. */
		rumphost_vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP |
				      VM_DONTCOPY);
		vma->vm_page_prot = wc ? pgprot_writecombine(vma->vm_page_prot) :
					 pgprot_noncached(vma->vm_page_prot);
		vma->vm_private_data = device;
		vma->vm_ops = &rumphost_bar_ops;
	}
	mutex_unlock(&device->map_lock);
	return error;
}

/* == Single accesses == */

bool rumphost_bar_range(struct rumphost_device *device, u8 bar, u8 width, u32 offset)
{
	const struct rumphost_bar_state *state;

	if (bar >= RUMPHOST_BARS)
		return false;
	state = &device->bars[bar];
	if (width != 1 && width != 2 && width != 4 &&
	    (width != 8 || state->flags & RUMPHOST_BAR_IO))
		return false;
	return offset % width == 0 && offset < state->size && width <= state->size - offset;
}

/* The MSI-X table belongs to the kernel: it may be read, not written. */
static bool in_msix_table(struct rumphost_device *device, u8 bar, u32 offset)
{
	const struct rumphost_bar_state *state = &device->bars[bar];
	unsigned long page = (offset_in_page(state->start) + (u64)offset) >> PAGE_SHIFT;
	struct pci_dev *pdev = device->pdev;
	u32 table, start;

	if (!state->hidden_count || page < state->hidden_first ||
	    page >= state->hidden_first + state->hidden_count)
		return false;
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &table);
	start = table & PCI_MSIX_TABLE_OFFSET;
	return offset + 8 > start &&
	       offset < start + max(pci_msix_vec_count(pdev), 1) * PCI_MSIX_ENTRY_SIZE;
}

/* Map the page of a register, or a range of ports; the caller unmaps it. */
void __iomem *rumphost_map_page(struct rumphost_device *device, u8 bar, u32 offset)
{
	const struct rumphost_bar_state *state = &device->bars[bar];

	if (state->flags & RUMPHOST_BAR_IO)
		return ioport_map(state->start, state->size);
	return ioremap(ALIGN_DOWN(state->start + offset, PAGE_SIZE), PAGE_SIZE);
}

void rumphost_unmap_page(struct rumphost_device *device, u8 bar, void __iomem *page)
{
	if (device->bars[bar].flags & RUMPHOST_BAR_IO)
		ioport_unmap(page);
	else
		iounmap(page);
}

u64 rumphost_read_register(void __iomem *address, u8 width)
{
	switch (width) {
	case 1:
		return ioread8(address);
	case 2:
		return ioread16(address);
	case 4:
		return ioread32(address);
	default:
#ifdef readq
		return readq(address);
#else
		return ioread32(address) | (u64)ioread32(address + 4) << 32;
#endif
	}
}

void rumphost_write_register(void __iomem *address, u8 width, u64 value)
{
	switch (width) {
	case 1:
		iowrite8(value, address);
		break;
	case 2:
		iowrite16(value, address);
		break;
	case 4:
		iowrite32(value, address);
		break;
	default:
#ifdef writeq
		writeq(value, address);
#else
		iowrite32(value, address);
		iowrite32(value >> 32, address + 4);
#endif
	}
}

/* Find where a trapped access goes; the page stays mapped for the next one. */
static void __iomem *locate(struct rumphost_device *device, u8 bar, u32 offset)
{
	struct rumphost_bar_state *state = &device->bars[bar];
	u64 in_pages = offset_in_page(state->start) + (u64)offset;

	if (state->flags & RUMPHOST_BAR_IO) {
		if (!state->page)
			state->page = rumphost_map_page(device, bar, offset);
		return state->page ? state->page + offset : NULL;
	}
	if (state->page && state->page_number != in_pages >> PAGE_SHIFT)
		drop_page(state);
	if (!state->page) {
		state->page = rumphost_map_page(device, bar, offset);
		state->page_number = in_pages >> PAGE_SHIFT;
	}
	return state->page ? state->page + offset_in_page(in_pages) : NULL;
}

static int access_one(struct rumphost_device *device, struct rumphost_access *access)
{
	void __iomem *address;

	if (access->pad || access->op > RUMPHOST_WRITE ||
	    !rumphost_bar_range(device, access->bar, access->width, access->offset))
		return -EINVAL;
	if (access->op == RUMPHOST_WRITE) {
		if (access->width < 8 && access->value >> 8 * access->width)
			return -EINVAL;
		if (in_msix_table(device, access->bar, access->offset))
			return -EPERM;
	}
	if (device->bars[access->bar].write_combining)
		return -EBUSY;
	address = locate(device, access->bar, access->offset);
	if (!address)
		return -ENOMEM;
	if (access->op == RUMPHOST_READ)
		access->value = rumphost_read_register(address, access->width);
	else
		rumphost_write_register(address, access->width, access->value);
	return 0;
}

int rumphost_access(struct rumphost_device *device, struct rumphost_batch *batch)
{
	void __user *user = u64_to_user_ptr(batch->accesses);
	struct rumphost_access *accesses;
	size_t size = batch->count * sizeof(*accesses);
	int error = 0;

	if (!batch->count || batch->count > RUMPHOST_ACCESS_MAX)
		return -EINVAL;
	accesses = vmemdup_user(user, size);
	if (IS_ERR(accesses))
		return PTR_ERR(accesses);
	mutex_lock(&device->map_lock);
	for (batch->done = 0; batch->done < batch->count; batch->done++) {
		error = access_one(device, &accesses[batch->done]);
		if (error)
			break;
	}
	mutex_unlock(&device->map_lock);
	if (batch->done && copy_to_user(user, accesses, batch->done * sizeof(*accesses)))
		error = -EFAULT;
	kvfree(accesses);
	return error;
}
