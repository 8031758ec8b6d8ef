/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool(9), pool_cache(9): memory for many objects of one size.
 */

#ifndef _SYS_POOL_H_
#define _SYS_POOL_H_

#include <sys/types.h>

#ifdef _KERNEL
#include <sys/param.h>
#include <sys/mutex.h>
#include <sys/condvar.h>
#include <sys/queue.h>
#include <sys/time.h>

#define PR_WAITOK	0x01	/* the same bit as KM_SLEEP */
#define PR_NOWAIT	0x02
#define PR_WANTED	0x04
#define PR_LOGGING	0x80
#define PR_LIMITFAIL	0x100	/* fail at the hard limit, even if waiting is allowed */
#define PR_RECURSIVE	0x200
#define PR_NOTOUCH	0x400
#define PR_NOALIGN	0x800
#define PR_LARGECACHE	0x1000

#define POOL_PADDR_INVALID	((paddr_t)-1)

struct pool;

struct pool_allocator {
	void		*(*pa_alloc)(struct pool *, int);
	void		(*pa_free)(struct pool *, void *);
	unsigned int	pa_pagesz;
};

/* What is inside is pool.c's business. */
struct pool {
	uint64_t	pr_words[40];
};

struct pool_cache {
	struct pool	pc_pool;
	uint64_t	pc_words[8];
};
typedef struct pool_cache *pool_cache_t;

extern struct pool_allocator pool_allocator_kmem;
extern struct pool_allocator pool_allocator_nointr;
extern struct pool_allocator pool_allocator_meta;

void	pool_init(struct pool *, size_t, u_int, u_int, int, const char *,
	    struct pool_allocator *, int);
void	pool_destroy(struct pool *);
void	*pool_get(struct pool *, int);
void	pool_put(struct pool *, void *);
int	pool_prime(struct pool *, int);
int	pool_reclaim(struct pool *);
void	pool_setlowat(struct pool *, int);
void	pool_sethiwat(struct pool *, int);
void	pool_sethardlimit(struct pool *, int, const char *, int);
void	pool_set_drain_hook(struct pool *, void (*)(void *, int), void *);

pool_cache_t pool_cache_init(size_t, u_int, u_int, u_int, const char *, struct pool_allocator *,
	    int, int (*)(void *, void *, int), void (*)(void *, void *), void *);
void	pool_cache_destroy(pool_cache_t);
void	pool_cache_bootstrap(pool_cache_t, size_t, u_int, u_int, u_int, const char *,
	    struct pool_allocator *, int, int (*)(void *, void *, int), void (*)(void *, void *),
	    void *);
void	pool_cache_bootstrap_destroy(pool_cache_t);
void	*pool_cache_get_paddr(pool_cache_t, int, paddr_t *);
void	pool_cache_put_paddr(pool_cache_t, void *, paddr_t);
void	pool_cache_destruct_object(pool_cache_t, void *);
void	pool_cache_invalidate(pool_cache_t);
bool	pool_cache_reclaim(pool_cache_t);
void	pool_cache_setlowat(pool_cache_t, int);
void	pool_cache_sethiwat(pool_cache_t, int);
void	pool_cache_sethardlimit(pool_cache_t, int, const char *, int);
void	pool_cache_set_drain_hook(pool_cache_t, void (*)(void *, int), void *);

#define pool_cache_get(pc, flags)	pool_cache_get_paddr((pc), (flags), NULL)
#define pool_cache_put(pc, object) \
	pool_cache_put_paddr((pc), (object), POOL_PADDR_INVALID)
#endif

#endif /* !_SYS_POOL_H_ */
