/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbuf(9): copying, cutting and joining packets.
 *
 * Offsets and lengths are in bytes of the whole chain; a length of M_COPYALL means to its end.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/mbuf.h>

#include "shim.h"
#include "mbuf_private.h"

/* Bytes of a chain, whatever the packet header says. */
static int
chain_length(const struct mbuf *m)
{
	int length = 0;

	for (; m != NULL; m = m->m_next)
		length += m->m_len;
	return length;
}

/* Find the mbuf that has byte `*offset' of the chain; what is left of the offset is within it. */
static struct mbuf *
seek(struct mbuf *m, int *offset)
{

	while (m != NULL && *offset >= m->m_len && m->m_next != NULL) {
		*offset -= m->m_len;
		m = m->m_next;
	}
	return m;
}

/* `to' is new and empty: it gets the packet header of `from', and copies of its tags. */
void
rumphost_m_copy_pkthdr(struct mbuf *to, struct mbuf *from)
{

	to->m_pkthdr = from->m_pkthdr;
	to->m_flags = (from->m_flags & M_COPYFLAGS) | (to->m_flags & M_EXTCOPYFLAGS);
	SLIST_INIT(&to->m_pkthdr.tags);
	m_tag_copy_chain(to, from);
	if ((to->m_flags & M_EXT) == 0)
		to->m_data = to->m_pktdat;
}

void
m_copy_pkthdr(struct mbuf *to, struct mbuf *from)
{

	rumphost_m_copy_pkthdr(to, from);
}

/* The same, but `from' is no packet any more afterwards, and its tags have moved. */
void
m_move_pkthdr(struct mbuf *to, struct mbuf *from)
{

	to->m_pkthdr = from->m_pkthdr;
	to->m_flags = (from->m_flags & M_COPYFLAGS) | (to->m_flags & M_EXTCOPYFLAGS);
	if ((to->m_flags & M_EXT) == 0)
		to->m_data = to->m_pktdat;
	SLIST_INIT(&from->m_pkthdr.tags);
	from->m_flags &= ~M_PKTHDR;
}

void
m_remove_pkthdr(struct mbuf *m)
{

	rumphost_m_tag_delete_chain(m, NULL);
	m->m_flags &= ~M_PKTHDR;
	memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
}

/*
 * Copy a part of a chain.  `deep' copies have all their data to themselves; others share
 * external storage.  A copy from the start has a packet header when the original has one.
 */
struct mbuf *
rumphost_m_copy(struct mbuf *m, int offset, int length, bool deep, int how, uint64_t site)
{
	struct mbuf *first = NULL, **next = &first, *n;
	bool header = offset == 0 && (m->m_flags & M_PKTHDR) != 0;
	bool share;
	int count, wanted;

	if (length == M_COPYALL)
		length = chain_length(m) - offset;
	if (offset < 0 || length < 0 || offset + length > chain_length(m))
		rumphost_misuse("mbuf(9)", "a part of a packet is copied that lies beyond its end");
	wanted = length;
	if (header) {
		first = rumphost_m_gethdr(how, m->m_type, site);
		if (first == NULL)
			return NULL;
		rumphost_m_copy_pkthdr(first, m);
		first->m_pkthdr.len = wanted;
	}
	m = seek(m, &offset);
	n = first;
	while (length > 0) {
		share = !deep && (m->m_flags & M_EXT) != 0;
		if (n == NULL) {
			n = rumphost_m_get(how, m->m_type, site);
			if (n == NULL)
				goto nomemory;
		}
		*next = n;
		next = &n->m_next;
		count = MIN(m->m_len - offset, length);
		if (share) {
			rumphost_m_share(n, m);
			n->m_data += offset;
		} else {
			if (count > rumphost_m_room(n) && !rumphost_m_clget(n, how, site))
				goto nomemory;
			count = MIN(count, rumphost_m_room(n));
			memcpy(n->m_data, m->m_data + offset, (size_t)count);
		}
		n->m_len = count;
		length -= count;
		offset += count;
		while (offset == m->m_len && m->m_next != NULL) {
			m = m->m_next;
			offset = 0;
		}
		n = NULL;
	}
	if (first == NULL)
		first = rumphost_m_get(how, m->m_type, site);
	return first;
nomemory:
	m_freem(first);
	return NULL;
}

