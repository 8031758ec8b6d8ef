/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address resolution packets (RFC 826).
 */

#ifndef _NET_IF_ARP_H_
#define _NET_IF_ARP_H_

#include <sys/types.h>

struct arphdr {
	uint16_t ar_hrd;	/* ARPHRD_* */
	uint16_t ar_pro;	/* ETHERTYPE_* */
	uint8_t	 ar_hln;
	uint8_t	 ar_pln;
	uint16_t ar_op;		/* ARPOP_* */
} __packed;

#define ARPHRD_ETHER	1
#define ARPHRD_IEEE802	6

#define ARPOP_REQUEST	1
#define ARPOP_REPLY	2

/* The four addresses that follow the header. */
#define ar_sha(ap)	((char *)((ap) + 1))
#define ar_spa(ap)	(ar_sha(ap) + (ap)->ar_hln)
#define ar_tha(ap)	(ar_spa(ap) + (ap)->ar_pln)
#define ar_tpa(ap)	(ar_tha(ap) + (ap)->ar_hln)

#endif
