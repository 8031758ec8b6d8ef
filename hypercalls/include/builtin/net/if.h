/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): network interfaces as their drivers see them.
 *
 * A driver fills in the names and the functions, then calls if_attach() (or if_initialize() and
 * if_register()).  Output: frames wait on if_snd, if_start takes them.  Input: the driver gives
 * frames to if_percpuq_enqueue(), or to if_input after counting and tapping them itself.
 */

#ifndef _NET_IF_H_
#define _NET_IF_H_

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/queue.h>
#include <sys/time.h>
#include <sys/mutex.h>
#include <sys/callout.h>

#include <net/dlt.h>
#include <net/if_arp.h>

struct bpf_if;
struct ether_header;
struct if_percpuq;
struct if_deferred_start;
struct ifaddr;
struct ifnet;
struct lwp;
struct mbuf;
struct mowner;
struct rt_addrinfo;
struct rtentry;
struct sockaddr_dl;
struct sysctllog;

#define IF_NAMESIZE	16
#define IFNAMSIZ	IF_NAMESIZE

#define LINK_STATE_UNKNOWN	0
#define LINK_STATE_DOWN		1
#define LINK_STATE_UP		2

struct if_data {
	u_char	 ifi_type;		/* IFT_* */
	u_char	 ifi_addrlen;
	u_char	 ifi_hdrlen;
	int	 ifi_link_state;	/* LINK_STATE_* */
	uint64_t ifi_mtu;
	uint64_t ifi_metric;
	uint64_t ifi_baudrate;		/* bits/s */
	/* What SIOCZIFDATA clears follows. */
	uint64_t ifi_ipackets;
	uint64_t ifi_ierrors;
	uint64_t ifi_opackets;
	uint64_t ifi_oerrors;
	uint64_t ifi_collisions;
	uint64_t ifi_ibytes;
	uint64_t ifi_obytes;
	uint64_t ifi_imcasts;
	uint64_t ifi_omcasts;
	uint64_t ifi_iqdrops;
	uint64_t ifi_noproto;
	struct timespec ifi_lastchange;
};

struct ifqueue {
	struct mbuf	*ifq_head;
	struct mbuf	*ifq_tail;
	int		ifq_len;
	int		ifq_maxlen;
	int		ifq_drops;
	kmutex_t	*ifq_lock;	/* IPL_NET; NULL before if_attach */
};

/* The output queue; alternate queueing is not offered. */
#define ifaltq	ifqueue

TAILQ_HEAD(ifnet_head, ifnet);

typedef struct ifnet {
	void		*if_softc;	/* the driver's */
	TAILQ_ENTRY(ifnet) if_list;
	TAILQ_HEAD(, ifaddr) if_addrlist;
	char		if_xname[IFNAMSIZ];
	int		if_pcount;	/* who wants promiscuous mode */
	struct bpf_if	*if_bpf;	/* not NULL while somebody captures */
	u_short		if_index;
	short		if_timer;	/* seconds until if_watchdog; 0: off */
	unsigned short	if_flags;	/* IFF_* */
	int		if_extflags;	/* IFEF_* */
	struct if_data	if_data;

	int	(*if_output)(struct ifnet *, struct mbuf *, const struct sockaddr *,
		    const struct rtentry *);
	void	(*if_input)(struct ifnet *, struct mbuf *);
	void	(*if_start)(struct ifnet *);
	int	(*if_transmit)(struct ifnet *, struct mbuf *);
	int	(*if_ioctl)(struct ifnet *, u_long, void *);
	int	(*if_init)(struct ifnet *);
	void	(*if_stop)(struct ifnet *, int);
	void	(*if_watchdog)(struct ifnet *);
	void	(*if_drain)(struct ifnet *);
	int	(*if_initaddr)(struct ifnet *, struct ifaddr *, bool);
	int	(*if_mcastop)(struct ifnet *, const unsigned long, const struct sockaddr *);
	int	(*if_setflags)(struct ifnet *, const short);

	struct ifaltq	if_snd;
	struct ifaddr	*if_dl;
	const struct sockaddr_dl *if_sadl;	/* the link-level address */
	struct ifaddr	*if_hwdl;
	const uint8_t	*if_broadcastaddr;
	int		if_dlt;			/* DLT_* */
	uint64_t	if_capabilities;	/* IFCAP_* */
	uint64_t	if_capenable;
	int		if_csum_flags_tx;	/* M_CSUM_*, from if_capenable */
	int		if_csum_flags_rx;
	struct mowner	*if_mowner;
	uint64_t	if_index_gen;
	struct sysctllog *if_sysctl_log;
	struct if_percpuq *if_percpuq;
	struct if_deferred_start *if_deferred_start;
} ifnet_t;

