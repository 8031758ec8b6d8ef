/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbuf(9): packets as chains of small buffers.
 *
 * An mbuf is MSIZE bytes: a header, then either data, or (M_PKTHDR) a packet header and data.
 * With M_EXT the data lie outside, in a buffer that several mbufs may share; the first of them,
 * m_ext_ref, keeps the count.
 */

#ifndef _SYS_MBUF_H_
#define _SYS_MBUF_H_

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/queue.h>

#ifndef MSIZE
#define MSIZE		512
#endif
#ifndef MCLSHIFT
#define MCLSHIFT	11
#define MCLBYTES	(1 << MCLSHIFT)
#endif

struct ifnet;
struct mbuf;

/* Something attached to a packet; its m_tag_len bytes follow the header. */
struct m_tag {
	SLIST_ENTRY(m_tag)	m_tag_link;
	uint16_t		m_tag_id;	/* PACKET_TAG_* */
	uint16_t		m_tag_len;
};

/* Who owns mbufs: kept for the interface's sake, never counted here. */
struct mowner {
	char mo_name[16];
	char mo_descr[16];
	LIST_ENTRY(mowner) mo_link;
	struct percpu *mo_counters;
};

#define MOWNER_INIT(name, descr)	{ .mo_name = name, .mo_descr = descr }

struct pkthdr {
	struct ifnet	*rcvif;			/* interface it came in by, or NULL */
	SLIST_HEAD(packet_tags, m_tag) tags;
	int		len;			/* of the whole packet */
	int		csum_flags;		/* M_CSUM_* */
	uint32_t	csum_data;		/* see M_CSUM_DATA_* */
	u_int		segsz;			/* of a packet to be segmented */
	uint16_t	ether_vtag;		/* valid with M_VLANTAG */
	uint16_t	pkthdr_flags;
};

struct _m_ext_storage {
	unsigned int	ext_refcnt;
	char		*ext_buf;
	void		(*ext_free)(struct mbuf *, void *, size_t, void *);
	void		*ext_arg;
	size_t		ext_size;
	paddr_t		ext_paddr;
};

struct _m_ext {
	struct mbuf *ext_ref;			/* the mbuf whose storage counts */
	struct _m_ext_storage ext_storage;
};

struct m_hdr {
	struct mbuf	*mh_next;		/* rest of this packet */
	struct mbuf	*mh_nextpkt;		/* next packet of a queue */
	char		*mh_data;
	struct mowner	*mh_owner;
	int		mh_len;
	int		mh_flags;
	paddr_t		mh_paddr;
	short		mh_type;
};

struct _mbuf_pkthdr_sizes {
	struct m_hdr	hdr;
	struct pkthdr	pkthdr;
};

#define MLEN		((int)(MSIZE - sizeof(struct m_hdr)))
#define MHLEN		((int)(MSIZE - sizeof(struct _mbuf_pkthdr_sizes)))
#define MINCLSIZE	(MHLEN + MLEN + 1)	/* from here on a cluster pays */
#define M_MAXCOMPRESS	(MHLEN / 2)

struct mbuf {
	struct m_hdr m_hdr;
	union {
		struct {
			struct pkthdr MH_pkthdr;
			union {
				struct _m_ext MH_ext;
				char MH_databuf[MSIZE - sizeof(struct _mbuf_pkthdr_sizes)];
			} MH_dat;
		} MH;
		char M_databuf[MSIZE - sizeof(struct m_hdr)];
	} M_dat;
};

#define m_next		m_hdr.mh_next
#define m_nextpkt	m_hdr.mh_nextpkt
#define m_data		m_hdr.mh_data
#define m_owner		m_hdr.mh_owner
#define m_len		m_hdr.mh_len
#define m_flags		m_hdr.mh_flags
#define m_paddr		m_hdr.mh_paddr
#define m_type		m_hdr.mh_type
#define m_pkthdr	M_dat.MH.MH_pkthdr
#define m_ext_storage	M_dat.MH.MH_dat.MH_ext.ext_storage
#define m_ext_ref	M_dat.MH.MH_dat.MH_ext.ext_ref
#define m_ext		m_ext_ref->m_ext_storage
#define m_pktdat	M_dat.MH.MH_dat.MH_databuf
#define m_dat		M_dat.M_databuf

