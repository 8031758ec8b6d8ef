/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf(9): devices, and what they tell of themselves.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/proc.h>
#include <sys/device.h>

#include "shim.h"
#include "device_private.h"

#define MANUAL	"autoconf(9)"

RUMPHOST_UPCALL device_t rumphost_device_create(cfdata_t, device_t, int, const int *);
RUMPHOST_UPCALL void rumphost_device_destroy(device_t, int, int);
RUMPHOST_UPCALL void *rumphost_device_private(device_t);
RUMPHOST_UPCALL char *rumphost_device_properties(device_t);

struct rumphost_device_list rumphost_devices = TAILQ_HEAD_INITIALIZER(rumphost_devices);
device_t booted_device;

static uint64_t serial;

void *
rumphost_config_memory(size_t size)
{
	struct rumphost_lwp *l = rumphost_curlwp();
	const uint32_t owner = l->owner;
	void *memory;

	l->owner = 0;
	memory = rumphost_allocate(size, 16, 0);
	l->owner = owner;
	if (memory == NULL)
		panic("autoconf: no memory for %lu bytes", (unsigned long)size);
	memset(memory, 0, size);
	return memory;
}

/* The driver's device of a unit came (or went, with NULL). */
static void
device_slot(struct cfdriver *cd, int unit, device_t dev)
{
	device_t *slots;
	int count;

	if (unit >= cd->cd_ndevs) {
		count = unit + 4;
		slots = rumphost_config_memory((size_t)count * sizeof(*slots));
		if (cd->cd_devs != NULL) {
			memcpy(slots, cd->cd_devs, (size_t)cd->cd_ndevs * sizeof(*slots));
			rumphost_release(cd->cd_devs);
		}
		cd->cd_devs = slots;
		cd->cd_ndevs = count;
	}
	cd->cd_devs[unit] = dev;
}

void
rumphost_device_add(struct rumphost_device *rd)
{

	rd->rd_serial = ++serial;
	TAILQ_INSERT_TAIL(&rumphost_devices, rd, rd_list);
	device_slot(rd->rd_device.dv_cfdriver, rd->rd_device.dv_unit, &rd->rd_device);
}

/* The properties that every device has, and those that the host gives it. */
static prop_dictionary_t
initial_properties(device_t dev)
{
	prop_dictionary_t properties = prop_dictionary_create();
	struct rumphost_property property;

	prop_dictionary_set_cstring(properties, "device-driver", dev->dv_cfdriver->cd_name);
	prop_dictionary_set_uint16(properties, "device-unit", (uint16_t)dev->dv_unit);
	if (dev->dv_parent != NULL)
		prop_dictionary_set_cstring(properties, "device-parent",
		    device_xname(dev->dv_parent));
	for (int n = 0; rumphost_property_initial(dev->dv_xname, n, &property) != 0; n++) {
		switch (property.type) {
		case RUMPHOST_PROPERTY_BOOL:
			prop_dictionary_set_bool(properties, property.key, property.number != 0);
			break;
		case RUMPHOST_PROPERTY_NUMBER:
			prop_dictionary_set_uint64(properties, property.key, property.number);
			break;
		case RUMPHOST_PROPERTY_STRING:
			prop_dictionary_set_cstring(properties, property.key, property.data);
			break;
		default:
			prop_dictionary_set_and_rel(properties, property.key,
			    prop_data_create_data(property.data, property.size));
			break;
		}
	}
	return properties;
}

static int *
copy_locators(device_t parent, cfdata_t cf, const int *locators)
{
	const char *name = cfdata_ifattr(cf);
	const struct cfiattrdata *attribute;
	int *copy;

	if (parent == NULL || locators == NULL || name == NULL)
		return NULL;
	attribute = cfiattr_lookup(name, parent->dv_cfdriver);
	if (attribute == NULL || attribute->ci_loclen == 0)
		return NULL;
	copy = rumphost_config_memory((size_t)attribute->ci_loclen * sizeof(*copy));
	memcpy(copy, locators, (size_t)attribute->ci_loclen * sizeof(*copy));
	return copy;
}

/*
 * Make the device that is to be attached by `cf' under `parent'.  The host calls this, and
 * rumphost_device_destroy() once the device is detached, with nobody as the lwp's owner.
 */
device_t
rumphost_device_create(cfdata_t cf, device_t parent, int unit, const int *locators)
{
	struct cfdriver *cd = config_cfdriver_lookup(cf->cf_name);
	struct cfattach *ca = config_cfattach_lookup(cf->cf_name, cf->cf_atname);
	struct rumphost_device *rd;
	device_t dev;

	if (cd == NULL || ca == NULL)
		panic("autoconf: %s has no attachment %s", cf->cf_name, cf->cf_atname);
	rd = rumphost_config_memory(sizeof(*rd));
	dev = &rd->rd_device;
	dev->dv_class = cd->cd_class;
	dev->dv_cfdata = cf;
	dev->dv_cfdriver = cd;
	dev->dv_cfattach = ca;
	dev->dv_unit = unit;
	dev->dv_parent = parent;
	dev->dv_depth = parent != NULL ? parent->dv_depth + 1 : 0;
	dev->dv_flags = ca->ca_flags | DVF_ACTIVE;
	(void)snprintf(dev->dv_xname, sizeof(dev->dv_xname), "%s%d", cd->cd_name, unit);
	if (ca->ca_devsize > 0)
		dev->dv_private = rumphost_config_memory(ca->ca_devsize);
	dev->dv_locators = copy_locators(parent, cf, locators);
	dev->dv_properties = initial_properties(dev);
	rumphost_device_add(rd);
	return dev;
}

