/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often each line and branch of the driver has run: the compiler's counters, which stand in
 * the image's memory, for the host to keep in files.  It asks while no lwp runs, also when the
 * driver has crashed.
 *
 * The compiler's library turns them into the format of gcov's data files.
 */

#include <sys/types.h>

#include "shim.h"

struct gcov_info;

/* Objects one after the other: the length of the name that the compiler chose for its file, that
 * name, the length of its content, and that. */
struct output {
	char	*to;
	uint64_t room;
	uint64_t used;
};

/* Of the compiler's library, and the section that the compiler puts the counters' tables into. */
void	__gcov_info_to_gcda(const struct gcov_info *, void (*)(const char *, void *),
	    void (*)(const void *, unsigned int, void *), void *(*)(unsigned int, void *), void *);
extern const struct gcov_info *const __start_gcov_info[] __attribute__((__weak__,
    __visibility__("hidden")));
extern const struct gcov_info *const __stop_gcov_info[] __attribute__((__weak__,
    __visibility__("hidden")));

RUMPHOST_UPCALL uint64_t rumphost_coverage_read(char *, uint64_t);

/* What the library refers to, and has no use for here: counters of other kinds than these. */
void	__gcov_merge_add(void *, unsigned int);
void	abort(void) __attribute__((__noreturn__, __weak__));
void	*mmap(void *, unsigned long, int, int, int, long) __attribute__((__weak__));

void
__gcov_merge_add(void *counters, unsigned int count)
{

	(void)counters;
	(void)count;
}

void
abort(void)
{

	__builtin_trap();
}

void *
mmap(void *address, unsigned long size, int protection, int flags, int file, long offset)
{

	(void)address;
	(void)size;
	(void)protection;
	(void)flags;
	(void)file;
	(void)offset;
	return (void *)-1L;
}

static void
put(const void *data, unsigned int size, void *arg)
{
	struct output *o = arg;
	const char *from = data;
	unsigned int n;

	for (n = 0; n < size; n++, o->used++)
		if (o->used < o->room)
			o->to[o->used] = from[n];
}

static void
put_name(const char *name, void *arg)
{
	uint32_t length;

	for (length = 0; name[length] != '\0'; length++)
		;
	put(&length, sizeof(length), arg);
	put(name, length, arg);
	length = 0;			/* of the content, set when it is known */
	put(&length, sizeof(length), arg);
}

static void *
no_memory(unsigned int size, void *arg)
{

	(void)size;
	(void)arg;
	return (void *)0;
}

/* Where the content starts that follows a name. */
static uint64_t
content(const struct output *o, uint64_t start)
{
	uint32_t length = 0;
	unsigned int n;

	for (n = 0; n < sizeof(length) && start + n < o->room; n++)
		((char *)&length)[n] = o->to[start + n];
	return start + 2 * sizeof(length) + length;
}

/* Store all there is, as far as there is room; returns how much that takes. */
uint64_t
rumphost_coverage_read(char *to, uint64_t room)
{
	struct output o = { to, room, 0 }, patch;
	const struct gcov_info *const *info;
	uint64_t start, from;
	uint32_t length;

	for (info = __start_gcov_info; info < __stop_gcov_info; info++) {
		start = o.used;
		__gcov_info_to_gcda(*info, put_name, put, no_memory, &o);
		from = content(&o, start);
		if (o.used > o.room)
			continue;
		length = (uint32_t)(o.used - from);
		patch = o;
		patch.used = from - sizeof(length);
		put(&length, sizeof(length), &patch);
	}
	return o.used;
}
