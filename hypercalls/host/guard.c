/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory guard: the arena as it is when each access is to be watched over.
 *
 * An allocation gets pages of its own and ends where a page ends, followed by one that nobody may
 * touch, so that the access that leaves it faults there and then.  The bytes between the page's
 * start and the allocation, and those that its alignment leaves before the page's end, hold a
 * pattern that is looked at when it is released.  Released pages may not be touched either, and
 * are the last to be used again: allocation goes round the arena.
 *
 * All that is of the process's mapping alone: a device reaches the memory by another way, and may
 * write to what was released.  So that gets a pattern too, looked at before its next use.
 */

#define _GNU_SOURCE
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
	PAGE = 4096,
	SMALLEST_ALIGNMENT = 16,
	AROUND = 0xfd,			/* next to an allocation */
	FRESH = 0xa5,			/* never written to */
	RELEASED = 0x5a
};

/* An allocation, or what was one. */
struct guarded {
	struct rumphost_guarded is;
	uint64_t first;			/* its first page in the chunk */
	uint64_t count;			/* its pages, the inaccessible one included */
	struct guarded *next, *previous;	/* those in use, oldest first */
};

struct chunk {
	uint64_t address;		/* as drivers see it */
	uint64_t pages;
	uint64_t next;			/* page to look from */
	void *own;			/* a mapping that we have made, and its size */
	uint64_t own_size;
	struct guarded **of;		/* of each page; NULL: never used */
};

static struct chunk chunks[RUMPHOST_CHUNKS];
static uint32_t chunk_count;
static struct guarded in_use = { .next = &in_use, .previous = &in_use };
static uint64_t bytes_in_use;
static uint32_t serial;
static struct rumphost_guarded report;

int rumphost_guarding;

/*
 * Devices that live in this process reach the memory by its first mapping, so drivers get a second
 * one.  Memory that can not be mapped twice is only real hardware's.
 */
static uint64_t
map_again(struct chunk *c, uint64_t address, uint64_t size)
{
	void *again = mremap((void *)(uintptr_t)address, 0, size, MREMAP_MAYMOVE);

	if (again == MAP_FAILED)
		return address;
	c->own = again;
	c->own_size = size;
	return (uint64_t)(uintptr_t)again;
}

int
rumphost_guard_start(void)
{
	struct rumphost_cpu *cpu = &rumphost_cpu_state;
	struct chunk *c;
	uint32_t i;

	rumphost_guard_stop();
	for (i = 0; i < cpu->chunk_count; i++) {
		c = &chunks[i];
		c->pages = cpu->chunks[i].size / PAGE;
		c->of = calloc(c->pages, sizeof(struct guarded *));
		if (c->of == NULL)
			return ENOMEM;
		chunk_count = i + 1;
		c->address = map_again(c, cpu->chunks[i].address, c->pages * PAGE);
		cpu->chunks[i].address = c->address;
		if (c->address % PAGE != 0)
			return EINVAL;
		if (mprotect((void *)(uintptr_t)c->address, c->pages * PAGE, PROT_NONE) != 0)
			return errno;
	}
	rumphost_guarding = 1;
	return 0;
}

static void
forget(struct chunk *c, struct guarded *g)
{
	uint64_t n;

	for (n = 0; n < g->count; n++)
		c->of[g->first + n] = NULL;
	free(g);
}

void
rumphost_guard_stop(void)
{
	struct chunk *c;
	uint64_t n;

	for (c = chunks; c < chunks + chunk_count; c++) {
		for (n = 0; n < c->pages; n++)
			if (c->of[n] != NULL)
				forget(c, c->of[n]);
		free(c->of);
		if (c->own != NULL)
			munmap(c->own, c->own_size);
		else
			mprotect((void *)(uintptr_t)c->address, c->pages * PAGE,
			    PROT_READ | PROT_WRITE);
	}
	memset(chunks, 0, sizeof(chunks));
	chunk_count = 0;
	in_use.next = in_use.previous = &in_use;
	bytes_in_use = 0;
	serial = 0;
	report.what = 0;
	rumphost_guarding = 0;
}

static struct chunk *
chunk_of(uint64_t address)
{
	struct chunk *c;

	for (c = chunks; c < chunks + chunk_count; c++)
		if (address - c->address < c->pages * PAGE)
			return c;
	return NULL;
}

static struct guarded *
at(uint64_t address)
{
	struct chunk *c = chunk_of(address);

	return c != NULL ? c->of[(address - c->address) / PAGE] : NULL;
}

/* Where its pages start, and where the inaccessible one does. */
static uint64_t
start_of(const struct guarded *g)
{

	return g->is.address & ~(uint64_t)(PAGE - 1);
}

