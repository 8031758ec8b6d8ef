/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf(9): drivers, attachments, devices.
 */

#ifndef _SYS_DEVICE_H_
#define _SYS_DEVICE_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/device_if.h>
#include <sys/evcnt.h>

#ifdef _KERNEL
#include <sys/mutex.h>
#include <sys/condvar.h>
#include <sys/pmf.h>
#endif

#include <prop/proplib.h>

typedef enum devclass {
	DV_DULL,
	DV_CPU,
	DV_DISK,
	DV_IFNET,
	DV_TAPE,
	DV_TTY,
	DV_AUDIODEV,
	DV_DISPLAYDEV,
	DV_BUS,
	DV_VIRTUAL
} devclass_t;

typedef enum devact {
	DVACT_DEACTIVATE
} devact_t;

typedef enum {
	DVA_SYSTEM,
	DVA_HARDWARE
} devactive_t;

typedef struct cfdata	*cfdata_t;
typedef struct cfdriver	*cfdriver_t;
typedef struct cfattach	*cfattach_t;

/* A handle of the firmware's device tree; there is none. */
typedef struct device_handle {
	const void	*impl;
	union {
		uintptr_t	uintptr;
		void		*pointer;
		int		integer;
	};
} devhandle_t;

/* Interface attributes: what a driver's devices can have attached, and its locators. */
struct cflocdesc {
	const char	*cld_name;
	const char	*cld_defaultstr;	/* NULL: has no default */
	int		cld_default;
};

struct cfiattrdata {
	const char	*ci_name;
	int		ci_loclen;
	const struct cflocdesc ci_locdesc[];
};

/* Where an instance may attach. */
struct cfparent {
	const char	*cfp_iattr;	/* interface attribute */
	const char	*cfp_parent;	/* driver, or NULL: any */
	int		cfp_unit;	/* or DVUNIT_ANY */
};

/* One instance in the kernel's configuration. */
struct cfdata {
	const char	*cf_name;
	const char	*cf_atname;
	short		cf_unit;
	short		cf_fstate;
	int		*cf_loc;
	int		cf_flags;
	const struct cfparent *cf_pspec;
};
#define FSTATE_NOTFOUND		0
#define FSTATE_FOUND		1
#define FSTATE_STAR		2
#define FSTATE_DSTAR		3
#define FSTATE_DNOTFOUND	4

#define DVUNIT_ANY	(-1)

typedef int (*cfsubmatch_t)(device_t, cfdata_t, const int *, void *);
typedef int (*cfsearch_t)(device_t, cfdata_t, const int *, void *);

/* One way to attach devices of a driver. */
struct cfattach {
	const char	*ca_name;
	LIST_ENTRY(cfattach) ca_list;
	size_t		ca_devsize;	/* of the softc */
	int		ca_flags;
	int		(*ca_match)(device_t, cfdata_t, void *);
	void		(*ca_attach)(device_t, device_t, void *);
	int		(*ca_detach)(device_t, int);
	int		(*ca_activate)(device_t, devact_t);
	int		(*ca_rescan)(device_t, const char *, const int *);
	void		(*ca_childdetached)(device_t, device_t);
};
LIST_HEAD(cfattachlist, cfattach);

#define CFATTACH_DECL3_NEW(name, size, match, attach, detach, activate, rescan, childdetached, \
    flags)								\
struct cfattach __CONCAT(name,_ca) = {					\
	.ca_name = ___STRING(name),					\
	.ca_devsize = (size),						\
	.ca_flags = (flags) | DVF_PRIV_ALLOC,				\
	.ca_match = (match),						\
	.ca_attach = (attach),						\
	.ca_detach = (detach),						\
	.ca_activate = (activate),					\
	.ca_rescan = (rescan),						\
	.ca_childdetached = (childdetached),				\
}
#define CFATTACH_DECL2_NEW(name, size, match, attach, detach, activate, rescan, childdetached) \
	CFATTACH_DECL3_NEW(name, size, match, attach, detach, activate, rescan, childdetached, 0)
#define CFATTACH_DECL_NEW(name, size, match, attach, detach, activate) \
	CFATTACH_DECL2_NEW(name, size, match, attach, detach, activate, NULL, NULL)

