/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadow of the address sanitizer: for each 8 bytes of memory one that says how many of them,
 * from the first, may be touched (0: all), or as a negative number why none may.
 *
 * Images built with the sanitizer look there before each access (../instrument/asan.c), and mark
 * their stacks and globals themselves.  Here the shadow is made, and the arena's part of it kept:
 * whatever is not allocated is out of bounds.  Each allocation is followed by some bytes that are
 * out of bounds as well, and what is released comes into a quarantine before it is used again.
 *
 * It covers the whole address space: the memory is the kernel's zero page where nobody wrote.
 */

#define _GNU_SOURCE
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
	GRANULE = 8,
	AROUND = 16,			/* bytes out of bounds behind an allocation, at least */
	BUCKETS = 1 << 12,
	QUARANTINE = 8 << 20		/* bytes of released memory, and books, to keep */
};

#if defined(__aarch64__)
#define	SHADOW_SIZE	((size_t)1 << 45)	/* of 48 bits of address */
#else
#define	SHADOW_SIZE	((size_t)1 << 44)	/* of 47 */
#endif

/* An allocation, live or in quarantine. */
struct record {
	struct rumphost_guarded is;
	struct record *next;		/* in its bucket */
	struct record *younger;		/* in quarantine */
};

static uint64_t shadow;
static struct record *buckets[BUCKETS];
static struct record *oldest, **youngest = &oldest;
static uint64_t quarantined, bytes_in_use;
static uint32_t serial;

int rumphost_shadowing;

/* Both take whole granules, but for what is left of an allocation's last. */
static void
poison(uint64_t address, uint64_t size, int why)
{

	memset((void *)(uintptr_t)(shadow + address / GRANULE), why, size / GRANULE);
}

static void
allow(uint64_t address, uint64_t size)
{
	int8_t *s = (int8_t *)(uintptr_t)(shadow + address / GRANULE);

	memset(s, 0, size / GRANULE);
	if (size % GRANULE != 0)
		s[size / GRANULE] = (int8_t)(size % GRANULE);
}

void
rumphost_shadow_stop(void)
{
	struct record *r, *next;
	int n;

	if (!rumphost_shadowing)
		return;
	for (n = 0; n < BUCKETS; n++) {
		for (r = buckets[n]; r != NULL; r = next) {
			next = r->next;
			free(r);
		}
		buckets[n] = NULL;
	}
	oldest = NULL;
	youngest = &oldest;
	quarantined = bytes_in_use = 0;
	serial = 0;
	rumphost_shadowing = 0;
	munmap((void *)(uintptr_t)shadow, SHADOW_SIZE);
}

static struct record **
bucket(uint64_t address)
{

	return &buckets[(address >> 5) % BUCKETS];
}

static struct record *
at(uint64_t address)
{
	struct record *r = *bucket(address);

	while (r != NULL && r->is.address != address)
		r = r->next;
	return r;
}

static void
enter(struct record *r)
{

	r->next = *bucket(r->is.address);
	*bucket(r->is.address) = r;
	bytes_in_use += r->is.size;
	allow(r->is.address, r->is.size);
}

/* Take over what the arena has given out already; there is nothing around that. */
static void
adopt(void)
{
	struct rumphost_allocation *list;
	struct record *r;
	uint64_t n, count = rumphost_arena_list(UINT32_MAX, NULL, 0);

	list = calloc(count + 1, sizeof(*list));
	if (list == NULL)
		abort();
	(void)rumphost_arena_list(UINT32_MAX, list, count);
	for (n = 0; n < count; n++) {
		r = calloc(1, sizeof(*r));
		if (r == NULL)
			abort();
		r->is.address = list[n].address;
		r->is.size = list[n].size;
		r->is.site = r->is.allocated_at[0] = list[n].site;
		r->is.owner = list[n].owner;
		r->is.serial = list[n].serial;
		if (serial < r->is.serial)
			serial = r->is.serial;
		enter(r);
	}
	free(list);
}

