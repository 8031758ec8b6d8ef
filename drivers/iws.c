/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A scanner on the Intel Wireless 7260: it loads the card's firmware, reads
 * what the card is, and finds the networks around.  It has no network
 * interface: iwm(4) is for that.  Users reach it by sysctl(8), see
 * iws_sysctl.c:
 *
 *	sysctl -w hw.iws0.scan=1; sysctl hw.iws0.networks
 *
 * This file is autoconfiguration, interrupts and power management; iws_hw.c
 * has the hardware, iws_firmware.c the firmware's file, iws_command.c the
 * firmware's commands and start, iws_scan.c the scan.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/proc.h>
#include <sys/time.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "iwsvar.h"

/* Bits of cf_flags, from the kernel's configuration: "flags 1". */
#define	IWS_CF_INTX		0x1	/* do not use MSI */

static int	iws_match(device_t, cfdata_t, void *);
static void	iws_attach(device_t, device_t, void *);
static int	iws_detach(device_t, int);
static void	iws_mountroot(device_t);
static void	iws_unwind(struct iws_softc *);
static bool	iws_suspend(device_t, const pmf_qual_t *);
static bool	iws_resume(device_t, const pmf_qual_t *);
static int	iws_intr(void *);
static void	iws_softintr(void *);

CFATTACH_DECL_NEW(iws, sizeof(struct iws_softc),
    iws_match, iws_attach, iws_detach, NULL);

static int
iws_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	if (PCI_VENDOR(pa->pa_id) == IWS_PCI_VENDOR &&
	    (PCI_PRODUCT(pa->pa_id) == IWS_PCI_PRODUCT_1 ||
	     PCI_PRODUCT(pa->pa_id) == IWS_PCI_PRODUCT_2))
		return 1;
	return 0;
}

static void
iws_attach(device_t parent, device_t self, void *aux)
{
	struct iws_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	pcireg_t csr;

	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	sc->sc_dmat = pa->pa_dmat;
	sc->sc_waiting = -1;
	pci_aprint_devinfo(pa, "Wireless scanner");

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTNET);
	mutex_init(&sc->sc_intr_lock, MUTEX_DEFAULT, IPL_NET);
	cv_init(&sc->sc_cv, "iws");
	evcnt_attach_dynamic(&sc->sc_ev_intr, EVCNT_TYPE_INTR, NULL,
	    device_xname(self), "interrupts");
	evcnt_attach_dynamic(&sc->sc_ev_beacon, EVCNT_TYPE_MISC, NULL,
	    device_xname(self), "beacons");
	evcnt_attach_dynamic(&sc->sc_ev_error, EVCNT_TYPE_MISC, NULL,
	    device_xname(self), "firmware errors");

	if (pci_mapreg_map(pa, IWS_BAR,
	    PCI_MAPREG_TYPE_MEM | PCI_MAPREG_MEM_TYPE_64BIT, 0,
	    &sc->sc_st, &sc->sc_sh, NULL, &sc->sc_ss) != 0) {
		aprint_error_dev(self, "unable to map registers\n");
		goto fail;
	}
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	csr |= PCI_COMMAND_MASTER_ENABLE;
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG, csr);
	iws_write(sc, IWS_INT_MASK, 0);
	iws_write(sc, IWS_INT, ~0u);

	if (iws_hw_attach(sc) != 0)
		goto fail;
	sc->sc_si = softint_establish(SOFTINT_NET | SOFTINT_MPSAFE,
	    iws_softintr, sc);
	if (sc->sc_si == NULL) {
		aprint_error_dev(self, "unable to establish soft interrupt\n");
		goto fail;
	}
	if (pci_irq_establish(pa, &sc->sc_irq,
	    (device_cfdata(self)->cf_flags & IWS_CF_INTX) != 0, IPL_NET,
	    iws_intr, sc, device_xname(self)) != 0) {
		aprint_error_dev(self, "unable to establish interrupt\n");
		goto fail;
	}
	aprint_normal_dev(self, "interrupting at %s\n", sc->sc_irq.pi_string);
	if (!pmf_device_register(self, iws_suspend, iws_resume))
		aprint_error_dev(self, "unable to register power handler\n");
	sc->sc_attached = true;

	/* The firmware is a file: wait until there are files. */
	config_mountroot(self, iws_mountroot);
	return;

fail:
	iws_unwind(sc);
}

/* There are files: read the firmware, and with its help what the card is. */
static void
iws_mountroot(device_t self)
{
	struct iws_softc *sc = device_private(self);
	int error;

	if (iws_firmware_read(sc) != 0)
		return;
	error = iws_acquire(sc);
	if (error != 0)
		return;
	error = iws_identify(sc);
	iws_release(sc);
	if (error != 0) {
		aprint_error_dev(self, "unable to start: error %d\n", error);
		return;
	}
	aprint_normal_dev(self, "firmware %u.%u, API %u, address "
	    "%02x:%02x:%02x:%02x:%02x:%02x\n",
	    sc->sc_fw_version >> 24, sc->sc_fw_version >> 16 & 0xff,
	    sc->sc_fw_version >> 8 & 0xff,
	    sc->sc_address[0], sc->sc_address[1], sc->sc_address[2],
	    sc->sc_address[3], sc->sc_address[4], sc->sc_address[5]);
	sc->sc_started = true;
	iws_sysctl_attach(sc);
}

