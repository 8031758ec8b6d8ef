/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * select(9) and kqueue(9), as a driver meets them: nobody polls a device here, so there is never
 * anybody to record or to tell.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/select.h>

#include "shim.h"

struct knote;

void	knote(struct klist *, long);

void
selinit(struct selinfo *sip)
{

	memset(sip, 0, sizeof(*sip));
}

void
seldestroy(struct selinfo *sip)
{

	(void)sip;
}

/* Only a d_poll function has a reason to call this, and nobody calls one. */
void
selrecord(struct lwp *l, struct selinfo *sip)
{

	(void)l;
	(void)sip;
	rumphost_unsupported("select(9)", "waiting for a device in poll(2)");
}

void
selnotify(struct selinfo *sip, int events, long hint)
{

	(void)sip;
	(void)events;
	(void)hint;
}

void
knote(struct klist *list, long hint)
{

	(void)list;
	(void)hint;
}

int
seltrue_kqfilter(dev_t dev, struct knote *kn)
{

	(void)dev;
	(void)kn;
	rumphost_unsupported("kqueue(2)", "filters of a device");
	return ENODEV;
}