#define _if_input	if_input
#define if_slowtimo	if_watchdog

#define if_mtu		if_data.ifi_mtu
#define if_type		if_data.ifi_type
#define if_addrlen	if_data.ifi_addrlen
#define if_hdrlen	if_data.ifi_hdrlen
#define if_metric	if_data.ifi_metric
#define if_link_state	if_data.ifi_link_state
#define if_baudrate	if_data.ifi_baudrate
#define if_ipackets	if_data.ifi_ipackets
#define if_ierrors	if_data.ifi_ierrors
#define if_opackets	if_data.ifi_opackets
#define if_oerrors	if_data.ifi_oerrors
#define if_collisions	if_data.ifi_collisions
#define if_ibytes	if_data.ifi_ibytes
#define if_obytes	if_data.ifi_obytes
#define if_imcasts	if_data.ifi_imcasts
#define if_omcasts	if_data.ifi_omcasts
#define if_iqdrops	if_data.ifi_iqdrops
#define if_noproto	if_data.ifi_noproto
#define if_lastchange	if_data.ifi_lastchange

#define IFF_UP		0x0001
#define IFF_BROADCAST	0x0002
#define IFF_DEBUG	0x0004
#define IFF_LOOPBACK	0x0008
#define IFF_POINTOPOINT	0x0010
#define IFF_RUNNING	0x0040	/* the driver has started the hardware */
#define IFF_NOARP	0x0080
#define IFF_PROMISC	0x0100
#define IFF_ALLMULTI	0x0200
#define IFF_OACTIVE	0x0400	/* no room in the transmit ring */
#define IFF_SIMPLEX	0x0800
#define IFF_LINK0	0x1000
#define IFF_LINK1	0x2000
#define IFF_LINK2	0x4000
#define IFF_MULTICAST	0x8000

#define IFFBITS								\
	"\020\1UP\2BROADCAST\3DEBUG\4LOOPBACK\5POINTOPOINT\7RUNNING"	\
	"\10NOARP\11PROMISC\12ALLMULTI\13OACTIVE\14SIMPLEX\15LINK0"	\
	"\16LINK1\17LINK2\20MULTICAST"

/* What SIOCSIFFLAGS leaves alone. */
#define IFF_CANTCHANGE							\
	(IFF_BROADCAST | IFF_POINTOPOINT | IFF_RUNNING | IFF_OACTIVE |	\
	IFF_SIMPLEX | IFF_MULTICAST | IFF_ALLMULTI | IFF_PROMISC)

#define IFEF_MPSAFE	0x1	/* no kernel lock needed */

#define if_is_mpsafe(ifp)	(((ifp)->if_extflags & IFEF_MPSAFE) != 0)

#define IF_Kbps(x)	((x) * 1000ULL)
#define IF_Mbps(x)	(IF_Kbps((x) * 1000ULL))
#define IF_Gbps(x)	(IF_Mbps((x) * 1000ULL))

#define IFCAP_TSOv4		0x00080
#define IFCAP_CSUM_IPv4_Rx	0x00100
#define IFCAP_CSUM_IPv4_Tx	0x00200
#define IFCAP_CSUM_TCPv4_Rx	0x00400
#define IFCAP_CSUM_TCPv4_Tx	0x00800
#define IFCAP_CSUM_UDPv4_Rx	0x01000
#define IFCAP_CSUM_UDPv4_Tx	0x02000
#define IFCAP_CSUM_TCPv6_Rx	0x04000
#define IFCAP_CSUM_TCPv6_Tx	0x08000
#define IFCAP_CSUM_UDPv6_Rx	0x10000
#define IFCAP_CSUM_UDPv6_Tx	0x20000
#define IFCAP_TSOv6		0x40000
#define IFCAP_LRO		0x80000
#define IFCAP_MASK		0xfff80

