/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Driver for "edu", the educational PCI device that comes with QEMU.  It
 * computes factorials, and copies memory from and to a buffer of its own.
 *
 * Users reach it through sysctl(8):
 *
 *	hw.edu0.factorial	write n, read n! modulo 2^32
 *	hw.edu0.dma		write N, up to 4095: N bytes go to the device's
 *				buffer and come back, and are compared
 *	hw.edu0.liveness	write a number, read its complement
 *
 * Locking.  sc_lock, a spin mutex at the interrupt's IPL, covers everything
 * that changes after attach.  sc_busy makes a request keep all others out
 * while it sleeps.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/evcnt.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "edureg.h"
#include "pci_irq.h"

#define	EDU_TIMEOUT_MS	2000

/* Bits of cf_flags. */
#define	EDU_CF_INTX	0x1	/* do not use MSI */

/* Half of our DMA memory is sent to the device, the other comes from it. */
#define	EDU_OUT		0
#define	EDU_IN		EDU_BUFFER_SIZE
#define	EDU_DMA_SIZE	(2 * EDU_BUFFER_SIZE)

struct edu_softc {
	device_t		sc_dev;
	bool			sc_attached;

	pci_chipset_tag_t	sc_pc;
	struct pci_irq		sc_irq;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;		/* 0: not mapped */

	bus_dma_tag_t		sc_parent_dmat;
	bus_dma_tag_t		sc_dmat;	/* up to EDU_DMA_HIGHEST */
	bool			sc_subregion;
	bus_dma_segment_t	sc_seg;
	int			sc_nseg;
	bus_dmamap_t		sc_map;
	uint8_t			*sc_buf;

	kmutex_t		sc_lock;
	kcondvar_t		sc_cv;
	bool			sc_busy;
	bool			sc_suspended;
	bool			sc_dying;
	uint32_t		sc_cause;	/* INT_* since edu_expect() */

	struct sysctllog	*sc_log;
	int64_t			sc_factorial;
	int			sc_copied;
	struct evcnt		sc_ev_intr;
	struct evcnt		sc_ev_timeout;
};

static int	edu_match(device_t, cfdata_t, void *);
static void	edu_attach(device_t, device_t, void *);
static int	edu_detach(device_t, int);
static void	edu_release(struct edu_softc *);
static int	edu_dma_attach(struct edu_softc *);
static void	edu_sysctl_attach(struct edu_softc *);
static bool	edu_suspend(device_t, const pmf_qual_t *);
static bool	edu_resume(device_t, const pmf_qual_t *);
static int	edu_intr(void *);

CFATTACH_DECL_NEW(edu, sizeof(struct edu_softc),
    edu_match, edu_attach, edu_detach, NULL);

static inline uint32_t
edu_read(struct edu_softc *sc, bus_size_t reg)
{

	return bus_space_read_4(sc->sc_st, sc->sc_sh, reg);
}

static inline void
edu_write(struct edu_softc *sc, bus_size_t reg, uint32_t val)
{

	bus_space_write_4(sc->sc_st, sc->sc_sh, reg, val);
}

/* == Autoconfiguration == */

static int
edu_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == EDU_PCI_VENDOR &&
	    PCI_PRODUCT(pa->pa_id) == EDU_PCI_PRODUCT;
}

