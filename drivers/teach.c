/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Driver for the teaching device, a PCI function that swaps the case of
 * letters: "Hello" comes back as "hELLO".  It is a small driver, yet whole;
 * read it first.  The device's data sheet is the head of
 * rumphost/models/teach.py.
 *
 * A request takes this way:
 *
 *	teach_transfer()	a thread gives the device a command, and sleeps
 *	teach_intr()		the device interrupts; the handler takes note
 *	teach_softintr()	the request is completed, the thread is woken
 *
 * and when the device fails or keeps silent, this one:
 *
 *	teach_timeout()		a callout looks after the device
 *	teach_reset_work()	a worker thread resets it, the thread is woken
 *
 * Users reach the device through sysctl(8): see teach_sysctl.c.  The softc, and
 * which lock covers what of it, are in teachvar.h.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/proc.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "teachvar.h"

#define	TEACH_TIMEOUT_MS	1000	/* how long a command may take */

/* Bits of cf_flags, from the kernel's configuration: "flags 1". */
#define	TEACH_CF_INTX		0x1	/* do not use MSI */

static int	teach_match(device_t, cfdata_t, void *);
static void	teach_attach(device_t, device_t, void *);
static int	teach_detach(device_t, int);
static void	teach_release(struct teach_softc *);

static int	teach_dma_attach(struct teach_softc *);
static bool	teach_suspend(device_t, const pmf_qual_t *);
static bool	teach_resume(device_t, const pmf_qual_t *);

static void	teach_init(struct teach_softc *);
static int	teach_intr(void *);
static void	teach_softintr(void *);
static void	teach_timeout(void *);
static void	teach_reset_work(struct work *, void *);

CFATTACH_DECL_NEW(teach, sizeof(struct teach_softc),
    teach_match, teach_attach, teach_detach, NULL);

/* == Autoconfiguration: see driver(9) == */

/*
 * Is this PCI function ours?  Called for every function of the machine; must
 * not touch it.
 */
static int
teach_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	if (PCI_VENDOR(pa->pa_id) == TEACH_PCI_VENDOR &&
	    PCI_PRODUCT(pa->pa_id) == TEACH_PCI_PRODUCT)
		return 1;
	return 0;
}

/*
 * A function is ours.  The softc is new and all zero.  Whatever is taken
 * here, teach_release() gives back, so that every error can go there.
 */
static void
teach_attach(device_t parent, device_t self, void *aux)
{
	struct teach_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	pcireg_t csr;
	uint32_t id;

	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	sc->sc_dmat = pci_dma64_available(pa) ? pa->pa_dmat64 : pa->pa_dmat;
	pci_aprint_devinfo(pa, "Teaching device");

	/*
	 * sc_lock is taken by softints, callouts and threads, and never by
	 * hard interrupts: an adaptive mutex, on which they may sleep.
	 */
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTBIO);
	mutex_init(&sc->sc_intr_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&sc->sc_cv, "teach");
	callout_init(&sc->sc_timeout, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_timeout, teach_timeout, sc);
	evcnt_attach_dynamic(&sc->sc_ev_intr, EVCNT_TYPE_INTR, NULL,
	    device_xname(self), "interrupts");
	evcnt_attach_dynamic(&sc->sc_ev_error, EVCNT_TYPE_MISC, NULL,
	    device_xname(self), "errors");
	evcnt_attach_dynamic(&sc->sc_ev_timeout, EVCNT_TYPE_MISC, NULL,
	    device_xname(self), "timeouts");

	/* Map the registers, and let the function do DMA. */
	if (pci_mapreg_map(pa, TEACH_BAR, PCI_MAPREG_TYPE_MEM, 0,
	    &sc->sc_st, &sc->sc_sh, NULL, &sc->sc_ss) != 0) {
		aprint_error_dev(self, "unable to map registers\n");
		goto fail;
	}
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	csr |= PCI_COMMAND_MASTER_ENABLE;
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG, csr);

	id = teach_read(sc, TEACH_ID);
	if (__SHIFTOUT(id, ID_MAGIC) != ID_MAGIC_VALUE) {
		aprint_error_dev(self, "no teaching device: ID %#x\n", id);
		goto fail;
	}
	/* Silence it, in whatever state the last driver left it. */
	teach_write(sc, TEACH_CTRL, CTRL_RST);

	if (teach_dma_attach(sc) != 0)
		goto fail;

	/* What an interrupt leads to must be there before the interrupt. */
	sc->sc_si = softint_establish(SOFTINT_BIO | SOFTINT_MPSAFE,
	    teach_softintr, sc);
	if (sc->sc_si == NULL) {
		aprint_error_dev(self, "unable to establish soft interrupt\n");
		goto fail;
	}
	if (workqueue_create(&sc->sc_wq, device_xname(self), teach_reset_work,
	    sc, PRI_NONE, IPL_SOFTBIO, WQ_MPSAFE) != 0) {
		aprint_error_dev(self, "unable to create workqueue\n");
		sc->sc_wq = NULL;
		goto fail;
	}
	if (pci_irq_establish(pa, &sc->sc_irq,
	    (device_cfdata(self)->cf_flags & TEACH_CF_INTX) != 0, IPL_VM,
	    teach_intr, sc, device_xname(self)) != 0) {
		aprint_error_dev(self, "unable to establish interrupt\n");
		goto fail;
	}
	aprint_normal_dev(self, "interrupting at %s\n", sc->sc_irq.pi_string);
	aprint_normal_dev(self, "revision %d\n",
	    (int)__SHIFTOUT(id, ID_REVISION));

	sc->sc_latency = teach_read(sc, TEACH_LATENCY);
	teach_init(sc);

	if (!pmf_device_register(self, teach_suspend, teach_resume))
		aprint_error_dev(self, "unable to register power handler\n");

	/* Last: from here on, users come. */
	sc->sc_attached = true;
	teach_sysctl_attach(sc);
	return;

