/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmf(9): suspending, resuming and shutting devices down.
 *
 * Three layers are suspended in this order and resumed in the other: the class above the driver
 * (the network), the driver, the bus below it.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/device.h>
#include <sys/pmf.h>

#include "shim.h"
#include "device_private.h"

RUMPHOST_UPCALL int rumphost_pmf_suspend(device_t);
RUMPHOST_UPCALL int rumphost_pmf_resume(device_t);
RUMPHOST_UPCALL int rumphost_pmf_shutdown(device_t, int);
void	rumphost_shutdownhooks(uint32_t);

static const device_suspensor_t
    suspensor_system = { .ds_name = "system" },
    suspensor_self = { .ds_name = "self" },
    suspensor_drvctl = { .ds_name = "drvctl" };
const device_suspensor_t
    * const device_suspensor_system = &suspensor_system,
    * const device_suspensor_self = &suspensor_self,
    * const device_suspensor_drvctl = &suspensor_drvctl;

static const pmf_qual_t
    by_system = { .pq_suspensor = &suspensor_system, .pq_actlvl = DEVACT_LEVEL_FULL },
    by_self = { .pq_suspensor = &suspensor_self, .pq_actlvl = DEVACT_LEVEL_DRIVER },
    by_drvctl = { .pq_suspensor = &suspensor_drvctl, .pq_actlvl = DEVACT_LEVEL_FULL };
const pmf_qual_t * const PMF_Q_NONE = &by_system;
const pmf_qual_t * const PMF_Q_SELF = &by_self;
const pmf_qual_t * const PMF_Q_DRVCTL = &by_drvctl;

/*
 * Layers.
 */

bool
device_pmf_is_registered(device_t dev)
{

	return (dev->dv_flags & DVF_POWER_HANDLERS) != 0;
}

/* device_pmf_driver_register(): the trees do not agree on whether it returns something. */
bool	driver_register(device_t, bool (*)(device_t, const pmf_qual_t *),
	    bool (*)(device_t, const pmf_qual_t *), bool (*)(device_t, int))
	    __asm("device_pmf_driver_register");

bool
driver_register(device_t dev, bool (*suspend)(device_t, const pmf_qual_t *),
    bool (*resume)(device_t, const pmf_qual_t *), bool (*shutdown)(device_t, int))
{

	dev->dv_driver_suspend = suspend;
	dev->dv_driver_resume = resume;
	dev->dv_driver_shutdown = shutdown;
	dev->dv_flags |= DVF_POWER_HANDLERS;
	rumphost_pmf_register(dev, (void *)suspend, (void *)resume, (void *)shutdown);
	return true;
}

void
device_pmf_driver_deregister(device_t dev)
{

	dev->dv_driver_suspend = dev->dv_driver_resume = NULL;
	dev->dv_driver_shutdown = NULL;
	dev->dv_flags &= ~DVF_POWER_HANDLERS;
	rumphost_pmf_deregister(dev);
}

bool
device_pmf_driver_suspend(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_DRIVER_SUSPENDED) != 0)
		return true;
	if ((dev->dv_flags & DVF_CLASS_SUSPENDED) == 0)
		return false;
	if (pmf_qual_depth(qualifier) <= DEVACT_LEVEL_DRIVER &&
	    dev->dv_driver_suspend != NULL && !(*dev->dv_driver_suspend)(dev, qualifier))
		return false;
	dev->dv_flags |= DVF_DRIVER_SUSPENDED;
	return true;
}

bool
device_pmf_driver_resume(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_DRIVER_SUSPENDED) == 0)
		return true;
	if ((dev->dv_flags & DVF_BUS_SUSPENDED) != 0)
		return false;
	if (pmf_qual_depth(qualifier) <= DEVACT_LEVEL_DRIVER &&
	    dev->dv_driver_resume != NULL && !(*dev->dv_driver_resume)(dev, qualifier))
		return false;
	dev->dv_flags &= ~DVF_DRIVER_SUSPENDED;
	return true;
}

bool
device_pmf_driver_shutdown(device_t dev, int how)
{

	return dev->dv_driver_shutdown == NULL || (*dev->dv_driver_shutdown)(dev, how);
}

void
device_pmf_bus_register(device_t dev, void *private,
    bool (*suspend)(device_t, const pmf_qual_t *), bool (*resume)(device_t, const pmf_qual_t *),
    bool (*shutdown)(device_t, int), void (*deregister)(device_t))
{

	dev->dv_bus_private = private;
	dev->dv_bus_suspend = suspend;
	dev->dv_bus_resume = resume;
	dev->dv_bus_shutdown = shutdown;
	dev->dv_bus_deregister = deregister;
}

