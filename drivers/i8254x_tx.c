/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: the transmitter.
 *
 * A frame becomes one job: one DMA map and up to I8254X_NTXSEGS descriptors,
 * one per piece, preceded by a context descriptor when the chip is to put in
 * checksums and was last told of other places.  The chip reports the last
 * descriptor of a job done; then the job is free again.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

#define	CSUM_IP		M_CSUM_IPv4
#define	CSUM_TU4	(M_CSUM_TCPv4 | M_CSUM_UDPv4)
#define	CSUM_TU6	(M_CSUM_TCPv6 | M_CSUM_UDPv6)
#define	CSUM_TCP	(M_CSUM_TCPv4 | M_CSUM_TCPv6)

/* Where the header checksum is in an IPv4 header. */
#define	IPV4_SUM_OFFSET	10

/* What a frame asks for, in terms of descriptors. */
struct i8254x_txopts {
	bool		to_data;	/* data descriptors, else legacy */
	uint32_t	to_cmd;
	uint32_t	to_fields;
};

int
i8254x_tx_attach(struct i8254x_softc *sc)
{
	int error, i;

	for (i = 0; i < I8254X_NTXJOBS; i++) {
		error = bus_dmamap_create(sc->sc_dmat, I8254X_MAXFRAME,
		    I8254X_NTXSEGS, I8254X_TXSEGSZ, 0, BUS_DMA_WAITOK,
		    &sc->sc_txjob[i].tj_map);
		if (error != 0) {
			sc->sc_txjob[i].tj_map = NULL;
			return error;
		}
	}
	return 0;
}

void
i8254x_tx_detach(struct i8254x_softc *sc)
{
	int i;

	for (i = 0; i < I8254X_NTXJOBS; i++) {
		if (sc->sc_txjob[i].tj_map == NULL)
			break;
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_txjob[i].tj_map);
		sc->sc_txjob[i].tj_map = NULL;
	}
}