fail:
	teach_release(sc);
}

/*
 * The device goes: it was pulled out, or the driver is unloaded.  In the
 * opposite order of attach: keep new users out, let the present one finish,
 * silence the device, give everything back.
 */
static int
teach_detach(device_t self, int flags)
{
	struct teach_softc *sc = device_private(self);

	if (!sc->sc_attached)
		return 0;	/* attach failed, and cleaned up */

	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	sysctl_teardown(&sc->sc_log);	/* waits for those who are inside */

	mutex_enter(&sc->sc_lock);
	while (sc->sc_state != TEACH_IDLE)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	teach_write(sc, TEACH_CTRL, CTRL_RST);
	mutex_exit(&sc->sc_lock);

	pmf_device_deregister(self);
	sc->sc_attached = false;
	teach_release(sc);
	return 0;
}

/* Give back what a whole, or a failed, attach has taken. */
static void
teach_release(struct teach_softc *sc)
{

	/* Once the interrupt is off, nobody schedules the softint; and so on. */
	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	if (sc->sc_si != NULL)
		softint_disestablish(sc->sc_si);
	callout_halt(&sc->sc_timeout, NULL);
	callout_destroy(&sc->sc_timeout);
	if (sc->sc_wq != NULL)
		workqueue_destroy(sc->sc_wq);

	if (sc->sc_map != NULL) {
		if (sc->sc_map->dm_nsegs != 0)
			bus_dmamap_unload(sc->sc_dmat, sc->sc_map);
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_map);
	}
	if (sc->sc_buf != NULL)
		bus_dmamem_unmap(sc->sc_dmat, sc->sc_buf, TEACH_LENGTH_MAX);
	if (sc->sc_nseg != 0)
		bus_dmamem_free(sc->sc_dmat, &sc->sc_seg, sc->sc_nseg);
	if (sc->sc_ss != 0)
		bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);

	evcnt_detach(&sc->sc_ev_timeout);
	evcnt_detach(&sc->sc_ev_error);
	evcnt_detach(&sc->sc_ev_intr);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_intr_lock);
	mutex_destroy(&sc->sc_lock);
}

/*
 * Get memory for DMA, see bus_dma(9), in four steps: allocate it where the
 * device reaches it, in one piece; map it into the kernel for ourselves; make
 * a map, which holds bus addresses; and load the map with the memory.
 */
