/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the builder tells autoconf(9) of an image: its attachments, in place of the cfdata[] that
 * config(1) writes.  The generated ioconf.c includes this after <sys/device.h>, defines each
 * driver's struct cfdriver with CFDRIVER_DECL (its interface attributes included), declares
 * each attachment's struct cfattach, and fills rumphost_ioconf[].
 */

#ifndef RUMPHOST_IOCONF_H
#define RUMPHOST_IOCONF_H

/*
 * One "attach DRIVER at ATTRIBUTE with ATTACHMENT": every instance is starred (units are given in
 * order of discovery) and its locators are wild unless `locators' says otherwise.
 */
struct rumphost_ioconf {
	const char *driver;		/* "wm"; NULL ends the table */
	const char *attachment;		/* cf_atname: "wm", "ne_pci" */
	const char *attribute;		/* interface attribute it attaches to: "pci" */
	struct cfattach *ca;
	struct cfdriver *cd;
	const int *locators;		/* in the attribute's order; NULL: all default */
	int locator_count;		/* of the attribute */
	int flags;			/* cf_flags */
};

/* Terminated by an entry of NULLs. */
extern const struct rumphost_ioconf rumphost_ioconf[];

/* What may have device nodes, for devsw(9); its tables are NULL when it has none. */
struct rumphost_devsw {
	const char *name;		/* "wd"; NULL ends the table */
	const void *bdevsw;
	const void *cdevsw;
	int bmajor;			/* by a device-major statement; -1: any number that is free */
	int cmajor;
};

extern const struct rumphost_devsw rumphost_devsw[];

#endif
