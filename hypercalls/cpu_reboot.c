/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu_reboot(9).  A driver that wants the machine to go down ends with that: the host lives on.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/reboot.h>

#include "shim.h"

void	cpu_reboot(int, char *) __dead;

void
cpu_reboot(int how, char *boot)
{

	(void)boot;
	panic("cpu_reboot(9): the driver wants the machine to %s",
	    (how & RB_HALT) != 0 ? "halt" : "reboot");
}
