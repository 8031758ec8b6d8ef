/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver's view of an lwp: who it is, and the process that it belongs to.  The host's own view
 * is struct rumphost_lwp.
 */

#ifndef _SYS_LWP_H_
#define _SYS_LWP_H_

#include <sys/param.h>
#include <sys/queue.h>
#include <sys/time.h>

#include <machine/proc.h>

#ifdef _KERNEL

#include <machine/cpu.h>

struct lwp {
	struct cpu_info	*volatile l_cpu;
	void		*l_addr;	/* its struct pcb */
	struct mdlwp	l_md;
	int		l_flag;		/* LW_* */
	int		l_pflag;	/* LP_* */
	int		l_prflag;
	int		l_stat;		/* LS* */
	int		l_class;
	pri_t		l_priority;
	wchan_t		l_wchan;
	const char	*l_wmesg;
	int		l_biglocks;
	LIST_ENTRY(lwp)	l_list;
	struct proc	*l_proc;
	LIST_ENTRY(lwp)	l_sibling;
	lwpid_t		l_lid;
	char		*l_name;
	struct kauth_cred *l_cred;
	int		l_nopreempt;
	int		l_dupfd;
};

LIST_HEAD(lwplist, lwp);

#define LW_IDLE		0x00000001
#define LW_SINTR	0x00000080
#define LW_SYSTEM	0x00000200

#define LP_MPSAFE	0x00000020
#define LP_INTR		0x00000040
#define LP_MUSTJOIN	0x00000100
#define LP_RUNNING	0x20000000
#define LP_BOUND	0x80000000
#define LP_SYSCTLWRITE	0x00000080	/* holds the sysctl tree for writing */

#define LSIDL		1
#define LSRUN		2
#define LSSLEEP		3
#define LSSTOP		4
#define LSZOMB		5
#define LSONPROC	7
#define LSSUSPENDED	8

extern lwp_t	lwp0;

/* curlwp is in <machine/cpu.h>. */
#define curproc		(curlwp->l_proc)

static __inline __unused void *
lwp_getpcb(struct lwp *l)
{

	return l->l_addr;
}

/* curlwp_bind(9): there is one CPU. */
static __inline __unused int
curlwp_bind(void)
{
	int bound = curlwp->l_pflag & LP_BOUND;

	curlwp->l_pflag |= LP_BOUND;
	return bound;
}

static __inline __unused void
curlwp_bindx(int bound)
{

	curlwp->l_pflag = (curlwp->l_pflag & ~LP_BOUND) | bound;
}

void	yield(void);
void	preempt(void);

#endif /* _KERNEL */

#endif /* !_SYS_LWP_H_ */
