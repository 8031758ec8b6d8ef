// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: counted, signalled by eventfds, poll() and read(), and masked until the process has
 * looked.
 *
 * INTx is a level: it is masked in the function when it fires (INTx disable), or at the interrupt
 * controller if the function cannot do that and has the line for itself, or the process gave an
 * acknowledge program that makes the function take it back.
 */
#include <linux/interrupt.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

static void signal_eventfd(struct eventfd_ctx *eventfd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

/* An interrupt of a vector; irq.lock is held. */
static void note(struct rumphost_vector *vector, u32 data)
{
	vector->count++;
	vector->data |= data;
	if (vector->eventfd)
		signal_eventfd(vector->eventfd);
}

static irqreturn_t message_handler(int number, void *argument)
{
	struct rumphost_vector *vector = argument;
	struct rumphost_device *device = vector->device;
	unsigned long flags;

	spin_lock_irqsave(&device->irq.lock, flags);
	note(vector, 0);
	spin_unlock_irqrestore(&device->irq.lock, flags);
	wake_up_interruptible_poll(&device->wait, EPOLLIN | EPOLLRDNORM);
	return IRQ_HANDLED;
}

/* Run the acknowledge program; false: the interrupt is another device's. */
static bool acknowledge(const struct rumphost_irq *irq, u32 *data)
{
	u32 n, accumulator = 0;

	for (n = 0; n < irq->step_count; n++) {
		const struct rumphost_step *step = &irq->steps[n];

		switch (step->op) {
		case RUMPHOST_ACK_LOAD:
			accumulator = rumphost_read_register(step->register_address, step->width);
			break;
		case RUMPHOST_ACK_AND:
			accumulator &= step->value;
			break;
		case RUMPHOST_ACK_CLAIM:
			if (!accumulator)
				return false;
			break;
		case RUMPHOST_ACK_SAVE:
			*data |= accumulator;
			break;
		case RUMPHOST_ACK_STORE:
			rumphost_write_register(step->register_address, step->width, accumulator);
			break;
		case RUMPHOST_ACK_STORE_VALUE:
			rumphost_write_register(step->register_address, step->width, step->value);
			break;
		}
	}
	return true;
}

/*
 * The program does not quiet its function, or nobody looks.  A function that cannot be masked is left
 * to the kernel, which switches off a line that nobody claims.
 */
static void stop_program(struct rumphost_device *device)
{
	device->irq.masked = true;
	if (!device->pdev->broken_intx_masking)
		pci_intx(device->pdev, 0);
}

/* The process has looked: its program runs on.  irq.lock is held. */
static void resume_program(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;

	irq->unread = 0;
	if (!irq->step_count || !irq->masked || irq->kind != RUMPHOST_IRQ_INTX || device->gone)
		return;
	irq->masked = false;
	if (!device->pdev->broken_intx_masking)
		pci_intx(device->pdev, 1);
}

static irqreturn_t line_handler(int number, void *argument)
{
	struct rumphost_vector *vector = argument;
	struct rumphost_device *device = vector->device;
	struct rumphost_irq *irq = &device->irq;
	unsigned long flags;
	bool ours = false;
	u32 data = 0;

	spin_lock_irqsave(&irq->lock, flags);
	if (READ_ONCE(device->gone) || pci_dev_is_disconnected(device->pdev)) {
		/* Its registers read as all ones, which would look like an interrupt. */
	} else if (irq->step_count) {
		ours = !irq->masked && acknowledge(irq, &data);
		if (ours && ++irq->unread > RUMPHOST_UNREAD_MAX)
			stop_program(device);
	} else if (irq->shared) {
		ours = !irq->masked && pci_check_and_mask_intx(device->pdev);
		irq->masked = irq->masked || ours;
	} else {
		disable_irq_nosync(vector->irq);
		irq->masked = true;
		ours = true;
	}
	if (ours)
		note(vector, data);
	spin_unlock_irqrestore(&irq->lock, flags);
	if (!ours)
		return IRQ_NONE;
	wake_up_interruptible_poll(&device->wait, EPOLLIN | EPOLLRDNORM);
	return IRQ_HANDLED;
}

u32 rumphost_irq_available(struct rumphost_device *device, u32 kind)
{
	struct pci_dev *pdev = device->pdev;

	switch (kind) {
	case RUMPHOST_IRQ_INTX:
		return pdev->pin && pdev->irq && pdev->irq != IRQ_NOTCONNECTED;
	case RUMPHOST_IRQ_MSI:
		return max(pci_msi_vec_count(pdev), 0);
	case RUMPHOST_IRQ_MSIX:
		return max(pci_msix_vec_count(pdev), 0);
	default:
		return 0;
	}
}

static int request_line(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;
	struct rumphost_vector *vector = &irq->vectors[0];
	bool maskable = !device->pdev->broken_intx_masking;
	int error;

	vector->irq = device->pdev->irq;
	irq->masked = false;
	irq->unread = 0;
	irq->shared = maskable && !irq->step_count;
	error = request_irq(vector->irq, line_handler,
			    maskable || irq->step_count ? IRQF_SHARED : 0, vector->name, vector);
	if (!error && maskable)
		pci_intx(device->pdev, 1);
	return error;
}

static int request_messages(struct rumphost_device *device, u32 kind, u32 count)
{
	struct rumphost_irq *irq = &device->irq;
	struct pci_dev *pdev = device->pdev;
	unsigned int flag = kind == RUMPHOST_IRQ_MSI ? PCI_IRQ_MSI : PCI_IRQ_MSIX;
	u32 n;
	int error;

	if (pci_alloc_irq_vectors(pdev, count, count, flag) < 0)
		return -ENOSPC;
	for (n = 0; n < count; n++) {
		struct rumphost_vector *vector = &irq->vectors[n];

		vector->irq = pci_irq_vector(pdev, n);
		error = request_irq(vector->irq, message_handler, 0, vector->name, vector);
		if (error) {
			while (n--)
				free_irq(irq->vectors[n].irq, &irq->vectors[n]);
			pci_free_irq_vectors(pdev);
			return error;
		}
	}
	return 0;
}

int rumphost_irq_setup(struct rumphost_device *device, const struct rumphost_irq_setup *setup)
{
	struct rumphost_irq *irq = &device->irq;
	struct rumphost_vector *vectors;
	u32 n;
	int error;

	if (setup->kind == RUMPHOST_IRQ_NONE) {
		if (setup->count)
			return -EINVAL;
		rumphost_irq_release(device);
		return 0;
	}
	if (setup->kind > RUMPHOST_IRQ_MSIX || !setup->count ||
	    setup->count > rumphost_irq_available(device, setup->kind))
		return -EINVAL;
	if (irq->kind)
		return -EBUSY;
	if (setup->kind != RUMPHOST_IRQ_INTX && !rumphost_may_dma(device))
		return -EACCES;
	vectors = kcalloc(setup->count, sizeof(*vectors), GFP_KERNEL_ACCOUNT);
	if (!vectors)
		return -ENOMEM;
	for (n = 0; n < setup->count; n++) {
		vectors[n].device = device;
		snprintf(vectors[n].name, sizeof(vectors[n].name), "rumphost-%s-%u",
			 pci_name(device->pdev), n);
	}
	spin_lock_irq(&irq->lock);
	irq->vectors = vectors;
	irq->count = setup->count;
	irq->kind = setup->kind;
	spin_unlock_irq(&irq->lock);
	if (setup->kind == RUMPHOST_IRQ_INTX)
		error = request_line(device);
	else
		error = request_messages(device, setup->kind, setup->count);
	if (error) {
		spin_lock_irq(&irq->lock);
		irq->vectors = NULL;
		irq->count = irq->kind = 0;
		spin_unlock_irq(&irq->lock);
		kfree(vectors);
	}
	return error;
}

/* Interrupts off.  The acknowledge program stays until the file is closed. */
static void switch_off(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;
	struct rumphost_vector *vectors = irq->vectors;
	u32 n, count = irq->count;

	if (!irq->kind)
		return;
	if (irq->kind == RUMPHOST_IRQ_INTX && !device->pdev->broken_intx_masking && !device->gone)
		pci_intx(device->pdev, 0);
	for (n = 0; n < count; n++)
		free_irq(vectors[n].irq, &vectors[n]);
	if (irq->kind != RUMPHOST_IRQ_INTX)
		pci_free_irq_vectors(device->pdev);
	spin_lock_irq(&irq->lock);
	irq->vectors = NULL;
	irq->count = irq->kind = 0;
	irq->masked = false;
	spin_unlock_irq(&irq->lock);
	for (n = 0; n < count; n++)
		if (vectors[n].eventfd)
			eventfd_ctx_put(vectors[n].eventfd);
	kfree(vectors);
}

static void drop_program(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;
	u32 n;

	for (n = 0; n < irq->step_count; n++)
		if (irq->steps[n].page)
			rumphost_unmap_page(device, irq->steps[n].bar, irq->steps[n].page);
	irq->step_count = 0;
}

void rumphost_irq_release(struct rumphost_device *device)
{
	switch_off(device);
	drop_program(device);
}

/* The function is gone: whoever waits for an eventfd looks again, and finds out. */
void rumphost_irq_hang_up(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;
	u32 n;

	spin_lock_irq(&irq->lock);
	for (n = 0; n < irq->count; n++)
		if (irq->vectors[n].eventfd)
			signal_eventfd(irq->vectors[n].eventfd);
	spin_unlock_irq(&irq->lock);
}

int rumphost_irq_eventfd(struct rumphost_device *device, const struct rumphost_irq_eventfd *event)
{
	struct rumphost_irq *irq = &device->irq;
	struct eventfd_ctx *context = NULL;

	if (event->vector >= irq->count || event->fd < -1)
		return -EINVAL;
	if (event->fd >= 0) {
		context = eventfd_ctx_fdget(event->fd);
		if (IS_ERR(context))
			return PTR_ERR(context);
	}
	spin_lock_irq(&irq->lock);
	swap(context, irq->vectors[event->vector].eventfd);
	/* What came before it was there is not lost. */
	if (irq->vectors[event->vector].eventfd && irq->vectors[event->vector].count)
		signal_eventfd(irq->vectors[event->vector].eventfd);
	spin_unlock_irq(&irq->lock);
	if (context)
		eventfd_ctx_put(context);
	return 0;
}

int rumphost_irq_mask(struct rumphost_device *device, const struct rumphost_irq_vector *vector,
		      bool mask)
{
	struct rumphost_irq *irq = &device->irq;
	bool again = false;

	if (vector->vector || vector->pad || irq->kind != RUMPHOST_IRQ_INTX)
		return -EINVAL;
	if (irq->step_count && mask)
		return -EINVAL;
	spin_lock_irq(&irq->lock);
	if (irq->step_count) {
		resume_program(device);
	} else if (mask && !irq->masked) {
		if (irq->shared)
			pci_intx(device->pdev, 0);
		else
			disable_irq_nosync(irq->vectors[0].irq);
		irq->masked = true;
	} else if (!mask && irq->masked) {
		if (!irq->shared) {
			irq->masked = false;
			enable_irq(irq->vectors[0].irq);
		} else if (pci_check_and_unmask_intx(device->pdev)) {
			irq->masked = false;
		} else {
			note(&irq->vectors[0], 0);	/* still asserted */
			again = true;
		}
	}
	spin_unlock_irq(&irq->lock);
	if (again)
		wake_up_interruptible_poll(&device->wait, EPOLLIN | EPOLLRDNORM);
	return 0;
}

static int take_step(struct rumphost_device *device, struct rumphost_step *out,
		     const struct rumphost_ack_step *step)
{
	const struct rumphost_bar_state *bar;
	bool touches = step->op == RUMPHOST_ACK_LOAD || step->op == RUMPHOST_ACK_STORE ||
		       step->op == RUMPHOST_ACK_STORE_VALUE;
	unsigned long page;

	if (step->op > RUMPHOST_ACK_STORE_VALUE || step->pad || step->pad2)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->op = step->op;
	out->value = step->value;
	if (!touches)
		return step->bar || step->width || step->offset ? -EINVAL : 0;
	if (step->width > 4 || !rumphost_bar_range(device, step->bar, step->width, step->offset))
		return -EINVAL;
	bar = &device->bars[step->bar];
	page = (offset_in_page(bar->start) + (u64)step->offset) >> PAGE_SHIFT;
	if (bar->hidden_count && page >= bar->hidden_first &&
	    page < bar->hidden_first + bar->hidden_count)
		return -EPERM;
	if (bar->write_combining)
		return -EBUSY;
	out->width = step->width;
	out->bar = step->bar;
	out->page = rumphost_map_page(device, step->bar, step->offset);
	if (!out->page)
		return -ENOMEM;
	if (bar->flags & RUMPHOST_BAR_IO)
		out->register_address = out->page + step->offset;
	else
		out->register_address = out->page + offset_in_page(bar->start + step->offset);
	return 0;
}

int rumphost_irq_ack(struct rumphost_device *device, const struct rumphost_ack_program *program)
{
	struct rumphost_irq *irq = &device->irq;
	u32 n;
	int error = 0;

	if (program->pad || program->count > RUMPHOST_ACK_MAX)
		return -EINVAL;
	if (irq->kind)
		return -EBUSY;
	drop_program(device);
	mutex_lock(&device->map_lock);
	for (n = 0; n < program->count && !error; n++) {
		error = take_step(device, &irq->steps[n], &program->steps[n]);
		if (!error)
			irq->step_count = n + 1;
	}
	mutex_unlock(&device->map_lock);
	if (error)
		drop_program(device);
	return error;
}

bool rumphost_irq_pending(struct rumphost_device *device)
{
	struct rumphost_irq *irq = &device->irq;
	unsigned long flags;
	bool pending = false;
	u32 n;

	spin_lock_irqsave(&irq->lock, flags);
	for (n = 0; n < irq->count && !pending; n++)
		pending = irq->vectors[n].count;
	spin_unlock_irqrestore(&irq->lock, flags);
	return pending;
}

/* Take the next vector's events, if there are any. */
static bool take_event(struct rumphost_device *device, struct rumphost_event *event)
{
	struct rumphost_irq *irq = &device->irq;
	struct rumphost_vector *vector;
	bool found = false;
	u32 n;

	memset(event, 0, sizeof(*event));
	spin_lock_irq(&irq->lock);
	resume_program(device);
	for (n = 0; n < irq->count && !found; n++) {
		vector = &irq->vectors[n];
		if (!vector->count)
			continue;
		event->kind = irq->kind;
		event->vector = n;
		event->count = vector->count;
		event->data = vector->data;
		vector->count = 0;
		vector->data = 0;
		found = true;
	}
	spin_unlock_irq(&irq->lock);
	return found;
}

ssize_t rumphost_irq_read(struct rumphost_device *device, struct file *file, char __user *buffer,
			  size_t size)
{
	struct rumphost_event event;
	size_t done = 0;
	int error;

	if (size < sizeof(event))
		return -EINVAL;
	while (!rumphost_irq_pending(device)) {
		if (READ_ONCE(device->gone) || READ_ONCE(device->dead))
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event_interruptible(device->wait,
						 READ_ONCE(device->gone) ||
						 READ_ONCE(device->dead) ||
						 rumphost_irq_pending(device));
		if (error)
			return error;
	}
	while (size - done >= sizeof(event) && take_event(device, &event)) {
		if (copy_to_user(buffer + done, &event, sizeof(event)))
			return done ? done : -EFAULT;
		done += sizeof(event);
	}
	return done ? done : -EAGAIN;
}
