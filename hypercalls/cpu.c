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

#include "held.h"

struct cpu_info rumphost_cpu_info = {
	.ci_self = &rumphost_cpu_info,
	.ci_curlwp = &lwp0,
	.ci_flags = CPUF_PRIMARY | CPUF_PRESENT | CPUF_RUNNING
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

struct lwp *rumphost_kernel_lwp_new(void);

/*
 * Make a struct lwp, or return NULL.  Who gives it to an lwp fills in whose it is; the host releases
 * it with that lwp, so it is booked to nobody: no driver's leak.
 */
struct lwp *
rumphost_kernel_lwp_new(void)
{
	struct rumphost_lwp *l = rumphost_curlwp();
	uint32_t owner = l->owner;
	struct lwp *k;

	l->owner = 0;
	k = rumphost_allocate(sizeof(*k), CACHE_LINE_SIZE, RUMPHOST_CALLER);
	l->owner = owner;
	if (k == NULL)
		return NULL;
	memset(k, 0, sizeof(*k));
	k->l_proc = &proc0;
	k->l_cpu = &rumphost_cpu_info;
	k->l_cred = kauth_cred_get();
	k->l_flag = LW_SYSTEM;
	k->l_stat = LSONPROC;
	return k;
}

/* An lwp's, made when it is first asked for. */
struct lwp *
rumphost_kernel_lwp_of(struct rumphost_lwp *l)
{
	struct lwp *k = l->kernel_lwp;

	if (k != NULL)
		return k;
	k = rumphost_kernel_lwp_new();
	if (k == NULL)
		panic("no memory for a struct lwp");
	k->l_lid = (lwpid_t)l->lid;
	k->l_name = l->name;
	if (l->kind != 't')
		k->l_pflag |= LP_INTR;
	l->kernel_lwp = k;
	return k;
}

struct lwp *
rumphost_kernel_lwp(void)
{

	return rumphost_kernel_lwp_of(rumphost_curlwp());
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
