/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: the built-in copper PHY, and media.
 *
 * Speed and duplex are always negotiated.  A fixed medium means that we offer
 * nothing else; so the partner never guesses wrong, as it does when one side
 * is forced.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

#define	MDIC_POLL_US		50
#define	MDIC_POLLS		200
#define	PHY_RESET_MS		10	/* that the PHY gets after a reset */

/* One word to or from the PHY.  Errors: EIO, ETIMEDOUT. */
static int
i8254x_mdic(struct i8254x_softc *sc, uint32_t op, u_int reg, uint16_t *data)
{
	uint32_t mdic;
	int i;

	mdic = __SHIFTIN(op, MDIC_OP) | __SHIFTIN(PHY_ADDRESS, MDIC_PHY) |
	    __SHIFTIN(reg, MDIC_REG);
	if (op == MDIC_OP_WRITE)
		mdic |= __SHIFTIN(*data, MDIC_DATA);
	CSR_WRITE(sc, REG_MDIC, mdic);
	for (i = 0; i < MDIC_POLLS; i++) {
		mdic = CSR_READ(sc, REG_MDIC);
		if ((mdic & MDIC_READY) != 0)
			break;
		delay(MDIC_POLL_US);
	}
	if ((mdic & MDIC_READY) == 0)
		return ETIMEDOUT;
	if ((mdic & MDIC_ERROR) != 0)
		return EIO;
	if (op == MDIC_OP_READ)
		*data = __SHIFTOUT(mdic, MDIC_DATA);
	return 0;
}

static int
i8254x_phy_read(struct i8254x_softc *sc, u_int reg, uint16_t *data)
{

	return i8254x_mdic(sc, MDIC_OP_READ, reg, data);
}

static int
i8254x_phy_write(struct i8254x_softc *sc, u_int reg, uint16_t data)
{

	return i8254x_mdic(sc, MDIC_OP_WRITE, reg, &data);
}

/* Wake the PHY out of its reset, and list the media. */
int
i8254x_phy_attach(struct i8254x_softc *sc)
{
	static const int media[] = {
		IFM_ETHER | IFM_10_T,
		IFM_ETHER | IFM_10_T | IFM_FDX,
		IFM_ETHER | IFM_100_TX,
		IFM_ETHER | IFM_100_TX | IFM_FDX,
		IFM_ETHER | IFM_1000_T | IFM_FDX,
		IFM_ETHER | IFM_AUTO
	};
	uint16_t id1, id2;
	size_t i;
	int error;

	CSR_WRITE(sc, REG_CTRL, sc->sc_ctrl | CTRL_PHY_RST);
	CSR_FLUSH(sc);
	delay(PHY_RESET_MS * 1000);
	CSR_WRITE(sc, REG_CTRL, sc->sc_ctrl);
	CSR_FLUSH(sc);
	delay(PHY_RESET_MS * 1000);

	error = i8254x_phy_read(sc, PHY_ID1, &id1);
	if (error == 0)
		error = i8254x_phy_read(sc, PHY_ID2, &id2);
	if (error != 0)
		return error;
	aprint_verbose_dev(sc->sc_dev, "PHY id %#06x %#06x\n", id1, id2);

	ifmedia_init(&sc->sc_media, 0, i8254x_mediachange,
	    i8254x_mediastatus);
	for (i = 0; i < __arraycount(media); i++)
		ifmedia_add(&sc->sc_media, media[i], 0, NULL);
	ifmedia_set(&sc->sc_media, IFM_ETHER | IFM_AUTO);
	return 0;
}

/*
 * Offer what the chosen medium says, and negotiate; without `anew', only if
 * something else is offered so far.  Errors: EINVAL (the medium), EIO,
 * ETIMEDOUT.
 */
