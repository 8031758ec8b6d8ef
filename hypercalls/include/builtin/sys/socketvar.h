/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets inside the kernel.  There are none here: drivers only pass pointers to them around.
 */

#ifndef _SYS_SOCKETVAR_H_
#define _SYS_SOCKETVAR_H_

#include <sys/socket.h>

struct socket;
struct sockbuf;

#endif
