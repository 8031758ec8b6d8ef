/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callout(9).  The host keeps the time; the shim keeps function and argument.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/callout.h>
#include <sys/kernel.h>
#include <sys/mutex.h>

#include "shim.h"

enum {
	NS_PER_S = 1000000000,
	MAGIC_CALLOUT = 0x63616c6c,
	MAGIC_DEAD = 0x63616c64
};

/* What lies in a callout_t; the first word is shared with the host. */
struct callout_shim {
	volatile uint32_t c_state;	/* RUMPHOST_CALLOUT_* */
	uint32_t	c_magic;
	void		(*c_function)(void *);
	void		*c_argument;
	uint32_t	c_flags;
	uint64_t	c_due_ns;	/* about when; for debuggers */
};

__CTASSERT(sizeof(struct callout_shim) <= sizeof(callout_t));
__CTASSERT(RUMPHOST_CALLOUT_MPSAFE == CALLOUT_MPSAFE);

static inline struct callout_shim *
shim(callout_t *co)
{

	return (struct callout_shim *)(void *)co;
}

#define CHECK(c, call) \
do { \
	if (__predict_false((c)->c_magic != MAGIC_CALLOUT)) \
		rumphost_misuse("callout(9)", (c)->c_magic == MAGIC_DEAD ? \
		    call " of a callout that was destroyed" : \
		    call " of a callout that was never initialised"); \
} while (0)

void
callout_init(callout_t *co, u_int flags)
{
	struct callout_shim *c = shim(co);

	if ((flags & ~(u_int)CALLOUT_FLAGMASK) != 0)
		rumphost_misuse("callout(9)", "callout_init with unknown flags");
	rumphost_callout_init(c);
	c->c_state = 0;
	c->c_magic = MAGIC_CALLOUT;
	c->c_function = NULL;
	c->c_argument = NULL;
	c->c_flags = flags;
}

void
callout_destroy(callout_t *co)
{
	struct callout_shim *c = shim(co);

	CHECK(c, "callout_destroy");
	rumphost_callout_destroy(c);
	c->c_magic = MAGIC_DEAD;
}

void
callout_setfunc(callout_t *co, void (*function)(void *), void *argument)
{
	struct callout_shim *c = shim(co);

	CHECK(c, "callout_setfunc");
	if (function == NULL)
		rumphost_misuse("callout(9)", "callout_setfunc without a function");
	c->c_function = function;
	c->c_argument = argument;
}

void
callout_schedule(callout_t *co, int ticks)
{
	struct callout_shim *c = shim(co);

	CHECK(c, "callout_schedule");
	if (c->c_function == NULL)
		rumphost_misuse("callout(9)", "callout_schedule before callout_setfunc");
	c->c_due_ns = rumphost_cpu()->now_ns +
	    (uint64_t)(ticks > 0 ? ticks : 1) * (NS_PER_S / (uint64_t)hz);
	rumphost_callout_schedule(c, ticks, (void *)(uintptr_t)c->c_function, c->c_argument,
	    c->c_flags);
}

void
callout_reset(callout_t *co, int ticks, void (*function)(void *), void *argument)
{

	callout_setfunc(co, function, argument);
	callout_schedule(co, ticks);
}

/* Returns whether it had fired since it was scheduled. */
static inline bool
take_fired(struct callout_shim *c)
{
	bool fired = (c->c_state & RUMPHOST_CALLOUT_FIRED) != 0;

	c->c_state &= ~(uint32_t)RUMPHOST_CALLOUT_FIRED;
	return fired;
}

bool
callout_stop(callout_t *co)
{
	struct callout_shim *c = shim(co);
	bool fired;

	CHECK(c, "callout_stop");
	fired = take_fired(c);
	if ((c->c_state & RUMPHOST_CALLOUT_PENDING) != 0)
		rumphost_callout_stop(c);
	return fired;
}

bool
callout_halt(callout_t *co, void *interlock)
{
	struct callout_shim *c = shim(co);
	kmutex_t *mtx = interlock;
	bool fired, spin;

	CHECK(c, "callout_halt");
	if (mtx != NULL && !mutex_owned(mtx))
		rumphost_misuse("callout(9)", "callout_halt without holding its interlock");
	fired = take_fired(c);
	/* The function may have scheduled the callout anew while the caller waited for it. */
	while (rumphost_callout_halt(c, mtx)) {
		spin = mtx != NULL && rumphost_curlwp()->spin_count != 0;
		if (mtx != NULL)
			mutex_exit(mtx);
		if (spin && rumphost_curlwp()->spin_count != 0)
			rumphost_misuse("callout(9)",
			    "callout_halt has to wait, but another spin mutex is held");
		rumphost_callout_wait(c);
		if (mtx != NULL)
			mutex_enter(mtx);
	}
	return fired;
}

bool
callout_pending(callout_t *co)
{

	CHECK(shim(co), "callout_pending");
	return (shim(co)->c_state & RUMPHOST_CALLOUT_PENDING) != 0;
}

bool
callout_expired(callout_t *co)
{

	CHECK(shim(co), "callout_expired");
	return (shim(co)->c_state & RUMPHOST_CALLOUT_FIRED) != 0;
}

bool
callout_active(callout_t *co)
{

	CHECK(shim(co), "callout_active");
	return (shim(co)->c_state & (RUMPHOST_CALLOUT_PENDING | RUMPHOST_CALLOUT_FIRED)) != 0;
}

bool
callout_invoking(callout_t *co)
{

	CHECK(shim(co), "callout_invoking");
	return (shim(co)->c_state & RUMPHOST_CALLOUT_INVOKING) != 0;
}

void
callout_ack(callout_t *co)
{

	CHECK(shim(co), "callout_ack");
	shim(co)->c_state &= ~(uint32_t)RUMPHOST_CALLOUT_INVOKING;
}

/* One CPU: it is bound to that. */
void
callout_bind(callout_t *co, struct cpu_info *ci)
{

	CHECK(shim(co), "callout_bind");
	if (ci != curcpu())
		rumphost_misuse("callout(9)", "callout_bind to a CPU that does not exist");
}
