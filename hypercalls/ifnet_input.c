/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet(9): frames on their way from a driver to the host.
 *
 * Whatever a driver's interrupt handler hands in waits on a queue for one soft interrupt, which
 * then copies all of it into one buffer and makes one hypercall.
 */

#include "ifnet_private.h"

#include <net/ethertypes.h>

#define VLAN_TAG_LENGTH		4
#define VLAN_TAG_PLACE		12

static void	input_softint(void *);

bool
rumphost_input_create(struct interface *i)
{

	i->in_lengths = rumphost_allocate(INPUT_BATCH * sizeof(*i->in_lengths) + INPUT_SIZE,
	    sizeof(uint64_t), i->site);
	if (i->in_lengths == NULL)
		return false;
	i->in_frames = (char *)&i->in_lengths[INPUT_BATCH];
	i->softint = softint_establish(SOFTINT_NET | SOFTINT_MPSAFE, input_softint, i);
	return i->softint != NULL;
}

static void
drop(struct packets *q)
{
	struct mbuf *m;

	while ((m = packets_get(q)) != NULL)
		m_freem(m);
}

void
rumphost_input_destroy(struct interface *i)
{

	softint_disestablish(i->softint);
	drop(&i->uncounted);
	drop(&i->input);
	rumphost_release(i->in_lengths);
}

void
rumphost_input_schedule(struct interface *i)
{

	if (i->scheduled)
		return;
	i->scheduled = true;
	softint_schedule(i->softint);
}

/* The 802.1Q tag that the hardware took off, or -1. */
static int
vlan_tag(struct mbuf *m)
{
#ifdef M_VLANTAG
	return (m->m_flags & M_VLANTAG) != 0 ? m->m_pkthdr.ether_vtag : -1;
#else
	struct m_tag *tag = rumphost_m_tag_find(m, PACKET_TAG_VLAN, NULL);

	return tag != NULL ? (int)(*(u_int *)(tag + 1) & 0xffff) : -1;
#endif
}

/* Copy a frame out, its tag put back in; returns its length. */
static uint32_t
copy_out(struct mbuf *m, int length, int tag, char *to)
{

	if (tag < 0 || length < VLAN_TAG_PLACE) {
		m_copydata(m, 0, length, to);
		return (uint32_t)length;
	}
	m_copydata(m, 0, VLAN_TAG_PLACE, to);
	to[VLAN_TAG_PLACE] = (char)(ETHERTYPE_VLAN >> 8);
	to[VLAN_TAG_PLACE + 1] = (char)(ETHERTYPE_VLAN & 0xff);
	to[VLAN_TAG_PLACE + 2] = (char)(tag >> 8);
	to[VLAN_TAG_PLACE + 3] = (char)tag;
	m_copydata(m, VLAN_TAG_PLACE, length - VLAN_TAG_PLACE,
	    to + VLAN_TAG_PLACE + VLAN_TAG_LENGTH);
	return (uint32_t)(length + VLAN_TAG_LENGTH);
}

/* Give all frames of the queue to the host. */
static void
deliver(struct interface *i)
{
	struct mbuf *m;
	uint32_t count = 0, size = 0;
	int length;

	while ((m = packets_get(&i->input)) != NULL) {
		length = (int)m_length(m);
		if (length + VLAN_TAG_LENGTH > INPUT_SIZE) {
			RUMPHOST_STAT(i->ifp, if_ierrors, 1);
			m_freem(m);
			continue;
		}
		if (count == INPUT_BATCH ||
		    size + (uint32_t)length + VLAN_TAG_LENGTH > INPUT_SIZE) {
			rumphost_ifnet_input(i->ifp, i->in_lengths, i->in_frames, count, size);
			count = size = 0;
		}
		i->in_lengths[count] = copy_out(m, length, vlan_tag(m), i->in_frames + size);
		size += i->in_lengths[count++];
		m_freem(m);
	}
	if (count != 0)
		rumphost_ifnet_input(i->ifp, i->in_lengths, i->in_frames, count, size);
}

/* Strict bus_dma(9): what goes up must have been fetched by a sync. */
static void
check_use(const struct mbuf *m)
{

	if ((rumphost_cpu()->slow & RUMPHOST_SLOW_USE) == 0)
		return;
	for (; m != NULL; m = m->m_next)
		rumphost_bus_dma_used(m->m_data, (uint64_t)m->m_len);
}

