/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link-level addresses as socket addresses: an interface's name, then its hardware address.
 */

#ifndef _NET_IF_DL_H_
#define _NET_IF_DL_H_

#include <sys/socket.h>

struct dl_addr {
	uint8_t	dl_type;	/* IFT_* */
	uint8_t	dl_nlen;	/* length of the name, without a NUL */
	uint8_t	dl_alen;	/* length of the address */
	uint8_t	dl_slen;
	char	dl_data[24];	/* name and address; may be longer */
};

struct sockaddr_dl {
	uint8_t		sdl_len;
	sa_family_t	sdl_family;	/* AF_LINK */
	uint16_t	sdl_index;
	struct dl_addr	sdl_addr;
#define sdl_type	sdl_addr.dl_type
#define sdl_nlen	sdl_addr.dl_nlen
#define sdl_alen	sdl_addr.dl_alen
#define sdl_slen	sdl_addr.dl_slen
#define sdl_data	sdl_addr.dl_data
};

#define satosdl(sa)	((struct sockaddr_dl *)(void *)(sa))
#define satocsdl(sa)	((const struct sockaddr_dl *)(const void *)(sa))

#define LLADDR(sdl)	(&(sdl)->sdl_data[(sdl)->sdl_nlen])
#define CLLADDR(sdl)	((const char *)&(sdl)->sdl_data[(sdl)->sdl_nlen])

uint8_t	sockaddr_dl_measure(uint8_t, uint8_t);
struct sockaddr_dl *sockaddr_dl_init(struct sockaddr_dl *, socklen_t, uint16_t,
	    uint8_t, const void *, uint8_t, const void *, uint8_t);
struct sockaddr_dl *sockaddr_dl_setaddr(struct sockaddr_dl *, socklen_t,
	    const void *, uint8_t);

#endif
