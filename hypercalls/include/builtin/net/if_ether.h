/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet interfaces: frames, and what an Ethernet driver shares with the rest of the kernel.
 */

#ifndef _NET_IF_ETHER_H_
#define _NET_IF_ETHER_H_

#include <sys/mbuf.h>
#include <net/if.h>
#include <net/ethertypes.h>

#define ETHER_ADDR_LEN		6
#define ETHER_TYPE_LEN		2
#define ETHER_CRC_LEN		4
#define ETHER_HDR_LEN		((ETHER_ADDR_LEN * 2) + ETHER_TYPE_LEN)
#define ETHER_MIN_LEN		64	/* with header and CRC, as the next two */
#define ETHER_MAX_LEN		1518
#define ETHER_MAX_LEN_JUMBO	9018
#define ETHER_VLAN_ENCAP_LEN	4
#define ETHER_PPPOE_ENCAP_LEN	8

#define ETHERMTU	(ETHER_MAX_LEN - ETHER_HDR_LEN - ETHER_CRC_LEN)
#define ETHERMTU_JUMBO	(ETHER_MAX_LEN_JUMBO - ETHER_HDR_LEN - ETHER_CRC_LEN)
#define ETHERMIN	(ETHER_MIN_LEN - ETHER_HDR_LEN - ETHER_CRC_LEN)

#define ETHER_MAX_FRAME(ifp, etype, hasfcs)				\
	((ifp)->if_mtu + ETHER_HDR_LEN +				\
	((hasfcs) ? ETHER_CRC_LEN : 0) +				\
	((etype) == ETHERTYPE_VLAN ? ETHER_VLAN_ENCAP_LEN : 0) +	\
	((etype) == ETHERTYPE_PPPOE ? ETHER_PPPOE_ENCAP_LEN : 0))

#define ETHER_CRC_POLY_LE	0xedb88320
#define ETHER_CRC_POLY_BE	0x04c11db6

struct ether_addr {
	uint8_t ether_addr_octet[ETHER_ADDR_LEN];
} __packed;

struct ether_header {
	uint8_t	 ether_dhost[ETHER_ADDR_LEN];
	uint8_t	 ether_shost[ETHER_ADDR_LEN];
	uint16_t ether_type;		/* network byte order */
} __packed;

#define ETHER_IS_MULTICAST(addr)	(*(addr) & 0x01)
#define ETHER_IS_LOCAL(addr)		(*(addr) & 0x02)

#define M_HASFCS	M_LINK0		/* the frame ends with its CRC */
#define M_PROMISC	M_LINK1		/* not for us */

/* The group address that carries an IP multicast. */
#define ETHER_MAP_IP_MULTICAST(ip, enaddr) do {				\
	const uint8_t *_ip = (const uint8_t *)(ip);			\
	(enaddr)[0] = 0x01;						\
	(enaddr)[1] = 0x00;						\
	(enaddr)[2] = 0x5e;						\
	(enaddr)[3] = _ip[1] & 0x7f;					\
	(enaddr)[4] = _ip[2];						\
	(enaddr)[5] = _ip[3];						\
} while (/* CONSTCOND */ 0)
#define ETHER_MAP_IPV6_MULTICAST(ip6, enaddr) do {			\
	const uint8_t *_ip6 = (const uint8_t *)(ip6);			\
	(enaddr)[0] = 0x33;						\
	(enaddr)[1] = 0x33;						\
	(enaddr)[2] = _ip6[12];						\
	(enaddr)[3] = _ip6[13];						\
	(enaddr)[4] = _ip6[14];						\
	(enaddr)[5] = _ip6[15];						\
} while (/* CONSTCOND */ 0)

struct ethercom;
struct ifmedia;
struct mii_data;

typedef int (*ether_cb_t)(struct ethercom *);
typedef int (*ether_vlancb_t)(struct ethercom *, uint16_t, bool);

/* A multicast address, or a range of them, that somebody wants to receive. */
struct ether_multi {
	uint8_t	enm_addrlo[ETHER_ADDR_LEN];
	uint8_t	enm_addrhi[ETHER_ADDR_LEN];
	u_int	enm_refcount;
	LIST_ENTRY(ether_multi) enm_list;
};

/* Begins the softc of an Ethernet driver, or is a member of it. */
struct ethercom {
	struct ifnet	ec_if;		/* must come first */
	LIST_HEAD(, ether_multi) ec_multiaddrs;
	int		ec_multicnt;
	int		ec_capabilities;	/* ETHERCAP_*: what the hardware can */
	int		ec_capenable;		/* and what of it is on */
	int		ec_nvlans;
	struct mii_data	*ec_mii;
	struct ifmedia	*ec_ifmedia;
	ether_cb_t	ec_ifflags_cb;
	ether_vlancb_t	ec_vlan_cb;
	kmutex_t	*ec_lock;	/* of the multicast list */
	u_int		ec_flags;	/* ETHER_F_* */
};

