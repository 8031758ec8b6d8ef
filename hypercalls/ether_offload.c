/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of the host made ready for what the hardware does itself.
 *
 * The host's frames are complete.  Where an interface inserts 802.1Q tags or checksums, it gets
 * them as NetBSD's protocols would hand them over: the tag apart, the checksums open.
 */

#include "ifnet_private.h"

#include <net/ethertypes.h>

enum {
	VLAN_LENGTH = 4,
	IP_TOTAL = 2,			/* offsets in the IPv4 header */
	IP_FRAGMENT = 6,
	IP_PROTOCOL = 9,
	IP_SUM = 10,
	IP_SOURCE = 12,
	IP_LENGTH = 20,
	IP6_PAYLOAD = 4,		/* offsets in the IPv6 header */
	IP6_NEXT = 6,
	IP6_SOURCE = 8,
	IP6_LENGTH = 40,
	TCP = 6,
	TCP_SUM = 16,
	UDP = 17,
	UDP_SUM = 6
};

static uint32_t
get16(const uint8_t *p)
{

	return (uint32_t)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, uint32_t value)
{

	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* The sum of a pseudo header: addresses, length and protocol; not complemented. */
static uint32_t
pseudo_sum(const uint8_t *addresses, int size, uint32_t length, uint32_t protocol)
{
	uint32_t sum = length + protocol;
	int n;

	for (n = 0; n < size; n += 2)
		sum += get16(addresses + n);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Leave the checksum of a TCP or UDP packet to the hardware, if it wants it. */
static void
leave_payload(struct mbuf *m, uint8_t *payload, uint32_t length, uint32_t protocol,
    uint32_t header_length, uint32_t sum, int wanted)
{
	int flag = protocol == TCP ? M_CSUM_TCPv4 | M_CSUM_TCPv6 : M_CSUM_UDPv4 | M_CSUM_UDPv6;
	uint32_t place = protocol == TCP ? TCP_SUM : UDP_SUM;

	wanted &= flag;
	if (wanted == 0 || length < place + 2 ||
	    (protocol == UDP && get16(payload + UDP_SUM) == 0))
		return;
	put16(payload + place, sum);
	m->m_pkthdr.csum_flags |= wanted;
	m->m_pkthdr.csum_data = header_length << 16 | place;
}

static void
leave_ipv4(struct mbuf *m, uint8_t *ip, int room, int wanted)
{
	uint32_t header = (uint32_t)(ip[0] & 0xf) * 4, total = get16(ip + IP_TOTAL);
	uint32_t protocol = ip[IP_PROTOCOL];

	if (header < IP_LENGTH || total < header || total > (uint32_t)room)
		return;
	if ((wanted & M_CSUM_IPv4) != 0) {
		put16(ip + IP_SUM, 0);
		m->m_pkthdr.csum_flags |= M_CSUM_IPv4;
		m->m_pkthdr.csum_data = header << 16;
	}
	if ((get16(ip + IP_FRAGMENT) & 0x3fff) != 0 || (protocol != TCP && protocol != UDP))
		return;
	leave_payload(m, ip + header, total - header, protocol, header,
	    pseudo_sum(ip + IP_SOURCE, 8, total - header, protocol),
	    wanted & (M_CSUM_TCPv4 | M_CSUM_UDPv4));
}

static void
leave_ipv6(struct mbuf *m, uint8_t *ip, int room, int wanted)
{
	uint32_t length = get16(ip + IP6_PAYLOAD), protocol = ip[IP6_NEXT];

	if (length > (uint32_t)(room - IP6_LENGTH) || (protocol != TCP && protocol != UDP))
		return;
	leave_payload(m, ip + IP6_LENGTH, length, protocol, IP6_LENGTH,
	    pseudo_sum(ip + IP6_SOURCE, 32, length, protocol),
	    wanted & (M_CSUM_TCPv6 | M_CSUM_UDPv6));
}

static void
leave_tag(struct ethercom *ec, struct mbuf *m)
{
	uint8_t *frame = mtod(m, uint8_t *);
	uint32_t tag = get16(frame + ETHER_HDR_LEN);

	if (!VLAN_ATTACHED(ec) || (ec->ec_capenable & ETHERCAP_VLAN_HWTAGGING) == 0)
		return;
#ifdef M_VLANTAG
	vlan_set_tag(m, (uint16_t)tag);
#else
	struct m_tag *mtag = m_tag_get(PACKET_TAG_VLAN, sizeof(u_int), M_NOWAIT);

	if (mtag == NULL)
		return;
	*(u_int *)(mtag + 1) = tag;
	m_tag_prepend(m, mtag);
#endif
	memmove(frame + VLAN_LENGTH, frame, ETHER_ADDR_LEN * 2);
	m_adj(m, VLAN_LENGTH);
}

/* `m' is one mbuf that may be written. */
void
rumphost_ether_offload(struct ifnet *ifp, struct mbuf *m)
{
	uint8_t *frame = mtod(m, uint8_t *);
	int room;
	uint32_t type;

	if (m->m_len < ETHER_HDR_LEN + IP_LENGTH)
		return;
	if (get16(frame + ETHER_ADDR_LEN * 2) == ETHERTYPE_VLAN) {
		leave_tag((struct ethercom *)ifp, m);
		frame = mtod(m, uint8_t *);
	}
	if (ifp->if_csum_flags_tx == 0)
		return;
	type = get16(frame + ETHER_ADDR_LEN * 2);
	room = m->m_len - ETHER_HDR_LEN;
	if (type == ETHERTYPE_IP && room >= IP_LENGTH)
		leave_ipv4(m, frame + ETHER_HDR_LEN, room, ifp->if_csum_flags_tx);
	else if (type == ETHERTYPE_IPV6 && room >= IP6_LENGTH)
		leave_ipv6(m, frame + ETHER_HDR_LEN, room, ifp->if_csum_flags_tx);
}