static int
teach_dma_attach(struct teach_softc *sc)
{
	void *kva;
	int error;

	error = bus_dmamem_alloc(sc->sc_dmat, TEACH_LENGTH_MAX, PAGE_SIZE, 0,
	    &sc->sc_seg, 1, &sc->sc_nseg, BUS_DMA_WAITOK);
	if (error != 0) {
		sc->sc_nseg = 0;
		goto out;
	}
	error = bus_dmamem_map(sc->sc_dmat, &sc->sc_seg, sc->sc_nseg,
	    TEACH_LENGTH_MAX, &kva, BUS_DMA_WAITOK);
	if (error != 0)
		goto out;
	sc->sc_buf = kva;
	error = bus_dmamap_create(sc->sc_dmat, TEACH_LENGTH_MAX, 1,
	    TEACH_LENGTH_MAX, 0, BUS_DMA_WAITOK, &sc->sc_map);
	if (error != 0) {
		sc->sc_map = NULL;
		goto out;
	}
	error = bus_dmamap_load(sc->sc_dmat, sc->sc_map, sc->sc_buf,
	    TEACH_LENGTH_MAX, NULL, BUS_DMA_WAITOK);
out:
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to set up DMA memory: error %d\n", error);
	return error;
}

/* == The device == */

/* Bring the device from its reset state to one that takes commands. */
static void
teach_init(struct teach_softc *sc)
{

	teach_write(sc, TEACH_LATENCY, sc->sc_latency);
	teach_write(sc, TEACH_PERIOD, sc->sc_period);
	teach_write(sc, TEACH_ISR, INT_DONE | INT_ERROR | INT_TIMER);
	teach_write(sc, TEACH_IMR, INT_DONE | INT_ERROR | INT_TIMER);
	teach_write(sc, TEACH_CTRL, CTRL_ENABLE);
}

/* The device's counters clear when read: collect them. */
void
teach_collect(struct teach_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	sc->sc_counter += teach_read(sc, TEACH_COUNT);
	sc->sc_ticks += teach_read(sc, TEACH_TICKS);
}

/* Give the device a command for the first len bytes of sc_buf. */
static void
teach_start_dma(struct teach_softc *sc, size_t len)
{
	const uint64_t addr = sc->sc_map->dm_segs[0].ds_addr;

	/* The device reads what we wrote, then writes what we shall read. */
	bus_dmamap_sync(sc->sc_dmat, sc->sc_map, 0, len,
	    BUS_DMASYNC_PREWRITE | BUS_DMASYNC_PREREAD);
	teach_write(sc, TEACH_SRC_LO, (uint32_t)addr);
	teach_write(sc, TEACH_SRC_HI, (uint32_t)(addr >> 32));
	teach_write(sc, TEACH_DST_LO, (uint32_t)addr);
	teach_write(sc, TEACH_DST_HI, (uint32_t)(addr >> 32));
	teach_write(sc, TEACH_LENGTH, len);
	teach_write(sc, TEACH_DOORBELL, DOORBELL_SWAP_DMA);
}

/*
 * Swap the case of data[0 .. len), in place: by DMA, or through the FIFO.
 * Sleeps until it is done.  Errors: EINVAL (len), EINTR, ENXIO (the device
 * goes), EIO (it failed), ETIMEDOUT.
 */
