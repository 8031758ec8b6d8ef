/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine-independent part of a struct cpu_info, where <sys/cpu_data.h> is not there.
 */

#ifndef _RUMPHOST_CPU_DATA_H_
#define _RUMPHOST_CPU_DATA_H_

#include <sys/types.h>

struct cpu_data {
	u_int	cpu_index;
	char	cpu_name[8];
};

#define ci_index	ci_data.cpu_index
#define ci_cpuname	ci_data.cpu_name

#endif /* !_RUMPHOST_CPU_DATA_H_ */
