/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of ifnet(9) share: what the shim keeps for each interface, and how it copes with
 * a struct ifnet of different vintages (a macro that came with a member tells).
 */

#ifndef RUMPHOST_IFNET_PRIVATE_H
#define RUMPHOST_IFNET_PRIVATE_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/callout.h>
#include <sys/errno.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/mutex.h>
#include <sys/socket.h>
#include <sys/sockio.h>

#include <net/if.h>
#include <net/if_arp.h>
#include <net/if_dl.h>
#include <net/if_ether.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/bpf.h>

#include "shim.h"
#include "mbuf_private.h"

/* IFEF_MPSAFE came with if_percpuq, if_transmit, if_extflags and _if_input. */
#ifdef IFEF_MPSAFE
#define RUMPHOST_IF_INPUT(ifp)	((ifp)->_if_input)
#define RUMPHOST_IF_MPSAFE(ifp)	(((ifp)->if_extflags & IFEF_MPSAFE) != 0)
#else
#define RUMPHOST_IF_INPUT(ifp)	((ifp)->if_input)
#define RUMPHOST_IF_MPSAFE(ifp)	false
#endif

/* Counters are members under macros, or elements of a per-CPU array. */
#ifdef if_ipackets
#define RUMPHOST_STAT(ifp, counter, n)	((ifp)->counter += (n))
#define RUMPHOST_STAT_ADDRESS(ifp, counter)	(&(ifp)->counter)
#else
#include <net/if_stats.h>
#define RUMPHOST_STAT(ifp, counter, n)	if_statadd((ifp), counter, (n))
#define RUMPHOST_STAT_ADDRESS(ifp, counter)				\
	(&((uint64_t *)percpu_getref((ifp)->if_stats))[(counter)])
#endif

/* A queue of packets. */
struct packets {
	struct mbuf *first, *last;
	int count;
};

static inline void
packets_put(struct packets *q, struct mbuf *m)
{

	m->m_nextpkt = NULL;
	if (q->last != NULL)
		q->last->m_nextpkt = m;
	else
		q->first = m;
	q->last = m;
	q->count++;
}

static inline struct mbuf *
packets_get(struct packets *q)
{
	struct mbuf *m = q->first;

	if (m != NULL) {
		q->first = m->m_nextpkt;
		if (q->first == NULL)
			q->last = NULL;
		q->count--;
		m->m_nextpkt = NULL;
	}
	return m;
}

/* ifnet_output.c: memory that frames of the host are sent from. */
struct output;

/* What if_percpuq_create gives to the driver is this too. */
struct interface {
	struct interface *next;
	struct ifnet *ifp;
	uint64_t site;			/* of if_attach or if_initialize */

	struct packets uncounted;	/* in: from if_percpuq_enqueue */
	struct packets input;		/* in: through ether_input */
	void *softint;			/* delivers the input, and captured frames */
	bool scheduled;
	bool start_wanted;		/* if_schedule_deferred_start */
	void (*start)(struct ifnet *);
	uint32_t *in_lengths;
	char *in_frames;

	struct output *output;
	struct bpf_if *taps;
	callout_t watchdog;
	bool watching;
	bool attached;
	kmutex_t *ether_lock;
};

#define INPUT_BATCH	512		/* frames */
#define INPUT_SIZE	(128 * 1024)
#define INPUT_LIMIT	4096		/* frames on a queue */

/* ifnet.c */
extern struct interface *rumphost_interfaces;
struct interface *rumphost_interface(const struct ifnet *);

/* ifnet_input.c */
bool	rumphost_input_create(struct interface *);
void	rumphost_input_destroy(struct interface *);
void	rumphost_input_schedule(struct interface *);

void	rumphost_input(struct ifnet *, struct mbuf *);

/* ethersubr.c */
void	rumphost_ether_offload(struct ifnet *, struct mbuf *);
int	rumphost_ether_vlan(struct ifnet *, uint16_t, bool);

/* ifnet_output.c */
int	rumphost_ifq_enqueue(struct ifnet *, struct mbuf *) RUMPHOST_SYMBOL(ifq_enqueue);
int	rumphost_ifq_enqueue2(struct ifnet *, struct ifqueue *, struct mbuf *)
	    RUMPHOST_SYMBOL(ifq_enqueue2);
void	rumphost_output_destroy(struct interface *);

/* bpf.c */
void	rumphost_bpf_init(void);
void	rumphost_bpf_flush(struct interface *);
void	rumphost_bpf_detach_all(struct interface *);

/* ifnet_ioctl.c */
void	rumphost_if_default(struct ifnet *);

#endif
