/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbuf(9): the same bytes in another arrangement of mbufs.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/mbuf.h>

#include "shim.h"
#include "mbuf_private.h"

/* Move up to `count' bytes from the front of chain `n' to the end of `m'; returns what is left. */
static struct mbuf *
take(struct mbuf *m, struct mbuf *n, int count)
{
	int part;

	while (n != NULL && count > 0) {
		part = MIN(n->m_len, count);
		memcpy(m->m_data + m->m_len, n->m_data, (size_t)part);
		m->m_len += part;
		n->m_data += part;
		n->m_len -= part;
		count -= part;
		if (n->m_len == 0)
			n = m_free(n);
	}
	return n;
}

/* Put an mbuf with `length' bytes before a packet, which is freed when there is no memory. */
struct mbuf *
m_prepend(struct mbuf *m, int length, int how)
{
	struct mbuf *n;

	n = rumphost_m_getroom((m->m_flags & M_PKTHDR) != 0, length, how, m->m_type,
	    RUMPHOST_CALLER);
	if (n == NULL || length > rumphost_m_room(n)) {
		m_freem(n);
		m_freem(m);
		return NULL;
	}
	if ((m->m_flags & M_PKTHDR) != 0)
		m_move_pkthdr(n, m);
	if ((n->m_flags & M_EXT) == 0)
		m_align(n, length);
	n->m_next = m;
	n->m_len = length;
	n->m_nextpkt = m->m_nextpkt;
	m->m_nextpkt = NULL;
	return n;
}

/* A new first mbuf with `length' contiguous bytes, `offset' bytes into its room. */
static struct mbuf *
pull(struct mbuf *m, int length, int offset, uint64_t site)
{
	struct mbuf *n;

	if (length > (int)MHLEN - offset || m_length(m) < (u_int)length) {
		m_freem(m);
		return NULL;
	}
	n = rumphost_m_getroom((m->m_flags & M_PKTHDR) != 0, 0, M_DONTWAIT, m->m_type, site);
	if (n == NULL) {
		m_freem(m);
		return NULL;
	}
	if ((m->m_flags & M_PKTHDR) != 0)
		m_move_pkthdr(n, m);
	n->m_nextpkt = m->m_nextpkt;
	m->m_nextpkt = NULL;
	n->m_data += offset;
	n->m_next = take(n, m, length);
	if (n->m_len < length) {
		m_freem(n);
		return NULL;
	}
	return n;
}

/*
 * Make the first `length' bytes contiguous; at most MHLEN.  The packet is freed, and NULL returned,
 * when it is too short or there is no memory.
 */
struct mbuf *
m_pullup(struct mbuf *m, int length)
{

	if (m->m_len >= length)
		return m;
	if ((m->m_flags & M_EXT) == 0 && m->m_next != NULL &&
	    length - m->m_len <= (int)M_TRAILINGSPACE(m)) {
		m->m_next = take(m, m->m_next, length - m->m_len);
		if (m->m_len >= length)
			return m;
		m_freem(m);
		return NULL;
	}
	return pull(m, length, 0, RUMPHOST_CALLER);
}

/* The same into a new mbuf always, with `offset' bytes of room in front. */
struct mbuf *
m_copyup(struct mbuf *m, int length, int offset)
{

	return pull(m, length, offset, RUMPHOST_CALLER);
}

/* Make the first `length' bytes contiguous, or leave all as it was: false. */
bool
m_ensure_contig(struct mbuf **mp, int length)
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *m = *mp, *n;

	if (m->m_len >= length)
		return true;
	if (length > MCLBYTES || m_length(m) < (u_int)length)
		return false;
	if ((m->m_flags & M_EXT) == 0 && length - m->m_len <= (int)M_TRAILINGSPACE(m)) {
		m->m_next = take(m, m->m_next, length - m->m_len);
		return true;
	}
	n = rumphost_m_getroom((m->m_flags & M_PKTHDR) != 0, length, M_DONTWAIT, m->m_type, site);
	if (n == NULL)
		return false;
	if ((m->m_flags & M_PKTHDR) != 0)
		m_move_pkthdr(n, m);
	n->m_nextpkt = m->m_nextpkt;
	m->m_nextpkt = NULL;
	n->m_next = take(n, m, length);
	*mp = n;
	return true;
}

/*
 * Make `length' bytes from `offset' on contiguous.  Returns the mbuf that has them and, in
 * `*where', their place in it; without `where' they are at its start.  On failure the packet is
 * freed.
 */
struct mbuf *
m_pulldown(struct mbuf *packet, int offset, int length, int *where)
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *m = packet, *n, *rest;

	while (m != NULL && (offset > m->m_len || (offset == m->m_len && m->m_next != NULL))) {
		offset -= m->m_len;
		m = m->m_next;
	}
	if (m == NULL || length > MCLBYTES)
		goto fail;
	if (offset + length <= m->m_len && (where != NULL || offset == 0)) {
		if (where != NULL)
			*where = offset;
		return m;
	}
	n = rumphost_m_getroom(false, length, M_DONTWAIT, m->m_type, site);
	if (n == NULL)
		goto fail;
	if (offset + length < m->m_len) {
		/* The middle of one mbuf: what is behind it gets an mbuf of its own. */
		rest = rumphost_m_copy(m, offset + length, m->m_len - offset - length, false,
		    M_DONTWAIT, site);
		if (rest == NULL) {
			m_free(n);
			goto fail;
		}
		m_add(rest, m->m_next);
		m->m_next = rest;
		m->m_len = offset + length;
	}
	memcpy(n->m_data, m->m_data + offset, (size_t)(m->m_len - offset));
	n->m_len = m->m_len - offset;
	m->m_len = offset;
	n->m_next = take(n, m->m_next, length - n->m_len);
	m->m_next = n;
	if (n->m_len < length)
		goto fail;
	if (where != NULL)
		*where = 0;
	return n;
