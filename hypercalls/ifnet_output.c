/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): frames on their way from the host to a driver.
 *
 * One lwp of the host's for each interface serves in rumphost_ifnet_serve(): it waits for a batch,
 * puts it on if_snd and calls if_start once.  Frames lie in slots of the arena, from which the
 * hardware may read them directly; a slot is free again when the driver frees its mbuf, and so the
 * host learns how much more the driver can take.
 */

#include "ifnet_private.h"

#include <net/ethertypes.h>

#define SLOTS		256
#define SLOT_SIZE	2048
#define SLOT_HEADROOM	64
/*
 * Frames between two calls of if_start.  A kernel calls it after each; drivers are built for that,
 * and need a chance to take an interrupt before their ring is full.
 */
#define BURST		8

struct output {
	char *buffer;			/* RUMPHOST_IFNET_OUTPUT_SIZE */
	char *slots;
	struct ifnet *ifp;
	bool detached;
	uint32_t outstanding;
	uint32_t free_count;
	uint16_t free_slots[SLOTS];
};

#ifdef IFEF_MPSAFE
int	if_transmit(struct ifnet *, struct mbuf *);
int	if_transmit_lock(struct ifnet *, struct mbuf *);
void	if_start_lock(struct ifnet *);
#endif

RUMPHOST_UPCALL uint64_t rumphost_ifnet_serve(struct ifnet *);

static uint32_t *
word(struct output *o, uint32_t place)
{

	return (uint32_t *)(void *)(o->buffer + place);
}

static struct output *
output_create(struct interface *i)
{
	struct output *o;
	uint16_t n;

	o = rumphost_allocate(sizeof(*o), sizeof(void *), i->site);
	if (o == NULL)
		rumphost_panic("ifnet(9): the arena is full: output");
	memset(o, 0, sizeof(*o));
	o->ifp = i->ifp;
	o->buffer = rumphost_allocate(RUMPHOST_IFNET_OUTPUT_SIZE, sizeof(uint64_t), i->site);
	o->slots = rumphost_allocate(SLOTS * SLOT_SIZE, PAGE_SIZE, i->site);
	if (o->buffer == NULL || o->slots == NULL)
		rumphost_panic("ifnet(9): the arena is full: output");
	memset(o->buffer, 0, RUMPHOST_IFNET_LENGTHS);
	for (n = 0; n < SLOTS; n++)
		o->free_slots[n] = (uint16_t)(SLOTS - 1 - n);
	o->free_count = SLOTS;
	return o;
}

static void
output_release(struct output *o)
{

	rumphost_release(o->buffer);
	rumphost_release(o->slots);
	rumphost_release(o);
}

/* The interface goes; frames that the driver still has keep the slots. */
void
rumphost_output_destroy(struct interface *i)
{
	struct output *o = i->output;

	i->output = NULL;
	if (o == NULL)
		return;
	o->detached = true;
	if (o->outstanding == 0)
		output_release(o);
}

/* A frame has left the driver. */
static void
frame_done(struct output *o)
{
	uint32_t left = --o->outstanding;

	if (o->detached) {
		if (left == 0)
			output_release(o);
		return;
	}
	*word(o, RUMPHOST_IFNET_OUTSTANDING) = left;
	if (*word(o, RUMPHOST_IFNET_WANT_ROOM) != 0 && left <= SLOTS / 2) {
		*word(o, RUMPHOST_IFNET_WANT_ROOM) = 0;
		rumphost_ifnet_room(o->ifp);
	}
}

/* The ext_free of a frame in a slot. */
static void
slot_free(struct mbuf *m, void *buf, size_t size, void *arg)
{
	struct output *o = arg;

	(void)size;
	o->free_slots[o->free_count++] = (uint16_t)(((char *)buf - o->slots) / SLOT_SIZE);
	if (m != NULL)
		pool_cache_put(mb_cache, m);
	frame_done(o);
}

/* The ext_free of a frame that fits no slot. */
static void
large_free(struct mbuf *m, void *buf, size_t size, void *arg)
{

	(void)size;
	rumphost_release(buf);
	if (m != NULL)
		pool_cache_put(mb_cache, m);
	frame_done(arg);
}

static struct mbuf *
frame_mbuf(struct output *o, const char *frame, uint32_t length, uint64_t site)
{
	struct rumphost_cpu *cpu = rumphost_cpu();
	struct mbuf *m;
	uint32_t slow;
	char *buf;

	/* The host's own affair: a fault is to hit the driver. */
	slow = cpu->slow & RUMPHOST_SLOW_FAULT;
	cpu->slow &= ~slow;
	m = rumphost_m_gethdr(M_DONTWAIT, MT_DATA, site);
	cpu->slow |= slow;
	if (m == NULL)
		return NULL;
	if (length <= SLOT_SIZE - SLOT_HEADROOM && o->free_count > 0) {
		buf = o->slots + (size_t)o->free_slots[--o->free_count] * SLOT_SIZE;
		MEXTADD(m, buf, SLOT_SIZE, M_MBUF, slot_free, o);
	} else {
		buf = rumphost_allocate(length + SLOT_HEADROOM, SLOT_HEADROOM, site);
		if (buf == NULL) {
			m_free(m);
			return NULL;
		}
		MEXTADD(m, buf, length + SLOT_HEADROOM, M_MBUF, large_free, o);
	}
	m->m_flags |= M_EXT_RW;
	o->outstanding++;
	/* The header off by two, so that what follows it is aligned. */
	m->m_data += SLOT_HEADROOM - ETHER_HDR_LEN % sizeof(uint32_t);
	memcpy(m->m_data, frame, length);
	m->m_len = m->m_pkthdr.len = (int)length;
	if (length > 0 && ETHER_IS_MULTICAST((const uint8_t *)frame))
		m->m_flags |= memcmp(frame, etherbroadcastaddr, ETHER_ADDR_LEN) == 0 ?
		    M_BCAST : M_MCAST;
	return m;
}

