/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Internet addresses: the part of inet(4)'s header that interface drivers use.
 */

#ifndef _NETINET_IN_H_
#define _NETINET_IN_H_

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/endian.h>

/* In network byte order. */
struct in_addr {
	in_addr_t s_addr;
} __packed;

struct sockaddr_in {
	uint8_t		sin_len;
	sa_family_t	sin_family;
	in_port_t	sin_port;
	struct in_addr	sin_addr;
	int8_t		sin_zero[8];
};

struct in6_addr {
	union {
		uint8_t		__u6_addr8[16];
		uint16_t	__u6_addr16[8];
		uint32_t	__u6_addr32[4];
	} __u6_addr;
};
#define s6_addr		__u6_addr.__u6_addr8
#define s6_addr8	__u6_addr.__u6_addr8
#define s6_addr16	__u6_addr.__u6_addr16
#define s6_addr32	__u6_addr.__u6_addr32

struct sockaddr_in6 {
	uint8_t		sin6_len;
	sa_family_t	sin6_family;
	in_port_t	sin6_port;
	uint32_t	sin6_flowinfo;
	struct in6_addr	sin6_addr;
	uint32_t	sin6_scope_id;
};

#define IPPROTO_IP		0
#define IPPROTO_HOPOPTS		0
#define IPPROTO_ICMP		1
#define IPPROTO_IGMP		2
#define IPPROTO_TCP		6
#define IPPROTO_UDP		17
#define IPPROTO_IPV6		41
#define IPPROTO_ROUTING		43
#define IPPROTO_FRAGMENT	44
#define IPPROTO_ICMPV6		58
#define IPPROTO_NONE		59
#define IPPROTO_DSTOPTS		60
#define IPPROTO_SCTP		132
#define IPPROTO_RAW		255

#define INADDR_ANY		((uint32_t)0x00000000)
#define INADDR_LOOPBACK		((uint32_t)0x7f000001)
#define INADDR_BROADCAST	((uint32_t)0xffffffff)
#define INADDR_NONE		((uint32_t)0xffffffff)

#define IN_MULTICAST(i)		(((uint32_t)(i) & 0xf0000000) == 0xe0000000)

#define INET_ADDRSTRLEN		16
#define INET6_ADDRSTRLEN	46

#define satosin(sa)	((struct sockaddr_in *)(void *)(sa))
#define satocsin(sa)	((const struct sockaddr_in *)(const void *)(sa))

#endif
