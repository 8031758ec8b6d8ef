/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmem(9), and how all pages of the shim allocate.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kmem.h>

#include "memory.h"
#include "shim.h"

#undef kmem_strdup

enum {
	QUANTUM = 16,		/* every allocation is aligned so */
	MESSAGE = 256,
	ALLOCATED = 0xa5,	/* what memory is filled with */
	RELEASED = 0x5a
};

void
rumphost_misusef(const char *page, const char *format, ...)
{
	char message[MESSAGE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	rumphost_misuse(page, message);
	__builtin_trap();		/* not reached: the host ends the lwp */
}

/* Whether somebody wants to see each allocation. */
static bool
watched(void)
{

	return __predict_false((rumphost_cpu()->slow & RUMPHOST_SLOW_MEMORY) != 0);
}

/* Show an allocation to the host, which may want it to fail. */
static void *
show(const char *page, void *p, size_t size, bool wait)
{

	memset(p, ALLOCATED, size);
	if (rumphost_kmem_allocated(page, p, size, wait) == 0)
		return p;
	rumphost_release(p);
	return NULL;
}

void *
rumphost_memory(const char *page, size_t size, size_t alignment, bool wait, uint64_t site)
{
	struct rumphost_lwp *l = rumphost_curlwp();
	struct rumphost_cpu *cpu = rumphost_cpu();
	uint32_t injection;
	void *p;

	if (alignment < QUANTUM)
		alignment = QUANTUM;
	if (!wait) {
		p = rumphost_allocate(size, alignment, site);
		return p != NULL && watched() ? show(page, p, size, false) : p;
	}
	if (l->kind != 't' || l->spin_count > 0)
		rumphost_assert_sleepable();

	/* The wait would end well, so an injected failure is somebody else's. */
	injection = cpu->fault_injection;
	cpu->fault_injection = 0;
	p = rumphost_allocate(size, alignment, site);
	cpu->fault_injection = injection;
	if (p == NULL)
		panic("%s: out of memory: the arena has no %zu bytes left in one piece", page, size);
	return watched() ? show(page, p, size, true) : p;
}

void
rumphost_memory_release(const char *page, void *p)
{

	if (watched()) {
		memset(p, RELEASED, rumphost_host->allocation_size(p));
		rumphost_kmem_released(page, p);
	}
	rumphost_release(p);
}

void
rumphost_memory_check(const char *page, const char *function, void *p, size_t size)
{
	uint64_t allocated = rumphost_host->allocation_size(p);
	char message[MESSAGE];

	if (__predict_true(allocated != 0 && (size == (size_t)-1 || allocated == size)))
		return;
	if (allocated == 0)
		(void)snprintf(message, sizeof(message), "%s of %p, which is not allocated: freed "
		    "twice, or not the start of an allocation", function, p);
	else
		(void)snprintf(message, sizeof(message), "%s of %p with size %zu, but %zu bytes "
		    "were allocated", function, p, size, (size_t)allocated);
	rumphost_kmem_misuse(page, message, p);
	__builtin_trap();		/* as above */
}

/*
 * In interrupt context, without waiting: against the manual page, and a kernel with DIAGNOSTIC stops
 * there.  Other kernels do not even notice, and drivers of theirs are to run here: it is told once.
 */
static void
complain(const char *function, const char *instead)
{
	static const char *told[4];
	char message[MESSAGE];
	size_t i;

	for (i = 0; i < __arraycount(told) && told[i] != NULL; i++)
		if (strcmp(told[i], function) == 0)
			return;
	if (i == __arraycount(told))
		return;
	told[i] = function;
	(void)snprintf(message, sizeof(message), "kmem(9): %s in interrupt context: %s() is for "
	    "that\n", function, instead);
	rumphost_console_write(0, NULL, message);
}

static void *
allocate(const char *function, size_t size, km_flag_t flags, bool interrupt, uint64_t site)
{
	struct rumphost_lwp *l = rumphost_curlwp();

	if (size == 0)
		rumphost_misusef("kmem(9)", "%s of 0 bytes", function);
	if (((flags & KM_SLEEP) != 0) == ((flags & KM_NOSLEEP) != 0))
		rumphost_misusef("kmem(9)", "%s needs either KM_SLEEP or KM_NOSLEEP", function);
	if (!interrupt && l->kind != 't') {
		if (flags & KM_SLEEP)
			rumphost_misusef("kmem(9)", "%s in interrupt context: kmem_intr_alloc() is "
			    "for that", function);
		complain(function, "kmem_intr_alloc");
	}
	if (rumphost_refused("kmem", NULL, size, (flags & KM_SLEEP) != 0, site))
		return NULL;
	return rumphost_memory("kmem(9)", size, 0, (flags & KM_SLEEP) != 0, site);
}

static void *
zeroed(void *p, size_t size)
{

	return p != NULL ? memset(p, 0, size) : NULL;
}

static void
release(const char *function, void *p, size_t size, bool interrupt)
{

	if (!interrupt && rumphost_curlwp()->kind != 't')
		complain(function, "kmem_intr_free");
	rumphost_memory_check("kmem(9)", function, p, size);
	rumphost_memory_release("kmem(9)", p);
}

size_t
kmem_roundup_size(size_t size)
{

	return roundup2(size, QUANTUM);
}

void *
kmem_alloc(size_t size, km_flag_t flags)
{

	return allocate("kmem_alloc", size, flags, false, RUMPHOST_CALLER);
}

void *
kmem_zalloc(size_t size, km_flag_t flags)
{

	return zeroed(allocate("kmem_zalloc", size, flags, false, RUMPHOST_CALLER), size);
}

void
kmem_free(void *p, size_t size)
{

	release("kmem_free", p, size, false);
}

void *
kmem_intr_alloc(size_t size, km_flag_t flags)
{

	return allocate("kmem_intr_alloc", size, flags, true, RUMPHOST_CALLER);
}

void *
kmem_intr_zalloc(size_t size, km_flag_t flags)
{

	return zeroed(allocate("kmem_intr_zalloc", size, flags, true, RUMPHOST_CALLER), size);
}

void
kmem_intr_free(void *p, size_t size)
{

	release("kmem_intr_free", p, size, true);
}

char *
kmem_asprintf(const char *format, ...)
{
	va_list ap;
	size_t size;
	char *s;

	va_start(ap, format);
	size = (size_t)vsnprintf(NULL, 0, format, ap) + 1;
	va_end(ap);
	s = allocate("kmem_asprintf", size, KM_SLEEP, false, RUMPHOST_CALLER);
	if (s == NULL)
		return NULL;
	va_start(ap, format);
	(void)vsnprintf(s, size, format, ap);
	va_end(ap);
	return s;
}

static char *
duplicate(const char *function, const char *s, size_t length, km_flag_t flags, uint64_t site)
{
	char *copy = allocate(function, length + 1, flags, false, site);

	if (copy == NULL)
		return NULL;
	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *
kmem_strdupsize(const char *s, size_t *size, km_flag_t flags)
{
	size_t length = strlen(s);

	if (size != NULL)
		*size = length + 1;
	return duplicate("kmem_strdup", s, length, flags, RUMPHOST_CALLER);
}

char *
kmem_strndup(const char *s, size_t most, km_flag_t flags)
{

	return duplicate("kmem_strndup", s, strnlen(s, most), flags, RUMPHOST_CALLER);
}

void
kmem_strfree(char *s)
{

	if (s != NULL)
		release("kmem_strfree", s, strlen(s) + 1, false);
}

/* The caller's own buffer if it is large enough, else memory. */
void *
kmem_tmpbuf_alloc(size_t size, void *own, size_t own_size, km_flag_t flags)
{

	if (size <= own_size)
		return own;
	return allocate("kmem_tmpbuf_alloc", size, flags, false, RUMPHOST_CALLER);
}

void
kmem_tmpbuf_free(void *p, size_t size, void *own)
{

	if (p != own)
		release("kmem_tmpbuf_free", p, size, false);
}
