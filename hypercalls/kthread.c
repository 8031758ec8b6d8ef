/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kthread(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/proc.h>
#include <sys/kthread.h>
#include <sys/stdarg.h>

#include "held.h"

RUMPHOST_UPCALL uint64_t rumphost_kthread_start(void (*)(void *), void *, lwp_t *);

/* cpu.c */
struct lwp *rumphost_kernel_lwp_new(void);

int
kthread_create(pri_t priority, int flags, struct cpu_info *ci __unused,
    void (*function)(void *), void *argument, lwp_t **newlwp, const char *format, ...)
{
	char name[RUMPHOST_NAME_LENGTH];
	uint32_t host_flags = 0;
	va_list ap;
	lwp_t *l;
	int error;

	if ((flags & KTHREAD_MPSAFE) != 0)
		host_flags |= RUMPHOST_KTHREAD_MPSAFE;
	if ((flags & KTHREAD_MUSTJOIN) != 0) {
		if (newlwp == NULL)
			rumphost_misuse("kthread(9)", "kthread_create with KTHREAD_MUSTJOIN "
			    "and nowhere to put the lwp that must be joined");
		host_flags |= RUMPHOST_KTHREAD_MUSTJOIN;
	}
	if ((flags & (KTHREAD_IDLE | KTHREAD_INTR)) != 0)
		rumphost_unsupported("kthread(9)", "KTHREAD_IDLE and KTHREAD_INTR");
	strlcpy(name, "kthread", sizeof(name));
	if (format != NULL) {
		va_start(ap, format);
		vsnprintf(name, sizeof(name), format, ap);
		va_end(ap);
	}
	l = rumphost_kernel_lwp_new();
	if (l == NULL)
		return ENOMEM;
	if ((flags & KTHREAD_MUSTJOIN) != 0)
		l->l_pflag |= LP_MUSTJOIN;
	if (newlwp != NULL)
		*newlwp = l;		/* before it runs */
	error = rumphost_kthread_create((void *)(uintptr_t)function, argument, l, name, priority,
	    host_flags);
	if (error != 0) {
		rumphost_release(l);
		return error;
	}
	return 0;
}

/* Where each thread begins.  Its struct lwp goes with it, unless somebody will join it. */
uint64_t
rumphost_kthread_start(void (*function)(void *), void *argument, lwp_t *l)
{

	l->l_lid = (lwpid_t)rumphost_curlwp()->lid;
	l->l_name = rumphost_curlwp()->name;
	rumphost_curlwp()->kernel_lwp = l;
	function(argument);
	rumphost_misuse("kthread(9)", "a thread's function returned; it has to end with "
	    "kthread_exit");
	return 0;
}

void
kthread_exit(int code)
{
	struct rumphost_lwp *self = rumphost_curlwp();
	lwp_t *l = self->kernel_lwp;

	if (l != NULL && (l->l_pflag & LP_MUSTJOIN) != 0)
		self->kernel_lwp = NULL;
	rumphost_kthread_exit(code);
	__builtin_unreachable();
}

int
kthread_join(lwp_t *l)
{

	if (l == NULL || (l->l_pflag & LP_MUSTJOIN) == 0)
		rumphost_misuse("kthread(9)",
		    "kthread_join of an lwp that was not made with KTHREAD_MUSTJOIN");
	rumphost_kthread_join(l);
	rumphost_release(l);
	return 0;
}
