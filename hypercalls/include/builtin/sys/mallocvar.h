/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of malloc(9)'s memory; none is looked at any more.
 */

#ifndef _SYS_MALLOCVAR_H_
#define _SYS_MALLOCVAR_H_

#include <sys/types.h>

struct malloc_type;

#ifdef _KERNEL
#define MALLOC_JUSTDEFINE(type, brief, full)
#define MALLOC_DEFINE(type, brief, full)
#define MALLOC_DECLARE(type)	static struct malloc_type *const __unused type = NULL
#define malloc_type_attach(type)
#define malloc_type_detach(type)
#endif

#endif /* !_SYS_MALLOCVAR_H_ */
