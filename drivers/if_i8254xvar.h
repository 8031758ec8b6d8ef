/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the source files of the i8254x driver share.
 *
 * Locking.  sc_lock is a spin mutex at IPL_NET; it covers the chip, both
 * rings and every field below that is not set once in attach.  It is dropped
 * around if_input, if_link_state_change and all other calls into the network
 * stack, which therefore may call back into if_start at once.  Functions that
 * want it held say so with KASSERT.
 */

#ifndef _IF_I8254XVAR_H_
#define _IF_I8254XVAR_H_

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/device.h>
#include <sys/evcnt.h>
#include <sys/mbuf.h>
#include <sys/mutex.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_ether.h>
#include <net/if_media.h>
#include <net/bpf.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "if_i8254xreg.h"
#include "pci_irq.h"

/*
 * Network interfaces that changed between releases.
 */
#if __NetBSD_Version__ >= 800000000
#define	I8254X_INPUT(ifp, m)	if_percpuq_enqueue((ifp)->if_percpuq, (m))
#define	I8254X_RCVIF(m, ifp)	m_set_rcvif((m), (ifp))
#else
#define	I8254X_INPUT(ifp, m)						\
do {									\
	(ifp)->if_ipackets++;						\
	bpf_mtap((ifp), (m));						\
	(*(ifp)->if_input)((ifp), (m));					\
} while (/*CONSTCOND*/0)
#define	I8254X_RCVIF(m, ifp)	((m)->m_pkthdr.rcvif = (ifp))
#endif

#if __NetBSD_Version__ >= 900000000
#define	I8254X_VLAN_INPUT(ifp, m, tag, errcase)	vlan_set_tag((m), (tag))
#define	I8254X_VLAN_HWTAG(ec)						\
	(((ec)->ec_capenable & ETHERCAP_VLAN_HWTAGGING) != 0)
#define	I8254X_VLAN_OUTPUT(ec, m, tagp)					\
	(vlan_has_tag(m) ? (*(tagp) = vlan_get_tag(m), true) : false)
#else
#define	I8254X_VLAN_INPUT(ifp, m, tag, errcase)				\
	VLAN_INPUT_TAG((ifp), (m), (tag), errcase)
#define	I8254X_VLAN_HWTAG(ec)	VLAN_ATTACHED(ec)
static inline bool
i8254x_vlan_output(struct ethercom *ec, struct mbuf *m, uint16_t *tagp)
{
	struct m_tag *mtag = VLAN_OUTPUT_TAG(ec, m);

	if (mtag == NULL)
		return false;
	*tagp = VLAN_TAG_VALUE(mtag);
	return true;
}
#define	I8254X_VLAN_OUTPUT(ec, m, tagp)	i8254x_vlan_output((ec), (m), (tagp))
#endif

/* Since ifmedia has a lock of its own it has an end, too. */
#ifdef IFMEDIA_LOCK
#define	I8254X_MEDIA_FINI(ifm)	ifmedia_fini(ifm)
#else
#define	I8254X_MEDIA_FINI(ifm)	ifmedia_delete_instance((ifm), IFM_INST_ANY)
#endif

#ifdef BPF_D_OUT
#define	I8254X_TAP_OUT(ifp, m)	bpf_mtap((ifp), (m), BPF_D_OUT)
#else
#define	I8254X_TAP_OUT(ifp, m)	bpf_mtap((ifp), (m))
#endif

#if __NetBSD_Version__ >= 1000000000
#define	I8254X_STAT(ifp, stat, n)	if_statadd((ifp), stat, (n))
#else
#define	I8254X_STAT(ifp, stat, n)	((ifp)->stat += (n))
#endif

/*
 * Sizes.  The rings must be a multiple of 8 descriptors long.
 */
