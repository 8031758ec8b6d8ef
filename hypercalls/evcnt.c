/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evcnt(9): the counters are the drivers'; the host knows where each one is.  They are in no list
 * here, so that one in memory that has gone does no harm.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/evcnt.h>

#include "shim.h"
#include "device_private.h"

__link_set_decl(evcnts, struct evcnt);
/* An image may have none. */
#pragma weak __start_link_set_evcnts
#pragma weak __stop_link_set_evcnts

struct evcntlist allevents = TAILQ_HEAD_INITIALIZER(allevents);

void
evcnt_attach_static(struct evcnt *ev)
{
	const size_t group = strlen(ev->ev_group), name = strlen(ev->ev_name);

	if (group == 0 || group >= EVCNT_STRING_MAX || name == 0 || name >= EVCNT_STRING_MAX)
		rumphost_misuse("evcnt(9)", "a group or name is empty, or longer than 254 characters");
	ev->ev_grouplen = (unsigned char)group;
	ev->ev_namelen = (unsigned char)name;
	rumphost_evcnt_attach(ev, &ev->ev_count, ev->ev_type, ev->ev_group, ev->ev_name);
}

void
evcnt_attach_dynamic_nozero(struct evcnt *ev, int type, const struct evcnt *parent,
    const char *group, const char *name)
{

	ev->ev_type = (unsigned char)type;
	ev->ev_parent = parent;
	ev->ev_group = group;
	ev->ev_name = name;
	evcnt_attach_static(ev);
}

void
evcnt_attach_dynamic(struct evcnt *ev, int type, const struct evcnt *parent, const char *group,
    const char *name)
{

	memset(ev, 0, sizeof(*ev));
	evcnt_attach_dynamic_nozero(ev, type, parent, group, name);
}

void
evcnt_detach(struct evcnt *ev)
{

	rumphost_evcnt_detach(ev);
}

/* Counters that are there from the start. */
void
rumphost_evcnt_load(void)
{
	struct evcnt * const *ev;

	for (ev = __link_set_start(evcnts); ev < __link_set_end(evcnts); ev++)
		evcnt_attach_static(*ev);
}
