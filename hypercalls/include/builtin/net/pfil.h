/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pfil(9): packet filters.  None ever hooks in here, so that every packet passes.
 */

#ifndef _NET_PFIL_H_
#define _NET_PFIL_H_

struct pfil_head;
typedef struct pfil_head pfil_head_t;

#define PFIL_IN		0x00000001
#define PFIL_OUT	0x00000002
#define PFIL_ALL	(PFIL_IN | PFIL_OUT)
#define PFIL_IFADDR	0x00000008
#define PFIL_IFNET	0x00000010

#endif
