/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of mbuf(9) share, and how they cope with mbufs of different vintages.
 *
 * Where a function's signature changed over time, the shim defines it under a name of its own and
 * gives it NetBSD's symbol (RUMPHOST_SYMBOL): the calling convention passes what there is.  Where a
 * member came or went, a macro that came with it tells.
 */

#ifndef RUMPHOST_MBUF_PRIVATE_H
#define RUMPHOST_MBUF_PRIVATE_H

#include <sys/mbuf.h>

#define RUMPHOST_SYMBOL(name)	__asm(#name)

/* As declared by `headers', or not at all. */
void	m_reclaim(void *, int);
void	mbinit(void);
void	mbstat_type_add(int, int);
void	m_copy_pkthdr(struct mbuf *, struct mbuf *);
void	m_remove_pkthdr(struct mbuf *);
struct mbuf *m_getclr(int, int);
void	m_clget(struct mbuf *, int);
extern int mblowat, mcllowat;

/* With `site', the code address to blame. */
struct mbuf *rumphost_m_get(int, int, uint64_t);
struct mbuf *rumphost_m_gethdr(int, int, uint64_t);
struct mbuf *rumphost_m_getroom(bool, int, int, int, uint64_t);
bool	rumphost_m_clget(struct mbuf *, int, uint64_t);
struct mbuf *rumphost_m_copy(struct mbuf *, int, int, bool, int, uint64_t);

void	rumphost_m_share(struct mbuf *, struct mbuf *);
void	rumphost_m_copy_pkthdr(struct mbuf *, struct mbuf *);
void	rumphost_m_tag_delete_chain(struct mbuf *, struct m_tag *)
	    RUMPHOST_SYMBOL(m_tag_delete_chain);
struct m_tag *rumphost_m_tag_find(const struct mbuf *, int, struct m_tag *)
	    RUMPHOST_SYMBOL(m_tag_find);
struct mbuf *rumphost_m_devget(char *, int, int, struct ifnet *,
	    void (*)(const void *, void *, size_t)) RUMPHOST_SYMBOL(m_devget);

/* Bytes that a new mbuf of that kind has room for. */
static inline int
rumphost_m_room(const struct mbuf *m)
{

	if ((m->m_flags & M_EXT) != 0)
		return (int)m->m_ext.ext_size;
	return (m->m_flags & M_PKTHDR) != 0 ? (int)MHLEN : (int)MLEN;
}

static inline void
rumphost_m_setrcvif(struct mbuf *m, struct ifnet *ifp)
{

#ifdef rcvif_index
	m_set_rcvif(m, ifp);
#else
	m->m_pkthdr.rcvif = ifp;
#endif
}

static inline bool
rumphost_m_hasrcvif(const struct mbuf *m)
{

	if ((m->m_flags & M_PKTHDR) == 0)
		return false;
#ifdef rcvif_index
	return m->m_pkthdr.rcvif_index != 0;
#else
	return m->m_pkthdr.rcvif != NULL;
#endif
}

#endif
