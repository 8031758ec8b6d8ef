/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the faulty drivers share.  Each of them attaches to the teaching
 * device and shows one fault; the comment at its head says which, where it
 * happens, and what ought to be reported.
 */

#ifndef _FAULTY_H_
#define _FAULTY_H_

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/proc.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "../../../drivers/pci_irq.h"
#include "../../../drivers/teachreg.h"

/* The part of a softc that deals with the device; must come first. */
struct faulty {
	device_t		f_dev;
	pci_chipset_tag_t	f_pc;
	struct pci_irq		f_irq;
	bus_space_tag_t		f_st;
	bus_space_handle_t	f_sh;
	bus_size_t		f_ss;
	bus_dma_tag_t		f_dmat;
};

#define	FAULTY_READ(f, reg)						\
	bus_space_read_4((f)->f_st, (f)->f_sh, (reg))
#define	FAULTY_WRITE(f, reg, val)					\
	bus_space_write_4((f)->f_st, (f)->f_sh, (reg), (val))

static inline int
faulty_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == TEACH_PCI_VENDOR &&
	    PCI_PRODUCT(pa->pa_id) == TEACH_PCI_PRODUCT;
}

/* Map the registers and reset the device.  Errors are fatal here. */
static inline void
faulty_map(struct faulty *f, device_t self, const struct pci_attach_args *pa)
{
	pcireg_t csr;

	f->f_dev = self;
	f->f_pc = pa->pa_pc;
	f->f_dmat = pa->pa_dmat;
	pci_aprint_devinfo(pa, NULL);
	if (pci_mapreg_map(pa, TEACH_BAR, PCI_MAPREG_TYPE_MEM, 0,
	    &f->f_st, &f->f_sh, NULL, &f->f_ss) != 0)
		panic("%s: no registers", device_xname(self));
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG,
	    csr | PCI_COMMAND_MASTER_ENABLE);
	FAULTY_WRITE(f, TEACH_CTRL, CTRL_RST);
}

static inline void
faulty_unmap(struct faulty *f)
{

	FAULTY_WRITE(f, TEACH_CTRL, CTRL_RST);
	pci_irq_disestablish(f->f_pc, &f->f_irq);
	bus_space_unmap(f->f_st, f->f_sh, f->f_ss);
}

/* Interrupt at IPL_VM, once after each `period' ns. */
static inline void
faulty_interrupt(struct faulty *f, const struct pci_attach_args *pa,
    bool intx, int (*handler)(void *), uint32_t period)
{

	if (pci_irq_establish(pa, &f->f_irq, intx, IPL_VM, handler, f,
	    device_xname(f->f_dev)) != 0)
		panic("%s: no interrupt", device_xname(f->f_dev));
	FAULTY_WRITE(f, TEACH_IMR, INT_TIMER);
	FAULTY_WRITE(f, TEACH_PERIOD, period);
}

/* For those who do no more at detach than they should. */
static inline int
faulty_detach(device_t self, int flags)
{
	struct faulty *f = device_private(self);

	if (f->f_ss != 0)
		faulty_unmap(f);
	return 0;
}

#endif /* _FAULTY_H_ */
