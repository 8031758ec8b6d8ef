// SPDX-License-Identifier: GPL-2.0
/* The requests of the character device: their arguments in and out, and who may make them. */
#include <linux/uaccess.h>

#include "device.h"

union rumphost_argument {
	struct rumphost_info info;
	struct rumphost_config config;
	struct rumphost_batch batch;
	struct rumphost_irq_setup irq_setup;
	struct rumphost_irq_eventfd irq_eventfd;
	struct rumphost_irq_vector irq_vector;
	struct rumphost_ack_program ack;
	struct rumphost_master master;
	struct rumphost_dma_mask dma_mask;
	struct rumphost_dma_alloc dma_alloc;
	struct rumphost_dma_map dma_map;
	struct rumphost_dma_handle dma_handle;
	struct rumphost_dma_sync dma_sync;
	struct rumphost_dma_list dma_list;
};

/* The layout is what programs are compiled with. */
static_assert(sizeof(struct rumphost_bar) == 48);
static_assert(sizeof(struct rumphost_info) == 320);
static_assert(sizeof(struct rumphost_config) == 16);
static_assert(sizeof(struct rumphost_access) == 16);
static_assert(sizeof(struct rumphost_batch) == 16);
static_assert(sizeof(struct rumphost_ack_step) == 16);
static_assert(sizeof(struct rumphost_ack_program) == 264);
static_assert(sizeof(struct rumphost_event) == 24);
static_assert(sizeof(struct rumphost_dma_alloc) == 32);
static_assert(sizeof(struct rumphost_dma_map) == 56);
static_assert(sizeof(struct rumphost_dma_segment) == 16);
static_assert(sizeof(struct rumphost_dma_entry) == 40);
static_assert(sizeof(struct rumphost_dma_list) == 16);
static_assert(RUMPHOST_BARS == PCI_STD_NUM_BARS);

static int rumphost_get_info(struct rumphost_device *device, struct rumphost_info *info)
{
	struct pci_dev *pdev = device->pdev;

	memset(info, 0, sizeof(*info));
	info->api_version = RUMPHOST_API_VERSION;
	if (rumphost_dma_confined(device))
		info->flags |= RUMPHOST_INFO_IOMMU;
	else if (rumphost_unsafe_dma)
		info->flags |= RUMPHOST_INFO_UNSAFE;
	if (!pdev->broken_intx_masking)
		info->flags |= RUMPHOST_INFO_MASKABLE;
	if (pdev->reset_methods[0])
		info->flags |= RUMPHOST_INFO_RESET;
	info->vendor = pdev->vendor;
	info->device = pdev->device;
	info->config_size = pdev->cfg_size;
	info->intx_count = rumphost_irq_available(device, RUMPHOST_IRQ_INTX);
	info->msi_count = rumphost_irq_available(device, RUMPHOST_IRQ_MSI);
	info->msix_count = rumphost_irq_available(device, RUMPHOST_IRQ_MSIX);
	rumphost_describe_bars(device, info);
	return 0;
}

static int rumphost_reset_request(struct rumphost_device *device)
{
	int error;

	if (device->irq.kind)
		return -EBUSY;
	pci_clear_master(device->pdev);
	device->master = false;
	error = rumphost_reset(device);
	if (!device->pdev->broken_intx_masking)
		pci_intx(device->pdev, 0);
	return error;
}

static int rumphost_dispatch(struct rumphost_device *device, unsigned int request,
			     union rumphost_argument *argument)
{
	switch (request) {
	case RUMPHOST_GET_INFO:
		return rumphost_get_info(device, &argument->info);
	case RUMPHOST_CONFIG_READ:
		return rumphost_config_read(device, &argument->config);
	case RUMPHOST_CONFIG_WRITE:
		return rumphost_config_write(device, &argument->config);
	case RUMPHOST_ACCESS:
		return rumphost_access(device, &argument->batch);
	case RUMPHOST_RESET:
		return rumphost_reset_request(device);
	case RUMPHOST_IRQ_SETUP:
		return rumphost_irq_setup(device, &argument->irq_setup);
	case RUMPHOST_IRQ_EVENTFD:
		return rumphost_irq_eventfd(device, &argument->irq_eventfd);
	case RUMPHOST_IRQ_MASK:
		return rumphost_irq_mask(device, &argument->irq_vector, true);
	case RUMPHOST_IRQ_UNMASK:
		return rumphost_irq_mask(device, &argument->irq_vector, false);
	case RUMPHOST_IRQ_ACK:
		return rumphost_irq_ack(device, &argument->ack);
	case RUMPHOST_SET_MASTER:
		return rumphost_set_master(device, &argument->master);
	case RUMPHOST_DMA_MASK:
		return rumphost_dma_mask(device, &argument->dma_mask);
	case RUMPHOST_DMA_ALLOC:
		return rumphost_dma_alloc(device, &argument->dma_alloc);
	case RUMPHOST_DMA_MAP:
		return rumphost_dma_map(device, &argument->dma_map);
	case RUMPHOST_DMA_FREE:
		return rumphost_dma_free(device, &argument->dma_handle);
	case RUMPHOST_DMA_SYNC:
		return rumphost_dma_sync(device, &argument->dma_sync);
	case RUMPHOST_DMA_LIST:
		return rumphost_dma_list(device, &argument->dma_list);
	default:
		return -ENOTTY;
	}
}

/* The caller never learns of memory that it was given: take it back. */
static void rumphost_undo(struct rumphost_device *device, unsigned int request,
			  union rumphost_argument *argument)
{
	struct rumphost_dma_handle handle = { 0 };

	if (request == RUMPHOST_DMA_ALLOC)
		handle.handle = argument->dma_alloc.handle;
	else if (request == RUMPHOST_DMA_MAP)
		handle.handle = argument->dma_map.handle;
	else
		return;
	rumphost_dma_free(device, &handle);
}

long rumphost_ioctl(struct file *file, unsigned int request, unsigned long address)
{
	struct rumphost_device *device = file->private_data;
	void __user *user = (void __user *)address;
	size_t size = _IOC_SIZE(request);
	union rumphost_argument *argument;
	int error;

	if (_IOC_TYPE(request) != 0xB7 || size > sizeof(*argument))
		return -ENOTTY;
	argument = kzalloc(sizeof(*argument), GFP_KERNEL);
	if (!argument)
		return -ENOMEM;
	if (_IOC_DIR(request) & _IOC_WRITE && copy_from_user(argument, user, size)) {
		kfree(argument);
		return -EFAULT;
	}
	mutex_lock(&device->lock);
	if (device->gone || device->dead)
		error = -ENODEV;
	else if (current->mm != device->owner)
		error = -EPERM;
	else
		error = rumphost_dispatch(device, request, argument);
	/* A batch tells how far it came also when it failed. */
	if (_IOC_DIR(request) & _IOC_READ && (!error || request == RUMPHOST_ACCESS) &&
	    copy_to_user(user, argument, size)) {
		if (!error)
			rumphost_undo(device, request, argument);
		error = -EFAULT;
	}
	mutex_unlock(&device->lock);
	kfree(argument);
	return error;
}