#define mtod(m, type)	((type)((m)->m_data))

/* m_flags: of any mbuf */
#define M_EXT		0x00001		/* data outside */
#define M_PKTHDR	0x00002		/* first of a packet */
#define M_EOR		0x00004
#define M_PROTO1	0x00008
/* m_flags: of a packet */
#define M_AUTHIPHDR	0x00010
#define M_DECRYPTED	0x00020
#define M_LOOP		0x00040
#define M_AUTHIPDGM	0x00080
#define M_BCAST		0x00100		/* link-level broadcast */
#define M_MCAST		0x00200		/* link-level multicast */
#define M_CANFASTFWD	0x00400
#define M_ANYCAST6	0x00800
#define M_LINK0		0x01000		/* free for the link layer */
#define M_LINK1		0x02000
#define M_LINK2		0x04000
#define M_LINK3		0x08000
#define M_LINK4		0x10000
#define M_LINK5		0x20000
#define M_LINK6		0x40000
#define M_LINK7		0x80000
#define M_VLANTAG	0x100000	/* ether_vtag is valid */
/* m_flags: of external storage */
#define M_EXT_FLAGS	0xff000000
#define M_EXT_CLUSTER	0x01000000	/* a cluster of mcl_cache */
#define M_EXT_PAGES	0x02000000
#define M_EXT_ROMAP	0x04000000
#define M_EXT_RW	0x08000000	/* may be written */
#define M_CLUSTER	M_EXT_CLUSTER

#define M_FLAGS_BITS							\
	"\20\1EXT\2PKTHDR\3EOR\4PROTO1\5AUTHIPHDR\6DECRYPTED\7LOOP"	\
	"\10AUTHIPDGM\11BCAST\12MCAST\13CANFASTFWD\14ANYCAST6\15LINK0"	\
	"\16LINK1\17LINK2\20LINK3\21LINK4\22LINK5\23LINK6\24LINK7"	\
	"\25VLANTAG\31EXT_CLUSTER\32EXT_PAGES\33EXT_ROMAP\34EXT_RW"

#define M_COPYFLAGS	(M_PKTHDR | M_EOR | M_BCAST | M_MCAST |		\
	M_CANFASTFWD | M_ANYCAST6 | M_LINK0 | M_LINK1 | M_LINK2 |	\
	M_AUTHIPHDR | M_DECRYPTED | M_LOOP | M_AUTHIPDGM | M_VLANTAG)
#define M_EXTCOPYFLAGS	(M_EXT | M_EXT_FLAGS)

/* csum_flags.  Outward: what the hardware shall compute.  Inward: what it found. */
#define M_CSUM_TCPv4		0x00000001
#define M_CSUM_UDPv4		0x00000002
#define M_CSUM_TCP_UDP_BAD	0x00000004
#define M_CSUM_DATA		0x00000008	/* csum_data has the sum */
#define M_CSUM_TCPv6		0x00000010
#define M_CSUM_UDPv6		0x00000020
#define M_CSUM_IPv4		0x00000040
#define M_CSUM_IPv4_BAD		0x00000080
#define M_CSUM_TSOv4		0x00000100
#define M_CSUM_TSOv6		0x00000200
#define M_CSUM_BLANK		0x40000000
#define M_CSUM_NO_PSEUDOHDR	0x80000000

#define M_CSUM_BITS							\
	"\20\1TCPv4\2UDPv4\3TCP_UDP_BAD\4DATA\5TCPv6\6UDPv6\7IPv4"	\
	"\10IPv4_BAD\11TSOv4\12TSOv6\37BLANK\40NO_PSEUDOHDR"

/*
 * csum_data, outward: in the high half the length of the IP header, in the low half where the
 * sum is stored, counted from the start of the TCP or UDP header.
 */
#define M_CSUM_DATA_IPv4_IPHL(x)	((x) >> 16)
#define M_CSUM_DATA_IPv4_OFFSET(x)	((x) & 0xffff)
#define M_CSUM_DATA_IPv6_IPHL(x)	((x) >> 16)
#define M_CSUM_DATA_IPv6_HL(x)		((x) >> 16)
#define M_CSUM_DATA_IPv6_HL_SET(x, v)	((x) = ((x) & 0xffff) | ((v) << 16))
#define M_CSUM_DATA_IPv6_OFFSET(x)	((x) & 0xffff)