/* Start the transmitter with an empty ring.  The chip was reset. */
void
i8254x_tx_init(struct i8254x_softc *sc)
{
	const uint64_t base =
	    sc->sc_ring_map->dm_segs[0].ds_addr + I8254X_TXOFF(0);

	KASSERT(mutex_owned(&sc->sc_lock));

	memset(sc->sc_rings->r_tx, 0, sizeof(sc->sc_rings->r_tx));
	I8254X_TXSYNC(sc, 0, I8254X_NTXDESC,
	    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	sc->sc_txnext = 0;
	sc->sc_txfree = I8254X_NTXDESC;
	sc->sc_txjnext = sc->sc_txjdirty = 0;
	sc->sc_txjfree = I8254X_NTXJOBS;
	sc->sc_tx_timer = 0;
	sc->sc_txctx_valid = false;

	CSR_WRITE(sc, REG_TDBAL, (uint32_t)base);
	CSR_WRITE(sc, REG_TDBAH, (uint32_t)(base >> 32));
	CSR_WRITE(sc, REG_TDLEN, sizeof(sc->sc_rings->r_tx));
	CSR_WRITE(sc, REG_TDH, 0);
	CSR_WRITE(sc, REG_TDT, 0);
	/* In units of 1.024 us; near enough. */
	CSR_WRITE(sc, REG_TIDV, I8254X_TX_DELAY);
	if (sc->sc_type != I82544)
		CSR_WRITE(sc, REG_TADV, I8254X_TX_DELAY);
	CSR_WRITE(sc, REG_TIPG, TIPG_COPPER);
	sc->sc_tctl = TCTL_EN | TCTL_PSP | TCTL_RTLC |
	    __SHIFTIN(TCTL_CT_IEEE, TCTL_CT) |
	    __SHIFTIN(TCTL_COLD_FDX, TCTL_COLD);
	CSR_WRITE(sc, REG_TCTL, sc->sc_tctl);
}

static void
i8254x_txjob_free(struct i8254x_softc *sc, struct i8254x_txjob *tj)
{

	bus_dmamap_sync(sc->sc_dmat, tj->tj_map, 0, tj->tj_map->dm_mapsize,
	    BUS_DMASYNC_POSTWRITE);
	bus_dmamap_unload(sc->sc_dmat, tj->tj_map);
	m_freem(tj->tj_m);
	tj->tj_m = NULL;
}

/* Give up what is in the ring.  The chip was reset. */
void
i8254x_tx_stop(struct i8254x_softc *sc)
{
	int i;

	for (i = 0; i < I8254X_NTXJOBS; i++) {
		if (sc->sc_txjob[i].tj_m != NULL)
			i8254x_txjob_free(sc, &sc->sc_txjob[i]);
	}
	sc->sc_tx_timer = 0;
}

/* Synchronise the n descriptors from first on, perhaps around the end. */
static void
i8254x_tx_sync(struct i8254x_softc *sc, int first, int n, int ops)
{

	if (first + n > I8254X_NTXDESC) {
		const int tail = I8254X_NTXDESC - first;

		I8254X_TXSYNC(sc, first, tail, ops);
		first = 0;
		n -= tail;
	}
	I8254X_TXSYNC(sc, first, n, ops);
}

/* Put one descriptor into the ring. */
static void
i8254x_tx_put(struct i8254x_softc *sc, uint32_t addrlo, uint32_t addrhi,
    uint32_t cmdlen, uint32_t fields)
{
	struct i8254x_txdesc * const td = &sc->sc_rings->r_tx[sc->sc_txnext];

	td->td_addrlo = htole32(addrlo);
	td->td_addrhi = htole32(addrhi);
	td->td_fields = htole32(fields);
	td->td_cmdlen = htole32(cmdlen);
	sc->sc_txnext = I8254X_NEXTTX(sc->sc_txnext);
	sc->sc_txfree--;
}

/* Where the network header begins in a frame: tagged by software, or not. */
static u_int
i8254x_l3_offset(struct mbuf *m)
{
	uint16_t type;

	m_copydata(m, offsetof(struct ether_header, ether_type), sizeof(type),
	    &type);
	return ntohs(type) == ETHERTYPE_VLAN ?
	    ETHER_HDR_LEN + ETHER_VLAN_ENCAP_LEN : ETHER_HDR_LEN;
}

/*
 * Tell the chip where the checksums of m are, unless it knows.  Says in
 * `to' which of them it is to put in.
 */
static void
i8254x_tx_context(struct i8254x_softc *sc, struct mbuf *m,
    struct i8254x_txopts *to)
{
	const int flags = m->m_pkthdr.csum_flags;
	const uint32_t data = m->m_pkthdr.csum_data;
	u_int l3, l4;
	uint32_t cmd, ip, tu;

	/* The upper half is the network header's length in either family. */
	l3 = i8254x_l3_offset(m);
	l4 = l3 + M_CSUM_DATA_IPv4_IPHL(data);
	cmd = TXC_DEXT | __SHIFTIN(TXC_DTYP_CTX, TXC_DTYP);
	ip = __SHIFTIN(l3, TXX_CSS);
	if ((flags & (CSUM_IP | CSUM_TU4)) != 0) {
		cmd |= TXC_CTX_IP;
		ip |= __SHIFTIN(l3 + IPV4_SUM_OFFSET, TXX_CSO);
	}
	ip |= __SHIFTIN(l4 - 1, TXX_CSE);
	tu = __SHIFTIN(l4, TXX_CSS) | __SHIFTIN(0, TXX_CSE);
	if ((flags & (CSUM_TU4 | CSUM_TU6)) != 0)
		tu |= __SHIFTIN(l4 + M_CSUM_DATA_IPv4_OFFSET(data), TXX_CSO);
	else
		tu |= __SHIFTIN(l4, TXX_CSO);
	if ((flags & CSUM_TCP) != 0)
		cmd |= TXC_CTX_TCP;

	if ((flags & CSUM_IP) != 0) {
		to->to_fields |= TXF_IXSM;
		I8254X_EVENT(sc, EV_TX_IPSUM);
	}
	if ((flags & (CSUM_TU4 | CSUM_TU6)) != 0) {
		to->to_fields |= TXF_TXSM;
		I8254X_EVENT(sc, EV_TX_TUSUM);
	}
	to->to_data = true;

	if (sc->sc_txctx_valid && sc->sc_txctx_ip == ip &&
	    sc->sc_txctx_tu == tu && sc->sc_txctx_cmd == cmd)
		return;
	i8254x_tx_put(sc, ip, tu, cmd, 0);
	sc->sc_txctx_valid = true;
	sc->sc_txctx_ip = ip;
	sc->sc_txctx_tu = tu;
	sc->sc_txctx_cmd = cmd;
	I8254X_EVENT(sc, EV_TX_CONTEXT);
}

/* Load a frame for DMA.  It may be moved to fewer pieces: hence **mp. */
static int
i8254x_tx_load(struct i8254x_softc *sc, bus_dmamap_t map, struct mbuf **mp)
{
	struct mbuf *m;
	int error;

	error = bus_dmamap_load_mbuf(sc->sc_dmat, map, *mp,
	    BUS_DMA_WRITE | BUS_DMA_NOWAIT);
	if (error != EFBIG)
		return error;
	I8254X_EVENT(sc, EV_TX_COMPACT);
	m = m_defrag(*mp, M_DONTWAIT);
	if (m == NULL)
		return ENOBUFS;
	*mp = m;
	return bus_dmamap_load_mbuf(sc->sc_dmat, map, m,
	    BUS_DMA_WRITE | BUS_DMA_NOWAIT);
}

/* Put a frame, loaded into its job's map, into the ring. */
static void
i8254x_tx_encap(struct i8254x_softc *sc, struct i8254x_txjob *tj,
    struct mbuf *m)
{
	const bus_dmamap_t map = tj->tj_map;
	struct i8254x_txopts to;
	uint32_t cmd;
	uint16_t tag;
	int free, i;

	tj->tj_m = m;
	tj->tj_first = sc->sc_txnext;
	free = sc->sc_txfree;

	memset(&to, 0, sizeof(to));
	if ((m->m_pkthdr.csum_flags & (CSUM_IP | CSUM_TU4 | CSUM_TU6)) != 0)
		i8254x_tx_context(sc, m, &to);
	to.to_cmd = TXC_IFCS;
	if (to.to_data)
		to.to_cmd |= TXC_DEXT | __SHIFTIN(TXC_DTYP_DATA, TXC_DTYP);
	if (I8254X_VLAN_OUTPUT(&sc->sc_ec, m, &tag)) {
		to.to_cmd |= TXC_VLE;
		to.to_fields |= __SHIFTIN(tag, TXF_VLAN);
	}

	for (i = 0; i < map->dm_nsegs; i++) {
		const bus_dma_segment_t * const ds = &map->dm_segs[i];

		cmd = to.to_cmd | ds->ds_len;
		if (i == map->dm_nsegs - 1)
			cmd |= TXC_EOP | TXC_RS | TXC_IDE;
		tj->tj_last = sc->sc_txnext;
		i8254x_tx_put(sc, (uint32_t)ds->ds_addr,
		    (uint32_t)((uint64_t)ds->ds_addr >> 32), cmd,
		    to.to_fields);
	}
	tj->tj_ndesc = free - sc->sc_txfree;

	bus_dmamap_sync(sc->sc_dmat, map, 0, map->dm_mapsize,
	    BUS_DMASYNC_PREWRITE);
	i8254x_tx_sync(sc, tj->tj_first, tj->tj_ndesc,
	    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
}

/*
 * Whether a frame of any shape fits.  One descriptor stays free, for the
 * chip takes head == tail for an empty ring.
 */
static bool
i8254x_tx_room(struct i8254x_softc *sc)
{

	return sc->sc_txjfree > 0 && sc->sc_txfree > I8254X_NTXSEGS + 1;
}

/* Move frames from the interface's queue to the ring. */
void
i8254x_tx_start(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	struct i8254x_txjob *tj;
	struct mbuf *m;
	bool sent = false;

	KASSERT(mutex_owned(&sc->sc_lock));

	if ((ifp->if_flags & (IFF_RUNNING | IFF_OACTIVE)) != IFF_RUNNING)
		return;
	for (;;) {
		if (!i8254x_tx_room(sc))
			i8254x_txeof(sc);
		if (!i8254x_tx_room(sc)) {
			I8254X_EVENT(sc, sc->sc_txjfree == 0 ?
			    EV_TX_NOJOB : EV_TX_NODESC);
			ifp->if_flags |= IFF_OACTIVE;
			break;
		}
		IFQ_DEQUEUE(&ifp->if_snd, m);
		if (m == NULL)
			break;
		tj = &sc->sc_txjob[sc->sc_txjnext];
		if (i8254x_tx_load(sc, tj->tj_map, &m) != 0) {
			I8254X_EVENT(sc, EV_TX_DROP);
			I8254X_STAT(ifp, if_oerrors, 1);
			m_freem(m);
			continue;
		}
		i8254x_tx_encap(sc, tj, m);
		sc->sc_txjnext = I8254X_NEXTJOB(sc->sc_txjnext);
		sc->sc_txjfree--;
		I8254X_TAP_OUT(ifp, m);
		sent = true;
	}
	if (sent) {
		CSR_WRITE(sc, REG_TDT, sc->sc_txnext);
		sc->sc_tx_timer = I8254X_TX_TIMEOUT;
	}
}

/* Take back the jobs that the chip is through with. */
void
i8254x_txeof(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	struct i8254x_txjob *tj;
	uint32_t fields;

	KASSERT(mutex_owned(&sc->sc_lock));

	while (sc->sc_txjfree < I8254X_NTXJOBS) {
		tj = &sc->sc_txjob[sc->sc_txjdirty];
		I8254X_TXSYNC(sc, tj->tj_last, 1, BUS_DMASYNC_POSTREAD);
		fields = le32toh(sc->sc_rings->r_tx[tj->tj_last].td_fields);
		if ((fields & TXF_DD) == 0) {
			I8254X_TXSYNC(sc, tj->tj_last, 1,
			    BUS_DMASYNC_PREREAD);
			break;
		}
		if ((fields & (TXF_EC | TXF_LC)) != 0)
			I8254X_STAT(ifp, if_oerrors, 1);
		else
			I8254X_STAT(ifp, if_opackets, 1);
		sc->sc_txfree += tj->tj_ndesc;
		i8254x_txjob_free(sc, tj);
		sc->sc_txjdirty = I8254X_NEXTJOB(sc->sc_txjdirty);
		sc->sc_txjfree++;
		sc->sc_tx_timer = I8254X_TX_TIMEOUT;
	}
	if (sc->sc_txjfree == I8254X_NTXJOBS)
		sc->sc_tx_timer = 0;
	if (i8254x_tx_room(sc))
		ifp->if_flags &= ~IFF_OACTIVE;
}