int
i8254x_phy_setup(struct i8254x_softc *sc, bool anew)
{
	const u_int media = sc->sc_media.ifm_cur->ifm_media;
	const bool fdx = (media & IFM_FDX) != 0;
	uint16_t anar, bmcr, gtcr, was_anar, was_gtcr;
	int error;

	KASSERT(mutex_owned(&sc->sc_lock));

	error = i8254x_phy_read(sc, PHY_BMCR, &bmcr);
	if (error == 0)
		error = i8254x_phy_read(sc, PHY_ANAR, &was_anar);
	if (error == 0)
		error = i8254x_phy_read(sc, PHY_GTCR, &was_gtcr);
	if (error != 0)
		return error;

	anar = (was_anar & ~ANAR_MEDIA) | ANAR_CSMA;
	gtcr = was_gtcr & ~GTCR_MEDIA;
	switch (IFM_SUBTYPE(media)) {
	case IFM_AUTO:
		anar |= ANAR_10 | ANAR_10_FDX | ANAR_100 | ANAR_100_FDX;
		gtcr |= GTCR_1000_FDX;
		break;
	case IFM_1000_T:
		gtcr |= GTCR_1000_FDX;
		break;
	case IFM_100_TX:
		anar |= fdx ? ANAR_100_FDX : ANAR_100;
		break;
	case IFM_10_T:
		anar |= fdx ? ANAR_10_FDX : ANAR_10;
		break;
	default:
		return EINVAL;
	}
	if (!anew && anar == was_anar && gtcr == was_gtcr &&
	    (bmcr & (BMCR_AUTONEG | BMCR_PDOWN)) == BMCR_AUTONEG)
		return 0;

	error = i8254x_phy_write(sc, PHY_ANAR, anar);
	if (error == 0)
		error = i8254x_phy_write(sc, PHY_GTCR, gtcr);
	if (error == 0)
		error = i8254x_phy_write(sc, PHY_BMCR,
		    BMCR_AUTONEG | BMCR_RESTART);
	return error;
}

/*
 * Look at the link, and adapt the transmitter to it.  Says whether it went up
 * or down, so that the caller tells the network stack once sc_lock is free.
 */
bool
i8254x_link_update(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	const uint32_t status = CSR_READ(sc, REG_STATUS);
	int link, speed = 0;

	KASSERT(mutex_owned(&sc->sc_lock));

	link = (status & STATUS_LU) != 0 ? LINK_STATE_UP : LINK_STATE_DOWN;
	if (link == LINK_STATE_UP) {
		switch (__SHIFTOUT(status, STATUS_SPEED)) {
		case CTRL_SPEED_10:
			speed = 10;
			break;
		case CTRL_SPEED_100:
			speed = 100;
			break;
		default:
			speed = 1000;
			break;
		}
		sc->sc_fdx = (status & STATUS_FD) != 0;
		sc->sc_tctl &= ~TCTL_COLD;
		sc->sc_tctl |= __SHIFTIN(sc->sc_fdx ? TCTL_COLD_FDX :
		    TCTL_COLD_HDX, TCTL_COLD);
		CSR_WRITE(sc, REG_TCTL, sc->sc_tctl);
		ifp->if_baudrate = IF_Mbps((uint64_t)speed);
	}
	sc->sc_speed = speed;
	if (link == sc->sc_link)
		return false;
	sc->sc_link = link;
	if (sc->sc_tx_timer != 0)
		sc->sc_tx_timer = I8254X_TX_TIMEOUT;
	return true;
}

/* The user chose a medium. */
int
i8254x_mediachange(struct ifnet *ifp)
{
	struct i8254x_softc *sc = ifp->if_softc;
	int error;

	if (IFM_TYPE(sc->sc_media.ifm_cur->ifm_media) != IFM_ETHER)
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	error = i8254x_phy_setup(sc, true);
	mutex_exit(&sc->sc_lock);
	return error;
}

/* The user asks what it has come to. */
void
i8254x_mediastatus(struct ifnet *ifp, struct ifmediareq *ifmr)
{
	struct i8254x_softc *sc = ifp->if_softc;

	ifmr->ifm_status = IFM_AVALID;
	ifmr->ifm_active = IFM_ETHER;

	mutex_enter(&sc->sc_lock);
	if (sc->sc_link == LINK_STATE_UP) {
		ifmr->ifm_status |= IFM_ACTIVE;
		switch (sc->sc_speed) {
		case 10:
			ifmr->ifm_active |= IFM_10_T;
			break;
		case 100:
			ifmr->ifm_active |= IFM_100_TX;
			break;
		default:
			ifmr->ifm_active |= IFM_1000_T;
			break;
		}
		ifmr->ifm_active |= sc->sc_fdx ? IFM_FDX : IFM_HDX;
	} else
		ifmr->ifm_active |= IFM_NONE;
	mutex_exit(&sc->sc_lock);
}
