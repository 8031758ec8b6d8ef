/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine adds to <sys/signal.h>.
 */

#ifndef _RUMPHOST_SIGNAL_H_
#define _RUMPHOST_SIGNAL_H_

#include <machine/mcontext.h>

typedef int sig_atomic_t;

#endif /* !_RUMPHOST_SIGNAL_H_ */
