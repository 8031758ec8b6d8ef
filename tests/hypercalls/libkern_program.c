/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of this directory call: the shim's C library with arguments that fit an upcall.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/bitops.h>
#include <sys/cpu.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/malloc.h>
#include <sys/once.h>
#include <sys/percpu.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/syslog.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <machine/cpu_counter.h>

#include "shim.h"

/* Newer headers do not have these. */
int	suword(void *, long);
int	subyte(void *, int);
long	fuword(const void *);
int	fubyte(const void *);

#define UP	RUMPHOST_UPCALL uint64_t

const char *
device_xname(device_t dev)
{

	return (const char *)dev;
}

/* printf(9) */

#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

UP format3(char *to, size_t n, const char *f, uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)snprintf(to, n, f, a, b, c);
}

UP say(const char *f, uint64_t a, uint64_t b)
{
	printf(f, a, b);
	return 0;
}

UP announce(const char *name)
{
	device_t dev = (device_t)(uintptr_t)name;

	aprint_normal_dev(dev, "found %d of %s\n", 2, "three");
	aprint_naive("tape\n");
	aprint_error_dev(dev, "broken\n");
	log(LOG_ERR, "%s: timeout\n", name);
	return (uint64_t)aprint_get_error_count() * 10 + (uint64_t)aprint_get_error_count();
}

UP collapse(const char *f, uint64_t a)
{
	panic(f, a);
}

UP assertion(uint64_t value)
{
	KASSERT(value != 1);
	KASSERTMSG(value != 2, "value %ju", (uintmax_t)value);
	return value;
}

UP bits(char *to, size_t n, const char *f, uint64_t value, size_t longest)
{
	return (uint64_t)(int64_t)(longest != 0 ? snprintb_m(to, n, f, value, longest) :
	    snprintb(to, n, f, value));
}

UP humanize(char *to, size_t n, uint64_t bytes, const char *suffix, int divisor)
{
	return (uint64_t)(int64_t)(divisor != 0 ?
	    humanize_number(to, n, bytes, suffix, divisor) : format_bytes(to, n, bytes));
}

/* Strings and numbers: each answers with one number */

#define STRINGS(name, expression)					\
UP name(char *a, char *b, uint64_t n)					\
{									\
	(void)a;							\
	(void)b;							\
	(void)n;							\
	return (uint64_t)(expression);					\
}

static int64_t
offset(const void *p, const char *from)
{

	return p == NULL ? -1 : (const char *)p - from;
}

/* The compiler must not answer itself. */
static size_t	(*volatile v_strlen)(const char *) = (strlen);
static int	(*volatile v_strcmp)(const char *, const char *) = (strcmp);
static char	*(*volatile v_strcpy)(char *, const char *) = (strcpy);
static int	(*volatile v_memcmp)(const void *, const void *, size_t) = (memcmp);
static void	*(*volatile v_memcpy)(void *, const void *, size_t) = (memcpy);
static void	*(*volatile v_memmove)(void *, const void *, size_t) = (memmove);
static void	*(*volatile v_memset)(void *, int, size_t) = (memset);

STRINGS(t_strlen, v_strlen(a))
STRINGS(t_strnlen, strnlen(a, n))
STRINGS(t_strcmp, (int64_t)v_strcmp(a, b))
STRINGS(t_strncmp, (int64_t)strncmp(a, b, n))
STRINGS(t_strcasecmp, (int64_t)strcasecmp(a, b))
STRINGS(t_strcpy, offset(v_strcpy(a, b), a))
STRINGS(t_strncpy, offset(strncpy(a, b, n), a))
STRINGS(t_strlcpy, strlcpy(a, b, n))
STRINGS(t_strlcat, strlcat(a, b, n))
STRINGS(t_strncat, offset(strncat(a, b, n), a))
STRINGS(t_strchr, offset(strchr(a, (int)n), a))
STRINGS(t_strrchr, offset(strrchr(a, (int)n), a))
STRINGS(t_strstr, offset(strstr(a, b), a))
STRINGS(t_strspn, strspn(a, b))
STRINGS(t_strcspn, strcspn(a, b))
STRINGS(t_strpbrk, offset(strpbrk(a, b), a))
STRINGS(t_memcmp, (int64_t)v_memcmp(a, b, n))
STRINGS(t_memcpy, offset(v_memcpy(a, b, n), a))
STRINGS(t_memmove, offset(v_memmove(a, b, n), a))
STRINGS(t_memset, offset(v_memset(a, 'x', n), a))
STRINGS(t_equal, consttime_memequal(a, b, n))
STRINGS(t_pmatch, pmatch(a, b, NULL))
STRINGS(t_strtoul, strtoul(a, NULL, (int)n))
STRINGS(t_strtoll, strtoll(a, NULL, (int)n))
STRINGS(t_crc32, crc32(0, (const uint8_t *)a, n))
STRINGS(t_popcount, popcount64(n))
STRINGS(t_intoa, strlcpy(a, intoa((uint32_t)n), 16))
STRINGS(t_random, random())
STRINGS(t_fls, fls64(n))
STRINGS(t_ilog2, (int64_t)ilog2(n))

