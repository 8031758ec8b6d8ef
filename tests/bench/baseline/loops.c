/* SPDX-License-Identifier: BSD-2-Clause */

#include <sys/syscall.h>

#include <unistd.h>

#include "baseline.h"

static volatile uint32_t word;
static volatile uint32_t sum;

uint64_t
bench_load(uint64_t count)
{
	uint64_t start = now_ns();
	uint32_t total = 0;

	while (count-- > 0)
		total += word;
	sum = total;
	return now_ns() - start;
}

/* What the least of locks would do: take it, give it back. */
uint64_t
bench_cas(uint64_t count)
{
	static uint32_t lock;
	uint64_t start = now_ns();

	while (count-- > 0) {
		while (!__sync_bool_compare_and_swap(&lock, 0, 1))
			continue;
		while (!__sync_bool_compare_and_swap(&lock, 1, 0))
			continue;
	}
	return now_ns() - start;
}

uint64_t
bench_system_call(uint64_t count)
{
	uint64_t start = now_ns();

	while (count-- > 0)
		(void)syscall(SYS_getppid);
	return now_ns() - start;
}
