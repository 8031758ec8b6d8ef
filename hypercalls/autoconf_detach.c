/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf(9): detaching, deactivating, and work that is put off.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/device.h>

#include "shim.h"
#include "device_private.h"

RUMPHOST_UPCALL int rumphost_device_call_detach(device_t, int);
RUMPHOST_UPCALL int rumphost_device_deactivate(device_t);
RUMPHOST_UPCALL int rumphost_config_detach(device_t, int);

/* Newer trees declare these. */
int	config_detach_release(device_t, int);
void	config_detach_commit(device_t);
void	device_release(device_t);

/*
 * Detaching.
 */

/* Let the driver detach its device; the host calls this. */
int
rumphost_device_call_detach(device_t dev, int flags)
{
	const struct cfattach *ca = dev->dv_cfattach;
	int error;

	if ((flags & (DETACH_SHUTDOWN | DETACH_FORCE)) == DETACH_SHUTDOWN &&
	    (dev->dv_flags & DVF_DETACH_SHUTDOWN) == 0)
		return EOPNOTSUPP;
	if (ca->ca_detach == NULL)
		return EOPNOTSUPP;
	error = (*ca->ca_detach)(dev, flags);
	if (error == 0)
		dev->dv_flags &= ~DVF_ACTIVE;
	return error;
}

int
config_detach(device_t dev, int flags)
{
	int error = rumphost_autoconf_detach(dev, flags);

	if (error != 0 && (flags & DETACH_FORCE) != 0)
		panic("config_detach: forced detach of %s failed (%d)", device_xname(dev), error);
	return error;
}

/* For the host. */
int
rumphost_config_detach(device_t dev, int flags)
{

	return config_detach(dev, flags);
}

int
config_detach_release(device_t dev, int flags)
{

	device_release(dev);
	return config_detach(dev, flags);
}

void
config_detach_commit(device_t dev)
{

	rumphost_device_record(dev)->rd_committed = true;
}

int
config_detach_children(device_t parent, int flags)
{

	return rumphost_autoconf_detach_children(parent, flags);
}

int
config_deactivate(device_t dev)
{
	const struct cfattach *ca = dev->dv_cfattach;
	const int flags = dev->dv_flags;
	int error = 0;

	if (ca->ca_activate == NULL)
		return EOPNOTSUPP;
	if ((flags & DVF_ACTIVE) != 0) {
		dev->dv_flags = flags & ~DVF_ACTIVE;
		error = (*ca->ca_activate)(dev, DVACT_DEACTIVATE);
		if (error != 0)
			dev->dv_flags = flags;
	}
	return error;
}

/* The hardware is gone: the host tells the device before it has it detached. */
int
rumphost_device_deactivate(device_t dev)
{

	return config_deactivate(dev);
}

/* For a parent that keeps no record of its children. */
void
null_childdetached(device_t parent, device_t child)
{

	(void)parent;
	(void)child;
}

/*
 * Work for later.
 */

void
config_defer(device_t dev, void (*function)(device_t))
{

	if (dev->dv_parent == NULL)
		panic("config_defer: %s has no parent", device_xname(dev));
	rumphost_autoconf_defer(dev, (void *)function, RUMPHOST_DEFER_PARENT);
}

void
config_interrupts(device_t dev, void (*function)(device_t))
{

	rumphost_autoconf_defer(dev, (void *)function, RUMPHOST_DEFER_INTERRUPTS);
}

void
config_mountroot(device_t dev, void (*function)(device_t))
{

	rumphost_autoconf_defer(dev, (void *)function, RUMPHOST_DEFER_MOUNTROOT);
}

int
config_finalize_register(device_t dev, int (*function)(device_t))
{

	rumphost_autoconf_defer(dev, (void *)function, RUMPHOST_DEFER_FINALIZE);
	return 0;
}

void
config_pending_incr(device_t dev)
{

	rumphost_autoconf_pending(dev, 1);
}

void
config_pending_decr(device_t dev)
{

	rumphost_autoconf_pending(dev, -1);
}
