/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * percpu(9), with one CPU.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/percpu.h>

#include <machine/cpu.h>

#include "memory.h"
#include "shim.h"

struct percpu {
	size_t	size;
	void	(*destroy)(void *, void *, struct cpu_info *);
	void	*cookie;
	char	data[] __aligned(16);
};

typedef void	(*function_t)(void *, void *, struct cpu_info *);

percpu_t *percpu_create(size_t, function_t, function_t, void *);

static percpu_t *
create(size_t size, function_t construct, function_t destroy, void *cookie, uint64_t site)
{
	percpu_t *pc;

	pc = rumphost_memory("percpu(9)", sizeof(*pc) + size, CACHE_LINE_SIZE, true, site);
	memset(pc, 0, sizeof(*pc) + size);
	pc->size = size;
	pc->destroy = destroy;
	pc->cookie = cookie;
	if (construct != NULL)
		construct(pc->data, cookie, curcpu());
	return pc;
}

percpu_t *
percpu_alloc(size_t size)
{

	return create(size, NULL, NULL, NULL, RUMPHOST_CALLER);
}

percpu_t *
percpu_create(size_t size, function_t construct, function_t destroy, void *cookie)
{

	return create(size, construct, destroy, cookie, RUMPHOST_CALLER);
}

void
percpu_free(percpu_t *pc, size_t size)
{

	rumphost_memory_check("percpu(9)", "percpu_free", pc, (size_t)-1);
	if (size != pc->size)
		rumphost_misusef("percpu(9)", "percpu_free with size %zu of %zu bytes", size,
		    pc->size);
	if (pc->destroy != NULL)
		pc->destroy(pc->data, pc->cookie, curcpu());
	rumphost_memory_release("percpu(9)", pc);
}

void *
percpu_getref(percpu_t *pc)
{

	return pc->data;
}

/* No lwp changes its CPU. */
void
percpu_putref(percpu_t *pc)
{

	(void)pc;
}

void
percpu_foreach(percpu_t *pc, percpu_callback_t function, void *argument)
{

	function(pc->data, argument, curcpu());
}

/* No CPU comes or goes. */
void
percpu_traverse_enter(void)
{
}

void
percpu_traverse_exit(void)
{
}

void *
percpu_getptr_remote(percpu_t *pc, struct cpu_info *ci)
{

	(void)ci;
	return pc->data;
}
