/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ethersubr(9): what all Ethernet interfaces have in common.
 */

#include "ifnet_private.h"

#include <net/ethertypes.h>

#if __has_include(<dev/mii/miivar.h>)
#include <sys/device.h>
#include <dev/mii/mii.h>
#include <dev/mii/miivar.h>
#define HAVE_MII
#endif

const uint8_t etherbroadcastaddr[ETHER_ADDR_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
const uint8_t ethermulticastaddr_slowprotocols[ETHER_ADDR_LEN] =
    { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x02 };
const uint8_t ether_ipmulticast_min[ETHER_ADDR_LEN] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x00 };
const uint8_t ether_ipmulticast_max[ETHER_ADDR_LEN] = { 0x01, 0x00, 0x5e, 0x7f, 0xff, 0xff };

void	arp_ifinit(struct ifnet *, struct ifaddr *);

/* -- coming and going -- */

void
ether_ifattach(struct ifnet *ifp, const uint8_t *address)
{
	struct ethercom *ec = (struct ethercom *)ifp;

	if (rumphost_interface(ifp) == NULL)
		rumphost_misuse("ethersubr(9)", "ether_ifattach before if_attach");
	ifp->if_type = IFT_ETHER;
	ifp->if_hdrlen = ETHER_HDR_LEN;
	ifp->if_dlt = DLT_EN10MB;
	ifp->if_mtu = ETHERMTU;
	ifp->if_output = (__typeof__(ifp->if_output))if_nulloutput;
	RUMPHOST_IF_INPUT(ifp) = ether_input;
	if (ifp->if_baudrate == 0)
		ifp->if_baudrate = IF_Mbps(10);
	LIST_INIT(&ec->ec_multiaddrs);
	ec->ec_multicnt = 0;
	ifp->if_broadcastaddr = etherbroadcastaddr;
#ifdef ETHER_LOCK
	ec->ec_lock = mutex_obj_alloc(MUTEX_DEFAULT, IPL_NET);
#endif
	if (address != NULL)
		if_set_sadl(ifp, address, ETHER_ADDR_LEN, !ETHER_IS_LOCAL(address));
	bpf_attach(ifp, DLT_EN10MB, ETHER_HDR_LEN);
}

void
ether_ifdetach(struct ifnet *ifp)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	struct ether_multi *enm;

	bpf_detach(ifp);
	RUMPHOST_IF_INPUT(ifp) = if_nullinput;
	while ((enm = LIST_FIRST(&ec->ec_multiaddrs)) != NULL) {
		LIST_REMOVE(enm, enm_list);
		rumphost_release(enm);
	}
	ec->ec_multicnt = 0;
#ifdef ETHER_LOCK
	mutex_obj_free(ec->ec_lock);
	ec->ec_lock = NULL;
#endif
}

void
ether_set_ifflags_cb(struct ethercom *ec, ether_cb_t cb)
{

	ec->ec_ifflags_cb = cb;
}

#ifdef ETHERCAP_VLAN_HWFILTER
void
ether_set_vlan_cb(struct ethercom *ec, ether_vlancb_t cb)
{

	ec->ec_vlan_cb = cb;
}
#endif

/* The host's own protocols tell the network of their addresses themselves. */
void
arp_ifinit(struct ifnet *ifp, struct ifaddr *ifa)
{

	(void)ifp;
	(void)ifa;
}

/* -- input -- */

