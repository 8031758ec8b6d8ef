/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of functions to be called when memory is short; kept for those who include it.
 */

#ifndef _SYS_CALLBACK_H_
#define _SYS_CALLBACK_H_

#define CALLBACK_CHAIN_CONTINUE	0
#define CALLBACK_CHAIN_ABORT	1

#endif /* !_SYS_CALLBACK_H_ */
