/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbuf(9): getting and freeing mbufs, clusters and other external storage.
 *
 * Mbufs and clusters are allocations of the arena like any other, booked to the code that asked
 * for them, so that a packet that was never freed is blamed on the line that got it.  They come from
 * mb_cache and mcl_cache, which drivers and older headers also use by name.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>

#include "memory.h"
#include "shim.h"
#include "mbuf_private.h"

int nmbclusters = 1 << 16;
int mblowat;
int mcllowat;
int max_linkhdr = 16;
int max_protohdr = 40;
int max_hdr = 56;
int max_datalen;
const int msize = MSIZE;
const int mclbytes = MCLBYTES;
pool_cache_t mb_cache;
pool_cache_t mcl_cache;

static struct pool_cache mb_storage, mcl_storage;

/* Make the caches. */
void
mbinit(void)
{

	if (mb_cache != NULL)
		return;
	pool_cache_bootstrap(&mb_storage, MSIZE, MSIZE, 0, 0, "mbpl", NULL, IPL_VM, NULL, NULL,
	    NULL);
	pool_cache_bootstrap(&mcl_storage, MCLBYTES, COHERENCY_UNIT, 0, 0, "mclpl", NULL, IPL_VM,
	    NULL, NULL, NULL);
	mb_cache = &mb_storage;
	mcl_cache = &mcl_storage;
	max_datalen = (int)MHLEN - max_hdr;
}

/* Memory for an mbuf or a cluster; NULL only when the caller said that it will not wait. */
static void *
memory(pool_cache_t cache, int how, uint64_t site)
{

	return rumphost_pool_cache_get(cache,
	    (how & M_DONTWAIT) != 0 ? PR_NOWAIT : PR_WAITOK, site);
}

struct mbuf *
rumphost_m_get(int how, int type, uint64_t site)
{
	struct mbuf *m;

	if (__predict_false(mb_cache == NULL))
		mbinit();
	m = memory(mb_cache, how, site);
	if (m == NULL)
		return NULL;
	memset(&m->m_hdr, 0, sizeof(m->m_hdr));
	m->m_data = m->m_dat;
	m->m_type = (short)type;
	m->m_paddr = M_PADDR_INVALID;
	return m;
}

struct mbuf *
rumphost_m_gethdr(int how, int type, uint64_t site)
{
	struct mbuf *m;

	m = rumphost_m_get(how, type, site);
	if (m == NULL)
		return NULL;
	m->m_data = m->m_pktdat;
	m->m_flags = M_PKTHDR;
	memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
	return m;
}

bool
rumphost_m_clget(struct mbuf *m, int how, uint64_t site)
{
	char *buf;

	buf = memory(mcl_cache, how, site);
	if (buf == NULL)
		return false;
	m->m_ext_ref = m;
	m->m_ext_storage.ext_refcnt = 1;
	m->m_ext_storage.ext_buf = buf;
	m->m_ext_storage.ext_size = MCLBYTES;
	m->m_ext_storage.ext_free = NULL;
	m->m_ext_storage.ext_arg = mcl_cache;
	m->m_ext_storage.ext_paddr = M_PADDR_INVALID;
	m->m_data = buf;
	m->m_flags = (m->m_flags & ~M_EXTCOPYFLAGS) | M_EXT | M_EXT_CLUSTER | M_EXT_RW;
	return true;
}

/* An mbuf with room for `size' bytes: a cluster only where one is needed, and no more than that. */
struct mbuf *
rumphost_m_getroom(bool header, int size, int how, int type, uint64_t site)
{
	struct mbuf *m;

	m = header ? rumphost_m_gethdr(how, type, site) : rumphost_m_get(how, type, site);
	if (m != NULL && size > (header ? (int)MHLEN : (int)MLEN) &&
	    !rumphost_m_clget(m, how, site)) {
		m_free(m);
		return NULL;
	}
	return m;
}

struct mbuf *
m_get(int how, int type)
{

	return rumphost_m_get(how, type, RUMPHOST_CALLER);
}

