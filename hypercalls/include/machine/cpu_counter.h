/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cycle counter that counts the nanoseconds of the machine's clock: the same in every run on
 * a virtual clock.
 */

#ifndef _RUMPHOST_CPU_COUNTER_H_
#define _RUMPHOST_CPU_COUNTER_H_

#ifdef _KERNEL

#include <sys/types.h>

uint64_t	cpu_counter(void);
uint32_t	cpu_counter32(void);

#define cpu_hascounter()	1
#define cpu_counter_serializing()	cpu_counter()
#define cpu_frequency(ci)	((void)(ci), (uint64_t)1000000000)

#endif /* _KERNEL */

#endif /* !_RUMPHOST_CPU_COUNTER_H_ */