/* A frame comes in; the interface consumes it.  Up to IPL_NET. */
void
ether_input(struct ifnet *ifp, struct mbuf *m)
{
	const struct ether_header *eh;

	if ((ifp->if_flags & IFF_UP) == 0) {
		m_freem(m);
		return;
	}
	if ((m->m_flags & M_PKTHDR) == 0)
		rumphost_misuse("ethersubr(9)", "ether_input of an mbuf without M_PKTHDR");
	if (m->m_len < ETHER_HDR_LEN && (m = m_pullup(m, ETHER_HDR_LEN)) == NULL) {
		RUMPHOST_STAT(ifp, if_ierrors, 1);
		return;
	}
	RUMPHOST_STAT(ifp, if_ibytes, (uint64_t)m->m_pkthdr.len);
	eh = mtod(m, const struct ether_header *);
	if (ETHER_IS_MULTICAST(eh->ether_dhost)) {
		if (memcmp(eh->ether_dhost, etherbroadcastaddr, ETHER_ADDR_LEN) == 0)
			m->m_flags |= M_BCAST;
		else
			m->m_flags |= M_MCAST;
		RUMPHOST_STAT(ifp, if_imcasts, 1);
	}
	if ((m->m_flags & M_HASFCS) != 0) {
		m_adj(m, -ETHER_CRC_LEN);
		m->m_flags &= ~M_HASFCS;
	}
	rumphost_input(ifp, m);
}

/* -- ioctl(2) -- */

static int
set_mtu(struct ifnet *ifp, u_long command, struct ifreq *ifr)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	int maximum, error;

	maximum = (ec->ec_capabilities & ETHERCAP_JUMBO_MTU) != 0 ? ETHERMTU_JUMBO : ETHERMTU;
	if (ifr->ifr_mtu < ETHERMIN || ifr->ifr_mtu > maximum)
		return EINVAL;
	error = ifioctl_common(ifp, command, ifr);
	if (error != ENETRESET)
		return error;
	return (ifp->if_flags & IFF_UP) != 0 ? (*ifp->if_init)(ifp) : 0;
}

static int
set_flags(struct ifnet *ifp, u_long command, void *data)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	int error;

	error = ifioctl_common(ifp, command, data);
	if (error != 0)
		return error;
	switch (ifp->if_flags & (IFF_UP | IFF_RUNNING)) {
	case IFF_RUNNING:
		(*ifp->if_stop)(ifp, 1);
		return 0;
	case IFF_UP:
		return (*ifp->if_init)(ifp);
	case IFF_UP | IFF_RUNNING:
		error = ENETRESET;
		if (ec->ec_ifflags_cb != NULL)
			error = (*ec->ec_ifflags_cb)(ec);
		return error == ENETRESET ? (*ifp->if_init)(ifp) : error;
	default:
		return 0;
	}
}

/* A protocol address starts the interface; a link-level one (AF_LINK) does not. */
static int
init_address(struct ifnet *ifp, struct ifaddr *ifa)
{
	int error = 0;

	if (ifa->ifa_addr->sa_family == AF_LINK)
		return 0;
	if ((ifp->if_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING)) {
		ifp->if_flags |= IFF_UP;
		error = (*ifp->if_init)(ifp);
	}
	return error;
}

static int
set_address(struct ifnet *ifp, struct if_laddrreq *request)
{
	const struct sockaddr_dl *sdl = satocsdl(&request->addr);

	if (sdl->sdl_family != AF_LINK || sdl->sdl_alen != ETHER_ADDR_LEN)
		return EINVAL;
	if ((request->flags & IFLR_ACTIVE) == 0)
		return EOPNOTSUPP;
	if_set_sadl(ifp, CLLADDR(sdl), ETHER_ADDR_LEN, false);
	return (ifp->if_flags & IFF_UP) != 0 ? (*ifp->if_init)(ifp) : 0;
}

static int
media(struct ifnet *ifp, u_long command, void *data)
{
	struct ethercom *ec = (struct ethercom *)ifp;

	(void)command;
	(void)data;
#ifdef HAVE_MII
	if (ec->ec_mii != NULL)
		return ifmedia_ioctl(ifp, data, &ec->ec_mii->mii_media, command);
#endif
#ifdef ETHERCAP_EEE
	if (ec->ec_ifmedia != NULL)
		return ifmedia_ioctl(ifp, data, ec->ec_ifmedia, command);
#endif
	(void)ec;
	return ENOTTY;
}

