/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf(9): drivers and attachments, matching, attaching.
 *
 * Which attachment wins, unit numbers and the order of things are the host's; here are the
 * structures that drivers see.  The builder's table (ioconf.h) takes the place of config(1)'s.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/device.h>
#include <sys/mbuf.h>

#include "shim.h"
#include "device_private.h"
#include "ioconf.h"

/* An instance as config(1) would have written it down. */
struct instance {
	struct cfdata	in_cfdata;
	struct cfparent	in_parent;
	int		in_locators[];
};

RUMPHOST_UPCALL uint64_t rumphost_image_configure(void);
RUMPHOST_UPCALL void rumphost_device_call_attach(device_t, void *, cfprint_t);

struct cfdriverlist allcfdrivers = LIST_HEAD_INITIALIZER(allcfdrivers);

int
config_cfdriver_attach(struct cfdriver *cd)
{

	if (config_cfdriver_lookup(cd->cd_name) != NULL)
		return EEXIST;
	LIST_INIT(&cd->cd_attach);
	LIST_INSERT_HEAD(&allcfdrivers, cd, cd_list);
	for (const struct cfiattrdata * const *attribute = cd->cd_attrs;
	    attribute != NULL && *attribute != NULL; attribute++)
		rumphost_autoconf_attribute(cd->cd_name, (*attribute)->ci_name);
	return 0;
}

int
config_cfdriver_detach(struct cfdriver *cd)
{

	for (int unit = 0; unit < cd->cd_ndevs; unit++) {
		if (cd->cd_devs[unit] != NULL)
			return EBUSY;
	}
	if (!LIST_EMPTY(&cd->cd_attach))
		return EBUSY;
	LIST_REMOVE(cd, cd_list);
	return 0;
}

struct cfdriver *
config_cfdriver_lookup(const char *name)
{
	struct cfdriver *cd;

	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		if (strcmp(cd->cd_name, name) == 0)
			return cd;
	}
	return NULL;
}

int
config_cfattach_attach(const char *driver, struct cfattach *ca)
{
	struct cfdriver *cd = config_cfdriver_lookup(driver);

	if (cd == NULL)
		return ESRCH;
	if (config_cfattach_lookup(driver, ca->ca_name) != NULL)
		return EEXIST;
	LIST_INSERT_HEAD(&cd->cd_attach, ca, ca_list);
	return 0;
}

int
config_cfattach_detach(const char *driver, struct cfattach *ca)
{
	struct rumphost_device *rd;

	if (config_cfattach_lookup(driver, ca->ca_name) != ca)
		return ESRCH;
	TAILQ_FOREACH(rd, &rumphost_devices, rd_list) {
		if (rd->rd_device.dv_cfattach == ca)
			return EBUSY;
	}
	LIST_REMOVE(ca, ca_list);
	return 0;
}

struct cfattach *
config_cfattach_lookup(const char *driver, const char *attachment)
{
	struct cfdriver *cd = config_cfdriver_lookup(driver);
	struct cfattach *ca;

	if (cd == NULL)
		return NULL;
	LIST_FOREACH(ca, &cd->cd_attach, ca_list) {
		if (strcmp(ca->ca_name, attachment) == 0)
			return ca;
	}
	return NULL;
}

bool
ifattr_match(const char *asked, const char *had)
{

	return asked == NULL || strcmp(asked, had) == 0;
}

const struct cfiattrdata *
cfiattr_lookup(const char *name, const struct cfdriver *cd)
{

	if (cd != NULL) {
		for (const struct cfiattrdata * const *attribute = cd->cd_attrs;
		    attribute != NULL && *attribute != NULL; attribute++) {
			if (strcmp((*attribute)->ci_name, name) == 0)
				return *attribute;
		}
		return NULL;
	}
	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		const struct cfiattrdata *found = cfiattr_lookup(name, cd);

		if (found != NULL)
			return found;
	}
	return NULL;
}

