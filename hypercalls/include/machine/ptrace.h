/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No machine-dependent requests of ptrace(2).
 */

#ifndef _RUMPHOST_PTRACE_H_
#define _RUMPHOST_PTRACE_H_

/* Nothing. */

#endif /* !_RUMPHOST_PTRACE_H_ */