int
rumphost_shadow_start(uint64_t offset)
{
	const struct rumphost_cpu *cpu = &rumphost_cpu_state;
	uint32_t n;
	void *memory;

	if (rumphost_shadowing)
		return offset == shadow ? 0 : EINVAL;
	memory = mmap((void *)(uintptr_t)offset, SHADOW_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (memory == MAP_FAILED)
		return errno;
	(void)madvise(memory, SHADOW_SIZE, MADV_DONTDUMP);
	shadow = offset;
	if (rumphost_guarding) {	/* the arena is watched over already */
		rumphost_shadowing = 1;
		return 0;
	}
	for (n = 0; n < cpu->chunk_count; n++)
		poison(cpu->chunks[n].address, cpu->chunks[n].size, RUMPHOST_SHADOW_FREE);
	adopt();
	rumphost_shadowing = 1;
	return 0;
}

/* Give the oldest of the quarantine back to the arena. */
static void
let_go(void)
{
	struct record **link, *r = oldest;

	if ((oldest = r->younger) == NULL)
		youngest = &oldest;
	quarantined -= r->is.size + sizeof(*r);
	for (link = bucket(r->is.address); *link != r; link = &(*link)->next)
		;
	*link = r->next;
	rumphost_arena_give((void *)(uintptr_t)r->is.address);
	free(r);
}

void *
rumphost_shadow_allocate(uint64_t size, uint64_t alignment, uint64_t site)
{
	const struct rumphost_lwp *lwp = rumphost_cpu_state.running;
	struct record *r = calloc(1, sizeof(*r));
	uint64_t room = (size + GRANULE - 1) / GRANULE * GRANULE + AROUND;
	void *memory;

	if (r == NULL)
		return NULL;
	while ((memory = rumphost_arena_take(room, alignment, site)) == NULL && oldest != NULL)
		let_go();
	if (memory == NULL) {
		free(r);
		return NULL;
	}
	r->is.address = (uint64_t)(uintptr_t)memory;
	r->is.size = size;
	r->is.site = site;
	r->is.owner = lwp != NULL ? lwp->owner : 0;
	r->is.serial = ++serial;
	rumphost_fiber_places(r->is.allocated_at, RUMPHOST_GUARD_PLACES, site);
	enter(r);
	return memory;
}

void
rumphost_shadow_release(void *pointer)
{
	struct record *r = at((uint64_t)(uintptr_t)pointer);

	if (r == NULL || r->is.released)
		return;			/* the shim has looked with allocation_size before */
	r->is.released = 1;
	rumphost_fiber_places(r->is.released_at, RUMPHOST_GUARD_PLACES, 0);
	bytes_in_use -= r->is.size;
	poison(r->is.address, (r->is.size + GRANULE - 1) / GRANULE * GRANULE,
	    RUMPHOST_SHADOW_RELEASED);
	quarantined += r->is.size + sizeof(*r);
	*youngest = r;
	youngest = &r->younger;
	while (quarantined > QUARANTINE)
		let_go();
}

uint64_t
rumphost_shadow_size(void *pointer)
{
	const struct record *r = at((uint64_t)(uintptr_t)pointer);

	return r != NULL && !r->is.released ? r->is.size : 0;
}

uint64_t
rumphost_shadow_list(uint32_t owner, struct rumphost_allocation *list, uint64_t max)
{
	const struct record *r;
	uint64_t count = 0;
	int n;

	for (n = 0; n < BUCKETS; n++) {
		for (r = buckets[n]; r != NULL; r = r->next) {
			if (r->is.released || (owner != UINT32_MAX && r->is.owner != owner))
				continue;
			if (count < max) {
				list[count].address = r->is.address;
				list[count].size = r->is.size;
				list[count].site = r->is.site;
				list[count].owner = r->is.owner;
				list[count].serial = r->is.serial;
			}
			count++;
		}
	}
	return count;
}

uint64_t
rumphost_shadow_in_use(void)
{

	return bytes_in_use;
}

void
rumphost_shadow_stack(uint64_t stack, uint64_t size, int why)
{

	if (rumphost_shadowing)
		poison(stack, size, why);
}

static uint64_t
distance(const struct record *r, uint64_t address)
{

	if (address < r->is.address)
		return r->is.address - address;
	if (address >= r->is.address + r->is.size)
		return address - (r->is.address + r->is.size) + 1;
	return 0;
}

int
rumphost_shadow_find(uint64_t address, uint64_t most, struct rumphost_guarded *found)
{
	const struct record *r, *best = NULL;
	int n;

	for (n = 0; n < BUCKETS; n++)
		for (r = buckets[n]; r != NULL; r = r->next)
			if (distance(r, address) <= most &&
			    (best == NULL || distance(r, address) < distance(best, address)))
				best = r;
	if (best == NULL)
		return 0;
	*found = best->is;
	found->where = address;
	return 1;
}
