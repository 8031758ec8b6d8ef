/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes, of which there is one; and tsleep(9), which is declared here.
 */

#ifndef _SYS_PROC_H_
#define _SYS_PROC_H_

#include <sys/param.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/queue.h>
#include <sys/signal.h>

#ifdef _KERNEL

struct vmspace;

struct proc {
	LIST_ENTRY(proc) p_list;
	kmutex_t	*p_lock;
	struct kauth_cred *p_cred;
	struct vmspace	*p_vmspace;
	int		p_flag;
	int		p_sflag;
	int		p_lflag;
	int		p_stflag;
	char		p_stat;
	pid_t		p_pid;
	struct proc	*p_pptr;
	LIST_HEAD(, lwp) p_lwps;
	int		p_nlwps;
	char		p_comm[MAXCOMLEN + 1];
	struct pgrp	*p_pgrp;
	struct mdproc	p_md;
};

LIST_HEAD(proclist, proc);

#define PK_SYSTEM	0x00000002
#define SIDL		1
#define SACTIVE		2
#define SSTOP		4
#define SZOMB		5

extern struct proc	proc0;
extern kmutex_t		*proc_lock;

/* tsleep(9) */
int	tsleep(wchan_t, pri_t, const char *, int);
int	mtsleep(wchan_t, pri_t, const char *, int, kmutex_t *);
void	wakeup(wchan_t);
int	kpause(const char *, bool, int, kmutex_t *);

struct vmspace *vmspace_kernel(void);
#define vmspace_kernel()	(proc0.p_vmspace)

#endif /* _KERNEL */

#endif /* !_SYS_PROC_H_ */
