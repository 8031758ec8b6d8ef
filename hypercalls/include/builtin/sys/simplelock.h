/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * simple_lock: of drivers older than mutex(9).  It went out of NetBSD with 5.0; there is nothing
 * here but the name, so that such a driver's #include is not what stops it.
 */

#ifndef _SYS_SIMPLELOCK_H_
#define _SYS_SIMPLELOCK_H_

#include <sys/lock.h>

#endif /* !_SYS_SIMPLELOCK_H_ */