int
teach_transfer(struct teach_softc *sc, uint8_t *data, size_t len, bool fifo)
{
	int error = 0;

	if (len == 0 || len > (fifo ? TEACH_FIFO_SIZE : TEACH_LENGTH_MAX))
		return EINVAL;

	/* One at a time. */
	mutex_enter(&sc->sc_lock);
	while (!sc->sc_dying &&
	    (sc->sc_state != TEACH_IDLE || sc->sc_suspended)) {
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
		if (error != 0)
			break;
	}
	if (sc->sc_dying)
		error = ENXIO;
	if (error != 0) {
		mutex_exit(&sc->sc_lock);
		return error;
	}

	sc->sc_state = TEACH_RUNNING;
	sc->sc_error = 0;
	callout_schedule(&sc->sc_timeout, mstohz(TEACH_TIMEOUT_MS));
	if (fifo) {
		bus_space_write_multi_1(sc->sc_st, sc->sc_sh, TEACH_DATA,
		    data, len);
		teach_write(sc, TEACH_DOORBELL, DOORBELL_SWAP_FIFO);
	} else {
		memcpy(sc->sc_buf, data, len);
		teach_start_dma(sc, len);
	}

	/*
	 * The DMA cannot be taken back, so this wait is not for signals to
	 * end.  teach_timeout() ends it if the device does not.
	 */
	while (sc->sc_state == TEACH_RUNNING)
		cv_wait(&sc->sc_cv, &sc->sc_lock);

	/* The device, or the reset, is through with the buffer. */
	if (!fifo)
		bus_dmamap_sync(sc->sc_dmat, sc->sc_map, 0, len,
		    BUS_DMASYNC_POSTWRITE | BUS_DMASYNC_POSTREAD);
	error = sc->sc_error;
	if (error == 0) {
		if (fifo)
			bus_space_read_multi_1(sc->sc_st, sc->sc_sh,
			    TEACH_DATA, data, len);
		else
			memcpy(data, sc->sc_buf, len);
	}
	sc->sc_state = TEACH_IDLE;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * Hard interrupt.  Says 0 when it was not our device, with which others may
 * share the line.  Short: acknowledge, remember, leave the rest for later.
 */
static int
teach_intr(void *arg)
{
	struct teach_softc *sc = arg;
	uint32_t cause;

	cause = teach_read(sc, TEACH_ISR);
	if (cause == 0 || cause == ~0u)		/* all ones: it was pulled out */
		return 0;
	teach_write(sc, TEACH_ISR, cause);

	mutex_enter(&sc->sc_intr_lock);
	sc->sc_ev_intr.ev_count++;
	sc->sc_cause |= cause;
	mutex_exit(&sc->sc_intr_lock);
	softint_schedule(sc->sc_si);
	return 1;
}

/* Have the device reset by a thread. */
static void
teach_schedule_reset(struct teach_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	if (sc->sc_reset_queued)
		return;		/* a work must not be queued twice */
	sc->sc_reset_queued = true;
	workqueue_enqueue(sc->sc_wq, &sc->sc_reset_work, NULL);
}

/* Soft interrupt: may take adaptive mutexes, but not wait for events. */
static void
teach_softintr(void *arg)
{
	struct teach_softc *sc = arg;
	uint32_t cause;

	mutex_enter(&sc->sc_lock);
	mutex_enter(&sc->sc_intr_lock);
	cause = sc->sc_cause;
	sc->sc_cause = 0;
	mutex_exit(&sc->sc_intr_lock);

	teach_collect(sc);
	if (sc->sc_state == TEACH_RUNNING && !sc->sc_reset_queued) {
		if ((cause & INT_ERROR) != 0) {
			sc->sc_ev_error.ev_count++;
			aprint_error_dev(sc->sc_dev,
			    "command failed: error %d\n",
			    (int)teach_read(sc, TEACH_ERROR));
			callout_stop(&sc->sc_timeout);
			sc->sc_error = EIO;
			teach_schedule_reset(sc);
		} else if ((cause & INT_DONE) != 0) {
			callout_stop(&sc->sc_timeout);
			sc->sc_state = TEACH_DONE;
			cv_broadcast(&sc->sc_cv);
		}
	}
	mutex_exit(&sc->sc_lock);
}

/* Callout: the device did not answer. */
static void
teach_timeout(void *arg)
{
	struct teach_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	/* The interrupt may have come while we waited for the lock. */
	if (sc->sc_state == TEACH_RUNNING && !sc->sc_reset_queued) {
		sc->sc_ev_timeout.ev_count++;
		aprint_error_dev(sc->sc_dev, "timeout\n");
		sc->sc_error = ETIMEDOUT;
		teach_schedule_reset(sc);
	}
	mutex_exit(&sc->sc_lock);
}

/* Worker thread: may sleep, as resetting many a device demands. */
static void
teach_reset_work(struct work *wk, void *arg)
{
	struct teach_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	teach_collect(sc);
	teach_write(sc, TEACH_CTRL, CTRL_RST);
	kpause("teachrst", false, 1, &sc->sc_lock);	/* drops the lock */
	teach_init(sc);
	sc->sc_reset_queued = false;
	sc->sc_state = TEACH_DONE;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/* == Power management: see pmf(9) == */

/* The machine goes to sleep; pci(4) saves the configuration space for us. */
static bool
teach_suspend(device_t self, const pmf_qual_t *qual)
{
	struct teach_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	sc->sc_suspended = true;
	while (sc->sc_state != TEACH_IDLE)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	teach_collect(sc);
	teach_write(sc, TEACH_CTRL, CTRL_RST);
	mutex_exit(&sc->sc_lock);
	return true;
}

static bool
teach_resume(device_t self, const pmf_qual_t *qual)
{
	struct teach_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	teach_init(sc);
	sc->sc_suspended = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return true;
}
