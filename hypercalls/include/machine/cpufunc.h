/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that drivers name: only those that mean something in a process.
 */

#ifndef _RUMPHOST_CPUFUNC_H_
#define _RUMPHOST_CPUFUNC_H_

#include <sys/cdefs.h>
#include <sys/types.h>

#ifdef _KERNEL

/* A hint in a busy loop; the host has to be asked for time to pass: see delay(9). */
static __inline void
rumphost_cpu_pause(void)
{

#if defined(__x86_64__)
	__asm volatile("pause" ::: "memory");
#else
	__asm volatile("yield" ::: "memory");
#endif
}

#if defined(__x86_64__)
#define x86_pause()	rumphost_cpu_pause()
#define x86_lfence()	__asm volatile("lfence" ::: "memory")
#define x86_sfence()	__asm volatile("sfence" ::: "memory")
#define x86_mfence()	__asm volatile("mfence" ::: "memory")
#endif

#endif /* _KERNEL */

#endif /* !_RUMPHOST_CPUFUNC_H_ */
