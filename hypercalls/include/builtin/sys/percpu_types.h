/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The type of percpu(9).
 */

#ifndef _SYS_PERCPU_TYPES_H_
#define _SYS_PERCPU_TYPES_H_

#include <sys/types.h>

struct cpu_info;
typedef struct percpu percpu_t;

#endif /* !_SYS_PERCPU_TYPES_H_ */