fail:
	m_freem(packet);
	return NULL;
}

/* Cut a packet in two; returns the second part.  On failure NULL, and the packet is whole. */
struct mbuf *
m_split(struct mbuf *packet, int length, int how)
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *m, *n, *tail;
	int offset = length, total;

	total = (int)m_length(packet);
	for (m = packet; m != NULL && offset > m->m_len; m = m->m_next)
		offset -= m->m_len;
	if (m == NULL)
		return NULL;
	tail = m->m_next;
	if (offset < m->m_len) {
		m->m_next = NULL;
		n = rumphost_m_copy(m, offset, m->m_len - offset, false, how, site);
		m->m_next = tail;
		if (n == NULL)
			return NULL;
		m_add(n, tail);
	} else
		n = tail;
	if ((packet->m_flags & M_PKTHDR) != 0 && (n == NULL || (n->m_flags & M_PKTHDR) == 0)) {
		tail = n;
		n = rumphost_m_gethdr(how, packet->m_type, site);
		if (n == NULL) {
			if (tail != m->m_next)
				m_free(tail);
			return NULL;
		}
		n->m_next = tail;
	}
	if ((packet->m_flags & M_PKTHDR) != 0) {
		if (rumphost_m_hasrcvif(packet))
#ifdef rcvif_index
			n->m_pkthdr.rcvif_index = packet->m_pkthdr.rcvif_index;
#else
			n->m_pkthdr.rcvif = packet->m_pkthdr.rcvif;
#endif
		n->m_pkthdr.len = total - length;
		packet->m_pkthdr.len = length;
	}
	m->m_len = offset;
	m->m_next = NULL;
	return n;
}

/*
 * Copy a frame out of a device's memory into a packet.  Older headers have the copying function
 * as last argument; NULL: memcpy.
 */
struct mbuf *
rumphost_m_devget(char *buffer, int length, int offset, struct ifnet *ifp,
    void (*copy)(const void *, void *, size_t))
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *first = NULL, **next = &first, *m;
	int count;

	if (__builtin_types_compatible_p(__typeof__(m_devget),
	    struct mbuf *(char *, int, int, struct ifnet *)))
		copy = NULL;
	while (length > 0 || first == NULL) {
		m = rumphost_m_getroom(first == NULL, length + offset, M_DONTWAIT, MT_DATA, site);
		if (m == NULL) {
			m_freem(first);
			return NULL;
		}
		if (first == NULL) {
			rumphost_m_setrcvif(m, ifp);
			m->m_pkthdr.len = length;
			m->m_data += offset;
		}
		count = MIN(length, rumphost_m_room(m) - offset);
		if (copy != NULL)
			(*copy)(buffer, m->m_data, (size_t)count);
		else
			memcpy(m->m_data, buffer, (size_t)count);
		m->m_len = count;
		buffer += count;
		length -= count;
		offset = 0;
		*next = m;
		next = &m->m_next;
	}
	return first;
}

/* Copy a packet into as few mbufs as it takes, and free it; NULL: no memory, it is as it was. */
struct mbuf *
m_defrag(struct mbuf *m, int how)
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *first, *last, *n;
	int length, offset, count;

	if (m->m_next == NULL)
		return m;
	length = (int)m_length(m);
	first = rumphost_m_getroom(true, length, how, m->m_type, site);
	if (first == NULL)
		return NULL;
	rumphost_m_copy_pkthdr(first, m);
	for (last = first, offset = 0;;) {
		count = MIN(length - offset, rumphost_m_room(last));
		m_copydata(m, offset, count, last->m_data);
		last->m_len = count;
		offset += count;
		if (offset == length)
			break;
		n = rumphost_m_getroom(false, length - offset, how, m->m_type, site);
		if (n == NULL) {
			m_freem(first);
			return NULL;
		}
		last->m_next = n;
		last = n;
	}
	first->m_nextpkt = m->m_nextpkt;
	m_freem(m);
	return first;
}

/* Print a packet's mbufs, one a line. */
void
m_print(const struct mbuf *m, const char *modifiers, void (*print)(const char *, ...))
{

	(void)modifiers;
	for (; m != NULL; m = m->m_next) {
		(*print)("mbuf %p: next %p nextpkt %p data %p len %d flags 0x%x\n", (const void *)m,
		    (void *)m->m_next, (void *)m->m_nextpkt, (void *)m->m_data, m->m_len,
		    (unsigned int)m->m_flags);
		if ((m->m_flags & M_PKTHDR) != 0)
			(*print)("    packet: len %d csum_flags 0x%x csum_data 0x%x\n",
			    m->m_pkthdr.len, (unsigned int)m->m_pkthdr.csum_flags,
			    m->m_pkthdr.csum_data);
		if ((m->m_flags & M_EXT) != 0)
			(*print)("    storage: buf %p size %zu references %u\n",
			    (void *)m->m_ext.ext_buf, m->m_ext.ext_size, m->m_ext.ext_refcnt);
	}
}
