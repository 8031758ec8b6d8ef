/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * __cpu_simple_lock() of <machine/lock.h>, the one that would spin.
 */

#include <sys/param.h>
#include <sys/lock.h>

#include "shim.h"

void
__cpu_simple_lock(__cpu_simple_lock_t *lock)
{

	if (!__cpu_simple_lock_try(lock))
		rumphost_misuse("lock(9)",
		    "__cpu_simple_lock of a lock that is held: on one CPU it would spin for ever");
}
