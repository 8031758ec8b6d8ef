/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of a device, for the kernel's own code only.
 */

#ifndef _SYS_DEVICE_IMPL_H_
#define _SYS_DEVICE_IMPL_H_

#include <sys/device.h>

struct device {
	devclass_t	dv_class;
	TAILQ_ENTRY(device) dv_list;
	cfdata_t	dv_cfdata;	/* NULL: of the host's own making */
	cfdriver_t	dv_cfdriver;
	cfattach_t	dv_cfattach;
	int		dv_unit;
	char		dv_xname[16];
	device_t	dv_parent;
	int		dv_depth;	/* 0: the root */
	int		dv_flags;	/* DVF_* */
	void		*dv_private;
	int		*dv_locators;
	prop_dictionary_t dv_properties;

	size_t		dv_activity_count;
	void		(**dv_activity_handlers)(device_t, devactive_t);

	bool		(*dv_driver_suspend)(device_t, const pmf_qual_t *);
	bool		(*dv_driver_resume)(device_t, const pmf_qual_t *);
	bool		(*dv_driver_shutdown)(device_t, int);

	void		*dv_bus_private;
	bool		(*dv_bus_suspend)(device_t, const pmf_qual_t *);
	bool		(*dv_bus_resume)(device_t, const pmf_qual_t *);
	bool		(*dv_bus_shutdown)(device_t, int);
	void		(*dv_bus_deregister)(device_t);

	void		*dv_class_private;
	bool		(*dv_class_suspend)(device_t, const pmf_qual_t *);
	bool		(*dv_class_resume)(device_t, const pmf_qual_t *);
	void		(*dv_class_deregister)(device_t);
};
TAILQ_HEAD(devicelist, device);

#endif /* !_SYS_DEVICE_IMPL_H_ */
