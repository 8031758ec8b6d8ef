/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No trap numbers: faults reach the host as signals.
 */

#ifndef _RUMPHOST_TRAP_H_
#define _RUMPHOST_TRAP_H_

/* Nothing. */

#endif /* !_RUMPHOST_TRAP_H_ */