#define ETHER_F_ALLMULTI	1

#define ETHERCAP_VLAN_MTU	0x00000001
#define ETHERCAP_VLAN_HWTAGGING	0x00000002
#define ETHERCAP_JUMBO_MTU	0x00000004
#define ETHERCAP_VLAN_HWFILTER	0x00000008
#define ETHERCAP_EEE		0x00000010
#define ETHERCAP_MASK		0x0000001f

#define ECCAPBITS							\
	"\020\1VLAN_MTU\2VLAN_HWTAGGING\3JUMBO_MTU\4VLAN_HWFILTER\5EEE"

struct eccapreq {
	char	eccr_name[IFNAMSIZ];
	int	eccr_capabilities;
	int	eccr_capenable;
};

#define ETHER_LOCK(ec)		mutex_enter((ec)->ec_lock)
#define ETHER_UNLOCK(ec)	mutex_exit((ec)->ec_lock)

struct ether_multistep {
	struct ether_multi *e_enm;
};

static inline struct ether_multi *
ether_next_multi(struct ether_multistep *step)
{
	struct ether_multi *enm = step->e_enm;

	if (enm != NULL)
		step->e_enm = LIST_NEXT(enm, enm_list);
	return enm;
}

static inline struct ether_multi *
ether_first_multi(struct ether_multistep *step, const struct ethercom *ec)
{

	step->e_enm = LIST_FIRST(&ec->ec_multiaddrs);
	return ether_next_multi(step);
}

#define ETHER_NEXT_MULTI(step, enm)		((enm) = ether_next_multi(&(step)))
#define ETHER_FIRST_MULTI(step, ec, enm)	((enm) = ether_first_multi(&(step), (ec)))
#define ETHER_LOOKUP_MULTI(lo, hi, ec, enm) do {			\
	LIST_FOREACH((enm), &(ec)->ec_multiaddrs, enm_list) {		\
		if (memcmp((enm)->enm_addrlo, (lo), ETHER_ADDR_LEN) == 0 && \
		    memcmp((enm)->enm_addrhi, (hi), ETHER_ADDR_LEN) == 0) \
			break;						\
	}								\
} while (/* CONSTCOND */ 0)

/* The tag that hardware took off, or shall put in. */
static inline void
vlan_set_tag(struct mbuf *m, uint16_t tag)
{

	m->m_pkthdr.ether_vtag = tag;
	m->m_flags |= M_VLANTAG;
}

static inline bool
vlan_has_tag(struct mbuf *m)
{

	return (m->m_flags & M_VLANTAG) != 0;
}

static inline uint16_t
vlan_get_tag(struct mbuf *m)
{

	return m->m_pkthdr.ether_vtag;
}

/* The same under its older names. */
#define VLAN_ATTACHED(ec)	((ec)->ec_nvlans > 0)
#define VLAN_INPUT_TAG(ifp, m, tag, errcase)	vlan_set_tag((m), (tag))
#define VLAN_OUTPUT_TAG(ec, m)						\
	(vlan_has_tag(m) ? (struct m_tag *)(void *)&(m)->m_pkthdr.ether_vtag : NULL)
#define VLAN_TAG_VALUE(mtag)	(*(uint16_t *)(void *)(mtag) & 4095)

extern const uint8_t etherbroadcastaddr[ETHER_ADDR_LEN];
extern const uint8_t ethermulticastaddr_slowprotocols[ETHER_ADDR_LEN];
extern const uint8_t ether_ipmulticast_min[ETHER_ADDR_LEN];
extern const uint8_t ether_ipmulticast_max[ETHER_ADDR_LEN];

void	ether_ifattach(struct ifnet *, const uint8_t *);
void	ether_ifdetach(struct ifnet *);
int	ether_ioctl(struct ifnet *, u_long, void *);
void	ether_input(struct ifnet *, struct mbuf *);
void	ether_set_ifflags_cb(struct ethercom *, ether_cb_t);
void	ether_set_vlan_cb(struct ethercom *, ether_vlancb_t);
int	ether_addmulti(const struct sockaddr *, struct ethercom *);
int	ether_delmulti(const struct sockaddr *, struct ethercom *);
int	ether_multiaddr(const struct sockaddr *, uint8_t[], uint8_t[]);
int	ether_mediachange(struct ifnet *);
void	ether_mediastatus(struct ifnet *, struct ifmediareq *);
char	*ether_sprintf(const uint8_t *);
char	*ether_snprintf(char *, size_t, const uint8_t *);
uint32_t ether_crc32_le(const uint8_t *, size_t);
uint32_t ether_crc32_be(const uint8_t *, size_t);
int	ether_aton_r(u_char *, size_t, const char *);

#endif