struct mbuf *
m_copym(struct mbuf *m, int offset, int length, int how)
{

	return rumphost_m_copy(m, offset, length, false, how, RUMPHOST_CALLER);
}

struct mbuf *
m_dup(struct mbuf *m, int offset, int length, int how)
{

	return rumphost_m_copy(m, offset, length, true, how, RUMPHOST_CALLER);
}

struct mbuf *
m_copypacket(struct mbuf *m, int how)
{

	return rumphost_m_copy(m, 0, M_COPYALL, false, how, RUMPHOST_CALLER);
}

/* Copy out of a chain, which must be long enough. */
void
m_copydata(struct mbuf *m, int offset, int length, void *buffer)
{
	char *to = buffer;
	int count;

	if (offset < 0 || length < 0)
		rumphost_misuse("mbuf(9)", "m_copydata with a negative offset or length");
	while (m != NULL && offset >= m->m_len && length > 0) {
		offset -= m->m_len;
		m = m->m_next;
	}
	for (; length > 0; m = m->m_next, offset = 0) {
		if (m == NULL)
			rumphost_misuse("mbuf(9)", "m_copydata beyond the end of the packet");
		count = MIN(m->m_len - offset, length);
		memcpy(to, m->m_data + offset, (size_t)count);
		to += count;
		length -= count;
	}
}

/*
 * Make sure that the chain has at least `total' bytes, adding zeroed mbufs.  Returns false when
 * there is no memory.
 */
static bool
extend(struct mbuf *m, int total, int how, uint64_t site)
{
	struct mbuf *last = m, *n;
	int have, add;

	have = chain_length(m);
	while (last->m_next != NULL)
		last = last->m_next;
	while (have < total) {
		add = MIN(total - have, M_TRAILINGSPACE(last));
		if (add <= 0) {
			n = rumphost_m_getroom(false, total - have, how, m->m_type, site);
			if (n == NULL)
				return false;
			last->m_next = n;
			last = n;
			add = MIN(total - have, rumphost_m_room(n));
		}
		memset(last->m_data + last->m_len, 0, (size_t)add);
		last->m_len += add;
		have += add;
	}
	return true;
}

/* Write into a chain whose length is enough. */
static void
overwrite(struct mbuf *m, int offset, int length, const void *buffer)
{
	const char *from = buffer;
	int count;

	m = seek(m, &offset);
	for (; length > 0; m = m->m_next, offset = 0) {
		count = MIN(m->m_len - offset, length);
		memcpy(m->m_data + offset, from, (size_t)count);
		from += count;
		length -= count;
	}
}

static void
update_length(struct mbuf *m)
{
	int length;

	if ((m->m_flags & M_PKTHDR) != 0 && (length = chain_length(m)) > m->m_pkthdr.len)
		m->m_pkthdr.len = length;
}

/* Write into a chain, extending it; without memory, what fits is written. */
void
m_copyback(struct mbuf *m, int offset, int length, const void *buffer)
{

	if (m == NULL)
		return;
	if (!extend(m, offset + length, M_DONTWAIT, RUMPHOST_CALLER))
		length = MAX(MIN(length, chain_length(m) - offset), 0);
	overwrite(m, offset, length, buffer);
	update_length(m);
}

/*
 * Replace every mbuf of the part that may not be written by copies that may.  Returns 0 or
 * ENOBUFS.
 */
static int
make_writable(struct mbuf **mp, int offset, int length, int how, uint64_t site)
{
	struct mbuf *m, *n, *last;
	int end;

	end = length == M_COPYALL ? chain_length(*mp) : offset + length;
	while ((m = *mp) != NULL && end > 0) {
		end -= m->m_len;
		offset -= m->m_len;
		if (offset >= 0 || !M_READONLY(m)) {
			mp = &m->m_next;
			continue;
		}
		last = m->m_next;
		m->m_next = NULL;
		n = rumphost_m_copy(m, 0, m->m_len, true, how, site);
		m->m_next = last;
		if (n == NULL)
			return ENOBUFS;
		if ((m->m_flags & M_PKTHDR) != 0)
			n->m_pkthdr.len = m->m_pkthdr.len;
		n->m_nextpkt = m->m_nextpkt;
		for (last = n; last->m_next != NULL; last = last->m_next)
			continue;
		last->m_next = m->m_next;
		*mp = n;
		mp = &last->m_next;
		m_free(m);
	}
	return 0;
}