static uint64_t
end_of(const struct guarded *g)
{

	return start_of(g) + (g->count - 1) * PAGE;
}

static int
protect(const struct guarded *g, int how)
{

	return mprotect((void *)(uintptr_t)start_of(g), (g->count - 1) * PAGE, how);
}

/* The first byte that is not the pattern, or 0. */
static uint64_t
changed(uint64_t from, uint64_t to, int pattern)
{

	for (; from < to; from++)
		if (*(const unsigned char *)(uintptr_t)from != pattern)
			return from;
	return 0;
}

/* For Python to ask for; of several the first. */
static void
note(const struct guarded *g, int32_t what, uint64_t where)
{

	if (report.what != 0)
		return;
	report = g->is;
	report.what = what;
	report.where = where;
}

/* The lwp that runs has done it, and ends here; elsewhere Python asks for it itself. */
static void
tell(const struct guarded *g, int32_t what, uint64_t where)
{
	struct rumphost_lwp *lwp = rumphost_cpu_state.running;

	note(g, what, where);
	if (lwp == NULL)
		return;
	lwp->exit = RUMPHOST_EXIT_GUARD;
	rumphost_fiber_leave(lwp);
	abort();			/* it is not run again */
}

/* What is not as it was left; 0: nothing. */
static int32_t
inspect(const struct guarded *g, uint64_t *where)
{
	uint64_t end = g->is.address + g->is.size;

	if (g->is.released) {
		*where = changed(g->is.address, end, RELEASED);
		return *where != 0 ? RUMPHOST_GUARD_WRITTEN : 0;
	}
	*where = changed(end, end_of(g), AROUND);
	if (*where == 0)
		*where = changed(start_of(g), g->is.address, AROUND);
	return *where != 0 ? RUMPHOST_GUARD_BOUNDS : 0;
}

/* The same for what was released, which has to be made readable for it. */
static int32_t
inspect_released(const struct guarded *g, uint64_t *where)
{
	int32_t what;

	if (protect(g, PROT_READ) != 0)
		return 0;
	what = inspect(g, where);
	(void)protect(g, PROT_NONE);
	return what;
}

static int
is_free(const struct chunk *c, uint64_t n)
{

	return c->of[n] == NULL || c->of[n]->is.released;
}

/* `count' free pages from `n' on, or further; -1: none up to the end. */
static int64_t
find_from(const struct chunk *c, uint64_t n, uint64_t count, uint64_t alignment)
{
	uint64_t k;

	for (; n + count <= c->pages; n++) {
		if (!is_free(c, n)) {
			n = c->of[n]->first + c->of[n]->count - 1;
			continue;
		}
		if (alignment > PAGE && (c->address + n * PAGE) % alignment != 0)
			continue;
		for (k = 1; k < count && is_free(c, n + k); k++)
			;
		if (k == count)
			return (int64_t)n;
		n += k;
	}
	return -1;
}

static struct chunk *
find(uint64_t count, uint64_t alignment, uint64_t *first)
{
	struct chunk *c;
	int64_t n;

	for (c = chunks; c < chunks + chunk_count; c++) {
		n = find_from(c, c->next, count, alignment);
		if (n < 0)
			n = find_from(c, 0, count, alignment);
		if (n < 0)
			continue;
		*first = (uint64_t)n;
		return c;
	}
	return NULL;
}

/* Forget what was in these pages before, but not that it was written to since. */
static void
recycle(struct chunk *c, uint64_t first, uint64_t count)
{
	struct guarded *g;
	uint64_t n, where;
	int32_t what;

	for (n = first; n < first + count; n++) {
		g = c->of[n];
		if (g == NULL)
			continue;
		what = g->is.seen ? 0 : inspect_released(g, &where);
		if (what != 0)
			note(g, what, where);
		forget(c, g);
	}
}