static void
edu_attach(device_t parent, device_t self, void *aux)
{
	struct edu_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	pcireg_t csr;
	uint32_t id;

	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	sc->sc_parent_dmat = pa->pa_dmat;
	pci_aprint_devinfo(pa, NULL);

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&sc->sc_cv, "edu");
	evcnt_attach_dynamic(&sc->sc_ev_intr, EVCNT_TYPE_INTR, NULL,
	    device_xname(self), "interrupts");
	evcnt_attach_dynamic(&sc->sc_ev_timeout, EVCNT_TYPE_MISC, NULL,
	    device_xname(self), "timeouts");

	if (pci_mapreg_map(pa, EDU_BAR, PCI_MAPREG_TYPE_MEM, 0,
	    &sc->sc_st, &sc->sc_sh, NULL, &sc->sc_ss) != 0) {
		aprint_error_dev(self, "unable to map registers\n");
		goto fail;
	}
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	csr |= PCI_COMMAND_MASTER_ENABLE;
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG, csr);

	id = edu_read(sc, EDU_ID);
	edu_write(sc, EDU_LIVENESS, id);
	if (__SHIFTOUT(id, ID_MAGIC) != ID_MAGIC_VALUE ||
	    edu_read(sc, EDU_LIVENESS) != ~id) {
		aprint_error_dev(self, "not alive: ID %#x\n", id);
		goto fail;
	}
	aprint_normal_dev(self, "version %d.%d\n",
	    (int)__SHIFTOUT(id, ID_MAJOR), (int)__SHIFTOUT(id, ID_MINOR));

	if (edu_dma_attach(sc) != 0)
		goto fail;

	edu_write(sc, EDU_INT_ACK, edu_read(sc, EDU_INT_STATUS));
	if (pci_irq_establish(pa, &sc->sc_irq,
	    (device_cfdata(self)->cf_flags & EDU_CF_INTX) != 0, IPL_VM,
	    edu_intr, sc, device_xname(self)) != 0) {
		aprint_error_dev(self, "unable to establish interrupt\n");
		goto fail;
	}
	aprint_normal_dev(self, "interrupting at %s\n", sc->sc_irq.pi_string);
	edu_write(sc, EDU_STATUS, STATUS_INTERRUPT);

	if (!pmf_device_register(self, edu_suspend, edu_resume))
		aprint_error_dev(self, "unable to register power handler\n");
	sc->sc_attached = true;
	edu_sysctl_attach(sc);
	return;

fail:
	edu_release(sc);
}

static int
edu_detach(device_t self, int flags)
{
	struct edu_softc *sc = device_private(self);

	if (!sc->sc_attached)
		return 0;

	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	sysctl_teardown(&sc->sc_log);

	mutex_enter(&sc->sc_lock);
	while (sc->sc_busy)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	edu_write(sc, EDU_STATUS, 0);
	mutex_exit(&sc->sc_lock);

	pmf_device_deregister(self);
	sc->sc_attached = false;
	edu_release(sc);
	return 0;
}

static void
edu_release(struct edu_softc *sc)
{

	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	if (sc->sc_map != NULL) {
		if (sc->sc_map->dm_nsegs != 0)
			bus_dmamap_unload(sc->sc_dmat, sc->sc_map);
		bus_dmamap_destroy(sc->sc_dmat, sc->sc_map);
	}
	if (sc->sc_buf != NULL)
		bus_dmamem_unmap(sc->sc_dmat, sc->sc_buf, EDU_DMA_SIZE);
	if (sc->sc_nseg != 0)
		bus_dmamem_free(sc->sc_dmat, &sc->sc_seg, sc->sc_nseg);
	if (sc->sc_subregion)
		bus_dmatag_destroy(sc->sc_dmat);
	if (sc->sc_ss != 0)
		bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	evcnt_detach(&sc->sc_ev_timeout);
	evcnt_detach(&sc->sc_ev_intr);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
}

/*
 * DMA memory that the device reaches with its 28 bits.  A port that cannot
 * narrow a tag gives us any memory, which we refuse when it is too high.
 */
