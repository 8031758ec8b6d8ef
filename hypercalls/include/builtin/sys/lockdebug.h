/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The LOCKDEBUG hooks.  The host checks locks itself; nothing remains to be told here.
 */

#ifndef __SYS_LOCKDEBUG_H__
#define __SYS_LOCKDEBUG_H__

#ifdef _KERNEL
#define LOCKDEBUG_BARRIER(lock, sleepable)	((void)0)
#define LOCKDEBUG_MEM_CHECK(base, size)		((void)0)
#endif

#endif /* !__SYS_LOCKDEBUG_H__ */
