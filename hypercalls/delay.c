/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delay(9).
 */

#include <sys/param.h>

#include "shim.h"

void
delay(unsigned int microseconds)
{

	if (microseconds != 0)
		rumphost_delay(microseconds);
}