void
device_pmf_bus_deregister(device_t dev)
{

	if (dev->dv_bus_deregister != NULL)
		(*dev->dv_bus_deregister)(dev);
	device_pmf_bus_register(dev, NULL, NULL, NULL, NULL, NULL);
}

void *
device_pmf_bus_private(device_t dev)
{

	return dev->dv_bus_private;
}

bool
device_pmf_bus_suspend(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_BUS_SUSPENDED) != 0)
		return true;
	if ((dev->dv_flags & DVF_DRIVER_SUSPENDED) == 0)
		return false;
	if (dev->dv_bus_suspend != NULL && !(*dev->dv_bus_suspend)(dev, qualifier))
		return false;
	dev->dv_flags |= DVF_BUS_SUSPENDED;
	return true;
}

bool
device_pmf_bus_resume(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_BUS_SUSPENDED) == 0)
		return true;
	if (dev->dv_bus_resume != NULL && !(*dev->dv_bus_resume)(dev, qualifier))
		return false;
	dev->dv_flags &= ~DVF_BUS_SUSPENDED;
	return true;
}

bool
device_pmf_bus_shutdown(device_t dev, int how)
{

	return dev->dv_bus_shutdown == NULL || (*dev->dv_bus_shutdown)(dev, how);
}

void
device_pmf_class_register(device_t dev, void *private,
    bool (*suspend)(device_t, const pmf_qual_t *), bool (*resume)(device_t, const pmf_qual_t *),
    void (*deregister)(device_t))
{

	dev->dv_class_private = private;
	dev->dv_class_suspend = suspend;
	dev->dv_class_resume = resume;
	dev->dv_class_deregister = deregister;
}

void
device_pmf_class_deregister(device_t dev)
{

	if (dev->dv_class_deregister != NULL)
		(*dev->dv_class_deregister)(dev);
	device_pmf_class_register(dev, NULL, NULL, NULL, NULL);
}

void *
device_pmf_class_private(device_t dev)
{

	return dev->dv_class_private;
}

bool
device_pmf_class_suspend(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_CLASS_SUSPENDED) != 0)
		return true;
	if (pmf_qual_depth(qualifier) <= DEVACT_LEVEL_CLASS &&
	    dev->dv_class_suspend != NULL && !(*dev->dv_class_suspend)(dev, qualifier))
		return false;
	dev->dv_flags |= DVF_CLASS_SUSPENDED;
	return true;
}

bool
device_pmf_class_resume(device_t dev, const pmf_qual_t *qualifier)
{

	if ((dev->dv_flags & DVF_CLASS_SUSPENDED) == 0)
		return true;
	if ((dev->dv_flags & DVF_DRIVER_SUSPENDED) != 0)
		return false;
	if (pmf_qual_depth(qualifier) <= DEVACT_LEVEL_CLASS &&
	    dev->dv_class_resume != NULL && !(*dev->dv_class_resume)(dev, qualifier))
		return false;
	dev->dv_flags &= ~DVF_CLASS_SUSPENDED;
	return true;
}

/*
 * Suspensors: a device that several keep suspended is resumed with the last of them.
 */

static const device_suspensor_t **
suspensors(device_t dev)
{

	return ((struct rumphost_device *)(void *)dev)->rd_suspensors;
}

static void
add_suspensor(device_t dev, const device_suspensor_t *suspensor)
{
	const device_suspensor_t **list = suspensors(dev), **free = NULL;

	for (int n = 0; n < RUMPHOST_SUSPENSORS; n++) {
		if (list[n] == suspensor)
			return;
		if (list[n] == NULL)
			free = &list[n];
	}
	if (free == NULL)
		panic("pmf: %s: too many suspensors", device_xname(dev));
	*free = suspensor;
}

/* Returns whether others are left. */
static bool
remove_suspensor(device_t dev, const device_suspensor_t *suspensor)
{
	const device_suspensor_t **list = suspensors(dev);
	bool others = false;

	for (int n = 0; n < RUMPHOST_SUSPENSORS; n++) {
		if (list[n] == suspensor)
			list[n] = NULL;
		else if (list[n] != NULL)
			others = true;
	}
	return others;
}

bool
device_is_self_suspended(device_t dev)
{
	const device_suspensor_t **list = suspensors(dev), *suspensor;

	for (int n = 0; n < RUMPHOST_SUSPENSORS; n++) {
		for (suspensor = list[n]; suspensor != NULL; suspensor = suspensor->ds_delegator) {
			if (suspensor == device_suspensor_self)
				return true;
		}
	}
	return false;
}