/* dv_flags, ca_flags */
#define DVF_ACTIVE		0x0001
#define DVF_PRIV_ALLOC		0x0002
#define DVF_POWER_HANDLERS	0x0004
#define DVF_CLASS_SUSPENDED	0x0008
#define DVF_DRIVER_SUSPENDED	0x0010
#define DVF_BUS_SUSPENDED	0x0020
#define DVF_DETACH_SHUTDOWN	0x0080
#define DVF_ATTACH_INPROGRESS	0x0100

/* config_detach(9) */
#define DETACH_FORCE	0x01
#define DETACH_QUIET	0x02
#define DETACH_SHUTDOWN	0x04
#define DETACH_POWEROFF	0x08

struct cfdriver {
	LIST_ENTRY(cfdriver) cd_list;
	struct cfattachlist cd_attach;
	device_t	*cd_devs;	/* by unit */
	const char	*cd_name;
	enum devclass	cd_class;
	int		cd_ndevs;	/* entries of cd_devs */
	const struct cfiattrdata * const *cd_attrs;
};
LIST_HEAD(cfdriverlist, cfdriver);

#define CFDRIVER_DECL(name, class, attrs)				\
struct cfdriver __CONCAT(name,_cd) = {					\
	.cd_name = ___STRING(name),					\
	.cd_class = (class),						\
	.cd_attrs = (attrs),						\
}

/* What a driver's print function answers. */
typedef int (*cfprint_t)(void *, const char *);
#define QUIET	0
#define UNCONF	1		/* " not configured" */
#define UNSUPP	2		/* " not supported" */

/* How config_found(9) and its like look for a match; made with CFARGS. */
struct cfargs {
	uintptr_t	cfargs_version;
	cfsubmatch_t	submatch;
	cfsearch_t	search;
	const char	*iattr;
	const int	*locators;
	devhandle_t	devhandle;
};
#define CFARGS_VERSION	1
#define CFARGS_NONE	NULL
#define CFARGS(...) \
	(&(const struct cfargs){ .cfargs_version = CFARGS_VERSION, __VA_ARGS__ })

/* Tables of what a driver knows. */
struct device_compatible_entry {
	union {
		const char	*compat;
		uintptr_t	id;
	};
	union {
		const void	*data;
		uintptr_t	value;
	};
};
#define DEVICE_COMPAT_EOL	{ .compat = NULL }

#ifdef _KERNEL

enum deviter_flags {
	DEVITER_F_RW = 0x1,
	DEVITER_F_SHUTDOWN = 0x2,
	DEVITER_F_LEAVES_FIRST = 0x4,
	DEVITER_F_ROOT_FIRST = 0x8
};
typedef enum deviter_flags deviter_flags_t;

struct deviter {
	device_t	di_prev;
	deviter_flags_t	di_flags;
	int		di_curdepth;
	int		di_maxdepth;
	devgen_t	di_gen;
};
typedef struct deviter deviter_t;

/* Who keeps a device suspended. */
struct device_suspensor {
	const device_suspensor_t *ds_delegator;
	char		ds_name[32];
};

extern struct cfdriverlist allcfdrivers;
extern device_t	booted_device;

int	config_cfdriver_attach(struct cfdriver *);
int	config_cfdriver_detach(struct cfdriver *);
int	config_cfattach_attach(const char *, struct cfattach *);
int	config_cfattach_detach(const char *, struct cfattach *);
struct cfdriver *config_cfdriver_lookup(const char *);
struct cfattach *config_cfattach_lookup(const char *, const char *);
const struct cfiattrdata *cfiattr_lookup(const char *, const struct cfdriver *);
const char *cfdata_ifattr(const struct cfdata *);
bool	ifattr_match(const char *, const char *);

int	config_stdsubmatch(device_t, cfdata_t, const int *, void *);
int	config_match(device_t, cfdata_t, void *);
int	config_probe(device_t, cfdata_t, void *);
cfdata_t config_search(device_t, void *, const struct cfargs *);
device_t config_found(device_t, void *, cfprint_t, const struct cfargs *);
device_t config_attach(device_t, cfdata_t, void *, cfprint_t, const struct cfargs *);
device_t config_found_acquire(device_t, void *, cfprint_t, const struct cfargs *);
device_t config_attach_acquire(device_t, cfdata_t, void *, cfprint_t, const struct cfargs *);
device_t config_attach_pseudo(cfdata_t);
device_t config_attach_pseudo_acquire(cfdata_t, void *);

