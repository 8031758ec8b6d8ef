/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kpreempt(9).  An lwp keeps the CPU between hypercalls anyway; only the count is kept.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/intr.h>
#include <sys/lwp.h>

#include "shim.h"

void
kpreempt_disable(void)
{

	curlwp->l_nopreempt++;
}

void
kpreempt_enable(void)
{

	if (curlwp->l_nopreempt == 0)
		rumphost_misuse("kpreempt(9)", "kpreempt_enable without kpreempt_disable");
	curlwp->l_nopreempt--;
}

bool
kpreempt_disabled(void)
{

	return curlwp->l_nopreempt != 0 || rumphost_curlwp()->ipl != IPL_NONE;
}