static int
edu_dma_attach(struct edu_softc *sc)
{
	void *kva;
	int error;

	sc->sc_dmat = sc->sc_parent_dmat;
	if (bus_dmatag_subregion(sc->sc_parent_dmat, 0, EDU_DMA_HIGHEST,
	    &sc->sc_dmat, BUS_DMA_WAITOK) == 0)
		sc->sc_subregion = true;
	else
		sc->sc_dmat = sc->sc_parent_dmat;

	error = bus_dmamem_alloc(sc->sc_dmat, EDU_DMA_SIZE, PAGE_SIZE, 0,
	    &sc->sc_seg, 1, &sc->sc_nseg, BUS_DMA_WAITOK);
	if (error != 0) {
		sc->sc_nseg = 0;
		goto out;
	}
	error = bus_dmamem_map(sc->sc_dmat, &sc->sc_seg, sc->sc_nseg,
	    EDU_DMA_SIZE, &kva, BUS_DMA_WAITOK);
	if (error != 0)
		goto out;
	sc->sc_buf = kva;
	error = bus_dmamap_create(sc->sc_dmat, EDU_DMA_SIZE, 1, EDU_DMA_SIZE,
	    0, BUS_DMA_WAITOK, &sc->sc_map);
	if (error != 0) {
		sc->sc_map = NULL;
		goto out;
	}
	error = bus_dmamap_load(sc->sc_dmat, sc->sc_map, sc->sc_buf,
	    EDU_DMA_SIZE, NULL, BUS_DMA_WAITOK);
	if (error == 0 && sc->sc_map->dm_segs[0].ds_addr >
	    EDU_DMA_HIGHEST - EDU_DMA_SIZE + 1)
		error = EFAULT;
out:
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to set up DMA memory: error %d\n", error);
	return error;
}

/* == Requests == */

/*
 * Become the only user.  On success sc_lock is held.  Errors: EINTR, ENXIO.
 */
static int
edu_enter(struct edu_softc *sc)
{
	int error = 0;

	mutex_enter(&sc->sc_lock);
	while (error == 0 && !sc->sc_dying &&
	    (sc->sc_busy || sc->sc_suspended))
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	if (sc->sc_dying)
		error = ENXIO;
	if (error != 0) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	sc->sc_busy = true;
	return 0;
}

static void
edu_exit(struct edu_softc *sc)
{

	sc->sc_busy = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/* Sleep until the device interrupts for this cause.  Errors: ETIMEDOUT. */
static int
edu_wait(struct edu_softc *sc, uint32_t cause)
{

	KASSERT(mutex_owned(&sc->sc_lock));

	while ((sc->sc_cause & cause) == 0) {
		if (cv_timedwait(&sc->sc_cv, &sc->sc_lock,
		    mstohz(EDU_TIMEOUT_MS)) == EWOULDBLOCK &&
		    (sc->sc_cause & cause) == 0) {
			sc->sc_ev_timeout.ev_count++;
			return ETIMEDOUT;
		}
	}
	return 0;
}

static int
edu_factorial(struct edu_softc *sc, uint32_t n, uint32_t *result)
{
	int error;

	error = edu_enter(sc);
	if (error != 0)
		return error;
	sc->sc_cause = 0;
	edu_write(sc, EDU_FACTORIAL, n);
	error = edu_wait(sc, INT_FACTORIAL);
	if (error == 0)
		*result = edu_read(sc, EDU_FACTORIAL);
	edu_exit(sc);
	return error;
}

/* Copy one way, between the device's buffer and our memory at offset. */
static int
edu_dma(struct edu_softc *sc, bus_size_t offset, size_t len, bool from_device)
{
	const uint32_t memory = sc->sc_map->dm_segs[0].ds_addr + offset;
	uint32_t cmd = DMA_CMD_RUN | DMA_CMD_INTERRUPT;
	int error;

	bus_dmamap_sync(sc->sc_dmat, sc->sc_map, offset, len,
	    from_device ? BUS_DMASYNC_PREREAD : BUS_DMASYNC_PREWRITE);
	edu_write(sc, EDU_DMA_SRC, from_device ? EDU_BUFFER : memory);
	edu_write(sc, EDU_DMA_DST, from_device ? memory : EDU_BUFFER);
	edu_write(sc, EDU_DMA_COUNT, len);
	if (from_device)
		cmd |= DMA_CMD_FROM_DEVICE;
	sc->sc_cause = 0;
	edu_write(sc, EDU_DMA_CMD, cmd);
	error = edu_wait(sc, INT_DMA);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_map, offset, len,
	    from_device ? BUS_DMASYNC_POSTREAD : BUS_DMASYNC_POSTWRITE);
	return error;
}

