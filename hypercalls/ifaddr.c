/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): addresses of interfaces.  Only link-level ones are kept: struct ifaddr and its
 * sockaddr_dl are one allocation.
 */

#include "ifnet_private.h"

struct link_address {
	struct ifaddr ifa;
	union {
		struct sockaddr_dl sdl;
		char room[sizeof(struct sockaddr_storage)];
	} address, mask;
};

void
ifaref(struct ifaddr *ifa)
{

	ifa->ifa_refcnt++;
}

void
ifafree(struct ifaddr *ifa)
{

	if (ifa->ifa_refcnt <= 0)
		rumphost_misuse("ifnet(9)", "an interface address is freed once too often");
	if (--ifa->ifa_refcnt == 0)
		rumphost_release(ifa);
}

uint8_t
sockaddr_dl_measure(uint8_t name_length, uint8_t address_length)
{

	return (uint8_t)MAX(offsetof(struct sockaddr_dl, sdl_data[name_length + address_length]),
	    sizeof(struct sockaddr_dl));
}

struct sockaddr_dl *
sockaddr_dl_init(struct sockaddr_dl *sdl, socklen_t length, uint16_t index, uint8_t type,
    const void *name, uint8_t name_length, const void *address, uint8_t address_length)
{
	uint8_t need = sockaddr_dl_measure(name_length, address_length);

	if (length < need)
		return NULL;
	memset(sdl, 0, length);
	sdl->sdl_len = need;
	sdl->sdl_family = AF_LINK;
	sdl->sdl_index = index;
	sdl->sdl_type = type;
	if (name != NULL && name_length > 0) {
		memcpy(&sdl->sdl_data[0], name, name_length);
		sdl->sdl_nlen = name_length;
	}
	if (address != NULL && address_length > 0) {
		memcpy(&sdl->sdl_data[sdl->sdl_nlen], address, address_length);
		sdl->sdl_alen = address_length;
	}
	return sdl;
}

struct sockaddr_dl *
sockaddr_dl_setaddr(struct sockaddr_dl *sdl, socklen_t length, const void *address,
    uint8_t address_length)
{

	if (length < sockaddr_dl_measure(sdl->sdl_nlen, address_length))
		return NULL;
	memcpy(&sdl->sdl_data[sdl->sdl_nlen], address, address_length);
	sdl->sdl_alen = address_length;
	return sdl;
}

static struct link_address *
link_address(struct ifnet *ifp, const void *address, u_char length, uint64_t site)
{
	struct link_address *l;
	uint8_t name_length = (uint8_t)strlen(ifp->if_xname);

	l = rumphost_allocate(sizeof(*l), sizeof(void *), site);
	if (l == NULL)
		rumphost_panic("ifnet(9): the arena is full: if_alloc_sadl");
	memset(l, 0, sizeof(*l));
	sockaddr_dl_init(&l->address.sdl, sizeof(l->address), ifp->if_index, ifp->if_type,
	    ifp->if_xname, name_length, address, length);
	l->mask.sdl.sdl_len = sockaddr_dl_measure(name_length, 0);
	memset(l->mask.sdl.sdl_data, 0xff, MIN(name_length, sizeof(l->mask.sdl.sdl_data)));
	l->ifa.ifa_addr = (struct sockaddr *)&l->address.sdl;
	l->ifa.ifa_netmask = (struct sockaddr *)&l->mask.sdl;
	l->ifa.ifa_ifp = ifp;
	l->ifa.ifa_refcnt = 1;
	return l;
}

static void
set_sadl(struct ifnet *ifp, const void *address, u_char length, bool factory, uint64_t site)
{
	struct interface *i = rumphost_interface(ifp);
	struct link_address *l;

	l = link_address(ifp, address, length, site);
	ifp->if_addrlen = length;
	if (ifp->if_dl != NULL) {
		TAILQ_REMOVE(&ifp->if_addrlist, ifp->if_dl, ifa_list);
		ifafree(ifp->if_dl);
	}
	TAILQ_INSERT_HEAD(&ifp->if_addrlist, &l->ifa, ifa_list);
	ifp->if_dl = &l->ifa;
	ifp->if_sadl = &l->address.sdl;
	if (factory) {
		if (ifp->if_hwdl != NULL)
			ifafree(ifp->if_hwdl);
		ifp->if_hwdl = &l->ifa;
		ifaref(&l->ifa);
	}
	if (i != NULL && i->attached && length > 0)
		rumphost_ifnet_address(ifp, address, length);
}

/* Give the interface a link-level address of if_addrlen zeroes. */
void
if_alloc_sadl(struct ifnet *ifp)
{

	set_sadl(ifp, NULL, 0, false, RUMPHOST_CALLER);
}

/* Set the link-level address; `factory': it is the one that the hardware came with. */
void
if_set_sadl(struct ifnet *ifp, const void *address, u_char length, bool factory)
{

	set_sadl(ifp, address, length, factory, RUMPHOST_CALLER);
}
