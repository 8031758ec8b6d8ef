/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): the part of ioctl(2) on an interface that is the same for all, and the way in for the
 * host, which asks for everything through the driver's own if_ioctl.
 */

#include "ifnet_private.h"

#include <net/if_types.h>

RUMPHOST_UPCALL uint64_t rumphost_ifnet_ioctl(struct ifnet *, uint64_t, uint64_t, uint64_t);

static int	address_init(struct ifnet *, struct ifaddr *, bool);
static int	multicast_op(struct ifnet *, const unsigned long, const struct sockaddr *);
static int	set_flags(struct ifnet *, const short);
static int	setaddr(u_long, struct ifreq *, const struct sockaddr *);

/* What if_attach fills in where the driver left it open. */
void
rumphost_if_default(struct ifnet *ifp)
{

#ifdef IFEF_MPSAFE
	if (ifp->if_transmit == NULL)
		ifp->if_transmit = if_transmit;
#endif
	if (ifp->if_initaddr == NULL)
		ifp->if_initaddr = address_init;
	if (ifp->if_mcastop == NULL)
		ifp->if_mcastop = multicast_op;
	if (ifp->if_setflags == NULL)
		ifp->if_setflags = set_flags;
}

static void
request_name(struct ifnet *ifp, char *name)
{

	memcpy(name, ifp->if_xname, IFNAMSIZ);
}

static int
address_init(struct ifnet *ifp, struct ifaddr *ifa, bool source)
{

	(void)source;
	return (*ifp->if_ioctl)(ifp, SIOCINITIFADDR, ifa);
}

static int
multicast_op(struct ifnet *ifp, const unsigned long command, const struct sockaddr *sa)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	request_name(ifp, ifr.ifr_name);
	setaddr(command, &ifr, sa);
	return (*ifp->if_ioctl)(ifp, command, &ifr);
}

/* IFF_PROMISC and its like are no request of a user's: they change first, and back on failure. */
static int
set_flags(struct ifnet *ifp, const short flags)
{
	struct ifreq ifr;
	int error, internal;

	internal = ((u_short)ifp->if_flags ^ (u_short)flags) & IFF_CANTCHANGE;
	ifp->if_flags ^= internal;
	memset(&ifr, 0, sizeof(ifr));
	request_name(ifp, ifr.ifr_name);
	ifr.ifr_flags = (short)((u_short)flags & ~IFF_CANTCHANGE);
	error = (*ifp->if_ioctl)(ifp, SIOCSIFFLAGS, &ifr);
	if (error != 0)
		ifp->if_flags ^= internal;
	return error;
}

int
if_addr_init(struct ifnet *ifp, struct ifaddr *ifa, bool source)
{

	return (*ifp->if_initaddr)(ifp, ifa, source);
}

int
if_mcast_op(struct ifnet *ifp, const unsigned long command, const struct sockaddr *sa)
{

	return (*ifp->if_mcastop)(ifp, command, sa);
}

int
if_flags_set(struct ifnet *ifp, const short flags)
{

	return (*ifp->if_setflags)(ifp, flags);
}

static int
setaddr(u_long command, struct ifreq *ifr, const struct sockaddr *sa)
{

	(void)command;
	memset(&ifr->ifr_space, 0, sizeof(ifr->ifr_space));
	memcpy(&ifr->ifr_space, sa, MIN(sa->sa_len, sizeof(ifr->ifr_space)));
	return 0;
}

int	ifreq_setaddr(u_long, struct ifreq *, const struct sockaddr *);

int
ifreq_setaddr(u_long command, struct ifreq *ifr, const struct sockaddr *sa)
{

	return setaddr(command, ifr, sa);
}

/* One more who wants every frame, or one fewer. */
int
ifpromisc(struct ifnet *ifp, int on)
{
	int error;

	if (on) {
		if (ifp->if_pcount++ != 0)
			return 0;
		error = if_flags_set(ifp, (short)(ifp->if_flags | IFF_PROMISC));
		if (error != 0)
			ifp->if_pcount--;
		return error;
	}
	if (ifp->if_pcount == 0)
		return EINVAL;
	if (--ifp->if_pcount > 0)
		return 0;
	error = if_flags_set(ifp, (short)(ifp->if_flags & ~IFF_PROMISC));
	if (error != 0)
		ifp->if_pcount++;
	return error;
}

