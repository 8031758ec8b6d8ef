/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine keeps in struct lwp and struct proc.
 */

#ifndef _RUMPHOST_PROC_H_
#define _RUMPHOST_PROC_H_

#include <machine/frame.h>
#include <machine/pcb.h>

struct mdlwp {
	struct trapframe *md_regs;
	int		md_flags;
	volatile int	md_astpending;
};

struct mdproc {
	int		md_flags;
	void		(*md_syscall)(struct trapframe *);
};

#endif /* !_RUMPHOST_PROC_H_ */
