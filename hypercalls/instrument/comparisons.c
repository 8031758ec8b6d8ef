/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver compares: for each place the last pairs of values that were not equal.  A fuzzer
 * finds there what a value that it has made up ought to have been.
 *
 * The host finds rumphost_comparisons by its name, and reads it while no lwp runs.
 */

#include <sys/types.h>

#include "shim.h"

enum { PLACES = 1 << 10, KEPT = 8 };

RUMPHOST_UPCALL struct {
	uint64_t one, other;
} rumphost_comparisons[PLACES][KEPT];

static uint8_t next[PLACES];

void	__sanitizer_cov_trace_cmp1(uint8_t, uint8_t);
void	__sanitizer_cov_trace_cmp2(uint16_t, uint16_t);
void	__sanitizer_cov_trace_cmp4(uint32_t, uint32_t);
void	__sanitizer_cov_trace_cmp8(uint64_t, uint64_t);
void	__sanitizer_cov_trace_const_cmp1(uint8_t, uint8_t);
void	__sanitizer_cov_trace_const_cmp2(uint16_t, uint16_t);
void	__sanitizer_cov_trace_const_cmp4(uint32_t, uint32_t);
void	__sanitizer_cov_trace_const_cmp8(uint64_t, uint64_t);
void	__sanitizer_cov_trace_switch(uint64_t, uint64_t *);

static inline void
keep(uintptr_t place, uint64_t one, uint64_t other)
{
	uint32_t n;

	if (one == other)
		return;
	n = ((uint32_t)place * 0x9e3779b1U) >> 22;
	rumphost_comparisons[n][next[n] % KEPT].one = one;
	rumphost_comparisons[n][next[n]++ % KEPT].other = other;
}

#define	COMPARISON(name, type)						\
void									\
name(type one, type other)						\
{									\
									\
	keep(RUMPHOST_CALLER, one, other);				\
}

COMPARISON(__sanitizer_cov_trace_cmp1, uint8_t)
COMPARISON(__sanitizer_cov_trace_cmp2, uint16_t)
COMPARISON(__sanitizer_cov_trace_cmp4, uint32_t)
COMPARISON(__sanitizer_cov_trace_cmp8, uint64_t)
COMPARISON(__sanitizer_cov_trace_const_cmp1, uint8_t)
COMPARISON(__sanitizer_cov_trace_const_cmp2, uint16_t)
COMPARISON(__sanitizer_cov_trace_const_cmp4, uint32_t)
COMPARISON(__sanitizer_cov_trace_const_cmp8, uint64_t)

/* The cases: how many, of how many bits, and each. */
void
__sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases)
{
	uint64_t n;

	for (n = 0; n < cases[0]; n++)
		keep(RUMPHOST_CALLER + n, value, cases[2 + n]);
}
