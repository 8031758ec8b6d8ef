/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A control block of an lwp; the host keeps its registers elsewhere.
 */

#ifndef _RUMPHOST_PCB_H_
#define _RUMPHOST_PCB_H_

struct pcb {
	void	*pcb_onfault;
	int	pcb_flags;
};

#endif /* !_RUMPHOST_PCB_H_ */