/* One frame onto the queue, prepared as a protocol would have left it. */
static void
enqueue(struct ifnet *ifp, struct mbuf *m)
{
	uint64_t length = (uint64_t)m->m_pkthdr.len;
	bool multicast = (m->m_flags & (M_BCAST | M_MCAST)) != 0;

	if (ifp->if_type == IFT_ETHER)
		rumphost_ether_offload(ifp, m);
#ifdef IFEF_MPSAFE
	if (ifp->if_transmit != if_transmit) {
		(void)(*ifp->if_transmit)(ifp, m);
		return;
	}
#endif
	/* Nothing can come between on this CPU: the queue's lock need not be taken. */
	if (IF_QFULL(&ifp->if_snd)) {
		ifp->if_snd.ifq_drops++;
		m_freem(m);
		return;
	}
	IF_ENQUEUE(&ifp->if_snd, m);
	RUMPHOST_STAT(ifp, if_obytes, length);
	if (multicast)
		RUMPHOST_STAT(ifp, if_omcasts, 1);
}

static void
send_batch(struct interface *i, struct output *o, uint32_t count)
{
	struct ifnet *ifp = i->ifp;
	const uint32_t *lengths = word(o, RUMPHOST_IFNET_LENGTHS);
	const char *frame = o->buffer + RUMPHOST_IFNET_FRAMES;
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);
	struct mbuf *m;
	uint32_t n = 0, end;
	int s;

	while (n < count) {
		end = MIN(count, n + BURST);
		if (locked)
			KERNEL_LOCK(1, NULL);
		s = splnet();
		for (; n < end; frame += lengths[n++]) {
			m = frame_mbuf(o, frame, lengths[n], i->site);
			if (m == NULL)
				RUMPHOST_STAT(ifp, if_oerrors, 1);
			else
				enqueue(ifp, m);
		}
		*word(o, RUMPHOST_IFNET_OUTSTANDING) = o->outstanding;
		if ((ifp->if_flags & IFF_OACTIVE) == 0)
			(*ifp->if_start)(ifp);
		splx(s);
		if (locked)
			KERNEL_UNLOCK_ONE(NULL);
	}
}

/* The entry of the lwp that sends; returns when the interface goes. */
uint64_t
rumphost_ifnet_serve(struct ifnet *ifp)
{
	struct interface *i = rumphost_interface(ifp);
	struct output *o;
	uint32_t limit;
	int count;

	if (i->output == NULL)
		i->output = output_create(i);
	o = i->output;
	for (;;) {
		limit = (uint32_t)MIN(SLOTS, MAX(ifp->if_snd.ifq_maxlen, 1));
		count = rumphost_ifnet_output(ifp, o->buffer, limit);
		if (count < 0)
			return 0;
		send_batch(i, o, (uint32_t)count);
	}
}

/* What drivers of layered interfaces call to send. */
int
rumphost_ifq_enqueue(struct ifnet *ifp, struct mbuf *m)
{
	uint64_t length = (uint64_t)m->m_pkthdr.len;
	bool multicast = (m->m_flags & M_MCAST) != 0;
	int s;

	s = splnet();
	IFQ_LOCK(&ifp->if_snd);
	if (IF_QFULL(&ifp->if_snd)) {
		ifp->if_snd.ifq_drops++;
		IFQ_UNLOCK(&ifp->if_snd);
		splx(s);
		m_freem(m);
		return ENOBUFS;
	}
	IF_ENQUEUE(&ifp->if_snd, m);
	IFQ_UNLOCK(&ifp->if_snd);
	RUMPHOST_STAT(ifp, if_obytes, length);
	if (multicast)
		RUMPHOST_STAT(ifp, if_omcasts, 1);
	if ((ifp->if_flags & IFF_OACTIVE) == 0)
		(*ifp->if_start)(ifp);
	splx(s);
	return 0;
}

/* The same by a queue of the driver's own. */
int
rumphost_ifq_enqueue2(struct ifnet *ifp, struct ifqueue *ifq, struct mbuf *m)
{
	int s;

	if (ifq == NULL)
		return rumphost_ifq_enqueue(ifp, m);
	s = splnet();
	if (IF_QFULL(ifq)) {
		ifq->ifq_drops++;
		splx(s);
		m_freem(m);
		RUMPHOST_STAT(ifp, if_oerrors, 1);
		return ENOBUFS;
	}
	IF_ENQUEUE(ifq, m);
	splx(s);
	return 0;
}

#ifdef IFEF_MPSAFE
int
if_transmit(struct ifnet *ifp, struct mbuf *m)
{

	return rumphost_ifq_enqueue(ifp, m);
}

int
if_transmit_lock(struct ifnet *ifp, struct mbuf *m)
{

	return (*ifp->if_transmit)(ifp, m);
}

void
if_start_lock(struct ifnet *ifp)
{
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);

	if (locked)
		KERNEL_LOCK(1, NULL);
	(*ifp->if_start)(ifp);
	if (locked)
		KERNEL_UNLOCK_ONE(NULL);
}
#endif
