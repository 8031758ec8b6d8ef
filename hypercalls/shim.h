/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every page of the shim shares: the way to the host.  Included after <sys/types.h>.
 */

#ifndef RUMPHOST_SHIM_H
#define RUMPHOST_SHIM_H

#include "hypercall.h"

/* An upcall entry point: found by name in the shared object. */
#define RUMPHOST_UPCALL	__attribute__((__visibility__("default"), __used__))

/* The code address to blame for what the shim does on a driver's behalf. */
#define RUMPHOST_CALLER	((uint64_t)(uintptr_t)__builtin_return_address(0))

/* Set once, when the image is loaded; see start.c. */
extern const struct rumphost_host *rumphost_host;

static inline struct rumphost_cpu *
rumphost_cpu(void)
{

	return rumphost_host->cpu;
}

static inline struct rumphost_lwp *
rumphost_curlwp(void)
{

	return rumphost_host->cpu->running;
}

/* Memory of the arena, booked to the current lwp's owner and to `site'. */
static inline void *
rumphost_allocate(uint64_t size, uint64_t alignment, uint64_t site)
{

	return rumphost_host->allocate(size, alignment, site);
}

static inline void
rumphost_release(void *address)
{

	rumphost_host->release(address);
}

/* Whether the host wants this to fail: see rumphost_fault_inject(). */
static inline int
rumphost_refused(const char *what, const char *name, uint64_t size, int may_sleep, uint64_t site)
{

	return __builtin_expect((rumphost_cpu()->slow & RUMPHOST_SLOW_FAULT) != 0, 0) &&
	    rumphost_fault_inject(what, name, size, may_sleep, site);
}

/* kernel_time.c: bring time_second and its like up to the machine's clock. */
void	rumphost_update_clock(void);

#endif
