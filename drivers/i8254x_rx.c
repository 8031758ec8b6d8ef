/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: the receiver.
 *
 * Every descriptor always has a buffer: one that is handed up is replaced
 * first, and when no new one can be had, the frame is dropped and its buffers
 * are used again.  A frame longer than a buffer comes in several.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

int
i8254x_rx_attach(struct i8254x_softc *sc)
{
	int error, i;

	error = bus_dmamap_create(sc->sc_dmat, MCLBYTES, 1, MCLBYTES, 0,
	    BUS_DMA_WAITOK, &sc->sc_rxspare);
	if (error != 0) {
		sc->sc_rxspare = NULL;
		return error;
	}
	for (i = 0; i < I8254X_NRXDESC; i++) {
		error = bus_dmamap_create(sc->sc_dmat, MCLBYTES, 1, MCLBYTES,
		    0, BUS_DMA_WAITOK, &sc->sc_rxbuf[i].rb_map);
		if (error != 0) {
			sc->sc_rxbuf[i].rb_map = NULL;
			return error;
		}
	}
	return 0;
}

void
i8254x_rx_detach(struct i8254x_softc *sc)
{
	int i;

	for (i = 0; i < I8254X_NRXDESC; i++) {
		if (sc->sc_rxbuf[i].rb_map == NULL)
			break;
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_rxbuf[i].rb_map);
		sc->sc_rxbuf[i].rb_map = NULL;
	}
	if (sc->sc_rxspare != NULL) {
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_rxspare);
		sc->sc_rxspare = NULL;
	}
}

