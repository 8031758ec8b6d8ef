/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RUN_ONCE(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/once.h>

#include "shim.h"

/* Older headers have no functions for the other way, and no count. */
#ifdef FINI_ONCE
#define REFERENCES(o)	((o)->o_refcnt)
#else
#define REFERENCES(o)	(*(&no_references))
static int no_references;
#endif

int	_run_once(once_t *, int (*)(void));
int	_init_once(once_t *, int (*)(void));

static void
wait_until_not_running(once_t *o)
{

	while (o->o_status == ONCE_RUNNING)
		(void)rumphost_tsleep(o, "runonce", 0, 0, NULL);
}

int
_init_once(once_t *o, int (*function)(void))
{

	wait_until_not_running(o);
	REFERENCES(o)++;
	if (o->o_status == ONCE_VIRGIN) {
		o->o_status = ONCE_RUNNING;
		o->o_error = function();
		o->o_status = ONCE_DONE;
		rumphost_wakeup(o);
	}
	return o->o_error;
}

int
_run_once(once_t *o, int (*function)(void))
{

	return _init_once(o, function);
}

#ifdef FINI_ONCE
/* The last that came in with INIT_ONCE() undoes it. */
void
_fini_once(once_t *o, void (*function)(void))
{

	wait_until_not_running(o);
	if (o->o_refcnt == 0)
		rumphost_misuse("RUN_ONCE(9)", "FINI_ONCE without INIT_ONCE");
	if (--o->o_refcnt != 0)
		return;
	o->o_status = ONCE_RUNNING;
	function();
	o->o_status = ONCE_VIRGIN;
	rumphost_wakeup(o);
}
#endif