#define IFCAPBITS							\
	"\020\10TSO4\11IP4CSUM_Rx\12IP4CSUM_Tx\13TCP4CSUM_Rx"		\
	"\14TCP4CSUM_Tx\15UDP4CSUM_Rx\16UDP4CSUM_Tx\17TCP6CSUM_Rx"	\
	"\20TCP6CSUM_Tx\21UDP6CSUM_Rx\22UDP6CSUM_Tx\23TSO6\24LRO"

/* Queues without their lock. */
#define IF_QFULL(q)	((q)->ifq_len >= (q)->ifq_maxlen)
#define IF_IS_EMPTY(q)	((q)->ifq_len == 0)
#define IF_DROP(q)	((q)->ifq_drops++)
#define IF_POLL(q, m)	((m) = (q)->ifq_head)
#define IF_ENQUEUE(q, m) do {						\
	(m)->m_nextpkt = NULL;						\
	if ((q)->ifq_tail != NULL)					\
		(q)->ifq_tail->m_nextpkt = (m);				\
	else								\
		(q)->ifq_head = (m);					\
	(q)->ifq_tail = (m);						\
	(q)->ifq_len++;							\
} while (/* CONSTCOND */ 0)
#define IF_PREPEND(q, m) do {						\
	(m)->m_nextpkt = (q)->ifq_head;					\
	if ((q)->ifq_head == NULL)					\
		(q)->ifq_tail = (m);					\
	(q)->ifq_head = (m);						\
	(q)->ifq_len++;							\
} while (/* CONSTCOND */ 0)
#define IF_DEQUEUE(q, m) do {						\
	(m) = (q)->ifq_head;						\
	if ((m) != NULL) {						\
		(q)->ifq_head = (m)->m_nextpkt;				\
		if ((q)->ifq_head == NULL)				\
			(q)->ifq_tail = NULL;				\
		(m)->m_nextpkt = NULL;					\
		(q)->ifq_len--;						\
	}								\
} while (/* CONSTCOND */ 0)
#define IF_PURGE(q) do {						\
	struct mbuf *_if_m;						\
	for (;;) {							\
		IF_DEQUEUE((q), _if_m);					\
		if (_if_m == NULL)					\
			break;						\
		m_freem(_if_m);						\
	}								\
} while (/* CONSTCOND */ 0)

#define IFQ_MAXLEN	256
#define IFNET_SLOWHZ	1	/* watchdog ticks per second */

/* The same, under the queue's lock where it has one. */
#define IFQ_LOCK(q) do {						\
	if ((q)->ifq_lock != NULL)					\
		mutex_enter((q)->ifq_lock);				\
} while (/* CONSTCOND */ 0)
#define IFQ_UNLOCK(q) do {						\
	if ((q)->ifq_lock != NULL)					\
		mutex_exit((q)->ifq_lock);				\
} while (/* CONSTCOND */ 0)
#define IFQ_ENQUEUE(q, m, error) do {					\
	IFQ_LOCK(q);							\
	if (IF_QFULL(q)) {						\
		m_freem(m);						\
		(q)->ifq_drops++;					\
		(error) = ENOBUFS;					\
	} else {							\
		IF_ENQUEUE((q), (m));					\
		(error) = 0;						\
	}								\
	IFQ_UNLOCK(q);							\
} while (/* CONSTCOND */ 0)
#define IFQ_DEQUEUE(q, m) do {						\
	IFQ_LOCK(q);							\
	IF_DEQUEUE((q), (m));						\
	IFQ_UNLOCK(q);							\
} while (/* CONSTCOND */ 0)
#define IFQ_POLL(q, m) do {						\
	IFQ_LOCK(q);							\
	IF_POLL((q), (m));						\
	IFQ_UNLOCK(q);							\
} while (/* CONSTCOND */ 0)
#define IFQ_PURGE(q) do {						\
	IFQ_LOCK(q);							\
	IF_PURGE(q);							\
	IFQ_UNLOCK(q);							\
} while (/* CONSTCOND */ 0)
#define IFQ_IS_EMPTY(q)			IF_IS_EMPTY(q)
#define IFQ_SET_READY(q)		((void)(q))
#define IFQ_SET_MAXLEN(q, length)	((q)->ifq_maxlen = (length))
#define IFQ_INC_LEN(q)			((q)->ifq_len++)
#define IFQ_DEC_LEN(q)			(--(q)->ifq_len)
#define IFQ_INC_DROPS(q)		((q)->ifq_drops++)
#define IFQ_CLASSIFY(q, m, af)		((void)(q))

