/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a traced process; the host has none.
 */

#ifndef _RUMPHOST_REG_H_
#define _RUMPHOST_REG_H_

struct reg {
	unsigned long	regs[36];
};

struct fpreg {
	unsigned char	fpregs[528];
};

#endif /* !_RUMPHOST_REG_H_ */
