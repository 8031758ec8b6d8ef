/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbuf_tags(9): what is attached to a packet.  A tag is an allocation of its own: the header, then
 * m_tag_len bytes.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/queue.h>

#include "shim.h"
#include "mbuf_private.h"

static struct m_tag *
tag_get(int type, int length, uint64_t site)
{
	struct m_tag *t;

	if (length < 0)
		return NULL;
	t = rumphost_allocate(sizeof(*t) + (uint64_t)length, sizeof(void *), site);
	if (t == NULL)
		return NULL;
	t->m_tag_id = (uint16_t)type;
	t->m_tag_len = (uint16_t)length;
	return t;
}

struct m_tag *
m_tag_get(int type, int length, int wait)
{

	(void)wait;
	return tag_get(type, length, RUMPHOST_CALLER);
}

void
m_tag_free(struct m_tag *t)
{

	rumphost_release(t);
}

void
m_tag_prepend(struct mbuf *m, struct m_tag *t)
{

	SLIST_INSERT_HEAD(&m->m_pkthdr.tags, t, m_tag_link);
}

void
m_tag_unlink(struct mbuf *m, struct m_tag *t)
{

	SLIST_REMOVE(&m->m_pkthdr.tags, t, m_tag, m_tag_link);
}

void
m_tag_delete(struct mbuf *m, struct m_tag *t)
{

	m_tag_unlink(m, t);
	m_tag_free(t);
}

/*
 * Delete `t' and all tags after it; NULL: all.  Newer headers have no second argument and always
 * mean all.
 */
void
rumphost_m_tag_delete_chain(struct mbuf *m, struct m_tag *t)
{
	struct m_tag *first, *next;

	if (__builtin_types_compatible_p(__typeof__(m_tag_delete_chain), void (struct mbuf *)))
		t = NULL;
	first = t != NULL ? t : SLIST_FIRST(&m->m_pkthdr.tags);
	if (first == NULL)
		return;
	while ((next = SLIST_NEXT(first, m_tag_link)) != NULL)
		m_tag_delete(m, next);
	m_tag_delete(m, first);
}

/* No tag here outlives the packet's way through an interface. */
void
m_tag_delete_nonpersistent(struct mbuf *m)
{

	rumphost_m_tag_delete_chain(m, NULL);
}

/* The first tag of a type, or the first after `t'; newer headers know the former only. */
struct m_tag *
rumphost_m_tag_find(const struct mbuf *m, int type, struct m_tag *t)
{

	if (__builtin_types_compatible_p(__typeof__(m_tag_find),
	    struct m_tag *(const struct mbuf *, int)))
		t = NULL;
	t = t == NULL ? SLIST_FIRST(&m->m_pkthdr.tags) : SLIST_NEXT(t, m_tag_link);
	while (t != NULL && t->m_tag_id != type)
		t = SLIST_NEXT(t, m_tag_link);
	return t;
}

struct m_tag *
m_tag_copy(struct m_tag *t)
{
	struct m_tag *copy;

	copy = tag_get(t->m_tag_id, t->m_tag_len, RUMPHOST_CALLER);
	if (copy != NULL)
		memcpy(copy + 1, t + 1, t->m_tag_len);
	return copy;
}

/* Copy all tags of a packet, in order; returns 1, or 0 when there is no memory for one. */
int
m_tag_copy_chain(struct mbuf *to, struct mbuf *from)
{
	struct m_tag *t, *copy, *last = NULL;

	rumphost_m_tag_delete_chain(to, NULL);
	SLIST_FOREACH(t, &from->m_pkthdr.tags, m_tag_link) {
		copy = m_tag_copy(t);
		if (copy == NULL) {
			rumphost_m_tag_delete_chain(to, NULL);
			return 0;
		}
		if (last == NULL)
			SLIST_INSERT_HEAD(&to->m_pkthdr.tags, copy, m_tag_link);
		else
			SLIST_INSERT_AFTER(last, copy, m_tag_link);
		last = copy;
	}
	return 1;
}

void	m_tag_init(struct mbuf *);
struct m_tag *m_tag_first(struct mbuf *);
struct m_tag *m_tag_next(struct mbuf *, struct m_tag *);

void
m_tag_init(struct mbuf *m)
{

	SLIST_INIT(&m->m_pkthdr.tags);
}

struct m_tag *
m_tag_first(struct mbuf *m)
{

	return SLIST_FIRST(&m->m_pkthdr.tags);
}

struct m_tag *
m_tag_next(struct mbuf *m, struct m_tag *t)
{

	(void)m;
	return SLIST_NEXT(t, m_tag_link);
}
