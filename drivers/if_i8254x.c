/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Driver for the Intel 8254x family of PCI and PCI-X Gigabit Ethernet
 * controllers, with copper PHY: 82540, 82544, 82545 and 82546.  Section
 * numbers are those of the "PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual".
 *
 *	if_i8254x.c		autoconfiguration, interrupt, interface
 *	i8254x_eeprom.c		the Ethernet address
 *	i8254x_phy.c		link and media
 *	i8254x_rx.c, _tx.c	the rings
 *	i8254x_stats.c		counters, interrupt moderation
 *
 * Not done: fibre and SerDes, TCP segmentation, flow control, wake on LAN,
 * jumbo frames on the 82544's successors for mobile computers, and the
 * workarounds for 82544 and 82545 on a PCI-X bus.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/sockio.h>

#define	I8254X_RESET_US		10000

/* The largest part of a fresh start is over at once; the link takes longer. */
static const struct i8254x_product {
	uint16_t		ip_id;
	enum i8254x_type	ip_type;
	const char		*ip_name;
} i8254x_products[] = {
	{ 0x1008, I82544, "Intel i82544EI 1000BASE-T Ethernet" },
	{ 0x100c, I82544, "Intel i82544GC 1000BASE-T Ethernet" },
	{ 0x100d, I82544, "Intel i82544GC (LOM) 1000BASE-T Ethernet" },
	{ 0x100e, I82540, "Intel i82540EM 1000BASE-T Ethernet" },
	{ 0x1015, I82540, "Intel i82540EM (LOM) 1000BASE-T Ethernet" },
	{ 0x1016, I82540, "Intel i82540EP (LOM) 1000BASE-T Ethernet" },
	{ 0x1017, I82540, "Intel i82540EP 1000BASE-T Ethernet" },
	{ 0x101e, I82540, "Intel i82540EP (LP) 1000BASE-T Ethernet" },
	{ 0x100f, I82545, "Intel i82545EM 1000BASE-T Ethernet" },
	{ 0x1026, I82545, "Intel i82545GM 1000BASE-T Ethernet" },
	{ 0x1010, I82546, "Intel i82546EB 1000BASE-T Ethernet" },
	{ 0x1079, I82546, "Intel i82546GB 1000BASE-T Ethernet" },
};

#define	I8254X_PCI_VENDOR	0x8086

#define	I8254X_CAPABILITIES						\
	(IFCAP_CSUM_IPv4_Rx | IFCAP_CSUM_IPv4_Tx |			\
	 IFCAP_CSUM_TCPv4_Rx | IFCAP_CSUM_TCPv4_Tx |			\
	 IFCAP_CSUM_UDPv4_Rx | IFCAP_CSUM_UDPv4_Tx |			\
	 IFCAP_CSUM_TCPv6_Tx | IFCAP_CSUM_UDPv6_Tx)

#define	I8254X_INTERRUPTS						\
	(INT_TXDW | INT_LSC | INT_RXSEQ | INT_RXDMT0 | INT_RXO | INT_RXT0)

static int	i8254x_match(device_t, cfdata_t, void *);
static void	i8254x_attach(device_t, device_t, void *);
static int	i8254x_detach(device_t, int);
static void	i8254x_release(struct i8254x_softc *);
static bool	i8254x_resume(device_t, const pmf_qual_t *);

static int	i8254x_map(struct i8254x_softc *,
		    const struct pci_attach_args *);
static int	i8254x_rings_attach(struct i8254x_softc *);
static int	i8254x_address(struct i8254x_softc *);
static void	i8254x_ifattach(struct i8254x_softc *);
static int	i8254x_reset(struct i8254x_softc *);

static int	i8254x_intr(void *);
static void	i8254x_tick(void *);
static void	i8254x_start(struct ifnet *);
static int	i8254x_init(struct ifnet *);
static void	i8254x_stop(struct ifnet *, int);
static int	i8254x_ioctl(struct ifnet *, u_long, void *);
static int	i8254x_ifflags(struct ethercom *);

CFATTACH_DECL_NEW(iex, sizeof(struct i8254x_softc),
    i8254x_match, i8254x_attach, i8254x_detach, NULL);

