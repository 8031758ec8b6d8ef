/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the host enters an image: once when it is loaded, then once for each lwp.
 */

#include <sys/types.h>

#include "shim.h"

const struct rumphost_host *rumphost_host;

RUMPHOST_UPCALL void rumphost_image_load(const struct rumphost_host *);
RUMPHOST_UPCALL uint64_t rumphost_enter(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
    uint64_t, uint64_t);

void
rumphost_image_load(const struct rumphost_host *host)
{

	rumphost_host = host;
}

/* The first function on every lwp's stack: call `entry', an address in this image. */
uint64_t
rumphost_enter(uint64_t entry, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
    uint64_t f)
{
	uint64_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

	rumphost_update_clock();
	function = (uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))
	    (uintptr_t)entry;
	return function(a, b, c, d, e, f);
}
