/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global variables of the kernel.
 */

#ifndef _SYS_KERNEL_H_
#define _SYS_KERNEL_H_

#ifdef _KERNEL
#include <sys/param.h>

extern int	hz;		/* ticks per second */
extern int	stathz;
extern int	profhz;
extern int	tick;		/* microseconds per tick */
extern int	tickadj;
extern int	hardclock_ticks;	/* since the start */
extern int	cold;		/* devices are still being found */
extern int	shutting_down;
extern int	rtc_offset;
extern long	hostid;
extern char	hostname[MAXHOSTNAMELEN];
extern int	hostnamelen;
extern char	domainname[MAXHOSTNAMELEN];
extern int	domainnamelen;

/* Ticks since the start */
int	getticks(void);
#endif

#endif /* !_SYS_KERNEL_H_ */
