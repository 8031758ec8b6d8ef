/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a host costs on a real function: QEMU's edu.  Write a number N to one
 * of these nodes, and the write returns when it has been done N times.
 *
 *	hw.edubench0.reads	read a register; whoever writes holds the watch
 *	hw.edubench0.interrupts	have the device interrupt, and wait for the
 *				handler
 *	hw.edubench0.took	the processor's counter from the write that
 *				raises an interrupt to the handler's entry, the
 *				last 1024 times: uint64_t (read only)
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/mutex.h>
#include <sys/sysctl.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "../../../drivers/edureg.h"
#include "../../../drivers/pci_irq.h"
#include "../../bench/baseline/counter.h"

#define	EDUBENCH_MAX	10000000
#define	EDUBENCH_TOOK	1024

struct edubench_softc {
	device_t		sc_dev;
	pci_chipset_tag_t	sc_pc;
	struct pci_irq		sc_irq;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;

	kmutex_t		sc_lock;	/* all below */
	kcondvar_t		sc_cv;
	uint64_t		sc_raised;	/* when, or 0: handled */
	int			sc_count;
	uint64_t		sc_took[EDUBENCH_TOOK];
	uint32_t		sc_sum;		/* so that reads are not vain */
	struct sysctllog	*sc_log;
};

static int	edubench_match(device_t, cfdata_t, void *);
static void	edubench_attach(device_t, device_t, void *);
static int	edubench_detach(device_t, int);
static int	edubench_intr(void *);
static int	edubench_sysctl(SYSCTLFN_PROTO);

CFATTACH_DECL_NEW(edubench, sizeof(struct edubench_softc),
    edubench_match, edubench_attach, edubench_detach, NULL);

static int
edubench_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == EDU_PCI_VENDOR &&
	    PCI_PRODUCT(pa->pa_id) == EDU_PCI_PRODUCT;
}

static void
edubench_attach(device_t parent, device_t self, void *aux)
{
	struct edubench_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	const struct sysctlnode *rnode;
	pcireg_t csr;
	int error;

	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	pci_aprint_devinfo(pa, NULL);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&sc->sc_cv, "edubench");
	if (pci_mapreg_map(pa, EDU_BAR, PCI_MAPREG_TYPE_MEM, 0,
	    &sc->sc_st, &sc->sc_sh, NULL, &sc->sc_ss) != 0)
		panic("%s: no registers", device_xname(self));
	/* An MSI is a write to memory: the function must be allowed those. */
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG,
	    csr | PCI_COMMAND_MASTER_ENABLE);
	if (pci_irq_establish(pa, &sc->sc_irq, false, IPL_VM, edubench_intr,
	    sc, device_xname(self)) != 0)
		panic("%s: no interrupt", device_xname(self));
	aprint_normal_dev(self, "interrupting at %s\n", sc->sc_irq.pi_string);

	error = sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(self), SYSCTL_DESCR("Figures"),
	    NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "reads",
		    SYSCTL_DESCR("Register reads"), edubench_sysctl, 0,
		    (void *)sc, sizeof(int), CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "interrupts",
		    SYSCTL_DESCR("Interrupts"), edubench_sysctl, 0,
		    (void *)sc, sizeof(int), CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READONLY, CTLTYPE_STRUCT, "took",
		    SYSCTL_DESCR("Until the handler"), NULL, 0, sc->sc_took,
		    sizeof(sc->sc_took), CTL_CREATE, CTL_EOL);
	if (error != 0)
		panic("%s: no sysctl nodes: error %d", device_xname(self),
		    error);
}

static int
edubench_detach(device_t self, int flags)
{
	struct edubench_softc *sc = device_private(self);

	sysctl_teardown(&sc->sc_log);
	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

static int
edubench_intr(void *arg)
{
	struct edubench_softc *sc = arg;
	const uint64_t now = counter();
	uint32_t cause;

	cause = bus_space_read_4(sc->sc_st, sc->sc_sh, EDU_INT_STATUS);
	if (cause == 0)
		return 0;
	bus_space_write_4(sc->sc_st, sc->sc_sh, EDU_INT_ACK, cause);
	mutex_enter(&sc->sc_lock);
	sc->sc_took[sc->sc_count++ % EDUBENCH_TOOK] = now - sc->sc_raised;
	sc->sc_raised = 0;
	cv_signal(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return 1;
}

static void
edubench_interrupts(struct edubench_softc *sc, int n)
{

	mutex_enter(&sc->sc_lock);
	for (sc->sc_count = 0; n > 0; n--) {
		sc->sc_raised = counter();
		bus_space_write_4(sc->sc_st, sc->sc_sh, EDU_INT_RAISE, 1);
		while (sc->sc_raised != 0)
			cv_wait(&sc->sc_cv, &sc->sc_lock);
	}
	mutex_exit(&sc->sc_lock);
}

static void
edubench_reads(struct edubench_softc *sc, int n)
{
	uint32_t sum = 0;

	while (n-- > 0)
		sum += bus_space_read_4(sc->sc_st, sc->sc_sh, EDU_ID);
	sc->sc_sum += sum;
}

static int
edubench_sysctl(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct edubench_softc *sc = node.sysctl_data;
	int error, n = 0;

	node.sysctl_data = &n;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (n < 0 || n > EDUBENCH_MAX)
		return EINVAL;
	if (strcmp(rnode->sysctl_name, "reads") == 0)
		edubench_reads(sc, n);
	else
		edubench_interrupts(sc, n);
	return 0;
}
