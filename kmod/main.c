// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a PCI function to a process: binding, the character device, opening, closing, removal.
 *
 * A function is bound by its driver_override only.  Its node is /dev/rumphost/DDDD:BB:DD.F, for one
 * process at a time.  While nobody has it open the function neither masters the bus nor interrupts.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "device.h"

bool rumphost_unsafe_dma;
module_param_named(unsafe_dma, rumphost_unsafe_dma, bool, 0444);
MODULE_PARM_DESC(unsafe_dma,
		 "Allow DMA that no IOMMU confines: the device can then overwrite any memory");

static void rumphost_destroy(struct kref *kref)
{
	struct rumphost_device *device = container_of(kref, struct rumphost_device, kref);

	xa_destroy(&device->dma);
	__free_page(device->ones);
	pci_dev_put(device->pdev);
	kfree(device);
}

void rumphost_put(struct rumphost_device *device)
{
	kref_put(&device->kref, rumphost_destroy);
}

/* Reset the function if it can be, without ever waiting for the driver core's lock. */
int rumphost_reset(struct rumphost_device *device)
{
	int tries, error = -EAGAIN;

	if (!device->pdev->reset_methods[0])
		return -EOPNOTSUPP;
	for (tries = 0; tries < 50 && error == -EAGAIN; tries++) {
		if (tries)
			usleep_range(1000, 2000);
		error = pci_try_reset_function(device->pdev);
	}
	return error;
}

/* Bus mastering off first, so that what follows may take memory away; then interrupts. */
void rumphost_quiesce(struct rumphost_device *device)
{
	struct pci_dev *pdev = device->pdev;

	if (!pci_dev_is_disconnected(pdev) && !device->gone) {
		pci_clear_master(pdev);
		if (!pci_wait_for_pending_transaction(pdev))
			pci_warn(pdev, "transactions are still pending\n");
	}
	device->master = false;
	rumphost_irq_release(device);
}

static int rumphost_setup(struct rumphost_device *device)
{
	struct pci_dev *pdev = device->pdev;
	int error;

	pci_set_power_state(pdev, PCI_D0);
	error = pci_enable_device(pdev);
	if (error)
		return error;
	error = pci_request_regions(pdev, "rumphost");
	if (error) {
		pci_disable_device(pdev);
		return error;
	}
	pci_clear_master(pdev);
	rumphost_reset(device);		/* not every function can */
	pci_save_state(pdev);
	device->saved = pci_store_saved_state(pdev);
	if (!pdev->broken_intx_masking)
		pci_intx(pdev, 0);
	device->master = false;
	device->dma_bits = 32;
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (error)
		pci_info(pdev, "no DMA with 32 bits: %d\n", error);
	rumphost_registers_setup(device);
	device->enabled = true;
	return 0;
}

/* Take the hardware away from the process.  Called with device->lock held. */
static void rumphost_shutdown(struct rumphost_device *device)
{
	struct pci_dev *pdev = device->pdev;

	if (!device->enabled)
		return;
	device->enabled = false;
	rumphost_quiesce(device);
	if (!device->gone) {
		pci_set_power_state(pdev, PCI_D0);
		rumphost_reset(device);
	}
	rumphost_registers_revoke(device);
	rumphost_dma_unreach(device);
	rumphost_registers_release(device);
	if (device->gone) {
		kfree(device->saved);
		device->saved = NULL;
	} else {
		pci_load_and_free_saved_state(pdev, &device->saved);
		pci_restore_state(pdev);
		pci_clear_master(pdev);
	}
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static int rumphost_open(struct inode *inode, struct file *file)
{
	struct rumphost_device *device =
		container_of(file->private_data, struct rumphost_device, misc);
	int error = 0;

	if (!(file->f_mode & FMODE_READ) || !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	mutex_lock(&device->lock);
	if (device->gone)
		error = -ENODEV;
	else if (device->open)
		error = -EBUSY;
	else
		error = rumphost_setup(device);
	if (error)
		goto out;
	kref_get(&device->kref);
	device->open = true;
	device->dead = false;
	device->owner = current->mm;
	mmgrab(device->owner);
	device->owner_tgid = task_tgid_nr(current);
	get_task_comm(device->owner_name, current);
	device->mapping = file->f_mapping;
	file->private_data = device;
	stream_open(inode, file);
out:
	mutex_unlock(&device->lock);
	return error;
}

/*
 * A child of the owner may have inherited the file, and may outlive it.  The function is quiet all
 * the same once its owner has died.
 */
static int rumphost_flush(struct file *file, fl_owner_t id)
{
	struct rumphost_device *device = file->private_data;

	/* Not a mere thread of the owner that had file descriptors of its own. */
	if (!(current->flags & PF_EXITING) || atomic_read(&current->signal->live))
		return 0;
	mutex_lock(&device->lock);
	if (task_tgid_nr(current) == device->owner_tgid && device->enabled) {
		device->dead = true;
		rumphost_quiesce(device);
	}
	mutex_unlock(&device->lock);
	return 0;
}

static int rumphost_release(struct inode *inode, struct file *file)
{
	struct rumphost_device *device = file->private_data;

	mutex_lock(&device->lock);
	rumphost_shutdown(device);
	rumphost_irq_release(device);
	rumphost_dma_release(device);
	mmdrop(device->owner);
	device->owner = NULL;
	device->mapping = NULL;
	device->open = false;
	mutex_unlock(&device->lock);
	rumphost_put(device);
	return 0;
}

static __poll_t rumphost_poll(struct file *file, poll_table *wait)
{
	struct rumphost_device *device = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &device->wait, wait);
	if (READ_ONCE(device->gone))
		events |= EPOLLHUP | EPOLLERR;
	if (rumphost_irq_pending(device))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

static ssize_t rumphost_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	return rumphost_irq_read(file->private_data, file, buffer, size);
}

static int rumphost_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct rumphost_device *device = file->private_data;

	if (current->mm != device->owner)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	if (vma->vm_pgoff >> (RUMPHOST_MMAP_SHIFT - PAGE_SHIFT) < RUMPHOST_MMAP_DMA_BASE)
		return rumphost_mmap_bar(device, vma);
	return rumphost_mmap_dma(device, vma);
}

