/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routing table.  There is none here; drivers see routes only as opaque pointers.
 */

#ifndef _NET_ROUTE_H_
#define _NET_ROUTE_H_

#include <sys/socket.h>

struct rtentry;
struct rt_addrinfo;

#define RTF_UP		0x1
#define RTF_GATEWAY	0x2
#define RTF_HOST	0x4

#endif