int
ether_ioctl(struct ifnet *ifp, u_long command, void *data)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	struct ifreq *ifr = data;
	struct eccapreq *eccr = data;

	switch (command) {
	case SIOCINITIFADDR:
		return init_address(ifp, data);
	case SIOCGIFADDR:
		memcpy(ifr->ifr_addr.sa_data, CLLADDR(ifp->if_sadl), ETHER_ADDR_LEN);
		return 0;
	case SIOCALIFADDR:
		return set_address(ifp, data);
	case SIOCSIFMTU:
		return set_mtu(ifp, command, ifr);
	case SIOCSIFFLAGS:
		return set_flags(ifp, command, data);
	case SIOCGETHERCAP:
		eccr->eccr_capabilities = ec->ec_capabilities;
		eccr->eccr_capenable = ec->ec_capenable;
		return 0;
	case SIOCADDMULTI:
		return ether_addmulti(ifreq_getaddr(command, ifr), ec);
	case SIOCDELMULTI:
		return ether_delmulti(ifreq_getaddr(command, ifr), ec);
	case SIOCSIFMEDIA:
	case SIOCGIFMEDIA:
		return media(ifp, command, data);
	default:
		return ifioctl_common(ifp, command, data);
	}
}

/* A vlan(4) comes or goes: what of it the hardware can do, it does from now on. */
int
rumphost_ether_vlan(struct ifnet *ifp, uint16_t id, bool on)
{
	const int able = ETHERCAP_VLAN_MTU | ETHERCAP_VLAN_HWTAGGING;
	struct ethercom *ec = (struct ethercom *)ifp;

	if (ifp->if_type != IFT_ETHER)
		return EOPNOTSUPP;
	if (!on && ec->ec_nvlans == 0)
		return EINVAL;
	ec->ec_nvlans += on ? 1 : -1;
	if (ec->ec_nvlans > 0)
		ec->ec_capenable |= ec->ec_capabilities & able;
	else
		ec->ec_capenable &= ~able;
#ifdef ETHERCAP_VLAN_HWFILTER
	if (ec->ec_vlan_cb != NULL)
		(void)(*ec->ec_vlan_cb)(ec, id, on);
#else
	(void)id;
#endif
	return (ifp->if_flags & IFF_UP) != 0 ? if_flags_set(ifp, (short)ifp->if_flags) : 0;
}

/* -- media of interfaces with an mii(4) bus -- */

/* Weak: a tree's mii(4) brings its own. */
int	ether_mediachange(struct ifnet *) __attribute__((__weak__));
void	ether_mediastatus(struct ifnet *, struct ifmediareq *) __attribute__((__weak__));

#ifdef HAVE_MII
/* Only there when the driver has PHYs, and mii(4) with it. */
extern __typeof__(mii_mediachg) mii_mediachg __attribute__((__weak__));
extern __typeof__(mii_pollstat) mii_pollstat __attribute__((__weak__));
#endif

int
ether_mediachange(struct ifnet *ifp)
{
#ifdef HAVE_MII
	struct ethercom *ec = (struct ethercom *)ifp;
	int error;

	if ((ifp->if_flags & IFF_UP) == 0 || ec->ec_mii == NULL || mii_mediachg == NULL)
		return 0;
	error = mii_mediachg(ec->ec_mii);
	return error == ENXIO ? 0 : error;
#else
	(void)ifp;
	return 0;
#endif
}

void
ether_mediastatus(struct ifnet *ifp, struct ifmediareq *request)
{
#ifdef HAVE_MII
	struct ethercom *ec = (struct ethercom *)ifp;

	if (ec->ec_mii == NULL || mii_pollstat == NULL)
		return;
	mii_pollstat(ec->ec_mii);
	request->ifm_status = (int)ec->ec_mii->mii_media_status;
	request->ifm_active = (int)ec->ec_mii->mii_media_active;
#else
	(void)ifp;
	(void)request;
#endif
}