struct ifaddr_data {
	int64_t ifad_inbytes;
	int64_t ifad_outbytes;
};

struct ifaddr {
	struct sockaddr	*ifa_addr;
	struct sockaddr	*ifa_dstaddr;
#define ifa_broadaddr	ifa_dstaddr
	struct sockaddr	*ifa_netmask;
	struct ifnet	*ifa_ifp;
	TAILQ_ENTRY(ifaddr) ifa_list;
	struct ifaddr_data ifa_data;
	void	(*ifa_rtrequest)(int, struct rtentry *, const struct rt_addrinfo *);
	u_int	ifa_flags;
	int	ifa_refcnt;
	int	ifa_metric;
};

/* Arguments of the ioctl(2) commands; each begins with the interface's name. */
struct ifreq {
	char ifr_name[IFNAMSIZ];
	union {
		struct sockaddr ifru_addr;
		struct sockaddr_storage ifru_space;
		short	ifru_flags;
		int	ifru_metric;
		int	ifru_mtu;
		int	ifru_dlt;
		u_int	ifru_value;
		void	*ifru_data;
		struct {
			uint32_t b_buflen;
			void	*b_buf;
		} ifru_b;
	} ifr_ifru;
#define ifr_addr	ifr_ifru.ifru_addr
#define ifr_dstaddr	ifr_ifru.ifru_addr
#define ifr_broadaddr	ifr_ifru.ifru_addr
#define ifr_space	ifr_ifru.ifru_space
#define ifr_flags	ifr_ifru.ifru_flags
#define ifr_metric	ifr_ifru.ifru_metric
#define ifr_mtu		ifr_ifru.ifru_mtu
#define ifr_dlt		ifr_ifru.ifru_dlt
#define ifr_value	ifr_ifru.ifru_value
#define ifr_media	ifr_ifru.ifru_metric
#define ifr_data	ifr_ifru.ifru_data
#define ifr_buf		ifr_ifru.ifru_b.b_buf
#define ifr_buflen	ifr_ifru.ifru_b.b_buflen
#define ifr_index	ifr_ifru.ifru_value
};

struct ifcapreq {
	char		ifcr_name[IFNAMSIZ];
	uint64_t	ifcr_capabilities;
	uint64_t	ifcr_capenable;
};

struct ifaliasreq {
	char		ifra_name[IFNAMSIZ];
	struct sockaddr	ifra_addr;
	struct sockaddr	ifra_dstaddr;
#define ifra_broadaddr	ifra_dstaddr
	struct sockaddr	ifra_mask;
};

struct ifdatareq {
	char		ifdr_name[IFNAMSIZ];
	struct if_data	ifdr_data;
};

struct ifmediareq {
	char	ifm_name[IFNAMSIZ];
	int	ifm_current;
	int	ifm_mask;
	int	ifm_status;
	int	ifm_active;
	int	ifm_count;
	int	*ifm_ulist;
};

struct ifdrv {
	char		ifd_name[IFNAMSIZ];
	unsigned long	ifd_cmd;
	size_t		ifd_len;
	void		*ifd_data;
};