#define	I8254X_NTXDESC		256
#define	I8254X_NTXJOBS		64	/* frames in the transmit ring */
#define	I8254X_NTXSEGS		16	/* DMA segments of one frame */
#define	I8254X_TXSEGSZ		16288	/* largest length in a descriptor */
#define	I8254X_NRXDESC		256
#define	I8254X_RX_TAIL_STEP	64	/* buffers given back at once */
#define	I8254X_MAXFRAME		(ETHER_MAX_LEN_JUMBO + ETHER_VLAN_ENCAP_LEN)

/* Nobody else changes the list of multicast addresses in older releases. */
#ifndef ETHER_LOCK
#define	ETHER_LOCK(ec)		do { } while (/*CONSTCOND*/0)
#define	ETHER_UNLOCK(ec)	do { } while (/*CONSTCOND*/0)
#endif

/* Tell the stack whether all multicast is received. */
#ifdef ETHER_F_ALLMULTI
#define	I8254X_SET_ALLMULTI(ifp, all)					\
do {									\
	struct ethercom * const _ec = (struct ethercom *)(ifp);		\
	ETHER_LOCK(_ec);						\
	if (all)							\
		_ec->ec_flags |= ETHER_F_ALLMULTI;			\
	else								\
		_ec->ec_flags &= ~ETHER_F_ALLMULTI;			\
	ETHER_UNLOCK(_ec);						\
} while (/*CONSTCOND*/0)
#else
#define	I8254X_SET_ALLMULTI(ifp, all)					\
do {									\
	if (all)							\
		(ifp)->if_flags |= IFF_ALLMULTI;			\
	else								\
		(ifp)->if_flags &= ~IFF_ALLMULTI;			\
} while (/*CONSTCOND*/0)
#endif

#define	I8254X_NEXTTX(x)	(((x) + 1) % I8254X_NTXDESC)
#define	I8254X_NEXTJOB(x)	(((x) + 1) % I8254X_NTXJOBS)
#define	I8254X_NEXTRX(x)	(((x) + 1) % I8254X_NRXDESC)

/*
 * Frames longer than a buffer come in several, so the length of a buffer is
 * the chip's to fill.  A machine that must have aligned IP headers needs two
 * bytes of room in front, and the next smaller size then.
 */
#ifdef __NO_STRICT_ALIGNMENT
#define	I8254X_JUMBO_BUF	2048
#define	I8254X_JUMBO_ALIGN	0
#else
#define	I8254X_JUMBO_BUF	1024
#define	I8254X_JUMBO_ALIGN	ETHER_ALIGN
#endif
#ifndef ETHER_ALIGN
#define	ETHER_ALIGN		2
#endif

#define	I8254X_TX_TIMEOUT	5	/* s */
#define	I8254X_TICK		1	/* s between looks at link and counters */
#define	I8254X_IDLE_ROUNDS	32	/* causes in a row with nothing to do */
#define	I8254X_THROTTLE		8000	/* interrupts per second */
#define	I8254X_TX_DELAY		64	/* us until a sent frame interrupts */

/* Bits of cf_flags. */
#define	I8254X_CF_INTX		0x1	/* do not use MSI */

/*
 * What the chip and we share, in one piece of DMA memory.  Either ring fills
 * a page, so neither crosses 4 GiB.
 */
struct i8254x_rings {
	struct i8254x_rxdesc	r_rx[I8254X_NRXDESC];
	struct i8254x_txdesc	r_tx[I8254X_NTXDESC];
};

#define	I8254X_RXOFF(i)		offsetof(struct i8254x_rings, r_rx[(i)])
#define	I8254X_TXOFF(i)		offsetof(struct i8254x_rings, r_tx[(i)])

/* A frame in the transmit ring. */
struct i8254x_txjob {
	struct mbuf	*tj_m;
	bus_dmamap_t	tj_map;
	int		tj_first;	/* descriptors */
	int		tj_last;
	int		tj_ndesc;
};

/* A buffer in the receive ring. */
struct i8254x_rxbuf {
	struct mbuf	*rb_m;
	bus_dmamap_t	rb_map;
};

enum i8254x_type {
	I82544,
	I82540,
	I82545,
	I82546
};

