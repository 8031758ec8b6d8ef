/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs, of which there is one.
 */

#ifndef _SYS_CPU_H_
#define _SYS_CPU_H_

#include <machine/cpu.h>
#include <sys/lwp.h>

#ifdef _KERNEL
extern u_int	maxcpus;

bool	cpu_intr_p(void);
bool	cpu_softintr_p(void);
struct cpu_info *cpu_lookup(u_int);
const char *cpu_getmodel(void);

static __inline __unused u_int
cpu_index(const struct cpu_info *ci)
{

	return ci->ci_index;
}

static __inline __unused char *
cpu_name(struct cpu_info *ci)
{

	return ci->ci_data.cpu_name;
}
#endif

#endif /* !_SYS_CPU_H_ */
