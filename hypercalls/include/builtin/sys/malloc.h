/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc(9).
 */

#ifndef _SYS_MALLOC_H_
#define _SYS_MALLOC_H_

#ifdef _KERNEL

#include <sys/null.h>
#include <sys/mallocvar.h>

#define M_WAITOK	0x0000
#define M_NOWAIT	0x0001
#define M_ZERO		0x0002
#define M_CANFAIL	0x0004	/* with M_WAITOK: NULL when it could never be had */

void	*kern_malloc(unsigned long, int);
void	*kern_realloc(void *, unsigned long, int);
void	kern_free(void *);

/* The type is an argument that nobody evaluates. */
#define malloc(size, type, flags)	kern_malloc(size, flags)
#define realloc(p, size, type, flags)	kern_realloc(p, size, flags)
#define free(p, type)			kern_free(p)

#endif

#endif /* !_SYS_MALLOC_H_ */
