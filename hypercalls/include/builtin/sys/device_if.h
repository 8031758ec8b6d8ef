/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of autoconf(9)'s types, for headers that need no more.
 */

#ifndef _SYS_DEVICE_IF_H_
#define _SYS_DEVICE_IF_H_

#include <sys/types.h>

struct device;
typedef struct device *device_t;

#ifdef _KERNEL
struct device_lock;
struct device_suspensor;
typedef uint64_t			devgen_t;
typedef struct device_lock		*device_lock_t;
typedef struct device_suspensor		device_suspensor_t;

typedef enum devact_level {
	DEVACT_LEVEL_CLASS = 0,
	DEVACT_LEVEL_DRIVER = 1,
	DEVACT_LEVEL_BUS = 2
} devact_level_t;
#define DEVACT_LEVEL_FULL	DEVACT_LEVEL_CLASS
#endif

#endif /* !_SYS_DEVICE_IF_H_ */
