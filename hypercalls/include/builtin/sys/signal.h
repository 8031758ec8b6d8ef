/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals, as far as a driver may name them.  None is ever sent.
 */

#ifndef _SYS_SIGNAL_H_
#define _SYS_SIGNAL_H_

#include <sys/types.h>
#include <machine/signal.h>

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGABRT		6
#define SIGKILL		9
#define SIGTERM		15
#define SIGURG		16
#define SIGIO		23

typedef struct {
	uint32_t	__bits[4];
} sigset_t;

#endif /* !_SYS_SIGNAL_H_ */