/* A driver that saves power while it is idle suspends itself by such a name. */
void
pmf_self_suspensor_init(device_t dev, device_suspensor_t *suspensor, pmf_qual_t *qualifier)
{

	suspensor->ds_delegator = device_suspensor_self;
	(void)snprintf(suspensor->ds_name, sizeof(suspensor->ds_name), "%s-self",
	    device_xname(dev));
	qualifier->pq_actlvl = DEVACT_LEVEL_DRIVER;
	qualifier->pq_suspensor = suspensor;
}

/*
 * Devices.
 */

bool
pmf_device_register1(device_t dev, bool (*suspend)(device_t, const pmf_qual_t *),
    bool (*resume)(device_t, const pmf_qual_t *), bool (*shutdown)(device_t, int))
{

	(void)driver_register(dev, suspend, resume, shutdown);
	if (dev->dv_parent != NULL && device_is_a(dev->dv_parent, "pci"))
		rumphost_pci_power_register(dev);
	return true;
}

void
pmf_device_deregister(device_t dev)
{

	device_pmf_class_deregister(dev);
	device_pmf_bus_deregister(dev);
	device_pmf_driver_deregister(dev);
}

bool
pmf_device_suspend(device_t dev, const pmf_qual_t *qualifier)
{
	bool done;

	done = device_pmf_is_registered(dev) && device_pmf_class_suspend(dev, qualifier) &&
	    device_pmf_driver_suspend(dev, qualifier) && device_pmf_bus_suspend(dev, qualifier);
	if (done && pmf_qual_suspension(qualifier) != NULL)
		add_suspensor(dev, pmf_qual_suspension(qualifier));
	rumphost_pmf_state(dev, done ? 1 : -1);
	return done;
}

bool
pmf_device_resume(device_t dev, const pmf_qual_t *qualifier)
{
	bool done;

	if (remove_suspensor(dev, pmf_qual_suspension(qualifier)))
		return true;
	done = device_pmf_is_registered(dev) && device_pmf_bus_resume(dev, qualifier) &&
	    device_pmf_driver_resume(dev, qualifier) && device_pmf_class_resume(dev, qualifier);
	rumphost_pmf_state(dev, done ? 0 : -1);
	return done;
}

/* Do something to every child; newest first when they are to go before their parent. */
static bool
each_child(device_t dev, const pmf_qual_t *qualifier, bool newest_first,
    bool (*function)(device_t, const pmf_qual_t *))
{
	struct rumphost_device *rd;

	if (newest_first) {
		TAILQ_FOREACH_REVERSE(rd, &rumphost_devices, rumphost_device_list, rd_list) {
			if (rd->rd_device.dv_parent == dev &&
			    !(*function)(&rd->rd_device, qualifier))
				return false;
		}
		return true;
	}
	TAILQ_FOREACH(rd, &rumphost_devices, rd_list) {
		if (rd->rd_device.dv_parent == dev && !(*function)(&rd->rd_device, qualifier))
			return false;
	}
	return true;
}

bool
pmf_device_recursive_suspend(device_t dev, const pmf_qual_t *qualifier)
{

	if (!each_child(dev, qualifier, true, pmf_device_recursive_suspend))
		return false;
	return pmf_device_suspend(dev, qualifier);
}

/* Resume what is above a device, then it. */
bool
pmf_device_recursive_resume(device_t dev, const pmf_qual_t *qualifier)
{
	device_t parent = dev->dv_parent;

	if (device_is_active(dev))
		return true;
	if (parent != NULL && !pmf_device_recursive_resume(parent, qualifier))
		return false;
	return pmf_device_resume(dev, qualifier);
}

bool
pmf_device_descendants_resume(device_t dev, const pmf_qual_t *qualifier)
{

	return each_child(dev, qualifier, false, pmf_device_subtree_resume);
}

bool
pmf_device_subtree_resume(device_t dev, const pmf_qual_t *qualifier)
{

	return pmf_device_recursive_resume(dev, qualifier) &&
	    pmf_device_descendants_resume(dev, qualifier);
}

/* The host suspends, resumes and shuts a device down with all that is below it. */

int
rumphost_pmf_suspend(device_t dev)
{

	return pmf_device_recursive_suspend(dev, PMF_Q_NONE);
}

int
rumphost_pmf_resume(device_t dev)
{

	return pmf_device_subtree_resume(dev, PMF_Q_NONE);
}

static bool
shut_down(device_t dev, const pmf_qual_t *qualifier)
{

	return each_child(dev, qualifier, true, shut_down) &&
	    device_pmf_driver_shutdown(dev, (int)qualifier->pq_actlvl) &&
	    device_pmf_bus_shutdown(dev, (int)qualifier->pq_actlvl);
}

int
rumphost_pmf_shutdown(device_t dev, int how)
{
	const pmf_qual_t carrier = { .pq_actlvl = (devact_level_t)how };

	rumphost_shutdownhooks(rumphost_curlwp()->owner);
	return shut_down(dev, &carrier);
}