const struct file_operations rumphost_fops = {
	.owner = THIS_MODULE,
	.open = rumphost_open,
	.flush = rumphost_flush,
	.release = rumphost_release,
	.read = rumphost_read,
	.poll = rumphost_poll,
	.unlocked_ioctl = rumphost_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = rumphost_mmap,
};

static struct rumphost_device *rumphost_of(struct device *node)
{
	return container_of(dev_get_drvdata(node), struct rumphost_device, misc);
}

static ssize_t holder_show(struct device *node, struct device_attribute *attribute, char *buffer)
{
	struct rumphost_device *device = rumphost_of(node);
	ssize_t length = 0;

	mutex_lock(&device->lock);
	if (device->open)
		length = sysfs_emit(buffer, "%d %s\n", device->owner_tgid, device->owner_name);
	mutex_unlock(&device->lock);
	return length;
}
static DEVICE_ATTR_RO(holder);

static ssize_t dma_bytes_show(struct device *node, struct device_attribute *attribute, char *buffer)
{
	struct rumphost_device *device = rumphost_of(node);

	return sysfs_emit(buffer, "%lld\n", (long long)atomic64_read(&device->dma_bytes));
}
static DEVICE_ATTR_RO(dma_bytes);

static struct attribute *rumphost_attrs[] = {
	&dev_attr_holder.attr,
	&dev_attr_dma_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(rumphost);

static int rumphost_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct rumphost_device *device;
	int error;

	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL) {
		pci_err(pdev, "a bridge is nothing for a process\n");
		return -EINVAL;
	}
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	device->ones = alloc_page(GFP_KERNEL);
	if (!device->ones) {
		kfree(device);
		return -ENOMEM;
	}
	memset(page_address(device->ones), 0xff, PAGE_SIZE);
	kref_init(&device->kref);
	mutex_init(&device->lock);
	mutex_init(&device->map_lock);
	init_waitqueue_head(&device->wait);
	spin_lock_init(&device->irq.lock);
	xa_init_flags(&device->dma, XA_FLAGS_ALLOC1);
	device->pdev = pci_dev_get(pdev);
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	snprintf(device->name, sizeof(device->name), "rumphost-%s", pci_name(pdev));
	snprintf(device->node, sizeof(device->node), "rumphost/%s", pci_name(pdev));
	device->misc.minor = MISC_DYNAMIC_MINOR;
	device->misc.name = device->name;
	device->misc.nodename = device->node;
	device->misc.mode = 0600;
	device->misc.fops = &rumphost_fops;
	device->misc.parent = &pdev->dev;
	device->misc.groups = rumphost_groups;
	pci_set_drvdata(pdev, device);
	error = misc_register(&device->misc);
	if (error) {
		pci_set_drvdata(pdev, NULL);
		rumphost_put(device);
	}
	return error;
}

/* The function is unplugged or unbound, perhaps while a process has it. */
static void rumphost_remove(struct pci_dev *pdev)
{
	struct rumphost_device *device = pci_get_drvdata(pdev);

	misc_deregister(&device->misc);		/* nobody opens it any more */
	mutex_lock(&device->lock);
	if (device->enabled && !pci_dev_is_disconnected(pdev)) {
		pci_clear_master(pdev);		/* unbound, it is still there */
		pci_wait_for_pending_transaction(pdev);
	}
	mutex_lock(&device->map_lock);
	WRITE_ONCE(device->gone, true);
	mutex_unlock(&device->map_lock);
	rumphost_irq_hang_up(device);
	rumphost_shutdown(device);
	mutex_unlock(&device->lock);
	wake_up_all(&device->wait);
	pci_set_drvdata(pdev, NULL);
	rumphost_put(device);
}

static int rumphost_suspend(struct device *dev)
{
	struct rumphost_device *device = dev_get_drvdata(dev);
	bool open;

	mutex_lock(&device->lock);
	open = device->open;
	mutex_unlock(&device->lock);
	return open ? -EBUSY : 0;
}

static int rumphost_resume(struct device *dev)
{
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(rumphost_pm, rumphost_suspend, rumphost_resume);

struct pci_driver rumphost_driver = {
	.name = "rumphost",
	.id_table = NULL,		/* only by driver_override */
	.probe = rumphost_probe,
	.remove = rumphost_remove,
	.driver.pm = pm_sleep_ptr(&rumphost_pm),
};

static int __init rumphost_init(void)
{
	if (rumphost_unsafe_dma)
		pr_warn("rumphost: unsafe_dma=1: devices may reach all of memory\n");
	return pci_register_driver(&rumphost_driver);
}
module_init(rumphost_init);

static void __exit rumphost_exit(void)
{
	pci_unregister_driver(&rumphost_driver);
}
module_exit(rumphost_exit);

MODULE_DESCRIPTION("A PCI function in the hands of a process");
MODULE_AUTHOR("The rumphost project");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
