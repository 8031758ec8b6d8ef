/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's counter of time: the same in a driver and in the baselines, and nobody has to be
 * asked for it.
 */

#ifndef COUNTER_H
#define COUNTER_H

static inline unsigned long long
counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	unsigned long long value;

	__asm__ __volatile__("mrs %0, cntvct_el0" : "=r" (value));
	return value;
#else
#error "which counter does this processor have?"
#endif
}

#endif