/* Take it away and tell the parent and people, unless its driver has crashed. */
void
rumphost_device_destroy(device_t dev, int flags, int crashed)
{
	device_t parent = dev->dv_parent;
	struct rumphost_device *rd = rumphost_device_record(dev);

	rd->rd_committed = true;
	while (!crashed && rd->rd_references > 0)
		(void)kpause("devref", false, 1, NULL);
	if (!crashed && parent != NULL && parent->dv_cfattach != NULL &&
	    parent->dv_cfattach->ca_childdetached != NULL)
		(*parent->dv_cfattach->ca_childdetached)(parent, dev);
	if (!crashed && (flags & DETACH_QUIET) == 0)
		aprint_normal_dev(dev, "detached\n");
	if (dev->dv_bus_deregister != NULL)
		(*dev->dv_bus_deregister)(dev);
	if (device_pmf_is_registered(dev))
		rumphost_pmf_deregister(dev);
	device_slot(dev->dv_cfdriver, dev->dv_unit, NULL);
	TAILQ_REMOVE(&rumphost_devices, rd, rd_list);
	prop_object_release(dev->dv_properties);
	if (dev->dv_locators != NULL)
		rumphost_release(dev->dv_locators);
	if (dev->dv_cfattach->ca_devsize > 0)
		rumphost_release(dev->dv_private);
	if (rd->rd_active != NULL)
		rumphost_release(rd->rd_active);
	rumphost_release(dev);
}

/* For the host: the softc's address. */
void *
rumphost_device_private(device_t dev)
{

	return dev->dv_private;
}

/* For the host: the properties as XML, to be released by rumphost_release(). */
char *
rumphost_device_properties(device_t dev)
{

	return prop_dictionary_externalize(dev->dv_properties);
}

/*
 * Accessors.
 */

devclass_t
device_class(device_t dev)
{

	return dev->dv_class;
}

cfdata_t
device_cfdata(device_t dev)
{

	return dev->dv_cfdata;
}

cfdriver_t
device_cfdriver(device_t dev)
{

	return dev->dv_cfdriver;
}

cfattach_t
device_cfattach(device_t dev)
{

	return dev->dv_cfattach;
}

int
device_unit(device_t dev)
{

	return dev->dv_unit;
}

const char *
device_xname(device_t dev)
{

	return dev->dv_xname;
}

device_t
device_parent(device_t dev)
{

	return dev->dv_parent;
}

bool
device_activation(device_t dev, devact_level_t level)
{
	int wanted = DVF_ACTIVE;

	if ((dev->dv_flags & DVF_ACTIVE) == 0)
		return false;
	wanted |= DVF_BUS_SUSPENDED;
	if (level != DEVACT_LEVEL_BUS)
		wanted |= DVF_DRIVER_SUSPENDED;
	if (level == DEVACT_LEVEL_CLASS)
		wanted |= DVF_CLASS_SUSPENDED;
	return (dev->dv_flags & wanted) == DVF_ACTIVE;
}

bool
device_is_active(device_t dev)
{

	return device_activation(dev, DEVACT_LEVEL_CLASS);
}

bool
device_is_enabled(device_t dev)
{

	return (dev->dv_flags & DVF_ACTIVE) != 0;
}

bool
device_has_power(device_t dev)
{

	return device_activation(dev, DEVACT_LEVEL_BUS);
}

int
device_locator(device_t dev, u_int which)
{

	if (dev->dv_locators == NULL)
		rumphost_misuse(MANUAL, "device_locator: the device has no locators");
	return dev->dv_locators[which];
}

void *
device_private(device_t dev)
{

	return dev != NULL ? dev->dv_private : NULL;
}

void	device_set_private(device_t, void *);

void
device_set_private(device_t dev, void *private)
{

	if (dev->dv_private != NULL)
		rumphost_misuse(MANUAL, "device_set_private: the device has private memory");
	dev->dv_private = private;
}

prop_dictionary_t
device_properties(device_t dev)
{

	return dev->dv_properties;
}

bool
device_is_a(device_t dev, const char *driver)
{

	return dev != NULL && dev->dv_cfdriver != NULL &&
	    strcmp(dev->dv_cfdriver->cd_name, driver) == 0;
}

bool	device_attached_to_iattr(device_t, const char *);

bool
device_attached_to_iattr(device_t dev, const char *attribute)
{
	const char *name = dev->dv_cfdata != NULL ? cfdata_ifattr(dev->dv_cfdata) : NULL;

	return name != NULL && strcmp(name, attribute) == 0;
}

/* Ports may add properties of their own; the host's are there already. */
void
device_register(device_t dev, void *aux)
{

	(void)dev;
	(void)aux;
}

void
device_register_post_config(device_t dev, void *aux)
{

	(void)dev;
	(void)aux;
}
