/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(4) as drivers use it: taps that show every packet to whoever captures.
 */

#ifndef _NET_BPF_H_
#define _NET_BPF_H_

#include <sys/mbuf.h>
#include <net/dlt.h>
#include <net/if.h>

#define BPF_D_IN	0
#define BPF_D_INOUT	1
#define BPF_D_OUT	2

struct bpf_if;

struct bpf_ops {
	void (*bpf_attach)(struct ifnet *, u_int, u_int, struct bpf_if **);
	void (*bpf_detach)(struct ifnet *);
	void (*bpf_change_type)(struct ifnet *, u_int, u_int);
	void (*bpf_mtap)(struct bpf_if *, struct mbuf *, u_int);
	void (*bpf_mtap2)(struct bpf_if *, void *, u_int, struct mbuf *, u_int);
	void (*bpf_mtap_af)(struct bpf_if *, uint32_t, struct mbuf *, u_int);
};

extern struct bpf_ops *bpf_ops;

static inline void
bpf_attach(struct ifnet *ifp, u_int dlt, u_int hdrlen)
{

	(*bpf_ops->bpf_attach)(ifp, dlt, hdrlen, &ifp->if_bpf);
}

static inline void
bpf_attach2(struct ifnet *ifp, u_int dlt, u_int hdrlen, struct bpf_if **bpf)
{

	(*bpf_ops->bpf_attach)(ifp, dlt, hdrlen, bpf);
}

static inline void
bpf_detach(struct ifnet *ifp)
{

	(*bpf_ops->bpf_detach)(ifp);
}

static inline void
bpf_change_type(struct ifnet *ifp, u_int dlt, u_int hdrlen)
{

	(*bpf_ops->bpf_change_type)(ifp, dlt, hdrlen);
}

static inline void
bpf_mtap(struct ifnet *ifp, struct mbuf *m, u_int direction)
{

	if (ifp->if_bpf != NULL)
		(*bpf_ops->bpf_mtap)(ifp->if_bpf, m, direction);
}

static inline void
bpf_mtap2(struct bpf_if *bpf, void *header, u_int length, struct mbuf *m, u_int direction)
{

	if (bpf != NULL)
		(*bpf_ops->bpf_mtap2)(bpf, header, length, m, direction);
}

static inline void
bpf_mtap3(struct bpf_if *bpf, struct mbuf *m, u_int direction)
{

	if (bpf != NULL)
		(*bpf_ops->bpf_mtap)(bpf, m, direction);
}

static inline void
bpf_mtap_af(struct ifnet *ifp, uint32_t af, struct mbuf *m, u_int direction)
{

	if (ifp->if_bpf != NULL)
		(*bpf_ops->bpf_mtap_af)(ifp->if_bpf, af, m, direction);
}

#endif
