/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handover: lwps that wake one another and sleep in turn, without Python in between.
 *
 * Python keeps the run queue and decides who runs.  It lets lwps pass the CPU on by themselves
 * where its own decision could be no other: all of them are threads at IPL_NONE, nothing else is
 * runnable (cpu->pending_ipl < 0), nobody traces or shakes the schedule (cpu->handovers > 0, and
 * so often only).  Whoever was woken here runs in the order of waking, as in Python's queue.  At
 * the next exit of whichever lwp, Python takes over what has become of each lwp that moved.
 *
 * A sleeper is named by the word that it sleeps on, as long as it is the only one there.
 */

#include <string.h>

#include "host.h"

enum { SMALL = 4096 };			/* words below are the host's count of sleepers */

static struct rumphost_lwp *ready, **ready_end = &ready;
static struct rumphost_lwp *moved;

static void
move(struct rumphost_lwp *l, int state)
{

	l->state = state;
	if (l->moved)
		return;
	l->moved = 1;
	l->next_moved = moved;
	moved = l;
}

static struct rumphost_lwp *
take_ready(void)
{
	struct rumphost_lwp *l = ready;

	if (l != NULL && (ready = l->next_ready) == NULL)
		ready_end = &ready;
	return l;
}

static int
may_hand_over(const struct rumphost_cpu *cpu)
{
	const struct rumphost_lwp *l = cpu->running;

	return cpu->handovers != 0 && l->kind == 't' && l->ipl == 0;
}

int
rumphost_handover_wake(void *volatile *word)
{
	struct rumphost_lwp *l = *word;

	if (!may_hand_over(&rumphost_cpu_state) || (uintptr_t)l < SMALL)
		return 0;
	*word = NULL;
	l->sleeps_on = NULL;
	l->wmesg[0] = '\0';
	l->next_ready = NULL;
	*ready_end = l;
	ready_end = &l->next_ready;
	move(l, 'R');
	return 1;
}

int
rumphost_handover_sleep(void *volatile *word, const char *wmesg)
{
	struct rumphost_cpu *cpu = &rumphost_cpu_state;
	struct rumphost_lwp *l = cpu->running, *next = NULL;

	if (!may_hand_over(cpu) || *word != NULL)
		return 0;
	*word = l;
	l->sleeps_on = word;
	strncpy(l->wmesg, wmesg, sizeof(l->wmesg) - 1);
	move(l, 'S');
	if (cpu->pending_ipl < 0)
		next = take_ready();
	if (next != NULL) {
		cpu->handovers--;
		cpu->exits++;
		move(next, 'O');
		rumphost_fiber_hand_over(l, next);
	} else {
		l->exit = RUMPHOST_EXIT_ASLEEP;
		rumphost_fiber_leave(l);
	}
	l->sleeps_on = NULL;
	return 1;
}

int
rumphost_handover_moved(void)
{

	return moved != NULL;
}

int
rumphost_handed_over(struct rumphost_handed *handed)
{
	struct rumphost_lwp *l;

	while ((l = moved) != NULL) {
		moved = l->next_moved;
		l->moved = 0;
		if (l->state != 'R')
			break;
	}
	if (l == NULL && (l = take_ready()) == NULL)
		return 0;
	handed->lid = l->lid;
	handed->state = l->state;
	handed->word = l->sleeps_on;
	memcpy(handed->wmesg, l->wmesg, sizeof(handed->wmesg));
	return 1;
}

/* An lwp goes away, perhaps in its sleep: nobody shall find it by what it slept on. */
void
rumphost_handover_forget(struct rumphost_lwp *lwp)
{

	if (lwp->sleeps_on != NULL &&
	    rumphost_guard_reachable((uintptr_t)lwp->sleeps_on, sizeof(void *)) &&
	    *lwp->sleeps_on == lwp)
		*lwp->sleeps_on = (void *)1;
}
