/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kmem(9), malloc(9), pool(9) and percpu(9) have in common; kmem.c has it.
 */

#ifndef RUMPHOST_MEMORY_H
#define RUMPHOST_MEMORY_H

#include <sys/types.h>
#include <machine/stdarg.h>

#ifndef __printflike
#define __printflike(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#endif

/*
 * Memory of the arena, or NULL.  A caller that may wait must be allowed to, and gets no failure:
 * without memory there would be nothing to wait for, so that is a panic.
 */
void	*rumphost_memory(const char *, size_t, size_t, bool, uint64_t);

/* Check what is given back: its size, or -1 for any.  Does not return if it is not allocated. */
void	rumphost_memory_check(const char *, const char *, void *, size_t);

/* pool_cache_get(), with the code address to blame. */
struct pool_cache;
void	*rumphost_pool_cache_get(struct pool_cache *, int, uint64_t);

/* Give it back. */
void	rumphost_memory_release(const char *, void *);

/* A rule was broken: rumphost_misuse() with a format. */
void	rumphost_misusef(const char *, const char *, ...) __dead __printflike(2, 3);

#endif
