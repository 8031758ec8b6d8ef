/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waits in select(2) or poll(2) for a driver.
 */

#ifndef _SYS_SELINFO_H_
#define _SYS_SELINFO_H_

#include <sys/queue.h>

struct knote;
SLIST_HEAD(klist, knote);

struct selinfo {
	struct klist	sel_klist;
	void		*sel_waiters;	/* pollers, for the host */
	int		sel_collision;
};

#endif /* !_SYS_SELINFO_H_ */