struct ifconf {
	int	ifc_len;
	union {
		void		*ifcu_buf;
		struct ifreq	*ifcu_req;
	} ifc_ifcu;
#define ifc_buf	ifc_ifcu.ifcu_buf
#define ifc_req	ifc_ifcu.ifcu_req
};

struct if_laddrreq {
	char		iflr_name[IFNAMSIZ];
	unsigned int	flags;
#define IFLR_PREFIX	0x8000
#define IFLR_ACTIVE	0x4000
#define IFLR_FACTORY	0x2000
	unsigned int	prefixlen;
	struct sockaddr_storage addr;
	struct sockaddr_storage dstaddr;
};

static inline const struct sockaddr *
ifreq_getaddr(u_long cmd, const struct ifreq *ifr)
{

	(void)cmd;
	return &ifr->ifr_addr;
}

extern struct ifnet_head ifnet_list;

#define IFNET_FIRST()		TAILQ_FIRST(&ifnet_list)
#define IFNET_NEXT(ifp)		TAILQ_NEXT((ifp), if_list)
#define IFNET_FOREACH(ifp)	TAILQ_FOREACH((ifp), &ifnet_list, if_list)
#define IFADDR_FIRST(ifp)	TAILQ_FIRST(&(ifp)->if_addrlist)
#define IFADDR_NEXT(ifa)	TAILQ_NEXT((ifa), ifa_list)
#define IFADDR_FOREACH(ifa, ifp) TAILQ_FOREACH((ifa), &(ifp)->if_addrlist, ifa_list)
#define IFADDR_EMPTY(ifp)	TAILQ_EMPTY(&(ifp)->if_addrlist)

struct ifnet *if_alloc(u_char);
void	if_free(struct ifnet *);
void	if_initname(struct ifnet *, const char *, int);
void	if_initialize(struct ifnet *);
void	if_register(struct ifnet *);
void	if_attach(struct ifnet *);
void	if_detach(struct ifnet *);
void	if_deactivate(struct ifnet *);
void	if_alloc_sadl(struct ifnet *);
void	if_set_sadl(struct ifnet *, const void *, u_char, bool);
void	if_link_state_change(struct ifnet *, int);
void	if_up(struct ifnet *);
void	if_down(struct ifnet *);
int	if_flags_set(struct ifnet *, const short);
int	if_mcast_op(struct ifnet *, const unsigned long, const struct sockaddr *);
int	if_addr_init(struct ifnet *, struct ifaddr *, bool);
int	ifpromisc(struct ifnet *, int);
int	ifioctl_common(struct ifnet *, u_long, void *);
struct ifnet *ifunit(const char *);
struct ifnet *if_byindex(u_int);
void	ifaref(struct ifaddr *);
void	ifafree(struct ifaddr *);

int	ifq_enqueue(struct ifnet *, struct mbuf *);
int	ifq_enqueue2(struct ifnet *, struct ifqueue *, struct mbuf *);
int	if_transmit(struct ifnet *, struct mbuf *);
int	if_transmit_lock(struct ifnet *, struct mbuf *);
void	if_start_lock(struct ifnet *);
void	if_input(struct ifnet *, struct mbuf *);

struct if_percpuq *if_percpuq_create(struct ifnet *);
void	if_percpuq_destroy(struct if_percpuq *);
void	if_percpuq_enqueue(struct if_percpuq *, struct mbuf *);
void	if_deferred_start_init(struct ifnet *, void (*)(struct ifnet *));
void	if_schedule_deferred_start(struct ifnet *);

int	if_nulloutput(struct ifnet *, struct mbuf *, const struct sockaddr *,
	    const struct rtentry *);
void	if_nullinput(struct ifnet *, struct mbuf *);
void	if_nullstart(struct ifnet *);
int	if_nulltransmit(struct ifnet *, struct mbuf *);
int	if_nullioctl(struct ifnet *, u_long, void *);
int	if_nullinit(struct ifnet *);
void	if_nullstop(struct ifnet *, int);
void	if_nullwatchdog(struct ifnet *);
void	if_nulldrain(struct ifnet *);

#include <net/if_stats.h>

#endif