/* == Autoconfiguration == */

static const struct i8254x_product *
i8254x_lookup(const struct pci_attach_args *pa)
{
	size_t i;

	if (PCI_VENDOR(pa->pa_id) != I8254X_PCI_VENDOR)
		return NULL;
	for (i = 0; i < __arraycount(i8254x_products); i++) {
		if (PCI_PRODUCT(pa->pa_id) == i8254x_products[i].ip_id)
			return &i8254x_products[i];
	}
	return NULL;
}

static int
i8254x_match(device_t parent, cfdata_t cf, void *aux)
{

	return i8254x_lookup(aux) != NULL;
}

static void
i8254x_attach(device_t parent, device_t self, void *aux)
{
	struct i8254x_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	const struct i8254x_product *ip = i8254x_lookup(pa);

	sc->sc_dev = self;
	sc->sc_type = ip->ip_type;
	sc->sc_link = LINK_STATE_UNKNOWN;
	pci_aprint_devinfo_fancy(pa, "Ethernet controller", ip->ip_name, 1);

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NET);
	callout_init(&sc->sc_tick, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_tick, i8254x_tick, sc);
	i8254x_stats_attach(sc);

	if (i8254x_map(sc, pa) != 0)
		goto fail;
	if (i8254x_reset(sc) != 0) {
		aprint_error_dev(self, "reset failed\n");
		goto fail;
	}
	if (i8254x_address(sc) != 0)
		goto fail;
	if (i8254x_rings_attach(sc) != 0 || i8254x_tx_attach(sc) != 0 ||
	    i8254x_rx_attach(sc) != 0) {
		aprint_error_dev(self, "unable to set up DMA\n");
		goto fail;
	}
	if (pci_irq_establish(pa, &sc->sc_irq,
	    (device_cfdata(self)->cf_flags & I8254X_CF_INTX) != 0, IPL_NET,
	    i8254x_intr, sc, device_xname(self)) != 0) {
		aprint_error_dev(self, "unable to establish interrupt\n");
		goto fail;
	}
	aprint_normal_dev(self, "interrupting at %s\n", sc->sc_irq.pi_string);
	if (i8254x_phy_attach(sc) != 0) {
		aprint_error_dev(self, "PHY does not answer\n");
		goto fail;
	}

	i8254x_ifattach(sc);
	sc->sc_attached = true;
	if (pmf_device_register(self, NULL, i8254x_resume))
		pmf_class_network_register(self, &sc->sc_if);
	else
		aprint_error_dev(self, "unable to register power handler\n");
	return;

fail:
	i8254x_release(sc);
}

/* Power up, map the registers, allow DMA. */
static int
i8254x_map(struct i8254x_softc *sc, const struct pci_attach_args *pa)
{
	pcireg_t csr, memtype;
	int error;

	sc->sc_pc = pa->pa_pc;
	sc->sc_tag = pa->pa_tag;
	sc->sc_dmat = pci_dma64_available(pa) ? pa->pa_dmat64 : pa->pa_dmat;

	error = pci_activate(sc->sc_pc, sc->sc_tag, sc->sc_dev, NULL);
	if (error != 0 && error != EOPNOTSUPP) {
		aprint_error_dev(sc->sc_dev, "unable to power up: error %d\n",
		    error);
		return error;
	}
	csr = pci_conf_read(sc->sc_pc, sc->sc_tag, PCI_COMMAND_STATUS_REG);
	csr |= PCI_COMMAND_MASTER_ENABLE;
	pci_conf_write(sc->sc_pc, sc->sc_tag, PCI_COMMAND_STATUS_REG, csr);

	memtype = pci_mapreg_type(sc->sc_pc, sc->sc_tag, I8254X_BAR);
	error = pci_mapreg_map(pa, I8254X_BAR, memtype, 0, &sc->sc_st,
	    &sc->sc_sh, NULL, &sc->sc_ss);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev, "unable to map registers\n");
		sc->sc_ss = 0;
	}
	return error;
}