/* m_type */
#define MT_FREE		0
#define MT_DATA		1
#define MT_HEADER	2
#define MT_SONAME	3
#define MT_SOOPTS	4
#define MT_FTABLE	5
#define MT_CONTROL	6
#define MT_OOBDATA	7

/* May the allocation wait? */
#define M_DONTWAIT	M_NOWAIT
#define M_WAIT		M_WAITOK

#define M_COPYALL	(-1)
#define M_PADDR_INVALID	POOL_PADDR_INVALID

#define MGET(m, how, type)	((m) = m_get((how), (type)))
#define MGETHDR(m, how, type)	((m) = m_gethdr((how), (type)))
#define MCLGET(m, how)		m_clget((m), (how))
#define MFREE(m, n)		((n) = m_free((m)))

/* Attach storage of the caller's, given back through `free'. */
#define MEXTADD(m, buf, size, type, free, arg) do {			\
	(m)->m_ext_ref = (m);						\
	(m)->m_ext_storage.ext_refcnt = 1;				\
	(m)->m_ext_storage.ext_buf = (char *)(buf);			\
	(m)->m_ext_storage.ext_size = (size);				\
	(m)->m_ext_storage.ext_free = (free);				\
	(m)->m_ext_storage.ext_arg = (arg);				\
	(m)->m_data = (m)->m_ext_storage.ext_buf;			\
	(m)->m_flags = ((m)->m_flags & ~M_EXTCOPYFLAGS) | M_EXT;	\
} while (/* CONSTCOND */ 0)

/* Attach storage from malloc(9). */
#define MEXTMALLOC(m, size, how) do {					\
	void *_mext_buf = malloc((size), M_MBUF, (how));		\
	if (_mext_buf != NULL) {					\
		MEXTADD((m), _mext_buf, (size), 0, NULL, NULL);		\
		(m)->m_flags |= M_EXT_RW;				\
	}								\
} while (/* CONSTCOND */ 0)

#define M_BUFADDR(m)							\
	((m)->m_flags & M_PKTHDR ? (m)->m_pktdat : (m)->m_dat)
#define M_BUFOFFSET(m)							\
	((m)->m_flags & M_PKTHDR ? offsetof(struct mbuf, m_pktdat) :	\
	    offsetof(struct mbuf, m_dat))

#define MRESETDATA(m)							\
	((m)->m_data = (m)->m_flags & M_EXT ? (m)->m_ext.ext_buf : M_BUFADDR(m))

#define M_COPY_PKTHDR(to, from)	m_copy_pkthdr((to), (from))
#define M_MOVE_PKTHDR(to, from)	m_move_pkthdr((to), (from))

/* Move the data pointer of an empty mbuf so that len bytes end at its end. */
#define M_ALIGN(m, len)							\
	((m)->m_data += (MLEN - (len)) & ~(sizeof(long) - 1))
#define MH_ALIGN(m, len)						\
	((m)->m_data += (MHLEN - (len)) & ~(sizeof(long) - 1))

#define M_READONLY(m)							\
	(((m)->m_flags & M_EXT) != 0 &&					\
	    (((m)->m_flags & (M_EXT_ROMAP | M_EXT_RW)) != M_EXT_RW ||	\
	    (m)->m_ext.ext_refcnt > 1))
#define M_UNWRITABLE(m, len)	((m)->m_len < (len) || M_READONLY(m))
#define M_ROMAP(m)							\
	(((m)->m_flags & (M_EXT | M_EXT_ROMAP)) == (M_EXT | M_EXT_ROMAP))

#define M_LEADINGSPACE(m)						\
	((int)(M_READONLY(m) ? 0 : (m)->m_data -			\
	    ((m)->m_flags & M_EXT ? (m)->m_ext.ext_buf : M_BUFADDR(m))))
