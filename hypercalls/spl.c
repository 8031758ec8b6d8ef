/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spl(9): raising and lowering the running lwp's IPL.
 */

#include <sys/param.h>
#include <sys/intr.h>

#include "held.h"

int
splraise(int ipl)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct rumphost_lwp *l = cpu->running;
	int before = l->ipl;

	if (ipl > before)
		l->ipl = ipl;
	if (__predict_false(rumphost_locks_are_slow(cpu)))
		rumphost_spl_raise(ipl);
	return before;
}

void
spllower(int ipl)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	if (__predict_false(ipl < IPL_NONE || ipl > IPL_HIGH))
		rumphost_misuse("spl(9)", "splx with a level that no splraise returned");
	if (ipl < l->ipl)
		rumphost_lower(l, ipl);
}
