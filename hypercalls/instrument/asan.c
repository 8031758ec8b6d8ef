/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the compiler calls in an image built with the address sanitizer: before each load and
 * store, and to tell which globals there are.  This is the kernel's kind of it, options KASAN, in
 * which every check is a call and the runtime is the kernel's own.
 *
 * The shadow is the host's (../host/shadow.c), mapped after the image is loaded and before any of
 * its code runs but the constructors; so these only take note.  The compiler marks stack frames
 * in the shadow by itself, at RUMPHOST_SHADOW, which the builder gives to both.  With
 * RUMPHOST_SANITIZE_RECOVER 1, a driver goes on after what it is caught at.
 */

#include <sys/param.h>

#include "shim.h"

enum {
	GRANULE = 8,
	MODULES = 2048,			/* one for each source with globals */
	ALLOCA_AROUND = 32,		/* bytes on both sides of what alloca() gives */
	/* Why an access is not allowed; the host reads these from the shadow. */
	GLOBAL_AROUND = 0xf9,
	STACK_AFTER_SCOPE = 0xf8,
	ALLOCA_LEFT = 0xca,
	ALLOCA_RIGHT = 0xcb
};

#if defined(__aarch64__)
#define	ADDRESS_BITS	48
#else
#define	ADDRESS_BITS	47
#endif

/* The compiler's, for a global. */
struct global {
	uintptr_t address;
	uintptr_t size;
	uintptr_t size_with_room;
	const char *name;
	const char *source;
	uintptr_t is_dynamic;
	uintptr_t location;
	uintptr_t indicator;
};

struct module {
	const struct global *globals;
	uint64_t count;
};

RUMPHOST_UPCALL const uint64_t rumphost_shadow_offset = RUMPHOST_SHADOW;
RUMPHOST_UPCALL struct module rumphost_asan_modules[MODULES];
RUMPHOST_UPCALL uint64_t rumphost_asan_count;
RUMPHOST_UPCALL void rumphost_asan_start(void);

void	__asan_register_globals(void *, long);
void	__asan_unregister_globals(void *, long);
void	__asan_handle_no_return(void);
void	__asan_poison_stack_memory(uintptr_t, uintptr_t);
void	__asan_unpoison_stack_memory(uintptr_t, uintptr_t);
void	__asan_alloca_poison(uintptr_t, uintptr_t);
void	__asan_allocas_unpoison(uintptr_t, uintptr_t);
void	__asan_loadN_noabort(uintptr_t, uintptr_t);
void	__asan_storeN_noabort(uintptr_t, uintptr_t);

static bool on;

static inline int8_t *
shadow(uintptr_t address)
{

	return (int8_t *)(address / GRANULE + RUMPHOST_SHADOW);
}

/* From a granule's start. */
static void
poison(uintptr_t address, uintptr_t size, int why)
{
	int8_t *s = shadow(address), *end = shadow(address + size);

	while (s < end)
		*s++ = (int8_t)why;
}

/* From a granule's start; the last one may be allowed in part. */
static void
allow(uintptr_t address, uintptr_t size)
{

	poison(address, size, 0);
	if (size % GRANULE != 0)
		*shadow(address + size) = (int8_t)(size % GRANULE);
}

/* Where user space has no memory there is no shadow: such an access faults by itself. */
static inline bool
allowed(uintptr_t address, uintptr_t size)
{
	uintptr_t last = address + size - 1;
	const int8_t *s = shadow(address), *end = shadow(last);

	if (((address | last) >> ADDRESS_BITS) != 0 || size == 0)
		return true;
	for (; s < end; s++)
		if (*s != 0)
			return false;
	return *s == 0 || (int8_t)(last % GRANULE) < *s;
}

static void __attribute__((__noinline__))
report(uintptr_t address, uintptr_t size, bool is_write)
{

	if (rumphost_curlwp() == NULL)
		__builtin_trap();	/* not on a driver's stack: nobody can be told */
	rumphost_kasan(address, size, is_write, RUMPHOST_SANITIZE_RECOVER);
}

#define	CHECK(kind, is_write, size)					\
void	__asan_##kind##size##_noabort(uintptr_t);			\
									\
void									\
__asan_##kind##size##_noabort(uintptr_t address)			\
{									\
									\
	if (__builtin_expect(!allowed(address, size), 0))		\
		report(address, size, is_write);			\
}

CHECK(load, false, 1)
CHECK(load, false, 2)
CHECK(load, false, 4)
CHECK(load, false, 8)
CHECK(load, false, 16)
CHECK(store, true, 1)
CHECK(store, true, 2)
CHECK(store, true, 4)
CHECK(store, true, 8)
CHECK(store, true, 16)

void
__asan_loadN_noabort(uintptr_t address, uintptr_t size)
{

	if (!allowed(address, size))
		report(address, size, false);
}

void
__asan_storeN_noabort(uintptr_t address, uintptr_t size)
{

	if (!allowed(address, size))
		report(address, size, true);
}

/* == globals == */

static void
mark(const struct module *m)
{
	const struct global *g;
	uintptr_t end;

	for (g = m->globals; g < m->globals + m->count; g++) {
		allow(g->address, g->size);
		end = (g->size + GRANULE - 1) / GRANULE * GRANULE;
		poison(g->address + end, g->size_with_room - end, GLOBAL_AROUND);
	}
}

void
rumphost_asan_start(void)
{
	uint64_t n;

	on = true;
	for (n = 0; n < rumphost_asan_count; n++)
		mark(&rumphost_asan_modules[n]);
}

void
__asan_register_globals(void *globals, long count)
{

	if (rumphost_asan_count == MODULES)
		return;			/* these globals have no bounds, then */
	rumphost_asan_modules[rumphost_asan_count].globals = globals;
	rumphost_asan_modules[rumphost_asan_count++].count = (uint64_t)count;
}

/* The image goes: something else will be loaded there. */
void
__asan_unregister_globals(void *globals, long count)
{
	const struct global *g = globals;

	for (; on && count > 0; g++, count--)
		poison(g->address, g->size_with_room, 0);
}

/* == stacks: what the compiler does not mark by itself == */

/* The lwp goes no further, and the host clears its stack. */
void
__asan_handle_no_return(void)
{
}

void
__asan_poison_stack_memory(uintptr_t address, uintptr_t size)
{

	poison(address, (size + GRANULE - 1) / GRANULE * GRANULE, STACK_AFTER_SCOPE);
}

void
__asan_unpoison_stack_memory(uintptr_t address, uintptr_t size)
{

	allow(address, size);
}

void
__asan_alloca_poison(uintptr_t address, uintptr_t size)
{
	uintptr_t end = (size + GRANULE - 1) / GRANULE * GRANULE;
	uintptr_t room = (size + ALLOCA_AROUND - 1) / ALLOCA_AROUND * ALLOCA_AROUND;

	poison(address - ALLOCA_AROUND, ALLOCA_AROUND, ALLOCA_LEFT);
	allow(address, size);
	poison(address + end, room - end + ALLOCA_AROUND, ALLOCA_RIGHT);
}

void
__asan_allocas_unpoison(uintptr_t top, uintptr_t bottom)
{

	if (top != 0 && top <= bottom)
		poison(top, bottom - top, 0);
}
