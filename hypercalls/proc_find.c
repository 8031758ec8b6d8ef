/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_find(9) and psignal(9): there is one process here, the kernel's own.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/mutex.h>
#include <sys/proc.h>

#include "shim.h"

void	rumphost_proc_load(void);
struct proc *proc_find(pid_t);
void	psignal(struct proc *, int);

/* A lock in newer trees, the address of one in older. */
__typeof__(proc_lock) proc_lock;
static kmutex_t lock;

void
rumphost_proc_load(void)
{
	kmutex_t *address = &lock;

	if (sizeof(proc_lock) == sizeof(address))
		memcpy((void *)&proc_lock, &address, sizeof(address));
	else
		address = (kmutex_t *)(void *)&proc_lock;
	mutex_init(address, MUTEX_DEFAULT, IPL_NONE);
}

struct proc *
proc_find(pid_t number)
{

	return number == proc0.p_pid ? &proc0 : NULL;
}

/* The kernel's own process takes no signals, as in NetBSD. */
void
psignal(struct proc *process, int number)
{

	(void)number;
	if (process != &proc0)
		rumphost_misuse("psignal(9)", "a signal to a process that does not exist");
}