const char *
cfdata_ifattr(const struct cfdata *cf)
{

	return cf->cf_pspec != NULL ? cf->cf_pspec->cfp_iattr : NULL;
}

/* Take one line of the builder's table. */
static void
load_instance(const struct rumphost_ioconf *line)
{
	struct instance *in;

	(void)config_cfdriver_attach(line->cd);
	(void)config_cfattach_attach(line->driver, line->ca);
	in = rumphost_config_memory(sizeof(*in) +
	    (size_t)line->locator_count * sizeof(in->in_locators[0]));
	for (int n = 0; n < line->locator_count; n++)
		in->in_locators[n] = line->locators != NULL ? line->locators[n] : -1;
	in->in_parent.cfp_iattr = line->attribute;
	in->in_parent.cfp_unit = DVUNIT_ANY;
	in->in_cfdata.cf_name = line->driver;
	in->in_cfdata.cf_atname = line->attachment;
	in->in_cfdata.cf_fstate = FSTATE_STAR;
	in->in_cfdata.cf_loc = in->in_locators;
	in->in_cfdata.cf_flags = line->flags;
	in->in_cfdata.cf_pspec = &in->in_parent;
	rumphost_autoconf_cfdata(&in->in_cfdata, line->driver, line->attachment,
	    line->attribute, (void *)line->ca->ca_match);
}

/* Called once for an image, on an lwp. */
uint64_t
rumphost_image_configure(void)
{

	mbinit();
	rumphost_pci_load();
	rumphost_buf_load();
	rumphost_devsw_load();
	rumphost_proc_load();
	for (const struct rumphost_ioconf *line = rumphost_ioconf; line->driver != NULL; line++)
		load_instance(line);
	rumphost_evcnt_load();
	rumphost_sysctl_load();
	rumphost_module_load();
	return 0;
}

/*
 * Matching.
 */

int
config_match(device_t parent, cfdata_t cf, void *aux)
{
	struct cfattach *ca = config_cfattach_lookup(cf->cf_name, cf->cf_atname);

	return ca != NULL ? (*ca->ca_match)(parent, cf, aux) : 0;
}

int	config_probe(device_t, cfdata_t, void *);

int
config_probe(device_t parent, cfdata_t cf, void *aux)
{

	return config_match(parent, cf, aux);
}

/* Locators that the configuration names must be those of the device. */
int
config_stdsubmatch(device_t parent, cfdata_t cf, const int *locators, void *aux)
{
	const char *name = cfdata_ifattr(cf);
	const struct cfiattrdata *attribute;

	attribute = name != NULL ? cfiattr_lookup(name, parent->dv_cfdriver) : NULL;
	for (int n = 0; attribute != NULL && locators != NULL && n < attribute->ci_loclen; n++) {
		if (cf->cf_loc[n] != -1 &&
		    cf->cf_loc[n] != attribute->ci_locdesc[n].cld_default &&
		    cf->cf_loc[n] != locators[n])
			return 0;
	}
	return config_match(parent, cf, aux);
}

static cfdata_t
search(cfsubmatch_t function, device_t parent, const char *attribute, const int *locators,
    void *aux)
{

	return rumphost_autoconf_search(parent, attribute, locators, aux, (void *)function);
}

static device_t
attach(device_t parent, cfdata_t cf, const int *locators, void *aux, cfprint_t print)
{

	return rumphost_autoconf_attach(parent, cf, locators, aux, (void *)print);
}

/* Attach what matches best, or say that nothing did. */
static device_t
found(device_t parent, const char *attribute, const int *locators, void *aux, cfprint_t print,
    cfsubmatch_t submatch)
{
	static const char * const messages[] = { "", " not configured\n", " unsupported\n" };
	cfdata_t cf = search(submatch, parent, attribute, locators, aux);

	if (cf != NULL)
		return attach(parent, cf, locators, aux, print);
	if (print != NULL)
		aprint_normal("%s", messages[(*print)(aux, device_xname(parent)) % 3]);
	return NULL;
}

