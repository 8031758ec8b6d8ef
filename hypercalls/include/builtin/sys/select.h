/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * select(9).
 */

#ifndef _SYS_SELECT_H_
#define _SYS_SELECT_H_

#include <sys/cdefs.h>
#include <sys/fd_set.h>

#ifdef _KERNEL
#include <sys/selinfo.h>

struct lwp;

void	selinit(struct selinfo *);
void	seldestroy(struct selinfo *);
void	selrecord(struct lwp *, struct selinfo *);
void	selnotify(struct selinfo *, int, long);
#endif

#endif /* !_SYS_SELECT_H_ */