/* Memory for both rings. */
static int
i8254x_rings_attach(struct i8254x_softc *sc)
{
	const bus_size_t size = sizeof(struct i8254x_rings);
	void *kva;
	int error;

	error = bus_dmamem_alloc(sc->sc_dmat, size, PAGE_SIZE, 0,
	    &sc->sc_ring_seg, 1, &sc->sc_ring_nseg, BUS_DMA_WAITOK);
	if (error != 0) {
		sc->sc_ring_nseg = 0;
		return error;
	}
	error = bus_dmamem_map(sc->sc_dmat, &sc->sc_ring_seg,
	    sc->sc_ring_nseg, size, &kva, BUS_DMA_WAITOK | BUS_DMA_COHERENT);
	if (error != 0)
		return error;
	sc->sc_rings = kva;
	memset(sc->sc_rings, 0, size);
	error = bus_dmamap_create(sc->sc_dmat, size, 1, size, 0,
	    BUS_DMA_WAITOK, &sc->sc_ring_map);
	if (error != 0) {
		sc->sc_ring_map = NULL;
		return error;
	}
	return bus_dmamap_load(sc->sc_dmat, sc->sc_ring_map, sc->sc_rings,
	    size, NULL, BUS_DMA_WAITOK);
}

/* The Ethernet address: from the EEPROM, or else what the reset has set. */
static int
i8254x_address(struct i8254x_softc *sc)
{
	uint8_t * const a = sc->sc_enaddr;
	uint16_t words[ETHER_ADDR_LEN / 2];
	uint32_t ral, rah;
	int i;

	if (i8254x_eeprom_valid(sc) &&
	    i8254x_eeprom_read(sc, EEPROM_MAC, __arraycount(words), words)
	    == 0) {
		for (i = 0; i < ETHER_ADDR_LEN; i++)
			a[i] = words[i / 2] >> (i % 2 * 8);
		/* The other port of a pair has the next address. */
		if (sc->sc_type == I82546 &&
		    __SHIFTOUT(CSR_READ(sc, REG_STATUS), STATUS_FUNC) == 1)
			a[ETHER_ADDR_LEN - 1] ^= 1;
	} else {
		ral = CSR_READ(sc, REG_RAL(0));
		rah = CSR_READ(sc, REG_RAH(0));
		if ((rah & RAH_AV) == 0) {
			aprint_error_dev(sc->sc_dev, "EEPROM is not valid\n");
			return EIO;
		}
		for (i = 0; i < 4; i++)
			a[i] = ral >> (i * 8);
		for (; i < ETHER_ADDR_LEN; i++)
			a[i] = rah >> ((i - 4) * 8);
	}
	if (ETHER_IS_MULTICAST(a)) {
		aprint_error_dev(sc->sc_dev, "no Ethernet address\n");
		return EIO;
	}
	aprint_normal_dev(sc->sc_dev, "Ethernet address %s\n",
	    ether_sprintf(a));
	return 0;
}

/* Become a network interface. */
static void
i8254x_ifattach(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;

	strlcpy(ifp->if_xname, device_xname(sc->sc_dev), IFNAMSIZ);
	ifp->if_softc = sc;
	ifp->if_flags = IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST;
#ifdef IFEF_MPSAFE
	ifp->if_extflags = IFEF_MPSAFE;
#endif
	ifp->if_start = i8254x_start;
	ifp->if_ioctl = i8254x_ioctl;
	ifp->if_init = i8254x_init;
	ifp->if_stop = i8254x_stop;
	ifp->if_capabilities = I8254X_CAPABILITIES;
	IFQ_SET_MAXLEN(&ifp->if_snd, MAX(I8254X_NTXDESC - 1, IFQ_MAXLEN));
	IFQ_SET_READY(&ifp->if_snd);
	sc->sc_ec.ec_capabilities = ETHERCAP_VLAN_MTU |
	    ETHERCAP_VLAN_HWTAGGING | ETHERCAP_JUMBO_MTU;

#if __NetBSD_Version__ >= 800000000
	sc->sc_ec.ec_ifmedia = &sc->sc_media;
	if_initialize(ifp);
	ifp->if_percpuq = if_percpuq_create(ifp);
	ether_ifattach(ifp, sc->sc_enaddr);
	if_register(ifp);
#else
	if_attach(ifp);
	ether_ifattach(ifp, sc->sc_enaddr);
#endif
	ether_set_ifflags_cb(&sc->sc_ec, i8254x_ifflags);
}

