/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address families and socket addresses: the part of socket(2)'s header that drivers use.
 */

#ifndef _SYS_SOCKET_H_
#define _SYS_SOCKET_H_

#include <sys/types.h>

#ifndef sa_family_t
typedef uint8_t		sa_family_t;
#define sa_family_t	sa_family_t
#endif
#ifndef socklen_t
typedef uint32_t	socklen_t;
#define socklen_t	socklen_t
#endif

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_RDM	4
#define SOCK_SEQPACKET	5

#define SOL_SOCKET	0xffff

#define AF_UNSPEC	0
#define AF_LOCAL	1
#define AF_UNIX		AF_LOCAL
#define AF_INET		2
#define AF_NS		6
#define AF_ISO		7
#define AF_APPLETALK	16
#define AF_LINK		18	/* a link-level address: struct sockaddr_dl */
#define pseudo_AF_XTP	19
#define AF_IPX		23
#define AF_INET6	24
#define AF_ARP		28
#define pseudo_AF_KEY	29
#define pseudo_AF_HDRCMPLT 30	/* output with a complete link-level header */
#define AF_BLUETOOTH	31
#define AF_IEEE80211	32
#define AF_MPLS		33
#define AF_ROUTE	34
#define AF_MAX		35

#define PF_UNSPEC	AF_UNSPEC
#define PF_LOCAL	AF_LOCAL
#define PF_UNIX		AF_UNIX
#define PF_INET		AF_INET
#define PF_LINK		AF_LINK
#define PF_INET6	AF_INET6
#define PF_ROUTE	AF_ROUTE

struct sockaddr {
	uint8_t		sa_len;		/* of the whole address, in bytes */
	sa_family_t	sa_family;
	char		sa_data[14];	/* or more: sa_len says */
};

#define _SS_MAXSIZE	128

/* Room for an address of any family. */
struct sockaddr_storage {
	uint8_t		ss_len;
	sa_family_t	ss_family;
	char		__ss_pad1[6];
	int64_t		__ss_align;
	char		__ss_pad2[_SS_MAXSIZE - 16];
};

#define sstosa(ss)	((struct sockaddr *)(ss))
#define sstocsa(ss)	((const struct sockaddr *)(ss))

struct socket;

#endif
