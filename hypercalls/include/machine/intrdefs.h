/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt priority levels: the numbers that rumphost/kernel/lwp.py has too.
 */

#ifndef _RUMPHOST_INTRDEFS_H_
#define _RUMPHOST_INTRDEFS_H_

#define IPL_NONE	0
#define IPL_SOFTCLOCK	1
#define IPL_SOFTBIO	2
#define IPL_SOFTNET	3
#define IPL_SOFTSERIAL	4
#define IPL_VM		6
#define IPL_SCHED	7
#define IPL_HIGH	8
#define NIPL		9

#define IPL_SAFEPRI	IPL_NONE

/* How an interrupt line is shared */
#define IST_NONE	0
#define IST_PULSE	1
#define IST_EDGE	2
#define IST_LEVEL	3

#endif /* !_RUMPHOST_INTRDEFS_H_ */