#define M_TRAILINGSPACE(m)						\
	((int)(M_READONLY(m) ? 0 :					\
	    ((m)->m_flags & M_EXT ?					\
	    (m)->m_ext.ext_buf + (m)->m_ext.ext_size : &(m)->m_dat[MLEN]) - \
	    ((m)->m_data + (m)->m_len)))

/* Make room for plen bytes before the data; (m) becomes NULL when there is no memory. */
#define M_PREPEND(m, plen, how) do {					\
	if (M_LEADINGSPACE(m) >= (int)(plen)) {				\
		(m)->m_data -= (plen);					\
		(m)->m_len += (plen);					\
	} else								\
		(m) = m_prepend((m), (plen), (how));			\
	if ((m) != NULL && ((m)->m_flags & M_PKTHDR) != 0)		\
		(m)->m_pkthdr.len += (plen);				\
} while (/* CONSTCOND */ 0)

#define MCHTYPE(m, type)	((m)->m_type = (type))

/* The receiving interface, or a word of the driver's own in its place. */
#define M_GETCTX(m, type)	((type)(void *)(m)->m_pkthdr.rcvif)
#define M_SETCTX(m, ctx)	((void)((m)->m_pkthdr.rcvif = (void *)(ctx)))
#define M_CLEARCTX(m)		M_SETCTX((m), NULL)

/* Ownership tracing is off. */
#define m_claim(m, owner)	do { } while (/* CONSTCOND */ 0)
#define m_claimm(m, owner)	do { } while (/* CONSTCOND */ 0)
#define MCLAIM(m, owner)	m_claim((m), (owner))
#define MOWNER_ATTACH(owner)	do { } while (/* CONSTCOND */ 0)
#define MOWNER_DETACH(owner)	do { } while (/* CONSTCOND */ 0)

/* Queues of packets, linked by m_nextpkt. */
#define MBUFQ_HEAD(name)	struct name { struct mbuf *mq_first, **mq_last; }
#define MBUFQ_INIT(q) do {						\
	(q)->mq_first = NULL;						\
	(q)->mq_last = &(q)->mq_first;					\
} while (/* CONSTCOND */ 0)
#define MBUFQ_ENQUEUE(q, m) do {					\
	(m)->m_nextpkt = NULL;						\
	*(q)->mq_last = (m);						\
	(q)->mq_last = &(m)->m_nextpkt;					\
} while (/* CONSTCOND */ 0)
#define MBUFQ_PREPEND(q, m) do {					\
	(m)->m_nextpkt = (q)->mq_first;					\
	if ((q)->mq_first == NULL)					\
		(q)->mq_last = &(m)->m_nextpkt;				\
	(q)->mq_first = (m);						\
} while (/* CONSTCOND */ 0)
#define MBUFQ_DEQUEUE(q, m) do {					\
	(m) = (q)->mq_first;						\
	if ((m) != NULL) {						\
		(q)->mq_first = (m)->m_nextpkt;				\
		if ((q)->mq_first == NULL)				\
			(q)->mq_last = &(q)->mq_first;			\
		(m)->m_nextpkt = NULL;					\
	}								\
} while (/* CONSTCOND */ 0)
#define MBUFQ_DRAIN(q) do {						\
	struct mbuf *_mq_m;						\
	for (;;) {							\
		MBUFQ_DEQUEUE((q), _mq_m);				\
		if (_mq_m == NULL)					\
			break;						\
		m_freem(_mq_m);						\
	}								\
} while (/* CONSTCOND */ 0)
#define MBUFQ_FIRST(q)		((q)->mq_first)
#define MBUFQ_NEXT(m)		((m)->m_nextpkt)

MALLOC_DECLARE(M_MBUF);

extern int nmbclusters;
extern int max_linkhdr;		/* largest link-level header */
extern int max_protohdr;
extern int max_hdr;
extern int max_datalen;
extern const int msize;
extern const int mclbytes;
extern pool_cache_t mb_cache;
extern pool_cache_t mcl_cache;

void	mbinit(void);

struct mbuf *m_get(int, int);
struct mbuf *m_gethdr(int, int);
struct mbuf *m_getclr(int, int);
struct mbuf *m_getcl(int, int, int);
void	m_clget(struct mbuf *, int);
struct mbuf *m_free(struct mbuf *);
void	m_freem(struct mbuf *);
void	m_ext_free(struct mbuf *);

