/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena: all memory that drivers get, out of the chunks that the machine's devices can reach.
 *
 * Sizes up to half a page come from slabs of a power of two, larger ones are runs of pages; so
 * everything is aligned to its size, up to a page.  Who owns an allocation and which code asked
 * for it is kept apart from the memory itself, where no stray write of a driver reaches it.
 */

#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
	PAGE = 4096,
	SMALLEST_SHIFT = 5,		/* 32 bytes */
	CLASSES = 7			/* to 2048 bytes */
};

struct object {
	uint64_t site;
	uint32_t size;			/* asked for; FREE when free */
	uint32_t owner;
	uint32_t serial;
	int32_t next_free;
};

static const uint32_t FREE = UINT32_MAX;

enum kind { PAGE_FREE = 0, PAGE_SLAB, PAGE_RUN, PAGE_INSIDE };

struct page {
	enum kind kind;
	uint32_t class;			/* of a slab */
	uint32_t used;			/* of a slab: objects in use */
	int32_t free_object;		/* of a slab: first free one */
	uint64_t run;			/* pages of the run that starts here */
	struct object *objects;		/* of a slab */
	struct object whole;		/* of a run */
	uint64_t size;			/* of a run: bytes asked for */
	struct page *next, *previous;	/* slabs of one class with room */
};

struct chunk {
	uint64_t address;
	uint64_t pages;
	uint64_t lowest;		/* no page below it is free */
	struct page *page;
};

static struct chunk chunks[RUMPHOST_CHUNKS];
static uint32_t chunk_count;
static struct page *partial[CLASSES];
static uint64_t in_use;
static uint32_t serial;

