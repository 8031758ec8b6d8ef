/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool(9) and pool_cache(9).
 *
 * An item is an allocation of its own, so that a leak or a second free of one is seen.  Only items
 * that pool_prime() or a low watermark keep in reserve wait on a list.  A cache constructs an object
 * each time that it gives it out and destructs it when it comes back: the page leaves that open.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/pool.h>
#include <sys/syslog.h>

#include "memory.h"
#include "shim.h"

/* What we keep in the first bytes of a struct pool, whatever its headers have there. */
struct pool_state {
	const char *name;
	void	*spare;			/* list of items in reserve */
	size_t	size;
	size_t	alignment;
	u_int	spares;
	u_int	primed;			/* so many are to be in reserve */
	u_int	low;
	u_int	out;
	u_int	limit;			/* of `out'; 0: none */
	u_int	waiters;		/* for items below the limit */
	const char *warning;
	struct timeval warned;
	struct timeval warning_interval;
	uint64_t gets, failures, puts;
	void	(*drain)(void *, int);
	void	*drain_argument;
	int	(*construct)(void *, void *, int);
	void	(*destruct)(void *, void *);
	void	*argument;
	bool	allocated;		/* by pool_cache_init() */
};

_Static_assert(sizeof(struct pool_state) <= sizeof(struct pool), "struct pool is too small");

#define STATE(pool)	((struct pool_state *)(void *)(pool))

struct pool_allocator pool_allocator_kmem;
struct pool_allocator pool_allocator_nointr;
struct pool_allocator pool_allocator_meta;

static void
initialise(struct pool_state *p, size_t size, u_int alignment, const char *name)
{

	if (size == 0)
		rumphost_misusef("pool(9)", "pool %s of items of 0 bytes", name);
	memset(p, 0, sizeof(*p));
	p->name = name;
	p->size = MAX(size, sizeof(void *));
	p->alignment = alignment;
}

static void
finish(struct pool_state *p)
{
	void *item;

	if (p->out != 0)
		rumphost_misusef("pool(9)", "pool %s is destroyed with %u items out", p->name,
		    p->out);
	while ((item = p->spare) != NULL) {
		p->spare = *(void **)item;
		rumphost_memory_release("pool(9)", item);
	}
	p->spares = 0;
}

static void
warn(struct pool_state *p)
{

	if (p->warning != NULL && ratecheck(&p->warned, &p->warning_interval))
		log(LOG_ERR, "%s\n", p->warning);
}

/* Wait until fewer than the limit are out; false: not allowed to, or not wanted. */
static bool
below_limit(struct pool_state *p, int flags)
{

	while (p->limit != 0 && p->out >= p->limit) {
		warn(p);
		if ((flags & PR_WAITOK) == 0 || (flags & PR_LIMITFAIL))
			return false;
		p->waiters++;
		(void)rumphost_tsleep(p, p->name, 0, 0, NULL);
		p->waiters--;
	}
	return true;
}

static void *
get(struct pool_state *p, int flags, uint64_t site)
{
	void *item = NULL;

	/* Older macros pass neither, and mean PR_NOWAIT. */
	if ((flags & PR_WAITOK) != 0 && (flags & PR_NOWAIT) != 0)
		rumphost_misusef("pool(9)", "pool %s: PR_WAITOK and PR_NOWAIT at once", p->name);
	if (p->spare == NULL &&
	    rumphost_refused("pool", p->name, p->size, (flags & PR_WAITOK) != 0, site)) {
		p->failures++;
		return NULL;
	}
	if (below_limit(p, flags)) {
		item = rumphost_memory("pool(9)", p->size, p->alignment,
		    (flags & PR_WAITOK) != 0 && p->spare == NULL, site);
		if (item == NULL && p->spare != NULL) {
			item = p->spare;
			p->spare = *(void **)item;
			p->spares--;
		}
	}
	if (item == NULL) {
		p->failures++;
		return NULL;
	}
	p->gets++;
	p->out++;
	return item;
}

static void
put(struct pool_state *p, void *item)
{

	rumphost_memory_check("pool(9)", "pool_put", item, p->size);
	if (p->out == 0)
		rumphost_misusef("pool(9)", "pool %s gets %p back, but none is out", p->name, item);
	p->puts++;
	p->out--;
	/* Whoever looks at memory is to see that the item is nobody's: then none is put in reserve. */
	if (p->spares < MAX(p->primed, p->low) &&
	    __predict_true((rumphost_cpu()->slow & RUMPHOST_SLOW_MEMORY) == 0)) {
		*(void **)item = p->spare;
		p->spare = item;
		p->spares++;
	} else
		rumphost_memory_release("pool(9)", item);
	if (p->waiters != 0)
		rumphost_wakeup_one(p);
}

/* Fill the reserve up; true: it is full. */
static bool
fill(struct pool_state *p, uint64_t site)
{
	void *item;

	while (p->spares < MAX(p->primed, p->low)) {
		if (rumphost_refused("pool", p->name, p->size, false, site))
			return false;
		item = rumphost_memory("pool(9)", p->size, p->alignment, false, site);
		if (item == NULL)
			return false;
		*(void **)item = p->spare;
		p->spare = item;
		p->spares++;
	}
	return true;
}

/* Give up what is in reserve without need; returns whether there was anything. */
static bool
reclaim(struct pool_state *p)
{
	u_int before = p->spares;
	void *item;

	if (p->drain != NULL)
		p->drain(p->drain_argument, PR_NOWAIT);
	while (p->spares > p->low) {
		item = p->spare;
		p->spare = *(void **)item;
		p->spares--;
		rumphost_memory_release("pool(9)", item);
	}
	return p->spares != before;
}

