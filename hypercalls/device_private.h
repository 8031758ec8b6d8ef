/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the autoconf(9) and pmf(9) parts of the shim know of a device beyond struct device.
 */

#ifndef RUMPHOST_DEVICE_PRIVATE_H
#define RUMPHOST_DEVICE_PRIVATE_H

#include <sys/queue.h>
#include <sys/device.h>
#if __has_include(<sys/device_impl.h>)
#include <sys/device_impl.h>
#endif

#define RUMPHOST_SUSPENSORS	8	/* of one device at once, at most */

/* Every device is the first member of one of these. */
struct rumphost_device {
	struct device	rd_device;
	TAILQ_ENTRY(rumphost_device) rd_list;
	uint64_t	rd_serial;	/* order of creation, from 1 */
	const device_suspensor_t *rd_suspensors[RUMPHOST_SUSPENSORS];
	void		(**rd_active)(device_t, devactive_t);
	size_t		rd_active_count;
	u_int		rd_references;	/* of device_acquire: the device stays until they are gone */
	bool		rd_committed;	/* it is being detached, and nothing can stop that */
};
TAILQ_HEAD(rumphost_device_list, rumphost_device);

extern struct rumphost_device_list rumphost_devices;

static inline struct rumphost_device *
rumphost_device_record(device_t dev)
{

	return (struct rumphost_device *)(void *)dev;
}

/* Zeroed memory that is nobody's leak: it goes when the shim releases it. */
void	*rumphost_config_memory(size_t);

/* Put a new device into the list of all and into its driver's. */
void	rumphost_device_add(struct rumphost_device *);

/* Bring what each page of the shim has to tell the host when the image is loaded. */
void	rumphost_buf_load(void);
void	rumphost_devsw_load(void);
void	rumphost_evcnt_load(void);
void	rumphost_sysctl_load(void);
void	rumphost_module_load(void);
void	rumphost_pci_load(void);
void	rumphost_proc_load(void);

/* Give a new child of pci0 the bus's part in suspending it, and take it away. */
void	rumphost_pci_power_register(device_t);

#endif
