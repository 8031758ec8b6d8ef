/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends a fiber against its will: a fault in driver code, or the watchdog.
 *
 * Both arrive as signals on an alternate stack.  On a fiber the handler notes the registers and
 * lets the signal return into rumphost_fiber_run; elsewhere the signal takes its former course.
 */

#define _GNU_SOURCE
#include <sys/syscall.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "host.h"

enum { ALTERNATE_STACK = 64 * 1024, TICK_MS = 100 };

/* For a general protection fault the kernel says address 0, which might be one: see hypercall.h. */
#define	ADDRESS_UNKNOWN	((uintptr_t)1 << 63)

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
static struct sigaction before[NSIG];
static stack_t stack_before;
static timer_t watchdog;
static int watchdog_running;
static uint64_t watchdog_ticks, watchdog_limit, watchdog_exits;

static uintptr_t
stack_pointer(const ucontext_t *uc)
{

#if defined(__x86_64__)
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	return (uintptr_t)uc->uc_mcontext.sp;
#else
	(void)uc;
	return rumphost_cpu_state.running != NULL ? rumphost_cpu_state.running->stack : 0;
#endif
}

static void
on_fault(int sig, siginfo_t *info, void *context)
{

	if (rumphost_on_fiber(stack_pointer(context))) {
		rumphost_fiber_abandon(context, RUMPHOST_EXIT_FAULT, sig,
		    info->si_code == SI_KERNEL ? ADDRESS_UNKNOWN : (uintptr_t)info->si_addr);
		return;
	}
	/* Not ours: the instruction runs again and meets the former handler. */
	sigaction(sig, &before[sig], NULL);
}

static void
on_tick(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)info;
	if (watchdog_exits != rumphost_cpu_state.exits) {
		watchdog_exits = rumphost_cpu_state.exits;
		watchdog_ticks = 0;
	} else if (rumphost_on_fiber(stack_pointer(context)) &&
	    ++watchdog_ticks >= watchdog_limit) {
		watchdog_ticks = 0;
		rumphost_fiber_abandon(context, RUMPHOST_EXIT_HUNG, sig, 0);
	}
	errno = saved;
}

int
rumphost_fault_start(void)
{
	static char memory[ALTERNATE_STACK];
	struct sigaction action;
	stack_t stack;
	size_t i;

	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = memory;
	stack.ss_size = sizeof(memory);
	if (sigaltstack(&stack, &stack_before) != 0)
		return errno;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (sigaction(faults[i], &action, &before[faults[i]]) != 0)
			return errno;
	return 0;
}

void
rumphost_fault_stop(void)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &before[faults[i]], NULL);
	sigaltstack(&stack_before, NULL);
}

int
rumphost_watchdog_start(uint64_t limit_ms)
{
	struct itimerspec period;
	struct sigaction action;
	struct sigevent event;

	rumphost_watchdog_stop();
	if (limit_ms == 0)
		return 0;
	watchdog_limit = (limit_ms + TICK_MS - 1) / TICK_MS;
	watchdog_ticks = 0;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_tick;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
	if (sigaction(SIGVTALRM, &action, NULL) != 0)
		return errno;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGVTALRM;
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id	_sigev_un._tid
#endif
	event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	/* The thread's own CPU time: it stands still in a debugger and while idle. */
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watchdog) != 0)
		return errno;
	memset(&period, 0, sizeof(period));
	period.it_interval.tv_nsec = TICK_MS * 1000000L;
	period.it_value = period.it_interval;
	timer_settime(watchdog, 0, &period, NULL);
	watchdog_running = 1;
	return 0;
}

void
rumphost_watchdog_stop(void)
{

	if (watchdog_running)
		timer_delete(watchdog);
	watchdog_running = 0;
}
