/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc(9), old and new: a macro for kern_malloc(), or a function with a type.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/malloc.h>

#include "memory.h"
#include "shim.h"

#undef malloc
#undef realloc
#undef free

static void *
allocate(unsigned long size, int flags, uint64_t site)
{
	size_t n = size != 0 ? size : 1;
	bool wait = (flags & (M_NOWAIT | M_CANFAIL)) == 0;
	void *p;

	if (rumphost_refused("malloc", NULL, n, wait, site))
		return NULL;
	p = rumphost_memory("malloc(9)", n, 0, wait, site);
	if (p != NULL && (flags & M_ZERO))
		memset(p, 0, n);
	return p;
}

static void
release(void *p)
{

	if (p == NULL)
		return;
	rumphost_memory_check("malloc(9)", "free", p, (size_t)-1);
	rumphost_memory_release("malloc(9)", p);
}

static void *
reallocate(void *old, unsigned long size, int flags, uint64_t site)
{
	uint64_t had;
	void *new;

	if (old == NULL)
		return allocate(size, flags, site);
	if (size == 0) {
		release(old);
		return NULL;
	}
	rumphost_memory_check("malloc(9)", "realloc", old, (size_t)-1);
	had = rumphost_host->allocation_size(old);
	new = allocate(size, flags, site);
	if (new == NULL)
		return NULL;
	memcpy(new, old, MIN(had, size));
	rumphost_memory_release("malloc(9)", old);
	return new;
}

void *
kern_malloc(unsigned long size, int flags)
{

	return allocate(size, flags, RUMPHOST_CALLER);
}

void *
kern_realloc(void *old, unsigned long size, int flags)
{

	return reallocate(old, size, flags, RUMPHOST_CALLER);
}

void
kern_free(void *p)
{

	release(p);
}

void	*malloc(unsigned long, struct malloc_type *, int);
void	*realloc(void *, unsigned long, struct malloc_type *, int);
void	free(void *, struct malloc_type *);

void *
malloc(unsigned long size, struct malloc_type *type, int flags)
{

	(void)type;
	return allocate(size, flags, RUMPHOST_CALLER);
}

void *
realloc(void *old, unsigned long size, struct malloc_type *type, int flags)
{

	(void)type;
	return reallocate(old, size, flags, RUMPHOST_CALLER);
}

void
free(void *p, struct malloc_type *type)
{

	(void)type;
	release(p);
}
