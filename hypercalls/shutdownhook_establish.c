/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shutdownhook_establish(9): what older drivers do before the machine goes down.  Each hook is run
 * once, the latest first, when the host shuts down the device that established it: see pmf.c.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/queue.h>

#include "shim.h"

void	rumphost_shutdownhooks(uint32_t);

struct hook {
	LIST_ENTRY(hook) link;
	void	(*function)(void *);
	void	*argument;
	uint32_t owner;			/* the device's number */
};

static LIST_HEAD(, hook) hooks = LIST_HEAD_INITIALIZER(hooks);

void *
shutdownhook_establish(void (*function)(void *), void *argument)
{
	struct hook *new;

	new = rumphost_allocate(sizeof(*new), sizeof(void *), RUMPHOST_CALLER);
	if (new == NULL)
		return NULL;
	new->function = function;
	new->argument = argument;
	new->owner = rumphost_curlwp()->owner;
	LIST_INSERT_HEAD(&hooks, new, link);
	return new;
}

void
shutdownhook_disestablish(void *cookie)
{
	struct hook *hook;

	LIST_FOREACH(hook, &hooks, link)
		if (hook == cookie) {
			LIST_REMOVE(hook, link);
			rumphost_release(hook);
			return;
		}
	rumphost_misuse("shutdownhook_establish(9)",
	    "shutdownhook_disestablish of what is no hook, or not any more");
}

static void
run(uint32_t owner, bool every)
{
	struct hook *hook, *next;

	for (hook = LIST_FIRST(&hooks); hook != NULL; hook = next) {
		void (*function)(void *) = hook->function;
		void *argument = hook->argument;

		next = LIST_NEXT(hook, link);
		if (!every && hook->owner != owner)
			continue;
		LIST_REMOVE(hook, link);
		rumphost_release(hook);
		(*function)(argument);
		next = LIST_FIRST(&hooks);	/* a hook may disestablish another */
	}
}

/* Run those of one device. */
void
rumphost_shutdownhooks(uint32_t owner)
{

	run(owner, false);
}

void
doshutdownhooks(void)
{

	run(0, true);
}