/* The driver has handed in one frame: count it, show it to bpf(4), pass it up. */
static void
count_and_pass(struct ifnet *ifp, struct mbuf *m)
{

	RUMPHOST_STAT(ifp, if_ipackets, 1);
#ifdef BPF_D_IN
	bpf_mtap(ifp, m, BPF_D_IN);
#else
	bpf_mtap(ifp, m);
#endif
	(*RUMPHOST_IF_INPUT(ifp))(ifp, m);
}

static void
deferred_start(struct interface *i)
{
	struct ifnet *ifp = i->ifp;
	bool locked = !RUMPHOST_IF_MPSAFE(ifp);
	int s;

	i->start_wanted = false;
	if (locked)
		KERNEL_LOCK(1, NULL);
	s = splnet();
	(*i->start)(ifp);
	splx(s);
	if (locked)
		KERNEL_UNLOCK_ONE(NULL);
}

static void
input_softint(void *arg)
{
	struct interface *i = arg;
	struct mbuf *m;

	while ((m = packets_get(&i->uncounted)) != NULL)
		count_and_pass(i->ifp, m);
	/* What comes from here on must schedule anew. */
	i->scheduled = false;
	rumphost_bpf_flush(i);
	deliver(i);
	if (i->start_wanted)
		deferred_start(i);
}

/*
 * A frame goes up, its header complete: what ether_input() and its like end with.  Any IPL.
 */
void
rumphost_input(struct ifnet *ifp, struct mbuf *m)
{
	struct interface *i = rumphost_interface(ifp);

	check_use(m);
	if (i == NULL || i->input.count >= INPUT_LIMIT) {
		RUMPHOST_STAT(ifp, if_iqdrops, 1);
		m_freem(m);
		return;
	}
	packets_put(&i->input, m);
	rumphost_input_schedule(i);
}

struct if_percpuq;
struct if_percpuq *if_percpuq_create(struct ifnet *);
void	if_percpuq_destroy(struct if_percpuq *);
void	if_percpuq_enqueue(struct if_percpuq *, struct mbuf *);
void	if_deferred_start_init(struct ifnet *, void (*)(struct ifnet *));
void	if_schedule_deferred_start(struct ifnet *);
#ifdef IFEF_MPSAFE
void	if_input(struct ifnet *, struct mbuf *);
#endif

struct if_percpuq *
if_percpuq_create(struct ifnet *ifp)
{

	return (struct if_percpuq *)(void *)rumphost_interface(ifp);
}

void
if_percpuq_destroy(struct if_percpuq *ipq)
{
	struct interface *i = (struct interface *)(void *)ipq;

	drop(&i->uncounted);
}

/* Hard interrupt handlers hand in frames so. */
void
if_percpuq_enqueue(struct if_percpuq *ipq, struct mbuf *m)
{
	struct interface *i = (struct interface *)(void *)ipq;

	if (i == NULL)
		rumphost_misuse("ifnet(9)", "if_percpuq_enqueue without a queue");
	check_use(m);
	if (i->uncounted.count >= INPUT_LIMIT) {
		RUMPHOST_STAT(i->ifp, if_iqdrops, 1);
		m_freem(m);
		return;
	}
	packets_put(&i->uncounted, m);
	rumphost_input_schedule(i);
}

#ifdef IFEF_MPSAFE
/* Handlers that run in a soft interrupt or a thread hand in frames so. */
void
if_input(struct ifnet *ifp, struct mbuf *m)
{

	if (rumphost_curlwp()->kind == 'i')
		rumphost_misuse("ifnet(9)", "if_input in a hard interrupt: use if_percpuq_enqueue");
	count_and_pass(ifp, m);
}
#endif

/* if_schedule_deferred_start() shall call `start' (NULL: if_start) from a soft interrupt. */
void
if_deferred_start_init(struct ifnet *ifp, void (*start)(struct ifnet *))
{

	rumphost_interface(ifp)->start = start != NULL ? start : ifp->if_start;
}

void
if_schedule_deferred_start(struct ifnet *ifp)
{
	struct interface *i = rumphost_interface(ifp);

	i->start_wanted = true;
	rumphost_input_schedule(i);
}