void *
rumphost_guard_allocate(uint64_t size, uint64_t alignment, uint64_t site)
{
	const struct rumphost_lwp *lwp = rumphost_cpu_state.running;
	uint64_t first, n, pages, end;
	struct guarded *g;
	struct chunk *c;

	if (alignment < SMALLEST_ALIGNMENT)
		alignment = SMALLEST_ALIGNMENT;
	/* What alignment leaves behind the allocation is less than it, and less than a page. */
	n = alignment < PAGE ? alignment : PAGE;
	pages = ((size + n - 1) / n * n + PAGE - 1) / PAGE + 1;
	c = find(pages, alignment, &first);
	if (c == NULL)
		return NULL;
	recycle(c, first, pages);
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	end = c->address + (first + pages - 1) * PAGE;
	g->is.address = (end - size) & ~(n - 1);
	g->is.size = size;
	g->is.site = site;
	g->is.owner = lwp != NULL ? lwp->owner : 0;
	g->is.serial = ++serial;
	g->first = first;
	g->count = pages;
	if (protect(g, PROT_READ | PROT_WRITE) != 0) {
		free(g);
		return NULL;
	}
	memset((void *)(uintptr_t)start_of(g), AROUND, (pages - 1) * PAGE);
	memset((void *)(uintptr_t)g->is.address, FRESH, size);
	rumphost_fiber_places(g->is.allocated_at, RUMPHOST_GUARD_PLACES, site);
	for (n = 0; n < pages; n++)
		c->of[first + n] = g;
	c->next = first + pages;
	g->next = &in_use;
	g->previous = in_use.previous;
	g->previous->next = in_use.previous = g;
	bytes_in_use += (pages - 1) * PAGE;
	return (void *)(uintptr_t)g->is.address;
}

void
rumphost_guard_release(void *pointer)
{
	struct guarded *g = at((uint64_t)(uintptr_t)pointer);
	uint64_t where;
	int32_t what;

	if (g == NULL || g->is.address != (uint64_t)(uintptr_t)pointer)
		return;			/* as in the arena */
	if (g->is.released) {
		tell(g, RUMPHOST_GUARD_TWICE, g->is.address);
		return;
	}
	what = g->is.seen ? 0 : inspect(g, &where);
	g->is.released = 1;
	rumphost_fiber_places(g->is.released_at, RUMPHOST_GUARD_PLACES, 0);
	memset(pointer, RELEASED, g->is.size);
	(void)protect(g, PROT_NONE);
	g->previous->next = g->next;
	g->next->previous = g->previous;
	bytes_in_use -= (g->count - 1) * PAGE;
	if (what != 0)
		tell(g, what, where);
}

uint64_t
rumphost_guard_size(void *pointer)
{
	const struct guarded *g = at((uint64_t)(uintptr_t)pointer);

	return g != NULL && !g->is.released && g->is.address == (uint64_t)(uintptr_t)pointer ?
	    g->is.size : 0;
}

uint64_t
rumphost_guard_in_use(void)
{

	return bytes_in_use;
}

uint64_t
rumphost_guard_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max)
{
	const struct guarded *g;
	uint64_t count = 0;

	for (g = in_use.next; g != &in_use; g = g->next) {
		if (owner != UINT32_MAX && g->is.owner != owner)
			continue;
		if (count < max) {
			list[count].address = g->is.address;
			list[count].size = g->is.size;
			list[count].site = g->is.site;
			list[count].owner = g->is.owner;
			list[count].serial = g->is.serial;
		}
		count++;
	}
	return count;
}

int
rumphost_guard_find(uint64_t address, struct rumphost_guarded *found)
{
	const struct guarded *g = at(address), *next = at(address + PAGE - address % PAGE);

	/* In the page between two: what starts right after it may be meant. */
	if (g != NULL && address >= end_of(g) && address % PAGE >= PAGE / 2 && next != NULL &&
	    !next->is.released && next->is.address % PAGE == 0)
		g = next;
	if (g == NULL)
		return 0;
	*found = g->is;
	found->where = address;
	return 1;
}

int
rumphost_guard_reachable(uint64_t address, uint64_t size)
{
	const struct guarded *g;
	uint64_t n;

	if (!rumphost_guarding || size == 0)
		return 1;
	for (n = address & ~(uint64_t)(PAGE - 1); n < address + size; n += PAGE) {
		if (chunk_of(n) == NULL)
			continue;
		g = at(n);
		if (g == NULL || g->is.released || n >= end_of(g))
			return 0;
	}
	return 1;
}

int
rumphost_guard_reported(struct rumphost_guarded *found)
{

	if (report.what == 0)
		return 0;
	*found = report;
	report.what = 0;
	return 1;
}

int
rumphost_guard_sweep(uint32_t owner, struct rumphost_guarded *found)
{
	struct guarded *g;
	struct chunk *c;
	uint64_t n, where;
	int32_t what;

	for (c = chunks; c < chunks + chunk_count; c++) {
		for (n = 0; n < c->pages; n += g != NULL ? g->count : 1) {
			g = c->of[n];
			if (g == NULL || g->is.owner != owner || g->is.seen)
				continue;
			what = g->is.released ? inspect_released(g, &where) : inspect(g, &where);
			if (what == 0)
				continue;
			g->is.seen = 1;
			*found = g->is;
			found->what = what;
			found->where = where;
			return 1;
		}
	}
	return 0;
}