/* Events that are counted; names in i8254x_event_names. */
enum i8254x_event {
	EV_INTR,		/* interrupts of ours */
	EV_INTR_LINK,		/* ... that told of the link */
	EV_INTR_ENDLESS,	/* ... that did not end, and were silenced */
	EV_TX_NODESC,		/* if_start stopped for want of descriptors */
	EV_TX_NOJOB,		/* ... of jobs */
	EV_TX_COMPACT,		/* frames copied as they had too many pieces */
	EV_TX_DROP,		/* frames dropped for want of memory */
	EV_TX_IPSUM,		/* checksums left to the chip */
	EV_TX_TUSUM,
	EV_TX_CONTEXT,		/* context descriptors */
	EV_TX_TIMEOUT,
	EV_RX_IPSUM,		/* checksums that the chip checked */
	EV_RX_TUSUM,
	EV_RX_IPSUM_BAD,	/* ... and found wrong */
	EV_RX_TUSUM_BAD,
	EV_RX_NOBUF,		/* frames dropped for want of memory */
	EV_RX_ERROR,		/* damaged frames */
	EV_RX_OVERRUN,
	EV_HW_CRCERRS,		/* the chip's own counters from here on */
	EV_HW_RXERRC,
	EV_HW_RLEC,
	EV_HW_RJC,
	EV_HW_MPC,
	EV_HW_RNBC,
	EV_HW_COLC,
	EV_HW_ECOL,
	EV_HW_LATECOL,
	EV_HW_GPRC,
	EV_HW_GPTC,
	EV_COUNT
};

struct i8254x_softc {
	device_t	sc_dev;
	struct ethercom	sc_ec;
	struct ifmedia	sc_media;
	enum i8254x_type sc_type;
	kmutex_t	sc_lock;

	bus_space_tag_t	sc_st;
	bus_space_handle_t sc_sh;
	bus_size_t	sc_ss;
	bus_dma_tag_t	sc_dmat;
	pci_chipset_tag_t sc_pc;
	pcitag_t	sc_tag;
	struct pci_irq	sc_irq;
	callout_t	sc_tick;
	struct sysctllog *sc_sysctllog;
	uint8_t		sc_enaddr[ETHER_ADDR_LEN];
	bool		sc_attached;	/* as an interface */
	bool		sc_dying;

	/* Ring memory. */
	bus_dma_segment_t sc_ring_seg;
	int		sc_ring_nseg;
	bus_dmamap_t	sc_ring_map;
	struct i8254x_rings *sc_rings;

	/* Transmit: jobs [txjdirty, txjnext) and descriptors are with the chip. */
	struct i8254x_txjob sc_txjob[I8254X_NTXJOBS];
	int		sc_txnext;	/* first free descriptor */
	int		sc_txfree;	/* free descriptors */
	int		sc_txjnext;
	int		sc_txjfree;
	int		sc_txjdirty;
	int		sc_tx_timer;	/* s until the watchdog; 0: off */
	bool		sc_txctx_valid;	/* context that the chip has loaded */
	uint32_t	sc_txctx_ip;
	uint32_t	sc_txctx_tu;
	uint32_t	sc_txctx_cmd;

	/* Receive. */
	struct i8254x_rxbuf sc_rxbuf[I8254X_NRXDESC];
	bus_dmamap_t	sc_rxspare;	/* to load a buffer before another goes */
	int		sc_rxnext;	/* descriptor that is filled next */
	int		sc_rxsize;	/* bytes of a buffer */
	int		sc_rxalign;	/* bytes left free in front of it */
	bool		sc_rxdiscard;	/* rest of the frame is not wanted */
	struct mbuf	*sc_rxhead;	/* frame that is being put together */
	struct mbuf	**sc_rxtailp;
	int		sc_rxlen;

	/* Copies of registers, and of what they were made from. */
	uint32_t	sc_ctrl;
	uint32_t	sc_rctl;
	uint32_t	sc_tctl;
	uint32_t	sc_imask;
	bool		sc_silenced;	/* until the next tick */
	u_short		sc_if_flags;

