/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spl(9) and softint(9).
 */

#ifndef _SYS_INTR_H_
#define _SYS_INTR_H_

#if defined(_KERNEL)
#include <sys/types.h>

struct cpu_info;

/* Levels and flags of softint_establish() */
#define SOFTINT_BIO	0x0000
#define SOFTINT_CLOCK	0x0001
#define SOFTINT_SERIAL	0x0002
#define SOFTINT_NET	0x0003
#define SOFTINT_MPSAFE	0x0100
#define SOFTINT_RCPU	0x0200

#define SOFTINT_COUNT	0x0004
#define SOFTINT_LVLMASK	0x00ff

void	*softint_establish(u_int, void (*)(void *), void *);
void	softint_disestablish(void *);
void	softint_schedule(void *);
void	softint_schedule_cpu(void *, struct cpu_info *);

/* Other names for the levels of <machine/intr.h> */
#define IPL_BIO		IPL_VM
#define IPL_NET		IPL_VM
#define IPL_TTY		IPL_VM
#define IPL_USB		IPL_VM
#define IPL_SOFTUSB	IPL_SOFTNET
#define IPL_AUDIO	IPL_SCHED
#define IPL_CLOCK	IPL_SCHED
#define IPL_STATCLOCK	IPL_SCHED
#define IPL_SERIAL	IPL_HIGH

#define splbio()	splvm()
#define splnet()	splvm()
#define spltty()	splvm()
#define splusb()	splvm()
#define splsoftusb()	splsoftnet()
#define splaudio()	splsched()
#define splclock()	splsched()
#define splstatclock()	splsched()
#define splserial()	splhigh()

#include <machine/intr.h>

#elif defined(_KMEMUSER)
#define SOFTINT_COUNT	0x0004
#endif

#endif /* !_SYS_INTR_H_ */
