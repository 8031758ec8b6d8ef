/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 header (RFC 791).
 */

#ifndef _NETINET_IP_H_
#define _NETINET_IP_H_

#include <netinet/in.h>

#define IPVERSION	4

struct ip {
#if _BYTE_ORDER == _LITTLE_ENDIAN
	unsigned int	ip_hl:4,	/* header length, in words of 4 bytes */
			ip_v:4;
#else
	unsigned int	ip_v:4,
			ip_hl:4;
#endif
	uint8_t		ip_tos;
	uint16_t	ip_len;		/* of all */
	uint16_t	ip_id;
	uint16_t	ip_off;
#define IP_RF		0x8000
#define IP_EF		0x8000
#define IP_DF		0x4000
#define IP_MF		0x2000
#define IP_OFFMASK	0x1fff
	uint8_t		ip_ttl;
	uint8_t		ip_p;		/* IPPROTO_* */
	uint16_t	ip_sum;
	struct in_addr	ip_src, ip_dst;
} __packed;

#define IP_MAXPACKET	65535
#define MAXTTL		255
#define IPDEFTTL	64

#endif