static void
set_capenable(struct ifnet *ifp, uint64_t capenable)
{
	static const struct {
		uint64_t capability;
		int csum;
	} tx[] = {
		{ IFCAP_CSUM_IPv4_Tx, M_CSUM_IPv4 },
		{ IFCAP_CSUM_TCPv4_Tx, M_CSUM_TCPv4 },
		{ IFCAP_CSUM_UDPv4_Tx, M_CSUM_UDPv4 },
		{ IFCAP_CSUM_TCPv6_Tx, M_CSUM_TCPv6 },
		{ IFCAP_CSUM_UDPv6_Tx, M_CSUM_UDPv6 },
		{ IFCAP_TSOv4, M_CSUM_TSOv4 },
		{ IFCAP_TSOv6, M_CSUM_TSOv6 },
	}, rx[] = {
		{ IFCAP_CSUM_IPv4_Rx, M_CSUM_IPv4 },
		{ IFCAP_CSUM_TCPv4_Rx, M_CSUM_TCPv4 },
		{ IFCAP_CSUM_UDPv4_Rx, M_CSUM_UDPv4 },
		{ IFCAP_CSUM_TCPv6_Rx, M_CSUM_TCPv6 },
		{ IFCAP_CSUM_UDPv6_Rx, M_CSUM_UDPv6 },
	};
	size_t n;

	ifp->if_capenable = capenable;
	ifp->if_csum_flags_tx = ifp->if_csum_flags_rx = 0;
	for (n = 0; n < sizeof(tx) / sizeof(tx[0]); n++)
		if ((capenable & tx[n].capability) != 0)
			ifp->if_csum_flags_tx |= tx[n].csum;
	for (n = 0; n < sizeof(rx) / sizeof(rx[0]); n++)
		if ((capenable & rx[n].capability) != 0)
			ifp->if_csum_flags_rx |= rx[n].csum;
}

static void
zero_counters(struct ifnet *ifp)
{

	*RUMPHOST_STAT_ADDRESS(ifp, if_ipackets) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_ierrors) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_opackets) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_oerrors) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_collisions) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_ibytes) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_obytes) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_imcasts) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_omcasts) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_iqdrops) = 0;
	*RUMPHOST_STAT_ADDRESS(ifp, if_noproto) = 0;
}

/* ENETRESET: it has changed, and the hardware must be told. */
int
ifioctl_common(struct ifnet *ifp, u_long command, void *data)
{
	struct ifreq *ifr = data;
	struct ifcapreq *ifcr = data;
	struct ifdatareq *ifdr = data;

	switch (command) {
	case SIOCSIFCAP:
		if ((ifcr->ifcr_capenable & ~ifp->if_capabilities) != 0)
			return EINVAL;
		if (ifcr->ifcr_capenable == ifp->if_capenable)
			return 0;
		set_capenable(ifp, ifcr->ifcr_capenable);
		return ENETRESET;
	case SIOCGIFCAP:
		ifcr->ifcr_capabilities = ifp->if_capabilities;
		ifcr->ifcr_capenable = ifp->if_capenable;
		return 0;
	case SIOCSIFFLAGS:
		if ((ifp->if_flags & IFF_UP) != 0 && (ifr->ifr_flags & IFF_UP) == 0)
			if_down(ifp);
		else if ((ifp->if_flags & IFF_UP) == 0 && (ifr->ifr_flags & IFF_UP) != 0)
			if_up(ifp);
		ifp->if_flags = (ifp->if_flags & IFF_CANTCHANGE) |
		    (ifr->ifr_flags & ~IFF_CANTCHANGE);
		return 0;
	case SIOCGIFFLAGS:
		ifr->ifr_flags = (short)ifp->if_flags;
		return 0;
	case SIOCGIFMETRIC:
		ifr->ifr_metric = (int)ifp->if_metric;
		return 0;
	case SIOCSIFMETRIC:
		ifp->if_metric = (uint64_t)ifr->ifr_metric;
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = (int)ifp->if_mtu;
		return 0;
	case SIOCSIFMTU:
		if (ifp->if_mtu == (uint64_t)ifr->ifr_mtu)
			return 0;
		ifp->if_mtu = (uint64_t)ifr->ifr_mtu;
		return ENETRESET;
	case SIOCGIFDLT:
		ifr->ifr_dlt = ifp->if_dlt;
		return 0;
	case SIOCZIFDATA:
	case SIOCGIFDATA:
		ifdr->ifdr_data = ifp->if_data;
		if (command == SIOCZIFDATA)
			zero_counters(ifp);
		return 0;
	default:
		return ENOTTY;
	}
}

/* -- for the host -- */

static void
unpack_address(uint64_t address, uint8_t *bytes)
{
	int n;

	for (n = 0; n < ETHER_ADDR_LEN; n++)
		bytes[n] = (uint8_t)(address >> (8 * (ETHER_ADDR_LEN - 1 - n)));
}

static void
link_sockaddr(struct ifnet *ifp, uint64_t address, struct sockaddr_storage *ss)
{
	uint8_t bytes[ETHER_ADDR_LEN];

	unpack_address(address, bytes);
	sockaddr_dl_init((struct sockaddr_dl *)(void *)ss, sizeof(*ss), ifp->if_index,
	    ifp->if_type, NULL, 0, bytes, sizeof(bytes));
}

static int
change_flags(struct ifnet *ifp, uint64_t set, uint64_t clear)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	request_name(ifp, ifr.ifr_name);
	ifr.ifr_flags = (short)(((u_short)ifp->if_flags & ~clear) | set);
	return (*ifp->if_ioctl)(ifp, SIOCSIFFLAGS, &ifr);
}

static int
change_mtu(struct ifnet *ifp, uint64_t mtu)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	request_name(ifp, ifr.ifr_name);
	ifr.ifr_mtu = (int)mtu;
	return (*ifp->if_ioctl)(ifp, SIOCSIFMTU, &ifr);
}

