/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: the network interface, from reset to ioctl.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/sockio.h>

#define	I8254X_RESET_US		10000

#define	I8254X_INTERRUPTS						\
	(INT_TXDW | INT_LSC | INT_RXSEQ | INT_RXDMT0 | INT_RXO | INT_RXT0)

/* == The chip == */

/*
 * Reset it, section 14.3: all but the PHY; no interrupts, no DMA.  The packet
 * buffer is divided before, as this takes effect with the reset.
 */
int
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
	error = i8254x_phy_setup(sc, false);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev, "PHY: error %d\n", error);
		i8254x_stop_locked(sc);
		return error;
	}

	sc->sc_if_flags = ifp->if_flags;
	ifp->if_flags |= IFF_RUNNING;
	ifp->if_flags &= ~IFF_OACTIVE;
	sc->sc_imask = I8254X_INTERRUPTS;
	sc->sc_silenced = false;
	CSR_WRITE(sc, REG_IMS, sc->sc_imask);
	callout_schedule(&sc->sc_tick, I8254X_TICK * hz);
	return 0;
}

/*
 * Interrupt, section 3.4.  Reading ICR clears it, and so acknowledges.  Read
 * it until there is nothing left: an MSI comes for the first cause only.  A
 * broken chip may go on telling of causes: it is silenced until the next tick.
 */
int
i8254x_intr(void *arg)
{
	struct i8254x_softc *sc = arg;
	struct ifnet * const ifp = &sc->sc_if;
	struct mbuf *frames;
	bool changed = false;
	int handled = 0, idle = 0, link, rxnext, txjfree;
	uint32_t icr;

	for (;;) {
		mutex_enter(&sc->sc_lock);
		icr = 0;
		if ((ifp->if_flags & IFF_RUNNING) != 0)
			icr = CSR_READ(sc, REG_ICR);
		/* All ones: the chip was pulled out. */
		if ((icr & sc->sc_imask) == 0 || icr == ~0u)
			break;
		handled = 1;
		I8254X_EVENT(sc, EV_INTR);
		if ((icr & INT_RXO) != 0)
			I8254X_EVENT(sc, EV_RX_OVERRUN);
		rxnext = sc->sc_rxnext;
		txjfree = sc->sc_txjfree;
		frames = i8254x_rxeof(sc);
		i8254x_txeof(sc);
		idle++;
		if (sc->sc_rxnext != rxnext || sc->sc_txjfree != txjfree)
			idle = 0;
		i8254x_tx_start(sc);
		if ((icr & (INT_LSC | INT_RXSEQ)) != 0) {
			I8254X_EVENT(sc, EV_INTR_LINK);
			if (i8254x_link_update(sc))
				changed = true;
		}
		if (idle == I8254X_IDLE_ROUNDS) {
			I8254X_EVENT(sc, EV_INTR_ENDLESS);
			CSR_WRITE(sc, REG_IMC, ~0u);
			sc->sc_silenced = true;
			break;
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

	/* While there is no link, frames may wait. */
	if (sc->sc_link != LINK_STATE_UP || sc->sc_tx_timer == 0 ||
	    --sc->sc_tx_timer != 0)
		return;
	/* Perhaps only the interrupt was lost. */
	sc->sc_tx_timer = 1;
	i8254x_txeof(sc);
	if (sc->sc_txjfree != I8254X_NTXJOBS) {
		I8254X_EVENT(sc, EV_TX_TIMEOUT);
		I8254X_STAT(&sc->sc_if, if_oerrors, 1);
		aprint_error_dev(sc->sc_dev,
		    "device timeout (txfree %d, txnext %d)\n",
		    sc->sc_txfree, sc->sc_txnext);
		(void)i8254x_init_locked(sc);
	}
	i8254x_tx_start(sc);
}

/* Callout, once per second while the interface runs. */
void
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
		if (sc->sc_silenced) {
			sc->sc_silenced = false;
			CSR_WRITE(sc, REG_IMS, sc->sc_imask);
		}
		i8254x_watchdog(sc);
	}
	link = sc->sc_link;
	mutex_exit(&sc->sc_lock);
	if (changed)
		if_link_state_change(ifp, link);
}

/* == The interface: see ifnet(9) == */

void
i8254x_start(struct ifnet *ifp)
{
	struct i8254x_softc *sc = ifp->if_softc;

	mutex_enter(&sc->sc_lock);
	i8254x_tx_start(sc);
	mutex_exit(&sc->sc_lock);
}

int
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

void
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
int
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

int
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
