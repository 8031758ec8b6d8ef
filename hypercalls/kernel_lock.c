/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KERNEL_LOCK and KERNEL_UNLOCK: the big lock, under which lie all entry points of drivers that did
 * not say MPSAFE.
 */

#include <sys/param.h>
#include <sys/systm.h>

#include "shim.h"

void
_kernel_lock(int count)
{

	rumphost_kernel_lock(count);
}

void
_kernel_unlock(int count, int *held)
{
	int before = rumphost_kernel_unlock(count);

	if (held != NULL)
		*held = before;
}

bool
_kernel_locked_p(void)
{

	return rumphost_kernel_locked() != 0;
}