static int
change_multicast(struct ifnet *ifp, u_long command, uint64_t address)
{
	struct sockaddr_storage ss;

	link_sockaddr(ifp, address, &ss);
	return if_mcast_op(ifp, command, (struct sockaddr *)&ss);
}

static int
change_media(struct ifnet *ifp, uint64_t word)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	request_name(ifp, ifr.ifr_name);
	ifr.ifr_media = (int)word;
	return (*ifp->if_ioctl)(ifp, SIOCSIFMEDIA, &ifr);
}

/*
 * The list of words is asked for with a NULL ifm_ulist first, which gives their number only: the
 * copying out to user memory of the second call is into the host's memory.
 */
static int
get_media(struct ifnet *ifp, int32_t *words, uint64_t room)
{
	struct ifmediareq request;
	int error, count;

	memset(&request, 0, sizeof(request));
	request_name(ifp, request.ifm_name);
	error = (*ifp->if_ioctl)(ifp, SIOCGIFMEDIA, &request);
	if (error != 0)
		return error;
	count = request.ifm_count;
	if (count > 0 && room >= (uint64_t)count + 5) {
		request.ifm_ulist = &words[5];
		error = (*ifp->if_ioctl)(ifp, SIOCGIFMEDIA, &request);
		if (error != 0)
			return error;
	}
	words[0] = request.ifm_current;
	words[1] = request.ifm_mask;
	words[2] = request.ifm_status;
	words[3] = request.ifm_active;
	words[4] = count;
	return 0;
}

static int
change_capenable(struct ifnet *ifp, uint64_t capenable)
{
	struct ifcapreq request;

	memset(&request, 0, sizeof(request));
	request_name(ifp, request.ifcr_name);
	request.ifcr_capenable = capenable;
	return (*ifp->if_ioctl)(ifp, SIOCSIFCAP, &request);
}

static int
change_address(struct ifnet *ifp, uint64_t address)
{
	struct if_laddrreq request;

	memset(&request, 0, sizeof(request));
	request_name(ifp, request.iflr_name);
	request.flags = IFLR_ACTIVE;
	link_sockaddr(ifp, address, &request.addr);
	return (*ifp->if_ioctl)(ifp, SIOCALIFADDR, &request);
}

/* As when a protocol address is given to the interface: that starts it. */
static int
init_address(struct ifnet *ifp, uint64_t address)
{
	struct sockaddr_storage ss;
	struct ifaddr ifa;
	uint8_t *bytes = (uint8_t *)&ss;

	memset(&ss, 0, sizeof(ss));
	memset(&ifa, 0, sizeof(ifa));
	ss.ss_len = 16;
	ss.ss_family = AF_INET;
	bytes[4] = (uint8_t)(address >> 24);
	bytes[5] = (uint8_t)(address >> 16);
	bytes[6] = (uint8_t)(address >> 8);
	bytes[7] = (uint8_t)address;
	ifa.ifa_addr = (struct sockaddr *)&ss;
	ifa.ifa_ifp = ifp;
	ifa.ifa_refcnt = 1;
	return if_addr_init(ifp, &ifa, true);
}

static int
control(struct ifnet *ifp, uint64_t command, uint64_t a, uint64_t b)
{

	switch (command) {
	case RUMPHOST_IFNET_SET_FLAGS:
		return change_flags(ifp, a, b);
	case RUMPHOST_IFNET_SET_MTU:
		return change_mtu(ifp, a);
	case RUMPHOST_IFNET_SET_PROMISC:
		return ifpromisc(ifp, a != 0);
	case RUMPHOST_IFNET_ADD_MULTI:
		return change_multicast(ifp, SIOCADDMULTI, a);
	case RUMPHOST_IFNET_DEL_MULTI:
		return change_multicast(ifp, SIOCDELMULTI, a);
	case RUMPHOST_IFNET_SET_MEDIA:
		return change_media(ifp, a);
	case RUMPHOST_IFNET_GET_MEDIA:
		return get_media(ifp, (int32_t *)(uintptr_t)a, b);
	case RUMPHOST_IFNET_SET_CAPENABLE:
		return change_capenable(ifp, a);
	case RUMPHOST_IFNET_SET_ADDRESS:
		return change_address(ifp, a);
	case RUMPHOST_IFNET_INIT_ADDRESS:
		return init_address(ifp, a);
	case RUMPHOST_IFNET_SET_VLAN:
		return rumphost_ether_vlan(ifp, (uint16_t)a, b != 0);
	case RUMPHOST_IFNET_ZERO_COUNTERS:
		zero_counters(ifp);
		return 0;
	default:
		return ENOTTY;
	}
}

uint64_t
rumphost_ifnet_ioctl(struct ifnet *ifp, uint64_t command, uint64_t a, uint64_t b)
{
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);
	int error;

	if (locked)
		KERNEL_LOCK(1, NULL);
	error = control(ifp, command, a, b);
	if (locked)
		KERNEL_UNLOCK_ONE(NULL);
	return (uint64_t)error;
}