static int
i8254x_detach(device_t self, int flags)
{
	struct i8254x_softc *sc = device_private(self);
	struct ifnet * const ifp = &sc->sc_if;

	if (!sc->sc_attached)
		return 0;

	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	i8254x_stop(ifp, 1);
	callout_halt(&sc->sc_tick, NULL);

	pmf_device_deregister(self);
	ether_ifdetach(ifp);
	if_detach(ifp);
	ifmedia_delete_instance(&sc->sc_media, IFM_INST_ANY);
	sc->sc_attached = false;
	i8254x_release(sc);
	return 0;
}

/* Give back what a whole, or a failed, attach has taken. */
static void
i8254x_release(struct i8254x_softc *sc)
{

	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	i8254x_rx_detach(sc);
	i8254x_tx_detach(sc);
	if (sc->sc_ring_map != NULL) {
		if (sc->sc_ring_map->dm_nsegs != 0)
			bus_dmamap_unload(sc->sc_dmat, sc->sc_ring_map);
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_ring_map);
	}
	if (sc->sc_rings != NULL)
		bus_dmamem_unmap(sc->sc_dmat, sc->sc_rings,
		    sizeof(struct i8254x_rings));
	if (sc->sc_ring_nseg != 0)
		bus_dmamem_free(sc->sc_dmat, &sc->sc_ring_seg,
		    sc->sc_ring_nseg);
	if (sc->sc_ss != 0)
		bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	i8254x_stats_detach(sc);
	callout_destroy(&sc->sc_tick);
	mutex_destroy(&sc->sc_lock);
}

/*
 * Power comes back.  The network class starts the interface again when it was
 * up; until then the chip is to be quiet.
 */
static bool
i8254x_resume(device_t self, const pmf_qual_t *qual)
{
	struct i8254x_softc *sc = device_private(self);
	int error;

	mutex_enter(&sc->sc_lock);
	error = i8254x_reset(sc);
	mutex_exit(&sc->sc_lock);
	return error == 0;
}

/* == The chip == */

/*
 * Reset it, section 14.3: all but the PHY; no interrupts, no DMA.  The packet
 * buffer is divided before, as this takes effect with the reset.
 */
static int
i8254x_reset(struct i8254x_softc *sc)
{
	const bool jumbo = sc->sc_if.if_mtu > ETHERMTU;

	CSR_WRITE(sc, REG_IMC, ~0u);
	CSR_WRITE(sc, REG_RCTL, 0);
	CSR_WRITE(sc, REG_TCTL, TCTL_PSP);
	CSR_WRITE(sc, REG_PBA, jumbo ? PBA_JUMBO : PBA_DEFAULT);
	CSR_FLUSH(sc);
	CSR_WRITE(sc, REG_CTRL, CSR_READ(sc, REG_CTRL) | CTRL_RST);
	delay(I8254X_RESET_US);		/* it reads its EEPROM */
	if ((CSR_READ(sc, REG_CTRL) & CTRL_RST) != 0)
		return ETIMEDOUT;
	CSR_WRITE(sc, REG_IMC, ~0u);
	(void)CSR_READ(sc, REG_ICR);

	/* Speed and duplex come from the PHY; no pause frames. */
	sc->sc_ctrl = CSR_READ(sc, REG_CTRL);
	sc->sc_ctrl &= ~(CTRL_FRCSPD | CTRL_FRCDPX | CTRL_RFCE | CTRL_TFCE |
	    CTRL_VME | CTRL_PHY_RST);
	sc->sc_ctrl |= CTRL_SLU | CTRL_ASDE;
	CSR_WRITE(sc, REG_CTRL, sc->sc_ctrl);
	CSR_WRITE(sc, REG_FCAL, 0);
	CSR_WRITE(sc, REG_FCAH, 0);
	CSR_WRITE(sc, REG_FCT, 0);
	CSR_WRITE(sc, REG_FCTTV, 0);
	CSR_WRITE(sc, REG_WUC, 0);

	/* ARP requests are for us, not for the management firmware. */
	if (sc->sc_type != I82544)
		CSR_WRITE(sc, REG_MANC,
		    CSR_READ(sc, REG_MANC) & ~MANC_ARP_EN);
	return 0;
}