struct mbuf *m_copym(struct mbuf *, int, int, int);
struct mbuf *m_copypacket(struct mbuf *, int);
struct mbuf *m_dup(struct mbuf *, int, int, int);
struct mbuf *m_devget(char *, int, int, struct ifnet *);
struct mbuf *m_prepend(struct mbuf *, int, int);
struct mbuf *m_pullup(struct mbuf *, int);
struct mbuf *m_copyup(struct mbuf *, int, int);
struct mbuf *m_pulldown(struct mbuf *, int, int, int *);
struct mbuf *m_split(struct mbuf *, int, int);
struct mbuf *m_getptr(struct mbuf *, int, int *);
struct mbuf *m_defrag(struct mbuf *, int);
struct mbuf *m_add(struct mbuf *, struct mbuf *);
struct mbuf *m_copyback_cow(struct mbuf *, int, int, const void *, int);
int	m_makewritable(struct mbuf **, int, int, int);
bool	m_ensure_contig(struct mbuf **, int);
int	m_apply(struct mbuf *, int, int, int (*)(void *, void *, unsigned int), void *);
int	m_append(struct mbuf *, int, const void *);
void	m_adj(struct mbuf *, int);
void	m_align(struct mbuf *, int);
void	m_cat(struct mbuf *, struct mbuf *);
void	m_copyback(struct mbuf *, int, int, const void *);
void	m_copydata(struct mbuf *, int, int, void *);
void	m_copy_pkthdr(struct mbuf *, struct mbuf *);
void	m_move_pkthdr(struct mbuf *, struct mbuf *);
void	m_remove_pkthdr(struct mbuf *);
void	m_print(const struct mbuf *, const char *, void (*)(const char *, ...)
	    __printflike(1, 2));

struct m_tag *m_tag_get(int, int, int);
void	m_tag_free(struct m_tag *);
void	m_tag_prepend(struct mbuf *, struct m_tag *);
void	m_tag_unlink(struct mbuf *, struct m_tag *);
void	m_tag_delete(struct mbuf *, struct m_tag *);
void	m_tag_delete_chain(struct mbuf *, struct m_tag *);
void	m_tag_delete_nonpersistent(struct mbuf *);
struct m_tag *m_tag_find(const struct mbuf *, int, struct m_tag *);
struct m_tag *m_tag_copy(struct m_tag *);
int	m_tag_copy_chain(struct mbuf *, struct mbuf *);
void	m_tag_init(struct mbuf *);
struct m_tag *m_tag_first(struct mbuf *);
struct m_tag *m_tag_next(struct mbuf *, struct m_tag *);

#define PACKET_TAG_NONE		0
#define PACKET_TAG_VLAN		1
#define PACKET_TAG_ENCAP	2
#define PACKET_TAG_PF		11
#define PACKET_TAG_ALTQ_QID	12

static inline u_int
m_length(const struct mbuf *m)
{
	u_int length;

	if ((m->m_flags & M_PKTHDR) != 0)
		return m->m_pkthdr.len;
	for (length = 0; m != NULL; m = m->m_next)
		length += m->m_len;
	return length;
}

static inline void
m_set_rcvif(struct mbuf *m, const struct ifnet *ifp)
{

	m->m_pkthdr.rcvif = __UNCONST(ifp);
}

static inline void
m_reset_rcvif(struct mbuf *m)
{

	m->m_pkthdr.rcvif = NULL;
}

static inline void
m_copy_rcvif(struct mbuf *m, const struct mbuf *n)
{

	m->m_pkthdr.rcvif = n->m_pkthdr.rcvif;
}

static inline struct ifnet *
m_get_rcvif_NOMPSAFE(const struct mbuf *m)
{

	return m->m_pkthdr.rcvif;
}

static inline struct ifnet *
m_get_rcvif(const struct mbuf *m, int *s)
{

	*s = 0;
	return m->m_pkthdr.rcvif;
}

static inline void
m_put_rcvif(struct ifnet *ifp, int *s)
{

	(void)ifp;
	*s = 0;
}

#endif