static int
iws_detach(device_t self, int flags)
{
	struct iws_softc *sc = device_private(self);

	if (!sc->sc_attached)
		return 0;	/* attach failed, and cleaned up */

	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	sysctl_teardown(&sc->sc_log);	/* waits for those who are inside */

	mutex_enter(&sc->sc_lock);
	while (sc->sc_busy)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	iws_hw_stop(sc);
	mutex_exit(&sc->sc_lock);

	pmf_device_deregister(self);
	sc->sc_attached = false;
	iws_unwind(sc);
	return 0;
}

/* Give back what a whole, or a failed, attach has taken. */
static void
iws_unwind(struct iws_softc *sc)
{

	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	if (sc->sc_si != NULL)
		softint_disestablish(sc->sc_si);
	iws_forget_results(sc);
	iws_firmware_free(sc);
	iws_hw_detach(sc);
	if (sc->sc_ss != 0)
		bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	evcnt_detach(&sc->sc_ev_error);
	evcnt_detach(&sc->sc_ev_beacon);
	evcnt_detach(&sc->sc_ev_intr);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_intr_lock);
	mutex_destroy(&sc->sc_lock);
}

/* == Threads take turns == */

/* Have the device to oneself; the caller then holds sc_lock. */
int
iws_acquire(struct iws_softc *sc)
{
	int error = 0;

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_dying && (sc->sc_busy || sc->sc_suspended)) {
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
		if (error != 0)
			break;
	}
	if (error == 0 && sc->sc_dying)
		error = ENXIO;
	if (error != 0)
		mutex_exit(&sc->sc_lock);
	else
		sc->sc_busy = true;
	return error;
}

void
iws_release(struct iws_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	sc->sc_busy = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/* Wait until *flag is value; EIO if the firmware fails, ETIMEDOUT, ENXIO. */
int
iws_wait(struct iws_softc *sc, const bool *flag, bool value, int ms)
{
	struct timeval now, end, limit;
	int left;

	KASSERT(mutex_owned(&sc->sc_lock));

	limit.tv_sec = ms / 1000;
	limit.tv_usec = ms % 1000 * 1000;
	getmicrouptime(&now);
	timeradd(&now, &limit, &end);
	while (*flag != value) {
		if (sc->sc_dying)
			return ENXIO;
		if (sc->sc_failed)
			return EIO;
		getmicrouptime(&now);
		if (timercmp(&now, &end, >=))
			return ETIMEDOUT;
		timersub(&end, &now, &limit);
		left = limit.tv_sec * 1000 + limit.tv_usec / 1000 + 1;
		(void)cv_timedwait(&sc->sc_cv, &sc->sc_lock, mstohz(left) + 1);
	}
	return 0;
}

/* == Interrupts == */

static int
iws_intr(void *arg)
{
	struct iws_softc *sc = arg;
	uint32_t cause;

	cause = iws_read(sc, IWS_INT);
	if (cause == 0 || cause == ~0u)		/* all ones: it was pulled out */
		return 0;
	iws_write(sc, IWS_INT, cause);
	if ((cause & (INT_FH_TX | INT_FH_RX)) != 0)
		iws_write(sc, IWS_FH_INT, FH_INT_SERVICE | FH_INT_RX);

	mutex_enter(&sc->sc_intr_lock);
	sc->sc_ev_intr.ev_count++;
	sc->sc_cause |= cause;
	mutex_exit(&sc->sc_intr_lock);
	softint_schedule(sc->sc_si);
	return 1;
}

/* Tell what the firmware's own table says of its failure. */
static void
iws_report(struct iws_softc *sc, bool hardware)
{

	sc->sc_ev_error.ev_count++;
	if (hardware || sc->sc_error_table == 0)
		aprint_error_dev(sc->sc_dev, "%s error\n",
		    hardware ? "hardware" : "firmware");
	else
		aprint_error_dev(sc->sc_dev,
		    "firmware error %#x after command %#x\n",
		    iws_hw_memory(sc, sc->sc_error_table + ERROR_TABLE_ID),
		    iws_hw_memory(sc,
		    sc->sc_error_table + ERROR_TABLE_COMMAND));
	sc->sc_failed = true;
	sc->sc_running = false;
}

static void
iws_softintr(void *arg)
{
	struct iws_softc *sc = arg;
	uint32_t cause;
	bool on;

	mutex_enter(&sc->sc_lock);
	mutex_enter(&sc->sc_intr_lock);
	cause = sc->sc_cause;
	sc->sc_cause = 0;
	mutex_exit(&sc->sc_intr_lock);

	if ((cause & INT_FH_TX) != 0)
		sc->sc_loaded = true;
	if ((cause & (INT_FH_RX | INT_ALIVE)) != 0)
		iws_rx(sc);
	if ((cause & INT_RF_KILL) != 0) {
		on = (iws_read(sc, IWS_GP) & GP_RADIO_ON) != 0;
		if (on != sc->sc_radio_on)
			aprint_normal_dev(sc->sc_dev, "radio is %s\n",
			    on ? "on" : "off");
		sc->sc_radio_on = on;
	}
	if ((cause & (INT_SW_ERR | INT_HW_ERR)) != 0)
		iws_report(sc, (cause & INT_HW_ERR) != 0);
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/* == Power management: see pmf(9) == */

static bool
iws_suspend(device_t self, const pmf_qual_t *qual)
{
	struct iws_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	sc->sc_suspended = true;
	while (sc->sc_busy)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	iws_hw_stop(sc);
	mutex_exit(&sc->sc_lock);
	return true;
}

/* The next scan starts the firmware again. */
static bool
iws_resume(device_t self, const pmf_qual_t *qual)
{
	struct iws_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	sc->sc_suspended = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return true;
}