/* Have the chip take off and put in VLAN tags, or not. */
static void
i8254x_set_vlan(struct i8254x_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	if (I8254X_VLAN_HWTAG(&sc->sc_ec))
		sc->sc_ctrl |= CTRL_VME;
	else
		sc->sc_ctrl &= ~CTRL_VME;
	CSR_WRITE(sc, REG_VET, ETHERTYPE_VLAN);
	CSR_WRITE(sc, REG_CTRL, sc->sc_ctrl);
}

/* Bring the chip to rest, and give up what is in the rings. */
static void
i8254x_stop_locked(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;

	KASSERT(mutex_owned(&sc->sc_lock));

	if ((ifp->if_flags & IFF_RUNNING) != 0)
		i8254x_stats_update(sc);
	ifp->if_flags &= ~(IFF_RUNNING | IFF_OACTIVE);
	callout_stop(&sc->sc_tick);
	if (i8254x_reset(sc) != 0)
		aprint_error_dev(sc->sc_dev, "reset failed\n");
	i8254x_tx_stop(sc);
	i8254x_rx_stop(sc);
}

/* Start from anew, with what the interface is set to now: section 14. */
static int
i8254x_init_locked(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	int error, i;

	KASSERT(mutex_owned(&sc->sc_lock));

	if (sc->sc_dying)
		return ENXIO;
	i8254x_stop_locked(sc);
	i8254x_stats_clear(sc);
	i8254x_set_vlan(sc);
	for (i = 0; i < VFTA_WORDS; i++)
		CSR_WRITE(sc, REG_VFTA(i), 0);
	i8254x_tx_init(sc);
	error = i8254x_rx_init(sc);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev,
		    "unable to fill the receive ring: error %d\n", error);
		i8254x_stop_locked(sc);
		return error;
	}
	i8254x_moderation(sc);
	error = i8254x_phy_setup(sc);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev, "PHY: error %d\n", error);
		i8254x_stop_locked(sc);
		return error;
	}

	sc->sc_if_flags = ifp->if_flags;
	ifp->if_flags |= IFF_RUNNING;
	ifp->if_flags &= ~IFF_OACTIVE;
	sc->sc_imask = I8254X_INTERRUPTS;
	CSR_WRITE(sc, REG_IMS, sc->sc_imask);
	callout_schedule(&sc->sc_tick, I8254X_TICK * hz);
	return 0;
}

/*
 * Interrupt, section 3.4.  Reading ICR clears it, and so acknowledges.  Read
 * it until there is nothing left: an MSI comes for the first cause only.
 */
static int
i8254x_intr(void *arg)
{
	struct i8254x_softc *sc = arg;
	struct ifnet * const ifp = &sc->sc_if;
	struct mbuf *frames;
	bool changed = false;
	int handled = 0, link;
	uint32_t icr;

	for (;;) {
		mutex_enter(&sc->sc_lock);
		icr = 0;
		if ((ifp->if_flags & IFF_RUNNING) != 0)
			icr = CSR_READ(sc, REG_ICR) & sc->sc_imask;
		if (icr == 0)
			break;
		handled = 1;
		I8254X_EVENT(sc, EV_INTR);
		if ((icr & INT_RXO) != 0)
			I8254X_EVENT(sc, EV_RX_OVERRUN);
		frames = i8254x_rxeof(sc);
		i8254x_txeof(sc);
		i8254x_tx_start(sc);
		if ((icr & (INT_LSC | INT_RXSEQ)) != 0) {
			I8254X_EVENT(sc, EV_INTR_LINK);
			if (i8254x_link_update(sc))
				changed = true;
		}
		mutex_exit(&sc->sc_lock);
		i8254x_rx_input(sc, frames);
	}
	link = sc->sc_link;
	mutex_exit(&sc->sc_lock);
	if (changed)
		if_link_state_change(ifp, link);
	return handled;
}

