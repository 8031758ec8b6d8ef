/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * softint(9).
 */

#include <sys/param.h>
#include <sys/intr.h>
#include <sys/lwp.h>

#include "shim.h"

RUMPHOST_UPCALL uint64_t rumphost_softint_thread(uint64_t);

/* Where the lwp of one level begins; the host calls the handlers on it, one after the other. */
uint64_t
rumphost_softint_thread(uint64_t ipl)
{

	rumphost_softint_serve((int32_t)ipl);
	return 0;
}

void *
softint_establish(u_int flags, void (*function)(void *), void *argument)
{
	int ipl;

	switch (flags & SOFTINT_LVLMASK) {
	case SOFTINT_CLOCK:
		ipl = IPL_SOFTCLOCK;
		break;
	case SOFTINT_BIO:
		ipl = IPL_SOFTBIO;
		break;
	case SOFTINT_NET:
		ipl = IPL_SOFTNET;
		break;
	case SOFTINT_SERIAL:
		ipl = IPL_SOFTSERIAL;
		break;
	default:
		rumphost_misuse("softint(9)", "softint_establish at a level that is none");
		return NULL;
	}
	if (function == NULL)
		rumphost_misuse("softint(9)", "softint_establish without a function");
	return rumphost_softint_establish(ipl,
	    (flags & SOFTINT_MPSAFE) != 0 ? RUMPHOST_SOFTINT_MPSAFE : 0,
	    (void *)(uintptr_t)function, argument);
}

void
softint_disestablish(void *cookie)
{

	rumphost_softint_disestablish(cookie);
}

/* Whether the caller may be moved to another CPU: kpreempt_disabled(), but costs no struct lwp. */
static int
preemptible(void)
{
	const struct rumphost_lwp *l = rumphost_curlwp();

	return l->kind == 't' && l->ipl == IPL_NONE &&
	    (l->kernel_lwp == NULL || ((struct lwp *)l->kernel_lwp)->l_nopreempt == 0);
}

void
softint_schedule(void *cookie)
{

	rumphost_softint_schedule(cookie, preemptible());
}

void
softint_schedule_cpu(void *cookie, struct cpu_info *ci __unused)
{

	rumphost_softint_schedule(cookie, 0);
}
