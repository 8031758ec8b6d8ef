/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Driver for the Intel 8254x family of PCI and PCI-X Gigabit Ethernet
 * controllers, with copper PHY: 82540, 82544, 82545 and 82546.  Section
 * numbers are those of the "PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual".
 *
 *	if_i8254x.c		autoconfiguration
 *	i8254x_ifnet.c		start, stop, interrupt, ioctl
 *	i8254x_eeprom.c		the Ethernet address
 *	i8254x_phy.c		link and media
 *	i8254x_rx.c, _tx.c	the rings
 *	i8254x_stats.c		counters, interrupt moderation
 *
 * Not done: fibre and SerDes, TCP segmentation, flow control, wake on LAN, and
 * the workarounds for 82544 and 82545 on a PCI-X bus.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

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
	I8254X_MEDIA_FINI(&sc->sc_media);
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