void
pool_init(struct pool *pool, size_t size, u_int alignment, u_int offset, int flags,
    const char *name, struct pool_allocator *allocator, int ipl)
{

	(void)offset;
	(void)flags;
	(void)allocator;
	(void)ipl;
	initialise(STATE(pool), size, alignment, name);
}

void
pool_destroy(struct pool *pool)
{

	finish(STATE(pool));
}

void *
pool_get(struct pool *pool, int flags)
{

	return get(STATE(pool), flags, RUMPHOST_CALLER);
}

void
pool_put(struct pool *pool, void *item)
{

	put(STATE(pool), item);
}

/* Newer headers let it return nothing. */
typedef __typeof__(pool_prime((struct pool *)NULL, 0)) prime_result_t;

prime_result_t
pool_prime(struct pool *pool, int count)
{
	bool full;

	STATE(pool)->primed += (u_int)count;
	full = fill(STATE(pool), RUMPHOST_CALLER);
	return (prime_result_t)(full ? 0 : ENOMEM);
}

void
pool_setlowat(struct pool *pool, int count)
{

	STATE(pool)->low = (u_int)count;
	(void)fill(STATE(pool), RUMPHOST_CALLER);
}

/* How many free items to keep at most: none are kept that need not be. */
void
pool_sethiwat(struct pool *pool, int count)
{

	(void)pool;
	(void)count;
}

void
pool_sethardlimit(struct pool *pool, int count, const char *warning, int interval)
{

	STATE(pool)->limit = (u_int)count;
	STATE(pool)->warning = warning;
	STATE(pool)->warning_interval.tv_sec = interval;
}

void
pool_set_drain_hook(struct pool *pool, void (*drain)(void *, int), void *argument)
{

	STATE(pool)->drain = drain;
	STATE(pool)->drain_argument = argument;
}

int
pool_reclaim(struct pool *pool)
{

	return reclaim(STATE(pool));
}

pool_cache_t
pool_cache_init(size_t size, u_int alignment, u_int offset, u_int flags, const char *name,
    struct pool_allocator *allocator, int ipl, int (*construct)(void *, void *, int),
    void (*destruct)(void *, void *), void *argument)
{
	pool_cache_t pc;

	pc = rumphost_memory("pool_cache(9)", sizeof(*pc), CACHE_LINE_SIZE, true,
	    RUMPHOST_CALLER);
	pool_cache_bootstrap(pc, size, alignment, offset, flags, name, allocator, ipl, construct,
	    destruct, argument);
	STATE(pc)->allocated = true;
	return pc;
}

void
pool_cache_bootstrap(pool_cache_t pc, size_t size, u_int alignment, u_int offset, u_int flags,
    const char *name, struct pool_allocator *allocator, int ipl,
    int (*construct)(void *, void *, int), void (*destruct)(void *, void *), void *argument)
{
	struct pool_state *p = STATE(pc);

	(void)offset;
	(void)flags;
	(void)allocator;
	(void)ipl;
	initialise(p, size, alignment, name);
	p->construct = construct;
	p->destruct = destruct;
	p->argument = argument;
}

void
pool_cache_bootstrap_destroy(pool_cache_t pc)
{

	finish(STATE(pc));
}

void
pool_cache_destroy(pool_cache_t pc)
{

	finish(STATE(pc));
	if (STATE(pc)->allocated)
		rumphost_memory_release("pool_cache(9)", pc);
}

void *
rumphost_pool_cache_get(pool_cache_t pc, int flags, uint64_t site)
{
	struct pool_state *p = STATE(pc);
	void *object = get(p, flags, site);

	if (object == NULL)
		return NULL;
	if (p->construct != NULL && p->construct(p->argument, object, flags) != 0) {
		put(p, object);
		p->failures++;
		return NULL;
	}
	return object;
}

void *
pool_cache_get_paddr(pool_cache_t pc, int flags, paddr_t *paddr)
{
	void *object = rumphost_pool_cache_get(pc, flags, RUMPHOST_CALLER);

	if (object != NULL && paddr != NULL)
		*paddr = (paddr_t)(uintptr_t)object;	/* see <machine/pmap.h> */
	return object;
}

void
pool_cache_destruct_object(pool_cache_t pc, void *object)
{
	struct pool_state *p = STATE(pc);

	rumphost_memory_check("pool_cache(9)", "pool_cache_put", object, p->size);
	if (p->destruct != NULL)
		p->destruct(p->argument, object);
	put(p, object);
}

void
pool_cache_put_paddr(pool_cache_t pc, void *object, paddr_t paddr)
{

	(void)paddr;
	pool_cache_destruct_object(pc, object);
}

/* Nothing is kept constructed. */
void
pool_cache_invalidate(pool_cache_t pc)
{

	(void)pc;
}

bool
pool_cache_reclaim(pool_cache_t pc)
{

	return reclaim(STATE(pc));
}

void
pool_cache_set_drain_hook(pool_cache_t pc, void (*drain)(void *, int), void *argument)
{

	STATE(pc)->drain = drain;
	STATE(pc)->drain_argument = argument;
}

void
pool_cache_setlowat(pool_cache_t pc, int count)
{

	STATE(pc)->low = (u_int)count;
	(void)fill(STATE(pc), RUMPHOST_CALLER);
}

/* As of pool_sethiwat. */
void
pool_cache_sethiwat(pool_cache_t pc, int count)
{

	(void)pc;
	(void)count;
}

void
pool_cache_sethardlimit(pool_cache_t pc, int count, const char *warning, int interval)
{

	STATE(pc)->limit = (u_int)count;
	STATE(pc)->warning = warning;
	STATE(pc)->warning_interval.tv_sec = interval;
}