int
m_makewritable(struct mbuf **mp, int offset, int length, int how)
{

	return make_writable(mp, offset, length, how, RUMPHOST_CALLER);
}

/* Write into a chain, leaving what it shares alone; on failure the chain is gone: NULL. */
struct mbuf *
m_copyback_cow(struct mbuf *m, int offset, int length, const void *buffer, int how)
{
	uint64_t site = RUMPHOST_CALLER;

	if (make_writable(&m, offset, length, how, site) != 0 ||
	    !extend(m, offset + length, how, site)) {
		m_freem(m);
		return NULL;
	}
	overwrite(m, offset, length, buffer);
	update_length(m);
	return m;
}

/* Append to a packet; returns 1, or 0 when there is no memory. */
int
m_append(struct mbuf *m, int length, const void *buffer)
{
	int have = chain_length(m);

	if (!extend(m, have + length, M_DONTWAIT, RUMPHOST_CALLER))
		return 0;
	overwrite(m, have, length, buffer);
	update_length(m);
	return 1;
}

/* Cut `length' bytes off the front, or -length off the end. */
void
m_adj(struct mbuf *packet, int length)
{
	struct mbuf *m = packet;
	int count, left;

	if (m == NULL)
		return;
	if (length >= 0) {
		left = length;
		for (; m != NULL && left > 0; m = m->m_next) {
			count = MIN(left, m->m_len);
			m->m_data += count;
			m->m_len -= count;
			left -= count;
		}
		if ((packet->m_flags & M_PKTHDR) != 0)
			packet->m_pkthdr.len -= length - left;
		return;
	}
	left = MAX(chain_length(m) + length, 0);
	if ((packet->m_flags & M_PKTHDR) != 0)
		packet->m_pkthdr.len = left;
	for (; m != NULL; m = m->m_next) {
		m->m_len = MIN(m->m_len, left);
		left -= m->m_len;
	}
}

/* Let the data of an empty mbuf end at its end. */
void
m_align(struct mbuf *m, int length)
{

	m->m_data += (rumphost_m_room(m) - length) & ~(int)(sizeof(long) - 1);
}

/* Append the chain `n' to `m', copying it where it fits. */
void
m_cat(struct mbuf *m, struct mbuf *n)
{

	while (m->m_next != NULL)
		m = m->m_next;
	while (n != NULL) {
		if (M_READONLY(m) || n->m_len > (int)M_TRAILINGSPACE(m)) {
			m->m_next = n;
			return;
		}
		memcpy(m->m_data + m->m_len, n->m_data, (size_t)n->m_len);
		m->m_len += n->m_len;
		n = m_free(n);
	}
}

/* Append the chain `n' to `m', which may be NULL; nothing is copied. */
struct mbuf *
m_add(struct mbuf *m, struct mbuf *n)
{
	struct mbuf *last;

	if (m == NULL)
		return n;
	for (last = m; last->m_next != NULL; last = last->m_next)
		continue;
	last->m_next = n;
	return m;
}

/* The mbuf with byte `location', and where in it; NULL beyond the end. */
struct mbuf *
m_getptr(struct mbuf *m, int location, int *offset)
{

	*offset = location;
	m = seek(m, offset);
	return m != NULL && *offset <= m->m_len ? m : NULL;
}

/* Call f(argument, data, length) for each piece; stops at the first that returns not 0. */
int
m_apply(struct mbuf *m, int offset, int length, int (*f)(void *, void *, unsigned int),
    void *argument)
{
	int count, error;

	for (m = seek(m, &offset); length > 0 && m != NULL; m = m->m_next, offset = 0) {
		count = MIN(m->m_len - offset, length);
		if (count <= 0)
			continue;
		error = (*f)(argument, m->m_data + offset, (unsigned int)count);
		if (error != 0)
			return error;
		length -= count;
	}
	return 0;
}