UP t_strtoi(const char *s, int64_t lowest, int64_t highest)
{
	int status = -1;

	(void)strtoi(s, NULL, 0, lowest, highest, &status);
	return (uint64_t)status;
}

UP t_strsep(char *s, const char *set)
{
	uint64_t count = 0;
	char *token;

	while ((token = strsep(&s, set)) != NULL)
		count = count * 10 + strlen(token);
	return count;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

UP t_sort(uint32_t *items, uint64_t n)
{
	uint32_t spare;

	return (uint64_t)kheapsort(items, n, sizeof(*items), by_value, &spare);
}

/* queue(3): a letter each time that something is wrong */

struct node {
	int	value;
	TAILQ_ENTRY(node) t;
	LIST_ENTRY(node) l;
	SLIST_ENTRY(node) s;
	SIMPLEQ_ENTRY(node) q;
};
TAILQ_HEAD(tails, node);
LIST_HEAD(lists, node);
SLIST_HEAD(slists, node);
SIMPLEQ_HEAD(queues, node);

#define SUM(head, KIND, field)						\
({									\
	uint64_t sum_ = 0;						\
	struct node *n_;						\
									\
	KIND##_FOREACH(n_, head, field)					\
		sum_ = sum_ * 10 + (uint64_t)n_->value;			\
	sum_;								\
})

UP t_queues(uint64_t which)
{
	struct node n[5] = { { .value = 1 }, { .value = 2 }, { .value = 3 }, { .value = 4 } };
	struct tails t = TAILQ_HEAD_INITIALIZER(t), more = TAILQ_HEAD_INITIALIZER(more);
	struct lists l = LIST_HEAD_INITIALIZER(l);
	struct slists s = SLIST_HEAD_INITIALIZER(s);
	struct queues q = SIMPLEQ_HEAD_INITIALIZER(q);
	struct node *previous;

	switch (which) {
	case 0:
		TAILQ_INSERT_TAIL(&t, &n[1], t);
		TAILQ_INSERT_HEAD(&t, &n[0], t);
		TAILQ_INSERT_AFTER(&t, &n[1], &n[3], t);
		TAILQ_INSERT_BEFORE(&n[3], &n[2], t);
		TAILQ_REMOVE(&t, &n[1], t);
		TAILQ_INSERT_TAIL(&more, &n[1], t);
		TAILQ_CONCAT(&t, &more, t);
		previous = TAILQ_PREV(&n[1], tails, t);
		TAILQ_REMOVE(&t, previous, t);
		return SUM(&t, TAILQ, t) * 10 + (uint64_t)TAILQ_LAST(&t, tails)->value +
		    (TAILQ_EMPTY(&more) ? 0 : 1000000);
	case 1:
		LIST_INSERT_HEAD(&l, &n[0], l);
		LIST_INSERT_AFTER(&n[0], &n[2], l);
		LIST_INSERT_BEFORE(&n[2], &n[1], l);
		LIST_REPLACE(&n[2], &n[3], l);
		LIST_REMOVE(&n[0], l);
		return SUM(&l, LIST, l);
	case 2:
		SLIST_INSERT_HEAD(&s, &n[0], s);
		SLIST_INSERT_AFTER(&n[0], &n[1], s);
		SLIST_INSERT_HEAD(&s, &n[2], s);
		SLIST_INSERT_HEAD(&s, &n[3], s);
		SLIST_REMOVE(&s, &n[0], node, s);
		SLIST_REMOVE_HEAD(&s, s);
		return SUM(&s, SLIST, s);
	default:
		SIMPLEQ_INSERT_TAIL(&q, &n[0], q);
		SIMPLEQ_INSERT_TAIL(&q, &n[1], q);
		SIMPLEQ_INSERT_HEAD(&q, &n[2], q);
		SIMPLEQ_REMOVE(&q, &n[1], node, q);
		SIMPLEQ_INSERT_TAIL(&q, &n[3], q);
		SIMPLEQ_REMOVE_HEAD(&q, q);
		return SUM(&q, SIMPLEQ, q) * 10 +
		    (uint64_t)SIMPLEQ_LAST(&q, node, q)->value;
	}
}

/* Memory */

UP t_alloc(size_t n, int flags)
{
	return (uint64_t)(uintptr_t)kmem_alloc(n, (km_flag_t)flags);
}

/* No tail call: the return address is what leaks are told by. */
UP t_zalloc(size_t n, int flags)
{
	void *volatile p = kmem_zalloc(n, (km_flag_t)flags);

	return (uint64_t)(uintptr_t)p;
}

UP t_intr_alloc(size_t n, int flags)
{
	return (uint64_t)(uintptr_t)kmem_intr_alloc(n, (km_flag_t)flags);
}

UP t_free(void *p, size_t n)
{
	kmem_free(p, n);
	return 0;
}

UP t_asprintf(void)
{
	return (uint64_t)(uintptr_t)kmem_asprintf("%s-%d", "net", 5);
}

UP t_strfree(char *s)
{
	kmem_strfree(s);
	return 0;
}

UP t_malloc(size_t n, int flags)
{
	return (uint64_t)(uintptr_t)malloc(n, M_DEVBUF, flags);
}

UP t_realloc(void *p, size_t n)
{
	return (uint64_t)(uintptr_t)realloc(p, n, M_DEVBUF, M_WAITOK);
}

UP t_mfree(void *p)
{
	free(p, M_DEVBUF);
	return 0;
}

static int made, unmade;

static int
construct(void *argument, void *object, int flags)
{

	(void)flags;
	*(uint64_t *)object = (uint64_t)(uintptr_t)argument;
	return made++ == 2 ? ENOMEM : 0;
}

static void
destruct(void *argument, void *object)
{

	(void)argument;
	(void)object;
	unmade++;
}

/* Objects are constructed and destructed; the third construction fails. */
UP t_pool_cache(void)
{
	pool_cache_t pc;
	uint64_t *a, *b, *c, seen;

	pc = pool_cache_init(100, 64, 0, 0, "test", NULL, IPL_NONE, construct, destruct,
	    (void *)77);
	a = pool_cache_get(pc, PR_WAITOK);
	b = pool_cache_get(pc, PR_NOWAIT);
	c = pool_cache_get(pc, PR_NOWAIT);
	seen = *a + *b + (c == NULL) + ((uintptr_t)a % 64 == 0);
	pool_cache_put(pc, a);
	pool_cache_put(pc, b);
	pool_cache_destroy(pc);
	return seen * 100 + (uint64_t)made * 10 + (uint64_t)unmade;
}

UP t_pool_limit(uint64_t limit)
{
	struct pool pool;
	void *items[8];
	uint64_t n, got = 0;

	pool_init(&pool, 24, 0, 0, 0, "limited", NULL, IPL_NONE);
	pool_sethardlimit(&pool, (int)limit, "limited pool is empty", 10);
	for (n = 0; n < 8; n++) {
		items[n] = pool_get(&pool, n == 7 ? PR_WAITOK | PR_LIMITFAIL : PR_NOWAIT);
		got += items[n] != NULL;
	}
	for (n = 0; n < got; n++)
		pool_put(&pool, items[n]);
	pool_destroy(&pool);
	return got;
}

static struct pool reserve;

/* Items in reserve are there when the arena has none. */
UP t_pool_prime(uint64_t count)
{
	pool_init(&reserve, 2048, 0, 0, 0, "reserve", NULL, IPL_NONE);
	return (uint64_t)pool_prime(&reserve, (int)count);
}

UP t_pool_get(void)
{
	return (uint64_t)(uintptr_t)pool_get(&reserve, PR_NOWAIT);
}

UP t_pool_put(void *item)
{
	pool_put(&reserve, item);
	return 0;
}

UP t_pool_destroy(void)
{
	pool_destroy(&reserve);
	return 0;
}

UP t_percpu(void)
{
	percpu_t *pc = percpu_alloc(sizeof(uint64_t));
	uint64_t *p = percpu_getref(pc);

	*p += 5;
	percpu_putref(pc);
	p = percpu_getref(pc);
	percpu_putref(pc);
	percpu_free(pc, sizeof(uint64_t));
	return *p;
}

UP t_hash(uint64_t n)
{
	struct tails *t;
	u_long mask;
	bool good;

	t = hashinit((u_int)n, HASH_TAILQ, true, &mask);
	good = TAILQ_EMPTY(&t[mask]);
	hashdone(t, HASH_TAILQ, mask);
	return good ? mask : 0;
}

/* Time */

UP t_time(struct timespec *ts, uint64_t which)
{
	struct timeval tv;
	struct bintime bt;

	switch (which) {
	case 0:
		nanouptime(ts);
		break;
	case 1:
		nanotime(ts);
		break;
	case 2:
		getnanouptime(ts);
		break;
	case 3:
		microtime(&tv);
		TIMEVAL_TO_TIMESPEC(&tv, ts);
		break;
	case 4:
		binuptime(&bt);
		bintime2timespec(&bt, ts);
		break;
	case 5:
		ts->tv_sec = time_second;
		ts->tv_nsec = time_uptime;
		break;
	case 6:
		ts->tv_sec = hardclock_ticks;
		ts->tv_nsec = getticks();
		break;
	}
	return (uint64_t)hz;
}

UP t_tvtohz(int64_t sec, int64_t usec)
{
	struct timeval tv = { .tv_sec = sec, .tv_usec = (suseconds_t)usec };

	return (uint64_t)tvtohz(&tv);
}

UP t_mstohz(uint64_t ms)
{
	return mstohz((u_int)ms);
}

static struct timeval last;
static int count;

UP t_ratecheck(int64_t sec)
{
	struct timeval interval = { .tv_sec = sec };

	return (uint64_t)ratecheck(&last, &interval);
}

UP t_ppsratecheck(uint64_t most)
{
	return (uint64_t)ppsratecheck(&last, &count, (int)most);
}

/* Wait by reading the clock */
UP t_spin(uint64_t ns)
{
	uint64_t start = cpu_counter();

	while (cpu_counter() - start < ns)
		continue;
	return cpu_counter() - start;
}

/* Others */

UP t_atomic(void)
{
	uint32_t n = 5;
	void *p = &n;
	uint64_t seen;

	atomic_inc_32(&n);
	atomic_or_uint(&n, 8);
	seen = atomic_add_int_nv(&n, -2);
	seen = seen * 100 + atomic_cas_uint(&n, 12, 3) + atomic_swap_32(&n, 9);
	seen = seen * 100 + atomic_dec_uint_nv(&n);
	return seen * 10 + (atomic_cas_ptr(&p, &n, NULL) == &n) + (p == NULL);
}

static int runs;

static int
run(void)
{

	return ++runs;
}

UP t_once(void)
{
	static ONCE_DECL(once);

	(void)RUN_ONCE(&once, run);
	(void)RUN_ONCE(&once, run);
	return (uint64_t)RUN_ONCE(&once, run) * 10 + (uint64_t)runs;
}

UP t_uiomove(char *a, char *b, uint64_t write)
{
	struct iovec iov[2] = {
		{ .iov_base = a, .iov_len = 3 },
		{ .iov_base = a + 10, .iov_len = 5 }
	};
	struct uio uio = {
		.uio_iov = iov,
		.uio_iovcnt = 2,
		.uio_offset = 2,
		.uio_resid = 8,
		.uio_rw = write ? UIO_WRITE : UIO_READ
	};
	int error;

	UIO_SETUP_SYSSPACE(&uio);
	error = uiomove_frombuf(b, 9, &uio);
	return (uint64_t)error * 1000 + uio.uio_resid * 100 + (uint64_t)uio.uio_offset;
}

UP t_copyinstr(const char *from, char *to, size_t size)
{
	size_t done = 0;
	int error;

	error = copyinstr(from, to, size, &done);
	return (uint64_t)error * 100 + done;
}

UP t_words(void *p)
{
	return suword(p, -7) == 0 && fuword(p) == -7 && fubyte(p) == 0xf9 &&
	    subyte(NULL, 1) == -1;
}

UP t_curlwp(void)
{
	return curlwp == curlwp && curproc == &proc0 && curlwp->l_cpu == curcpu() &&
	    strcmp(curlwp->l_name, "t") == 0 ? (uint64_t)curlwp->l_lid +
	    (cpu_intr_p() ? 10 : 0) + (cpu_softintr_p() ? 20 : 0) : 0;
}
