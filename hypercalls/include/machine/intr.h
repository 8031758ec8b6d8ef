/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spl(9): the interrupt priority level of the running lwp.  spl.c in hypercalls/ has the
 * functions.
 */

#ifndef _RUMPHOST_INTR_H_
#define _RUMPHOST_INTR_H_

#include <sys/types.h>
#include <machine/intrdefs.h>

#ifdef _KERNEL

typedef uint8_t ipl_t;
typedef struct {
	ipl_t	_ipl;
} ipl_cookie_t;

int	splraise(int);
void	spllower(int);

#define splx(s)		spllower(s)
#define spl0()		spllower(IPL_NONE)

static inline ipl_cookie_t
makeiplcookie(ipl_t ipl)
{

	return (ipl_cookie_t){ ._ipl = ipl };
}

static inline int
splraiseipl(ipl_cookie_t cookie)
{

	return splraise(cookie._ipl);
}

#define _SYS_SPL_H_			/* these stand for <sys/spl.h> */
#define splsoftclock()	splraise(IPL_SOFTCLOCK)
#define splsoftbio()	splraise(IPL_SOFTBIO)
#define splsoftnet()	splraise(IPL_SOFTNET)
#define splsoftserial()	splraise(IPL_SOFTSERIAL)
#define splvm()		splraise(IPL_VM)
#define splsched()	splraise(IPL_SCHED)
#define splhigh()	splraise(IPL_HIGH)

#endif /* _KERNEL */

#endif /* !_RUMPHOST_INTR_H_ */
