/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Once the place of DELAY() on some ports.
 */

#ifndef _RUMPHOST_CLOCK_H_
#define _RUMPHOST_CLOCK_H_

#include <machine/cpu.h>

#endif /* !_RUMPHOST_CLOCK_H_ */