/* Is a frame stuck?  Start again then. */
static void
i8254x_watchdog(struct i8254x_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	if (sc->sc_tx_timer == 0 || --sc->sc_tx_timer != 0)
		return;
	/* Perhaps only the interrupt was lost. */
	sc->sc_tx_timer = 1;
	i8254x_txeof(sc);
	if (sc->sc_txjfree == I8254X_NTXJOBS)
		return;
	I8254X_EVENT(sc, EV_TX_TIMEOUT);
	I8254X_STAT(&sc->sc_if, if_oerrors, 1);
	aprint_error_dev(sc->sc_dev, "device timeout (txfree %d, txnext %d)\n",
	    sc->sc_txfree, sc->sc_txnext);
	(void)i8254x_init_locked(sc);
	i8254x_tx_start(sc);
}

/* Callout, once per second while the interface runs. */
static void
i8254x_tick(void *arg)
{
	struct i8254x_softc *sc = arg;
	struct ifnet * const ifp = &sc->sc_if;
	bool changed = false;
	int link;

	mutex_enter(&sc->sc_lock);
	if ((ifp->if_flags & IFF_RUNNING) != 0) {
		i8254x_stats_update(sc);
		changed = i8254x_link_update(sc);
		callout_schedule(&sc->sc_tick, I8254X_TICK * hz);
		i8254x_watchdog(sc);
	}
	link = sc->sc_link;
	mutex_exit(&sc->sc_lock);
	if (changed)
		if_link_state_change(ifp, link);
}

/* == The interface: see ifnet(9) == */

static void
i8254x_start(struct ifnet *ifp)
{
	struct i8254x_softc *sc = ifp->if_softc;

	mutex_enter(&sc->sc_lock);
	i8254x_tx_start(sc);
	mutex_exit(&sc->sc_lock);
}

static int
i8254x_init(struct ifnet *ifp)
{
	struct i8254x_softc *sc = ifp->if_softc;
	bool changed = false;
	int error, link;

	mutex_enter(&sc->sc_lock);
	error = i8254x_init_locked(sc);
	if (error == 0)
		changed = i8254x_link_update(sc);
	link = sc->sc_link;
	mutex_exit(&sc->sc_lock);
	if (changed)
		if_link_state_change(ifp, link);
	return error;
}

static void
i8254x_stop(struct ifnet *ifp, int disable)
{
	struct i8254x_softc *sc = ifp->if_softc;

	mutex_enter(&sc->sc_lock);
	i8254x_stop_locked(sc);
	mutex_exit(&sc->sc_lock);
}

/*
 * The interface's flags have changed, or a VLAN came or went.  ENETRESET: only
 * a new start does it.
 */
static int
i8254x_ifflags(struct ethercom *ec)
{
	struct ifnet * const ifp = &ec->ec_if;
	struct i8254x_softc *sc = ifp->if_softc;
	int error = 0;
	u_short change;

	mutex_enter(&sc->sc_lock);
	change = ifp->if_flags ^ sc->sc_if_flags;
	sc->sc_if_flags = ifp->if_flags;
	if ((change & ~(IFF_CANTCHANGE | IFF_DEBUG)) != 0)
		error = ENETRESET;
	else {
		if ((change & (IFF_PROMISC | IFF_ALLMULTI)) != 0)
			i8254x_set_filter(sc);
		i8254x_set_vlan(sc);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
i8254x_ioctl(struct ifnet *ifp, u_long cmd, void *data)
{
	struct i8254x_softc *sc = ifp->if_softc;
	struct ifreq *ifr = data;
	int error, s;

	switch (cmd) {
	case SIOCSIFMEDIA:
	case SIOCGIFMEDIA:
		return ifmedia_ioctl(ifp, ifr, &sc->sc_media, cmd);
	}

	s = splnet();
	error = ether_ioctl(ifp, cmd, data);
	splx(s);
	if (error != ENETRESET)
		return error;

	/* It is done, but the hardware does not know yet. */
	if ((ifp->if_flags & IFF_RUNNING) == 0)
		return 0;
	switch (cmd) {
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		mutex_enter(&sc->sc_lock);
		i8254x_set_filter(sc);
		mutex_exit(&sc->sc_lock);
		return 0;
	default:
		return i8254x_init(ifp);
	}
}