/* Give the i'th descriptor, with the buffer it has, to the chip. */
static void
i8254x_rx_give(struct i8254x_softc *sc, int i)
{
	struct i8254x_rxdesc * const rd = &sc->sc_rings->r_rx[i];
	const bus_dmamap_t map = sc->sc_rxbuf[i].rb_map;
	const uint64_t addr = map->dm_segs[0].ds_addr;

	bus_dmamap_sync(sc->sc_dmat, map, 0, map->dm_mapsize,
	    BUS_DMASYNC_PREREAD);
	rd->rd_addrlo = htole32((uint32_t)addr);
	rd->rd_addrhi = htole32((uint32_t)(addr >> 32));
	rd->rd_length = 0;
	rd->rd_csum = 0;
	rd->rd_status = 0;
	rd->rd_errors = 0;
	rd->rd_special = 0;
	I8254X_RXSYNC(sc, i, 1, BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
}

/* Get a new buffer for the i'th descriptor; the old one stays on error. */
static int
i8254x_rx_newbuf(struct i8254x_softc *sc, int i)
{
	struct i8254x_rxbuf * const rb = &sc->sc_rxbuf[i];
	struct mbuf *m;
	bus_dmamap_t map;
	int error;

	MGETHDR(m, M_DONTWAIT, MT_DATA);
	if (m == NULL)
		return ENOBUFS;
	MCLGET(m, M_DONTWAIT);
	if ((m->m_flags & M_EXT) == 0) {
		m_freem(m);
		return ENOBUFS;
	}
	m->m_len = m->m_pkthdr.len = MCLBYTES;
	m_adj(m, sc->sc_rxalign);
	error = bus_dmamap_load_mbuf(sc->sc_dmat, sc->sc_rxspare, m,
	    BUS_DMA_READ | BUS_DMA_NOWAIT);
	if (error != 0) {
		m_freem(m);
		return error;
	}

	map = rb->rb_map;
	if (rb->rb_m != NULL)
		bus_dmamap_unload(sc->sc_dmat, map);
	rb->rb_map = sc->sc_rxspare;
	sc->sc_rxspare = map;
	rb->rb_m = m;
	return 0;
}

/*
 * Start the receiver with a full ring.  The chip was reset.  Errors: ENOBUFS;
 * then i8254x_rx_stop() is to be called.
 */
int
i8254x_rx_init(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	const uint64_t base =
	    sc->sc_ring_map->dm_segs[0].ds_addr + I8254X_RXOFF(0);
	const bool jumbo = ifp->if_mtu > ETHERMTU;
	uint32_t rxcsum = 0;
	int error, i;

	KASSERT(mutex_owned(&sc->sc_lock));

	/* The IP header behind an Ethernet header is to be aligned. */
	sc->sc_rxsize = jumbo ? I8254X_JUMBO_BUF : 2048;
	sc->sc_rxalign = jumbo ? I8254X_JUMBO_ALIGN : ETHER_ALIGN;
	for (i = 0; i < I8254X_NRXDESC; i++) {
		error = i8254x_rx_newbuf(sc, i);
		if (error != 0)
			return error;
		i8254x_rx_give(sc, i);
	}
	sc->sc_rxnext = 0;
	sc->sc_rxdiscard = false;
	sc->sc_rxhead = NULL;
	sc->sc_rxtailp = &sc->sc_rxhead;
	sc->sc_rxlen = 0;

	CSR_WRITE(sc, REG_RDBAL, (uint32_t)base);
	CSR_WRITE(sc, REG_RDBAH, (uint32_t)(base >> 32));
	CSR_WRITE(sc, REG_RDLEN, sizeof(sc->sc_rings->r_rx));
	CSR_WRITE(sc, REG_RDH, 0);
	CSR_WRITE(sc, REG_RDT, I8254X_NRXDESC - 1);

	if ((ifp->if_capenable & IFCAP_CSUM_IPv4_Rx) != 0)
		rxcsum |= RXCSUM_IPOFL;
	if ((ifp->if_capenable &
	    (IFCAP_CSUM_TCPv4_Rx | IFCAP_CSUM_UDPv4_Rx)) != 0)
		rxcsum |= RXCSUM_TUOFL;
	CSR_WRITE(sc, REG_RXCSUM, rxcsum);

	sc->sc_rctl = RCTL_EN | RCTL_SECRC;
	sc->sc_rctl |= __SHIFTIN(sc->sc_rxsize == 1024 ? RCTL_BSIZE_1024 :
	    RCTL_BSIZE_2048, RCTL_BSIZE);
	if (jumbo)
		sc->sc_rctl |= RCTL_LPE;
	i8254x_set_filter(sc);		/* writes RCTL */
	return 0;
}

static void
i8254x_rx_discard(struct i8254x_softc *sc)
{

	m_freem(sc->sc_rxhead);
	sc->sc_rxhead = NULL;
	sc->sc_rxtailp = &sc->sc_rxhead;
	sc->sc_rxlen = 0;
}

/* Free the buffers of the ring.  The chip was reset. */
void
i8254x_rx_stop(struct i8254x_softc *sc)
{
	struct i8254x_rxbuf *rb;
	int i;

	for (i = 0; i < I8254X_NRXDESC; i++) {
		rb = &sc->sc_rxbuf[i];
		if (rb->rb_m == NULL)
			continue;
		bus_dmamap_sync(sc->sc_dmat, rb->rb_map, 0,
		    rb->rb_map->dm_mapsize, BUS_DMASYNC_POSTREAD);
		bus_dmamap_unload(sc->sc_dmat, rb->rb_map);
		m_freem(rb->rb_m);
		rb->rb_m = NULL;
	}
	if (sc->sc_rxhead != NULL)
		i8254x_rx_discard(sc);
}

/*
 * What the chip says of a whole frame goes into its packet header.  Returns
 * NULL when there was no memory for that; the frame is freed then.
 */
static struct mbuf *
i8254x_rx_header(struct i8254x_softc *sc, struct mbuf *m,
    const struct i8254x_rxdesc *rd)
{
	struct ifnet * const ifp = &sc->sc_if;
	const uint8_t status = rd->rd_status, errors = rd->rd_errors;
	int flags = 0;

	m->m_pkthdr.len = sc->sc_rxlen;
	I8254X_RCVIF(m, ifp);
	if ((status & RXD_IXSM) == 0) {
		if ((status & RXD_IPCS) != 0) {
			I8254X_EVENT(sc, EV_RX_IPSUM);
			flags |= ifp->if_csum_flags_rx & M_CSUM_IPv4;
			if ((errors & RXE_IPE) != 0) {
				I8254X_EVENT(sc, EV_RX_IPSUM_BAD);
				flags |= M_CSUM_IPv4_BAD;
			}
		}
		if ((status & RXD_TCPCS) != 0) {
			I8254X_EVENT(sc, EV_RX_TUSUM);
			flags |= ifp->if_csum_flags_rx &
			    (M_CSUM_TCPv4 | M_CSUM_UDPv4);
			if ((errors & RXE_TCPE) != 0) {
				I8254X_EVENT(sc, EV_RX_TUSUM_BAD);
				flags |= M_CSUM_TCP_UDP_BAD;
			}
		}
	}
	m->m_pkthdr.csum_flags = flags;
	if ((status & RXD_VP) != 0) {
		I8254X_VLAN_INPUT(ifp, m, le16toh(rd->rd_special),
		    return NULL);
	}
	return m;
}

/*
 * The i'th descriptor is done.  Returns the frame that it completes, if any.
 */
static struct mbuf *
i8254x_rx_descriptor(struct i8254x_softc *sc, int i)
{
	struct i8254x_rxbuf * const rb = &sc->sc_rxbuf[i];
	struct mbuf *m = rb->rb_m;
	struct i8254x_rxdesc rd;
	bool eop;
	int len;

	bus_dmamap_sync(sc->sc_dmat, rb->rb_map, 0, rb->rb_map->dm_mapsize,
	    BUS_DMASYNC_POSTREAD);
	/* Read what comes with RXD_DD only after that was seen. */
	rd = sc->sc_rings->r_rx[i];
	eop = (rd.rd_status & RXD_EOP) != 0;
	len = le16toh(rd.rd_length);
	if (sc->sc_rxdiscard) {
		sc->sc_rxdiscard = !eop;
		return NULL;
	}
	/* More than the buffer holds, or than a frame has: broken. */
	if (len > m->m_len || sc->sc_rxlen + len > I8254X_MAXFRAME) {
		I8254X_EVENT(sc, EV_RX_ERROR);
		I8254X_STAT(&sc->sc_if, if_ierrors, 1);
		i8254x_rx_discard(sc);
		sc->sc_rxdiscard = !eop;
		return NULL;
	}

	/* Nothing is left of a last piece that was all CRC. */
	if (len != 0) {
		if (i8254x_rx_newbuf(sc, i) != 0) {
			I8254X_EVENT(sc, EV_RX_NOBUF);
			I8254X_STAT(&sc->sc_if, if_iqdrops, 1);
			i8254x_rx_discard(sc);
			sc->sc_rxdiscard = !eop;
			return NULL;
		}
		m->m_len = len;
		m->m_next = NULL;
		if (sc->sc_rxhead != NULL)
			m->m_flags &= ~M_PKTHDR;
		*sc->sc_rxtailp = m;
		sc->sc_rxtailp = &m->m_next;
		sc->sc_rxlen += len;
	}
	if (!eop)
		return NULL;

	if ((rd.rd_errors & RXE_FRAME) != 0 || sc->sc_rxhead == NULL) {
		I8254X_EVENT(sc, EV_RX_ERROR);
		I8254X_STAT(&sc->sc_if, if_ierrors, 1);
		i8254x_rx_discard(sc);
		return NULL;
	}
	m = i8254x_rx_header(sc, sc->sc_rxhead, &rd);
	sc->sc_rxhead = NULL;
	sc->sc_rxtailp = &sc->sc_rxhead;
	sc->sc_rxlen = 0;
	return m;
}

/*
 * Take what the chip has received.  Returns the frames, linked by m_nextpkt,
 * for i8254x_rx_input() once sc_lock is free.
 */
struct mbuf *
i8254x_rxeof(struct i8254x_softc *sc)
{
	struct mbuf *frames = NULL, **tailp = &frames, *m;
	int i, given = 0;

	KASSERT(mutex_owned(&sc->sc_lock));

	for (i = sc->sc_rxnext;; i = I8254X_NEXTRX(i)) {
		I8254X_RXSYNC(sc, i, 1, BUS_DMASYNC_POSTREAD);
		if ((sc->sc_rings->r_rx[i].rd_status & RXD_DD) == 0) {
			I8254X_RXSYNC(sc, i, 1, BUS_DMASYNC_PREREAD);
			break;
		}
		m = i8254x_rx_descriptor(sc, i);
		i8254x_rx_give(sc, i);
		if (++given % I8254X_RX_TAIL_STEP == 0)
			CSR_WRITE(sc, REG_RDT, i);
		if (m != NULL) {
			m->m_nextpkt = NULL;
			*tailp = m;
			tailp = &m->m_nextpkt;
		}
	}
	if (given % I8254X_RX_TAIL_STEP != 0)
		CSR_WRITE(sc, REG_RDT,
		    (i + I8254X_NRXDESC - 1) % I8254X_NRXDESC);
	sc->sc_rxnext = i;
	return frames;
}

/* Hand frames up. */
void
i8254x_rx_input(struct i8254x_softc *sc, struct mbuf *m)
{
	struct ifnet * const ifp = &sc->sc_if;
	struct mbuf *next;

	for (; m != NULL; m = next) {
		next = m->m_nextpkt;
		m->m_nextpkt = NULL;
		I8254X_INPUT(ifp, m);
	}
}

/*
 * Fill the hash table of multicast addresses.  Returns false when it cannot
 * say what is wanted, so that all multicast must be received.
 */
static bool
i8254x_set_multicast(struct i8254x_softc *sc)
{
	struct ethercom * const ec = &sc->sc_ec;
	struct ether_multistep step;
	struct ether_multi *enm;
	uint32_t mta[MTA_WORDS];
	bool exact = true;
	int i;

	memset(mta, 0, sizeof(mta));
	ETHER_LOCK(ec);
	ETHER_FIRST_MULTI(step, ec, enm);
	while (enm != NULL) {
		const uint8_t * const a = enm->enm_addrlo;
		u_int hash;

		if (memcmp(a, enm->enm_addrhi, ETHER_ADDR_LEN) != 0) {
			exact = false;	/* a range */
			break;
		}
		/* RCTL_MO is 0: bits 47 to 36 of the address. */
		hash = (a[4] >> 4 | (u_int)a[5] << 4) & 0xfff;
		mta[hash / 32] |= 1u << hash % 32;
		ETHER_NEXT_MULTI(step, enm);
	}
	ETHER_UNLOCK(ec);

	for (i = 0; i < MTA_WORDS; i++)
		CSR_WRITE(sc, REG_MTA(i), exact ? mta[i] : 0);
	return exact;
}

/* Receive what the interface's address, flags and multicast list ask for. */
void
i8254x_set_filter(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	const uint8_t * const a = (const uint8_t *)CLLADDR(ifp->if_sadl);
	int i;

	KASSERT(mutex_owned(&sc->sc_lock));

	CSR_WRITE(sc, REG_RAL(0), a[0] | a[1] << 8 | a[2] << 16 |
	    (uint32_t)a[3] << 24);
	CSR_WRITE(sc, REG_RAH(0), a[4] | a[5] << 8 | RAH_AV);
	for (i = 1; i < RA_ENTRIES; i++) {
		CSR_WRITE(sc, REG_RAL(i), 0);
		CSR_WRITE(sc, REG_RAH(i), 0);
	}

	sc->sc_rctl &= ~(RCTL_UPE | RCTL_MPE);
	sc->sc_rctl |= RCTL_BAM;
	if ((ifp->if_flags & IFF_PROMISC) != 0)
		sc->sc_rctl |= RCTL_UPE | RCTL_MPE;
	else if (!i8254x_set_multicast(sc))
		sc->sc_rctl |= RCTL_MPE;
	I8254X_SET_ALLMULTI(ifp, (sc->sc_rctl & RCTL_MPE) != 0);
	CSR_WRITE(sc, REG_RCTL, sc->sc_rctl);
}