/* Say where a device is, then let the driver go on.  The host calls this. */
void
rumphost_device_call_attach(device_t dev, void *aux, cfprint_t print)
{
	device_t parent = dev->dv_parent;

	aprint_naive("Found ");
	if (parent == NULL)
		aprint_normal("%s (root)", device_xname(dev));
	else {
		aprint_normal("%s at %s", device_xname(dev), device_xname(parent));
		if (print != NULL)
			(void)(*print)(aux, NULL);
	}
	(*dev->dv_cfattach->ca_attach)(parent, dev, aux);
}

#ifdef CFARGS

/* From NetBSD 10 on, one argument says how. */

cfdata_t
config_search(device_t parent, void *aux, const struct cfargs *how)
{
	static const struct cfargs none = { .cfargs_version = CFARGS_VERSION };

	if (how == NULL)
		how = &none;
	return search(how->search != NULL ? how->search : how->submatch, parent, how->iattr,
	    how->locators, aux);
}

device_t
config_found(device_t parent, void *aux, cfprint_t print, const struct cfargs *how)
{

	if (how == NULL)
		return found(parent, NULL, NULL, aux, print, NULL);
	return found(parent, how->iattr, how->locators, aux, print, how->submatch);
}

device_t
config_attach(device_t parent, cfdata_t cf, void *aux, cfprint_t print, const struct cfargs *how)
{

	return attach(parent, cf, how != NULL ? how->locators : NULL, aux, print);
}

#else

cfdata_t
config_search_loc(cfsubmatch_t function, device_t parent, const char *attribute,
    const int *locators, void *aux)
{

	return search(function, parent, attribute, locators, aux);
}

cfdata_t
config_search_ia(cfsubmatch_t function, device_t parent, const char *attribute, void *aux)
{

	return search(function, parent, attribute, NULL, aux);
}

device_t
config_found_sm_loc(device_t parent, const char *attribute, const int *locators, void *aux,
    cfprint_t print, cfsubmatch_t submatch)
{

	return found(parent, attribute, locators, aux, print, submatch);
}

device_t
config_found_ia(device_t parent, const char *attribute, void *aux, cfprint_t print)
{

	return found(parent, attribute, NULL, aux, print, NULL);
}

device_t
config_found(device_t parent, void *aux, cfprint_t print)
{

	return found(parent, NULL, NULL, aux, print, NULL);
}

device_t
config_attach_loc(device_t parent, cfdata_t cf, const int *locators, void *aux, cfprint_t print)
{

	return attach(parent, cf, locators, aux, print);
}

device_t
config_attach(device_t parent, cfdata_t cf, void *aux, cfprint_t print)
{

	return attach(parent, cf, NULL, aux, print);
}

#endif

/* Later still, devices are counted references; nothing here goes while it is used. */
device_t config_attach_pseudo_acquire(cfdata_t, void *);
#ifdef CFARGS
device_t config_found_acquire(device_t, void *, cfprint_t, const struct cfargs *);
device_t config_attach_acquire(device_t, cfdata_t, void *, cfprint_t, const struct cfargs *);

device_t
config_found_acquire(device_t parent, void *aux, cfprint_t print, const struct cfargs *how)
{

	return config_found(parent, aux, print, how);
}

device_t
config_attach_acquire(device_t parent, cfdata_t cf, void *aux, cfprint_t print,
    const struct cfargs *how)
{

	return config_attach(parent, cf, aux, print, how);
}
#endif

device_t
config_attach_pseudo_acquire(cfdata_t cf, void *aux)
{

	return attach(NULL, cf, NULL, aux, NULL);
}

device_t
config_attach_pseudo(cfdata_t cf)
{

	return config_attach_pseudo_acquire(cf, NULL);
}
