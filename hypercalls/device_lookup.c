/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf(9): finding devices and visiting them all, who wants to know when one is used, and
 * tables of what a driver knows.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>

#include "shim.h"
#include "device_private.h"

/*
 * Finding devices.
 */

device_t
device_lookup(cfdriver_t cd, int unit)
{

	return unit >= 0 && unit < cd->cd_ndevs ? cd->cd_devs[unit] : NULL;
}

void *
device_lookup_private(cfdriver_t cd, int unit)
{

	return device_private(device_lookup(cd, unit));
}

device_t
device_find_by_xname(const char *xname)
{
	struct rumphost_device *rd;

	TAILQ_FOREACH(rd, &rumphost_devices, rd_list) {
		if (strcmp(rd->rd_device.dv_xname, xname) == 0)
			return &rd->rd_device;
	}
	return NULL;
}

device_t
device_find_by_driver_unit(const char *driver, int unit)
{
	struct cfdriver *cd = config_cfdriver_lookup(driver);

	return cd != NULL ? device_lookup(cd, unit) : NULL;
}

device_t device_find_by_driver_unit_acquire(const char *, int);
device_t device_lookup_acquire(cfdriver_t, int);
void	device_acquire(device_t);
void	device_release(device_t);

static device_t
acquire(device_t dev)
{

	if (dev == NULL || rumphost_device_record(dev)->rd_committed)
		return NULL;
	device_acquire(dev);
	return dev;
}

device_t
device_lookup_acquire(cfdriver_t cd, int unit)
{

	return acquire(device_lookup(cd, unit));
}

device_t
device_find_by_driver_unit_acquire(const char *driver, int unit)
{

	return acquire(device_find_by_driver_unit(driver, unit));
}

void
device_acquire(device_t dev)
{

	rumphost_device_record(dev)->rd_references++;
}

void
device_release(device_t dev)
{

	if (rumphost_device_record(dev)->rd_references == 0)
		rumphost_misuse("autoconf(9)", "device_release of a device that nobody acquired");
	rumphost_device_record(dev)->rd_references--;
}

/*
 * Visiting all devices.  di_gen is the serial number of the last one; devices may come and go
 * meanwhile.
 */

static bool
leaves_first(const deviter_t *di)
{

	return (di->di_flags & (DEVITER_F_LEAVES_FIRST | DEVITER_F_SHUTDOWN)) != 0;
}

void
deviter_init(deviter_t *di, deviter_flags_t flags)
{
	struct rumphost_device *rd;

	memset(di, 0, sizeof(*di));
	di->di_flags = flags;
	TAILQ_FOREACH(rd, &rumphost_devices, rd_list)
		di->di_maxdepth = MAX(di->di_maxdepth, rd->rd_device.dv_depth);
	if (leaves_first(di))
		di->di_curdepth = di->di_maxdepth;
	else if ((flags & DEVITER_F_ROOT_FIRST) == 0)
		di->di_curdepth = -1;
}

device_t
deviter_next(deviter_t *di)
{
	struct rumphost_device *rd;

	for (;;) {
		TAILQ_FOREACH(rd, &rumphost_devices, rd_list) {
			if (rd->rd_serial <= di->di_gen ||
			    (di->di_curdepth >= 0 && rd->rd_device.dv_depth != di->di_curdepth))
				continue;
			di->di_gen = rd->rd_serial;
			return &rd->rd_device;
		}
		if (di->di_curdepth < 0)
			return NULL;
		di->di_gen = 0;
		if (leaves_first(di)) {
			if (di->di_curdepth-- == 0)
				return NULL;
		} else if (di->di_curdepth++ == di->di_maxdepth)
			return NULL;
	}
}

device_t
deviter_first(deviter_t *di, deviter_flags_t flags)
{

	deviter_init(di, flags);
	return deviter_next(di);
}

/* An iterator keeps hold of nothing. */
void
deviter_release(deviter_t *di)
{

	(void)di;
}

/*
 * Who wants to know when a device is used.
 */

bool
device_active_register(device_t dev, void (*handler)(device_t, devactive_t))
{
	struct rumphost_device *rd = rumphost_device_record(dev);
	void (**handlers)(device_t, devactive_t);

	handlers = rumphost_config_memory((rd->rd_active_count + 1) * sizeof(*handlers));
	if (rd->rd_active != NULL) {
		memcpy(handlers, rd->rd_active, rd->rd_active_count * sizeof(*handlers));
		rumphost_release(rd->rd_active);
	}
	handlers[rd->rd_active_count++] = handler;
	rd->rd_active = handlers;
	return true;
}

void
device_active_deregister(device_t dev, void (*handler)(device_t, devactive_t))
{
	struct rumphost_device *rd = rumphost_device_record(dev);

	for (size_t n = 0; n < rd->rd_active_count; n++) {
		if (rd->rd_active[n] != handler)
			continue;
		rd->rd_active_count--;
		memmove(&rd->rd_active[n], &rd->rd_active[n + 1],
		    (rd->rd_active_count - n) * sizeof(*rd->rd_active));
		return;
	}
}

bool
device_active(device_t dev, devactive_t how)
{
	struct rumphost_device *rd = rumphost_device_record(dev);

	for (size_t n = 0; n < rd->rd_active_count; n++)
		(*rd->rd_active[n])(dev, how);
	return rd->rd_active_count > 0;
}

#ifdef CFARGS

/*
 * Handles of a firmware's device tree: there is none.
 */

devhandle_t
devhandle_invalid(void)
{
	devhandle_t handle;

	memset(&handle, 0, sizeof(handle));
	return handle;
}

bool
devhandle_is_valid(devhandle_t handle)
{

	(void)handle;
	return false;
}

devhandle_t
device_handle(device_t dev)
{

	(void)dev;
	return devhandle_invalid();
}

void
device_set_handle(device_t dev, devhandle_t handle)
{

	(void)dev;
	(void)handle;
	rumphost_unsupported("autoconf(9)", "device_set_handle");
}

#endif

#ifdef DEVICE_COMPAT_EOL

/*
 * Tables of what a driver knows.
 */

static const struct device_compatible_entry *
compatible_string(const char *string, const struct device_compatible_entry *entry)
{

	for (; entry->compat != NULL; entry++) {
		if (strcmp(entry->compat, string) == 0)
			return entry;
	}
	return NULL;
}

const struct device_compatible_entry *
device_compatible_lookup(const char **strings, int count,
    const struct device_compatible_entry *table)
{
	const struct device_compatible_entry *entry;

	for (int n = 0; n < count; n++) {
		if ((entry = compatible_string(strings[n], table)) != NULL)
			return entry;
	}
	return NULL;
}

int
device_compatible_match(const char **strings, int count,
    const struct device_compatible_entry *table)
{

	for (int n = 0; n < count; n++) {
		if (compatible_string(strings[n], table) != NULL)
			return count - n;
	}
	return 0;
}

const struct device_compatible_entry *
device_compatible_lookup_id(uintptr_t const id, uintptr_t const last,
    const struct device_compatible_entry *entry)
{

	for (; entry->id != last; entry++) {
		if (entry->id == id)
			return entry;
	}
	return NULL;
}

int
device_compatible_match_id(uintptr_t const id, uintptr_t const last,
    const struct device_compatible_entry *table)
{

	return device_compatible_lookup_id(id, last, table) != NULL;
}

#endif