	int		sc_link;	/* LINK_STATE_* */
	int		sc_speed;	/* Mbit/s, while the link is up */
	bool		sc_fdx;

	int		sc_throttle;	/* interrupts per second, 0: no limit */
	int		sc_rx_delay;	/* us */
	int		sc_rx_abs_delay; /* us */

	struct evcnt	sc_ev[EV_COUNT];
};

#define	sc_if			sc_ec.ec_if

#define	CSR_READ(sc, reg)						\
	bus_space_read_4((sc)->sc_st, (sc)->sc_sh, (reg))
#define	CSR_WRITE(sc, reg, val)						\
	bus_space_write_4((sc)->sc_st, (sc)->sc_sh, (reg), (val))
#define	CSR_FLUSH(sc)		((void)CSR_READ((sc), REG_STATUS))

#define	I8254X_EVENT(sc, ev)	((sc)->sc_ev[(ev)].ev_count++)

/*
 * Synchronise n descriptors from the i'th on, which do not pass the end of
 * their ring.
 */
#define	I8254X_RXSYNC(sc, i, n, ops)					\
	bus_dmamap_sync((sc)->sc_dmat, (sc)->sc_ring_map,		\
	    I8254X_RXOFF(i), (n) * sizeof(struct i8254x_rxdesc), (ops))
#define	I8254X_TXSYNC(sc, i, n, ops)					\
	bus_dmamap_sync((sc)->sc_dmat, (sc)->sc_ring_map,		\
	    I8254X_TXOFF(i), (n) * sizeof(struct i8254x_txdesc), (ops))

/* i8254x_ifnet.c */
int	i8254x_reset(struct i8254x_softc *);
int	i8254x_intr(void *);
void	i8254x_tick(void *);
void	i8254x_start(struct ifnet *);
int	i8254x_init(struct ifnet *);
void	i8254x_stop(struct ifnet *, int);
int	i8254x_ioctl(struct ifnet *, u_long, void *);
int	i8254x_ifflags(struct ethercom *);

/* i8254x_eeprom.c */
int	i8254x_eeprom_read(struct i8254x_softc *, u_int, u_int, uint16_t *);
bool	i8254x_eeprom_valid(struct i8254x_softc *);

/* i8254x_phy.c */
int	i8254x_phy_attach(struct i8254x_softc *);
int	i8254x_phy_setup(struct i8254x_softc *, bool);
bool	i8254x_link_update(struct i8254x_softc *);
int	i8254x_mediachange(struct ifnet *);
void	i8254x_mediastatus(struct ifnet *, struct ifmediareq *);

/* i8254x_stats.c */
void	i8254x_stats_attach(struct i8254x_softc *);
void	i8254x_stats_detach(struct i8254x_softc *);
void	i8254x_stats_clear(struct i8254x_softc *);
void	i8254x_stats_update(struct i8254x_softc *);
void	i8254x_moderation(struct i8254x_softc *);

/* i8254x_rx.c */
int	i8254x_rx_attach(struct i8254x_softc *);
void	i8254x_rx_detach(struct i8254x_softc *);
int	i8254x_rx_init(struct i8254x_softc *);
void	i8254x_rx_stop(struct i8254x_softc *);
struct mbuf *i8254x_rxeof(struct i8254x_softc *);
void	i8254x_rx_input(struct i8254x_softc *, struct mbuf *);
void	i8254x_set_filter(struct i8254x_softc *);

/* i8254x_tx.c */
int	i8254x_tx_attach(struct i8254x_softc *);
void	i8254x_tx_detach(struct i8254x_softc *);
void	i8254x_tx_init(struct i8254x_softc *);
void	i8254x_tx_stop(struct i8254x_softc *);
void	i8254x_tx_start(struct i8254x_softc *);
void	i8254x_txeof(struct i8254x_softc *);

#endif /* _IF_I8254XVAR_H_ */
