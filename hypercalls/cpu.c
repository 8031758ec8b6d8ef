/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one CPU, the one process, and the running lwp as a driver's headers know it.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/kauth.h>
#include <sys/lwp.h>
#include <sys/proc.h>

#include "shim.h"

struct cpu_info rumphost_cpu_info = {
	.ci_self = &rumphost_cpu_info,
	.ci_curlwp = &lwp0,
	.ci_flags = CPUF_PRIMARY | CPUF_PRESENT | CPUF_RUNNING,
	.ci_data = { .cpu_name = "cpu0" }
};

int	ncpu = 1;
int	ncpuonline = 1;
bool	mp_online;
u_int	maxcpus = 1;

struct proc proc0 = {
	.p_pid = 0,
	.p_stat = SACTIVE,
	.p_flag = PK_SYSTEM,
	.p_comm = "system"
};

lwp_t lwp0 = {
	.l_proc = &proc0,
	.l_cpu = &rumphost_cpu_info,
	.l_lid = 1,
	.l_flag = LW_SYSTEM,
	.l_stat = LSONPROC
};

/* Make the struct lwp of the running lwp; the host releases it with the lwp, so that it is
 * nobody's leak. */
static struct lwp *
make(struct rumphost_lwp *l)
{
	uint32_t owner = l->owner;
	struct lwp *k;

	l->owner = 0;
	k = rumphost_allocate(sizeof(*k), CACHE_LINE_SIZE, RUMPHOST_CALLER);
	l->owner = owner;
	if (k == NULL)
		panic("no memory for a struct lwp");
	memset(k, 0, sizeof(*k));
	k->l_proc = &proc0;
	k->l_cpu = &rumphost_cpu_info;
	k->l_cred = kauth_cred_get();
	k->l_lid = (lwpid_t)l->lid;
	k->l_name = l->name;
	k->l_flag = LW_SYSTEM;
	k->l_pflag = l->kind == 't' ? 0 : LP_INTR;
	k->l_stat = LSONPROC;
	return k;
}

struct lwp *
rumphost_kernel_lwp(void)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	if (l->kernel_lwp == NULL)
		l->kernel_lwp = make(l);
	return l->kernel_lwp;
}

bool
cpu_intr_p(void)
{

	return rumphost_curlwp()->kind == 'i';
}

bool
cpu_softintr_p(void)
{

	return rumphost_curlwp()->kind == 's';
}

struct cpu_info *
cpu_lookup(u_int index)
{

	return index == 0 ? &rumphost_cpu_info : NULL;
}

const char *
cpu_getmodel(void)
{

	return "rumphost virtual CPU";
}