int
rumphost_arena_start(void)
{
	const struct rumphost_cpu *cpu = &rumphost_cpu_state;
	struct chunk *c;
	uint64_t first, last;
	uint32_t i;

	rumphost_arena_stop();
	for (i = 0; i < cpu->chunk_count; i++) {
		c = &chunks[i];
		first = (cpu->chunks[i].address + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		last = (cpu->chunks[i].address + cpu->chunks[i].size) & ~(uint64_t)(PAGE - 1);
		c->address = first;
		c->pages = (last - first) / PAGE;
		c->lowest = 0;
		c->page = calloc(c->pages, sizeof(*c->page));
		if (c->page == NULL)
			return -1;
		chunk_count = i + 1;
	}
	return 0;
}

void
rumphost_arena_stop(void)
{
	uint64_t n;
	uint32_t i;

	for (i = 0; i < chunk_count; i++) {
		for (n = 0; n < chunks[i].pages; n++)
			free(chunks[i].page[n].objects);
		free(chunks[i].page);
	}
	memset(chunks, 0, sizeof(chunks));
	memset(partial, 0, sizeof(partial));
	chunk_count = 0;
	in_use = 0;
	serial = 0;
	rumphost_guard_stop();
}

static uint32_t
class_of(uint64_t size)
{
	uint32_t class = 0;

	while (((uint64_t)1 << (class + SMALLEST_SHIFT)) < size)
		class++;
	return class;
}

static uint64_t
address_of(const struct chunk *c, uint64_t n)
{

	return c->address + n * PAGE;
}

/*
 * Find the lowest `count' free pages in a chunk, the first of them aligned; returns its number or
 * -1.  The lowest, so that memory in use stays together and what was used once is used again.
 */
static int64_t
find_run(struct chunk *c, uint64_t count, uint64_t alignment)
{
	uint64_t n, k, lowest = c->pages;

	for (n = c->lowest; n + count <= c->pages; n++) {
		if (c->page[n].kind == PAGE_RUN) {
			n += c->page[n].run - 1;
			continue;
		}
		if (c->page[n].kind != PAGE_FREE)
			continue;
		if (lowest > n)
			lowest = n;
		if (address_of(c, n) % alignment != 0)
			continue;
		for (k = 1; k < count && c->page[n + k].kind == PAGE_FREE; k++)
			;
		if (k == count) {
			c->lowest = lowest == n ? n + count : lowest;
			return (int64_t)n;
		}
		n += k;
	}
	return -1;
}

static struct page *
take_run(uint64_t count, uint64_t alignment, uint64_t *address)
{
	struct chunk *c;
	int64_t n;
	uint64_t k;
	uint32_t i;

	for (i = 0; i < chunk_count; i++) {
		c = &chunks[i];
		n = find_run(c, count, alignment);
		if (n < 0)
			continue;
		c->page[n].kind = PAGE_RUN;
		c->page[n].run = count;
		for (k = 1; k < count; k++)
			c->page[(uint64_t)n + k].kind = PAGE_INSIDE;
		*address = address_of(c, (uint64_t)n);
		return &c->page[n];
	}
	return NULL;
}

static void
give_run(struct page *p)
{
	uint64_t n, count = p->run;
	struct chunk *c = chunks;

	while (p < c->page || p >= c->page + c->pages)
		c++;
	n = (uint64_t)(p - c->page);
	if (c->lowest > n)
		c->lowest = n;
	memset(p, 0, count * sizeof(*p));
}

static struct page *
page_of(uint64_t address, struct chunk **chunk)
{
	uint32_t i;

	for (i = 0; i < chunk_count; i++) {
		if (address < chunks[i].address ||
		    address >= address_of(&chunks[i], chunks[i].pages))
			continue;
		*chunk = &chunks[i];
		return &chunks[i].page[(address - chunks[i].address) / PAGE];
	}
	return NULL;
}

static void
link_partial(struct page *p)
{

	p->previous = NULL;
	p->next = partial[p->class];
	if (p->next != NULL)
		p->next->previous = p;
	partial[p->class] = p;
}

static void
unlink_partial(struct page *p)
{

	if (p->previous != NULL)
		p->previous->next = p->next;
	else
		partial[p->class] = p->next;
	if (p->next != NULL)
		p->next->previous = p->previous;
	p->next = p->previous = NULL;
}

static struct page *
new_slab(uint32_t class)
{
	uint32_t n, count = PAGE >> (class + SMALLEST_SHIFT);
	struct object *objects;
	struct page *p;
	uint64_t address;

	objects = calloc(count, sizeof(*objects));
	if (objects == NULL)
		return NULL;
	p = take_run(1, PAGE, &address);
	if (p == NULL) {
		free(objects);
		return NULL;
	}
	for (n = 0; n < count; n++) {
		objects[n].size = FREE;
		objects[n].next_free = n + 1 < count ? (int32_t)n + 1 : -1;
	}
	p->kind = PAGE_SLAB;
	p->class = class;
	p->objects = objects;
	p->whole.site = address;	/* where the slab's memory is */
	link_partial(p);
	return p;
}

static void
book(struct object *o, uint64_t site)
{
	const struct rumphost_lwp *lwp = rumphost_cpu_state.running;

	o->site = site;
	o->owner = lwp != NULL ? lwp->owner : 0;
	o->serial = ++serial;
}

static void *
allocate_small(uint32_t class, uint64_t size, uint64_t site)
{
	struct page *p = partial[class];
	struct object *o;
	int32_t n;

	if (p == NULL && (p = new_slab(class)) == NULL)
		return NULL;
	n = p->free_object;
	o = &p->objects[n];
	p->free_object = o->next_free;
	p->used++;
	if (p->free_object < 0)
		unlink_partial(p);
	o->size = (uint32_t)size;
	book(o, site);
	in_use += (uint64_t)1 << (class + SMALLEST_SHIFT);
	return (void *)(uintptr_t)(p->whole.site +
	    ((uint64_t)n << (class + SMALLEST_SHIFT)));
}

static void *
allocate_run(uint64_t size, uint64_t alignment, uint64_t site)
{
	struct page *p;
	uint64_t address;

	p = take_run((size + PAGE - 1) / PAGE, alignment < PAGE ? PAGE : alignment, &address);
	if (p == NULL)
		return NULL;
	p->size = size;
	book(&p->whole, site);
	in_use += p->run * PAGE;
	return (void *)(uintptr_t)address;
}

void *
rumphost_arena_take(uint64_t size, uint64_t alignment, uint64_t site)
{
	uint64_t room = size > alignment ? size : alignment;

	if (room <= PAGE / 2)
		return allocate_small(class_of(room), size, site);
	return allocate_run(size, alignment, site);
}

void *
rumphost_arena_allocate(uint64_t size, uint64_t alignment, uint64_t site)
{

	if (rumphost_cpu_state.fault_injection != 0 &&
	    --rumphost_cpu_state.fault_injection == 0)
		return NULL;
	if (size == 0 || size > UINT64_MAX / 2)
		return NULL;
	if (rumphost_guarding)
		return rumphost_guard_allocate(size, alignment, site);
	if (rumphost_shadowing)
		return rumphost_shadow_allocate(size, alignment, site);
	return rumphost_arena_take(size, alignment, site);
}

/* The object that starts at an address, or NULL. */
static struct object *
object_at(uint64_t address, struct page **page, uint64_t *size)
{
	struct chunk *c;
	struct page *p = page_of(address, &c);
	struct object *o;
	uint32_t shift;

	if (p == NULL)
		return NULL;
	*page = p;
	if (p->kind == PAGE_RUN && address % PAGE == 0) {
		*size = p->size;
		return &p->whole;
	}
	if (p->kind != PAGE_SLAB)
		return NULL;
	shift = p->class + SMALLEST_SHIFT;
	if (address % ((uint64_t)1 << shift) != 0)
		return NULL;
	o = &p->objects[(address - p->whole.site) >> shift];
	*size = o->size;
	return o->size != FREE ? o : NULL;
}

void
rumphost_arena_release(void *pointer)
{

	if (rumphost_guarding)
		rumphost_guard_release(pointer);
	else if (rumphost_shadowing)
		rumphost_shadow_release(pointer);
	else
		rumphost_arena_give(pointer);
}

void
rumphost_arena_give(void *pointer)
{
	uint64_t size, address = (uint64_t)(uintptr_t)pointer;
	struct object *o;
	struct page *p;

	o = object_at(address, &p, &size);
	if (o == NULL)
		return;			/* the shim has looked with allocation_size before */
	if (p->kind == PAGE_RUN) {
		in_use -= p->run * PAGE;
		give_run(p);
		return;
	}
	in_use -= (uint64_t)1 << (p->class + SMALLEST_SHIFT);
	if (p->free_object < 0)
		link_partial(p);
	o->size = FREE;
	o->next_free = p->free_object;
	p->free_object = (int32_t)(o - p->objects);
	if (--p->used == 0) {
		unlink_partial(p);
		free(p->objects);
		p->run = 1;
		give_run(p);
	}
}

uint64_t
rumphost_arena_size(void *pointer)
{
	struct page *p;
	uint64_t size;

	if (rumphost_guarding)
		return rumphost_guard_size(pointer);
	if (rumphost_shadowing)
		return rumphost_shadow_size(pointer);
	if (object_at((uint64_t)(uintptr_t)pointer, &p, &size) == NULL)
		return 0;
	return size;
}

int
rumphost_arena_find(uint64_t address)
{
	struct rumphost_guarded guarded;
	const struct page *p;
	struct chunk *c;

	if (rumphost_guarding)
		return rumphost_guard_find(address, &guarded) ? !guarded.released : -1;
	p = page_of(address, &c);
	if (p == NULL)
		return -1;
	if (rumphost_shadowing)
		return rumphost_shadow_find(address, 0, &guarded) && !guarded.released;
	if (p->kind != PAGE_SLAB)
		return p->kind != PAGE_FREE;
	return p->objects[(address - p->whole.site) >> (p->class + SMALLEST_SHIFT)].size != FREE;
}

uint64_t
rumphost_arena_in_use(void)
{

	if (rumphost_guarding)
		return rumphost_guard_in_use();
	return rumphost_shadowing ? rumphost_shadow_in_use() : in_use;
}

static void
note(struct rumphost_allocation *a, const struct object *o, uint64_t address, uint64_t size)
{

	a->address = address;
	a->size = size;
	a->site = o->site;
	a->owner = o->owner;
	a->serial = o->serial;
}

static uint64_t
list_slab(const struct page *p, uint32_t owner, struct rumphost_allocation *list, uint64_t count,
    uint64_t max)
{
	uint32_t k, shift = p->class + SMALLEST_SHIFT;
	const struct object *o;

	for (k = 0; k < (uint32_t)PAGE >> shift; k++) {
		o = &p->objects[k];
		if (o->size == FREE || (owner != UINT32_MAX && o->owner != owner))
			continue;
		if (count < max)
			note(&list[count], o, p->whole.site + ((uint64_t)k << shift), o->size);
		count++;
	}
	return count;
}

uint64_t
rumphost_arena_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max)
{
	const struct page *p;
	uint64_t n, count = 0;
	uint32_t i;

	if (rumphost_guarding)
		return rumphost_guard_list(owner, list, max);
	if (rumphost_shadowing)
		return rumphost_shadow_list(owner, list, max);
	for (i = 0; i < chunk_count; i++) {
		for (n = 0; n < chunks[i].pages; n++) {
			p = &chunks[i].page[n];
			if (p->kind == PAGE_SLAB)
				count = list_slab(p, owner, list, count, max);
			else if (p->kind == PAGE_RUN &&
			    (owner == UINT32_MAX || p->whole.owner == owner)) {
				if (count < max)
					note(&list[count], &p->whole, address_of(&chunks[i], n),
					    p->size);
				count++;
			}
		}
	}
	return count;
}

uint64_t
rumphost_arena_release_owner(uint32_t owner)
{
	struct rumphost_allocation batch[64];
	uint64_t n, k, total = 0;

	while ((n = rumphost_arena_list(owner, batch, 64)) != 0) {
		n = n < 64 ? n : 64;
		for (k = 0; k < n; k++)
			rumphost_arena_release((void *)(uintptr_t)batch[k].address);
		total += n;
	}
	return total;
}
