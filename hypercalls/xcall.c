/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xcall(9): calls on other CPUs.  There are none, so a call is made here, at the level at which it
 * would run there, and is over when xc_broadcast() returns.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/intr.h>
#include <sys/percpu.h>
#include <sys/xcall.h>

#include "held.h"

void	xc_barrier(u_int);
unsigned int xc_encode_ipl(int);
void	percpu_foreach_xcall(percpu_t *, u_int, percpu_callback_t, void *);

enum { FLAGS = 0xff, IPL_SHIFT = 8 };

static uint64_t calls;

static uint64_t
run(u_int flags, xcfunc_t function, void *first, void *second)
{
	const struct rumphost_lwp *l = rumphost_curlwp();
	int s, ipl = IPL_NONE;

	if (l->kind != 't' || l->spin_count != 0)
		rumphost_misuse("xcall(9)",
		    "a cross call from an interrupt handler, or with a spin mutex held");
	if ((flags & XC_HIGHPRI) != 0)
		ipl = (flags >> IPL_SHIFT) != 0 ? (int)(flags >> IPL_SHIFT) : IPL_SOFTSERIAL;
	else if ((flags & FLAGS) != 0)
		rumphost_misuse("xcall(9)", "unknown flags");
	s = splraise(ipl);
	function(first, second);
	splx(s);
	return ++calls;
}

uint64_t
xc_broadcast(u_int flags, xcfunc_t function, void *first, void *second)
{

	return run(flags, function, first, second);
}

uint64_t
xc_unicast(u_int flags, xcfunc_t function, void *first, void *second, struct cpu_info *ci)
{

	if (ci != curcpu())
		rumphost_misuse("xcall(9)", "xc_unicast to a CPU that does not exist");
	return run(flags, function, first, second);
}

void
xc_wait(uint64_t call)
{

	if (call > calls)
		rumphost_misuse("xcall(9)", "xc_wait for a call that was never made");
}

static void
nothing(void *first __unused, void *second __unused)
{
}

void
xc_barrier(u_int flags)
{

	xc_wait(run(flags, nothing, NULL, NULL));
}

unsigned int
xc_encode_ipl(int ipl)
{

	return (unsigned int)ipl << IPL_SHIFT;
}

struct percpu_call {
	percpu_t		*percpu;
	percpu_callback_t	function;
	void			*argument;
};

static void
call_percpu(void *cookie, void *second __unused)
{
	const struct percpu_call *call = cookie;

	percpu_foreach(call->percpu, call->function, call->argument);
}

/* percpu(9): as percpu_foreach, at the level of a cross call. */
void
percpu_foreach_xcall(percpu_t *percpu, u_int flags, percpu_callback_t function, void *argument)
{
	struct percpu_call call = { percpu, function, argument };

	xc_wait(run(flags, call_percpu, &call, NULL));
}
