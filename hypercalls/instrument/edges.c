/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which basic blocks of the driver run, and after which, in a map of counters: what a fuzzer is
 * guided by.  The compiler calls __sanitizer_cov_trace_pc() at the start of each block.
 *
 * The host finds rumphost_edges by its name, reads it, and clears it, while no lwp runs.
 */

#include <sys/types.h>

#include "shim.h"

enum { EDGES = 1 << 16 };

extern const char __ehdr_start[] __attribute__((__visibility__("hidden")));

RUMPHOST_UPCALL uint8_t rumphost_edges[EDGES];
RUMPHOST_UPCALL uint32_t rumphost_edges_previous;

void	__sanitizer_cov_trace_pc(void);

void
__sanitizer_cov_trace_pc(void)
{
	uint32_t here;

	/* From the start of the image, wherever that is loaded. */
	here = (uint32_t)(RUMPHOST_CALLER - (uintptr_t)__ehdr_start);
	here = (here * 0x9e3779b1U) >> 16;
	rumphost_edges[here ^ rumphost_edges_previous]++;
	rumphost_edges_previous = here >> 1;
}