struct mbuf *
m_gethdr(int how, int type)
{

	return rumphost_m_gethdr(how, type, RUMPHOST_CALLER);
}

struct mbuf *
m_getclr(int how, int type)
{
	struct mbuf *m;

	m = rumphost_m_get(how, type, RUMPHOST_CALLER);
	if (m != NULL)
		memset(m->m_data, 0, MLEN);
	return m;
}

/* An mbuf with a cluster, and a packet header if `flags' has M_PKTHDR. */
struct mbuf *
m_getcl(int how, int type, int flags)
{
	uint64_t site = RUMPHOST_CALLER;
	struct mbuf *m;

	if ((flags & M_PKTHDR) != 0)
		m = rumphost_m_gethdr(how, type, site);
	else
		m = rumphost_m_get(how, type, site);
	if (m != NULL && !rumphost_m_clget(m, how, site)) {
		m_free(m);
		return NULL;
	}
	return m;
}

/* Success shows as M_EXT. */
void
m_clget(struct mbuf *m, int how)
{

	rumphost_m_clget(m, how, RUMPHOST_CALLER);
}

static void
mbuf_release(struct mbuf *m)
{

	m->m_type = MT_FREE;
	pool_cache_put(mb_cache, m);
}

/* The last user of `m''s own external storage is gone: give that back, and `m'. */
static void
mbuf_release_storage(struct mbuf *m)
{
	struct _m_ext_storage *ext = &m->m_ext_storage;

	if ((m->m_flags & M_EXT_CLUSTER) != 0)
		pool_cache_put_paddr((pool_cache_t)ext->ext_arg, ext->ext_buf, ext->ext_paddr);
	else if (ext->ext_free != NULL) {
		/* It gives `m' back to mb_cache, too. */
		(*ext->ext_free)(m, ext->ext_buf, ext->ext_size, ext->ext_arg);
		return;
	} else
		free(ext->ext_buf, M_MBUF);
	mbuf_release(m);
}

/*
 * Free an mbuf with external storage.  The mbuf that the storage came with keeps the count, and
 * lives on, forgotten by its owner, until the last one that shares the storage goes.
 */
void
m_ext_free(struct mbuf *m)
{
	struct mbuf *ref = m->m_ext_ref;

	if (ref->m_ext_storage.ext_refcnt == 0)
		rumphost_misuse("mbuf(9)", "external storage is freed once too often");
	if (--ref->m_ext_storage.ext_refcnt == 0) {
		mbuf_release_storage(ref);
		if (ref != m)
			mbuf_release(m);
	} else if (ref != m)
		mbuf_release(m);
}

/* Let `n' share the storage of `m', same data. */
void
rumphost_m_share(struct mbuf *n, struct mbuf *m)
{

	n->m_ext_ref = m->m_ext_ref;
	n->m_ext_ref->m_ext_storage.ext_refcnt++;
	n->m_data = m->m_data;
	n->m_flags |= m->m_flags & M_EXTCOPYFLAGS;
}

/* Free one mbuf; returns the next of its packet. */
struct mbuf *
m_free(struct mbuf *m)
{
	struct mbuf *next = m->m_next;

	if (__predict_false(m->m_type == MT_FREE))
		rumphost_misuse("mbuf(9)", "an mbuf is freed that is free already");
	if ((m->m_flags & M_PKTHDR) != 0 && !SLIST_EMPTY(&m->m_pkthdr.tags))
		rumphost_m_tag_delete_chain(m, NULL);
	if ((m->m_flags & M_EXT) != 0)
		m_ext_free(m);
	else
		mbuf_release(m);
	return next;
}

void
m_freem(struct mbuf *m)
{

	while (m != NULL)
		m = m_free(m);
}

/* Of MCHTYPE and MFREE where these are macros; nobody looks at statistics by type. */
void
mbstat_type_add(int type, int diff)
{

	(void)type;
	(void)diff;
}

/* Protocols that could give mbufs back: there are none. */
void
m_reclaim(void *arg, int flags)
{

	(void)arg;
	(void)flags;
}
