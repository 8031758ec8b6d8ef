/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trap frames; no trap of a driver's is ever seen in one.
 */

#ifndef _RUMPHOST_FRAME_H_
#define _RUMPHOST_FRAME_H_

struct trapframe {
	unsigned long	tf_pc;
	unsigned long	tf_sp;
};

struct intrframe {
	struct trapframe if_tf;
};

#endif /* !_RUMPHOST_FRAME_H_ */
