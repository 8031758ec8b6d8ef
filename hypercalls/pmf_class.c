/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmf(9): what suspends a class of devices, and events between drivers, which the host keeps.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/pmf.h>
#include <sys/socket.h>

/* A tree's inline functions have parameters that they do not use. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <net/if.h>
#pragma GCC diagnostic pop

#include "shim.h"
#include "device_private.h"

/*
 * Classes.
 */

static bool
network_suspend(device_t dev, const pmf_qual_t *qualifier)
{
	struct ifnet *ifp = dev->dv_class_private;
	const int s = splnet();

	(void)qualifier;
	if (ifp->if_stop != NULL)
		(*ifp->if_stop)(ifp, 0);
	splx(s);
	return true;
}

static bool
network_resume(device_t dev, const pmf_qual_t *qualifier)
{
	struct ifnet *ifp = dev->dv_class_private;
	const int s = splnet();

	(void)qualifier;
	if ((ifp->if_flags & IFF_UP) != 0) {
		ifp->if_flags &= ~IFF_RUNNING;
		if ((*ifp->if_init)(ifp) != 0)
			aprint_normal_ifnet(ifp, "resume failed\n");
		else if (ifp->if_start != NULL)
			(*ifp->if_start)(ifp);
	}
	splx(s);
	return true;
}

void
pmf_class_network_register(device_t dev, struct ifnet *ifp)
{

	device_pmf_class_register(dev, ifp, network_suspend, network_resume, NULL);
}

/* Neither input devices nor displays have anything in common to do when they are suspended. */
bool
pmf_class_input_register(device_t dev)
{

	(void)dev;
	return true;
}

bool
pmf_class_display_register(device_t dev)
{

	(void)dev;
	return true;
}

/*
 * Events and qualities of the machine.
 */

bool
pmf_event_register(device_t dev, pmf_generic_event_t event, void (*handler)(device_t),
    bool global)
{

	rumphost_pmf_event_register(dev, (int32_t)event, (void *)handler, global);
	return true;
}

void
pmf_event_deregister(device_t dev, pmf_generic_event_t event, void (*handler)(device_t),
    bool global)
{

	rumphost_pmf_event_deregister(dev, (int32_t)event, (void *)handler, global);
}

bool
pmf_event_inject(device_t dev, pmf_generic_event_t event)
{

	return rumphost_pmf_event_inject(dev, (int32_t)event) != 0;
}

bool
pmf_set_platform(const char *key, const char *value)
{

	rumphost_pmf_set_platform(key, value);
	return true;
}

/* The answer stays good until the next question. */
const char *
pmf_get_platform(const char *key)
{
	static char value[128];

	return rumphost_pmf_platform(key, value, sizeof(value)) != 0 ? value : NULL;
}
