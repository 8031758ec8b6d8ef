/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP header (RFC 768).
 */

#ifndef _NETINET_UDP_H_
#define _NETINET_UDP_H_

#include <sys/types.h>

struct udphdr {
	uint16_t	uh_sport;
	uint16_t	uh_dport;
	uint16_t	uh_ulen;
	uint16_t	uh_sum;
} __packed;

#endif