/* There and back again.  Errors: as edu_enter, ETIMEDOUT, EIO. */
static int
edu_round_trip(struct edu_softc *sc, size_t len)
{
	size_t i;
	int error;

	error = edu_enter(sc);
	if (error != 0)
		return error;
	for (i = 0; i < len; i++) {
		sc->sc_buf[EDU_OUT + i] = (uint8_t)(i * 7 + len);
		sc->sc_buf[EDU_IN + i] = 0;
	}
	error = edu_dma(sc, EDU_OUT, len, false);
	if (error == 0)
		error = edu_dma(sc, EDU_IN, len, true);
	if (error == 0 &&
	    memcmp(sc->sc_buf + EDU_OUT, sc->sc_buf + EDU_IN, len) != 0)
		error = EIO;
	edu_exit(sc);
	return error;
}

static int
edu_intr(void *arg)
{
	struct edu_softc *sc = arg;
	uint32_t cause;

	cause = edu_read(sc, EDU_INT_STATUS);
	if (cause == 0 || cause == ~0u)
		return 0;
	edu_write(sc, EDU_INT_ACK, cause);

	mutex_enter(&sc->sc_lock);
	sc->sc_ev_intr.ev_count++;
	sc->sc_cause |= cause;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return 1;
}

/* == Power management == */

static bool
edu_suspend(device_t self, const pmf_qual_t *qual)
{
	struct edu_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	sc->sc_suspended = true;
	while (sc->sc_busy)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	edu_write(sc, EDU_STATUS, 0);
	mutex_exit(&sc->sc_lock);
	return true;
}

static bool
edu_resume(device_t self, const pmf_qual_t *qual)
{
	struct edu_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	edu_write(sc, EDU_STATUS, STATUS_INTERRUPT);
	sc->sc_suspended = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return true;
}

/* == sysctl(9) == */

static int
edu_sysctl_factorial(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct edu_softc *sc = node.sysctl_data;
	int64_t value = sc->sc_factorial;
	uint32_t result = 0;
	int error;

	node.sysctl_data = &value;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (value < 0 || value > UINT32_MAX)
		return EINVAL;
	error = edu_factorial(sc, (uint32_t)value, &result);
	if (error == 0)
		sc->sc_factorial = result;
	return error;
}

static int
edu_sysctl_dma(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct edu_softc *sc = node.sysctl_data;
	int error, len = sc->sc_copied;

	node.sysctl_data = &len;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (len < 1 || len > EDU_DMA_MAX)
		return EINVAL;
	error = edu_round_trip(sc, len);
	if (error == 0)
		sc->sc_copied = len;
	return error;
}

static int
edu_sysctl_liveness(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct edu_softc *sc = node.sysctl_data;
	int error, value = (int)edu_read(sc, EDU_LIVENESS);

	node.sysctl_data = &value;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error == 0 && newp != NULL)
		edu_write(sc, EDU_LIVENESS, (uint32_t)value);
	return error;
}

static void
edu_sysctl_attach(struct edu_softc *sc)
{
	const struct sysctlnode *rnode;
	int error;

	error = sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(sc->sc_dev), SYSCTL_DESCR("Educational device"),
	    NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_QUAD, "factorial",
		    SYSCTL_DESCR("Write n, read n! modulo 2^32"),
		    edu_sysctl_factorial, 0, (void *)sc, sizeof(int64_t),
		    CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "dma",
		    SYSCTL_DESCR("Bytes to copy to the device and back"),
		    edu_sysctl_dma, 0, (void *)sc, sizeof(int),
		    CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "liveness",
		    SYSCTL_DESCR("Write a number, read its complement"),
		    edu_sysctl_liveness, 0, (void *)sc, sizeof(int),
		    CTL_CREATE, CTL_EOL);
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to create sysctl nodes: error %d\n", error);
}
