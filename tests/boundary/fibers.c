/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fibers and faults without Python: for processors other than the one that the tests run on.
 * Exit status 0, or the line of the first check that failed.
 */

#include "host/host.h"

#define CHECK(condition) do { if (!(condition)) return __LINE__; } while (0)

static const struct rumphost_host *host;

static uint64_t
trapping(uint64_t a)
{
	struct rumphost_lwp *l = host->cpu->running;
	volatile double half = 0.5;
	double kept = half * (double)a;

	l->exit = RUMPHOST_EXIT_HYPERCALL;
	l->args[0] = a;
	return host->trap(l) + (uint64_t)kept;
}

static uint64_t
faulting(uint64_t a)
{

	*(volatile int *)(uintptr_t)a = 1;
	return 0;
}

/* As an image's: rumphost_enter. */
static uint64_t
enter(uint64_t entry, uint64_t a)
{

	return ((uint64_t (*)(uint64_t))(uintptr_t)entry)(a);
}

int
main(void)
{
	uint64_t args[RUMPHOST_UPCALL_ARGUMENTS] = { 10 };
	uint64_t pcs[16];
	struct rumphost_lwp *first, *second;

	host = rumphost_host_table();
	CHECK(rumphost_fault_start() == 0);
	first = rumphost_fiber_create((uintptr_t)enter, (uintptr_t)trapping, args, 65536);
	CHECK(rumphost_fiber_run(first) == RUMPHOST_EXIT_HYPERCALL);
	CHECK(first->args[0] == 10);
	CHECK(rumphost_fiber_backtrace(first, pcs, 16) >= 2);
	args[0] = 8;
	second = rumphost_fiber_create((uintptr_t)enter, (uintptr_t)faulting, args, 65536);
	CHECK(rumphost_fiber_run(second) == RUMPHOST_EXIT_FAULT);
	CHECK(second->fault_address == 8);
	CHECK(rumphost_fiber_backtrace(second, pcs, 16) >= 1);
	first->result = 5;
	CHECK(rumphost_fiber_run(first) == RUMPHOST_EXIT_RETURN);
	CHECK(first->result == 10);
	return 0;
}
