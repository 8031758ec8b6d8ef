/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one virtual CPU, and the lwp that runs on it.  cpu.c in hypercalls/ has the functions.
 */

#ifndef _RUMPHOST_CPU_H_
#define _RUMPHOST_CPU_H_

#include <sys/types.h>

#ifdef _KERNEL

#if __has_include(<sys/cpu_data.h>)
#include <sys/cpu_data.h>
#else
#include <machine/cpu_data.h>
#endif

struct lwp;
struct pmap;

struct cpu_info {
	struct cpu_data	ci_data;	/* machine-independent; must be first */
	struct cpu_info	*ci_self;
	struct cpu_info	*ci_next;
	struct device	*ci_dev;
	struct lwp	*ci_curlwp;
	struct lwp	*ci_onproc;
	cpuid_t		ci_cpuid;
	int		ci_want_resched;
	volatile int	ci_mtx_count;
	volatile int	ci_mtx_oldspl;
	int		ci_idepth;
	int		ci_ilevel;
	uint32_t	ci_flags;
};

#define CPUF_PRIMARY	0x0008
#define CPUF_PRESENT	0x1000
#define CPUF_RUNNING	0x2000

extern struct cpu_info	rumphost_cpu_info;

/*
 * The running lwp as a struct lwp of the driver's headers, made when it is first asked for; never
 * NULL in driver code.
 */
struct lwp *rumphost_kernel_lwp(void);

#define curcpu()		(&rumphost_cpu_info)
#define curlwp			rumphost_kernel_lwp()
#define curpcb			((struct pcb *)lwp_getpcb(curlwp))
#define cpu_number()		0
#define CPU_IS_PRIMARY(ci)	((void)(ci), 1)
#define CPU_INFO_ITERATOR	int __unused
#define CPU_INFO_FOREACH(cii, ci) \
	ci = &rumphost_cpu_info; ci != NULL; ci = ci->ci_next

/* Nothing to be told: the host switches lwps where it sees fit. */
#define cpu_need_proftick(l)	((void)(l))
#define cpu_signotify(l)	((void)(l))
#define cpu_did_resched(l)	((void)(l))
#define aston(l)		((void)(l))

struct clockframe {
	int	cf_unused;
};
#define CLKF_USERMODE(frame)	((void)(frame), 0)
#define CLKF_PC(frame)		((void)(frame), 0UL)
#define CLKF_INTR(frame)	((void)(frame), 0)
#define LWP_PC(l)		((void)(l), 0UL)

/* delay(9) */
void	delay(unsigned int);
#define DELAY(n)	delay(n)

#endif /* _KERNEL */

#endif /* !_RUMPHOST_CPU_H_ */