int	config_detach(device_t, int);
int	config_detach_release(device_t, int);
int	config_detach_children(device_t, int);
void	config_detach_commit(device_t);
int	config_deactivate(device_t);
void	config_defer(device_t, void (*)(device_t));
void	config_interrupts(device_t, void (*)(device_t));
void	config_mountroot(device_t, void (*)(device_t));
void	config_pending_incr(device_t);
void	config_pending_decr(device_t);
int	config_finalize_register(device_t, int (*)(device_t));
void	null_childdetached(device_t, device_t);

device_t device_lookup(cfdriver_t, int);
device_t device_lookup_acquire(cfdriver_t, int);
void	device_acquire(device_t);
void	device_release(device_t);
void	*device_lookup_private(cfdriver_t, int);
void	device_register(device_t, void *);
void	device_register_post_config(device_t, void *);

devclass_t device_class(device_t);
cfdata_t device_cfdata(device_t);
cfdriver_t device_cfdriver(device_t);
cfattach_t device_cfattach(device_t);
int	device_unit(device_t);
const char *device_xname(device_t);
device_t device_parent(device_t);
bool	device_is_active(device_t);
bool	device_is_enabled(device_t);
bool	device_has_power(device_t);
bool	device_activation(device_t, devact_level_t);
int	device_locator(device_t, u_int);
void	*device_private(device_t);
void	device_set_private(device_t, void *);
prop_dictionary_t device_properties(device_t);
devhandle_t device_handle(device_t);
void	device_set_handle(device_t, devhandle_t);
devhandle_t devhandle_invalid(void);
bool	devhandle_is_valid(devhandle_t);

device_t deviter_first(deviter_t *, deviter_flags_t);
void	deviter_init(deviter_t *, deviter_flags_t);
device_t deviter_next(deviter_t *);
void	deviter_release(deviter_t *);

bool	device_active(device_t, devactive_t);
bool	device_active_register(device_t, void (*)(device_t, devactive_t));
void	device_active_deregister(device_t, void (*)(device_t, devactive_t));

bool	device_is_a(device_t, const char *);
bool	device_attached_to_iattr(device_t, const char *);
device_t device_find_by_xname(const char *);
device_t device_find_by_driver_unit(const char *, int);
device_t device_find_by_driver_unit_acquire(const char *, int);

int	device_compatible_match(const char **, int, const struct device_compatible_entry *);
int	device_compatible_match_id(uintptr_t const, uintptr_t const,
	    const struct device_compatible_entry *);
const struct device_compatible_entry *device_compatible_lookup(const char **, int,
	    const struct device_compatible_entry *);
const struct device_compatible_entry *device_compatible_lookup_id(uintptr_t const,
	    uintptr_t const, const struct device_compatible_entry *);

bool	device_pmf_is_registered(device_t);
bool	device_pmf_driver_suspend(device_t, const pmf_qual_t *);
bool	device_pmf_driver_resume(device_t, const pmf_qual_t *);
bool	device_pmf_driver_shutdown(device_t, int);
bool	device_pmf_driver_register(device_t, bool (*)(device_t, const pmf_qual_t *),
	    bool (*)(device_t, const pmf_qual_t *), bool (*)(device_t, int));
void	device_pmf_driver_deregister(device_t);
void	*device_pmf_bus_private(device_t);
bool	device_pmf_bus_suspend(device_t, const pmf_qual_t *);
bool	device_pmf_bus_resume(device_t, const pmf_qual_t *);
bool	device_pmf_bus_shutdown(device_t, int);
void	device_pmf_bus_register(device_t, void *, bool (*)(device_t, const pmf_qual_t *),
	    bool (*)(device_t, const pmf_qual_t *), bool (*)(device_t, int), void (*)(device_t));
void	device_pmf_bus_deregister(device_t);
void	*device_pmf_class_private(device_t);
bool	device_pmf_class_suspend(device_t, const pmf_qual_t *);
bool	device_pmf_class_resume(device_t, const pmf_qual_t *);
void	device_pmf_class_register(device_t, void *, bool (*)(device_t, const pmf_qual_t *),
	    bool (*)(device_t, const pmf_qual_t *), void (*)(device_t));
void	device_pmf_class_deregister(device_t);
bool	device_is_self_suspended(device_t);
#endif

#endif /* !_SYS_DEVICE_H_ */
