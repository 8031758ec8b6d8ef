/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The one interrupt of a PCI function, by the best means that the kernel and
 * the function have: MSI, or else the INTx line.  Kernels older than 8.0 know
 * INTx only; see pci_intr(9) and pci_msi(9).
 */

#ifndef _PCI_IRQ_H_
#define _PCI_IRQ_H_

#include <sys/param.h>
#include <sys/errno.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#if defined(__HAVE_PCI_MSI_MSIX) || __NetBSD_Version__ >= 800000000
#define	PCI_IRQ_MSI
#endif

struct pci_irq {
#ifdef PCI_IRQ_MSI
	pci_intr_handle_t	*pi_handles;	/* one, or NULL */
#endif
	void			*pi_cookie;
	char			pi_string[64];	/* "irq 11", "msi vec 0" */
};

/* Give back what pci_irq_establish took, also the half of it. */
static inline void
pci_irq_disestablish(pci_chipset_tag_t pc, struct pci_irq *pi)
{

	if (pi->pi_cookie != NULL) {
		pci_intr_disestablish(pc, pi->pi_cookie);
		pi->pi_cookie = NULL;
	}
#ifdef PCI_IRQ_MSI
	if (pi->pi_handles != NULL) {
		pci_intr_release(pc, pi->pi_handles, 1);
		pi->pi_handles = NULL;
	}
#endif
}

/*
 * Have handler(arg) called at ipl, without the kernel lock.  With intx true
 * MSI is not tried.  Returns 0 or an errno.
 */
static inline int
pci_irq_establish(const struct pci_attach_args *pa, struct pci_irq *pi,
    bool intx, int ipl, int (*handler)(void *), void *arg, const char *xname)
{
	const pci_chipset_tag_t pc = pa->pa_pc;
	const char *string;
#ifdef PCI_IRQ_MSI
	pci_intr_handle_t *ihp;
	int counts[PCI_INTR_TYPE_SIZE];
	pci_intr_type_t type;

	memset(counts, 0, sizeof(counts));
	counts[PCI_INTR_TYPE_INTX] = 1;
	counts[PCI_INTR_TYPE_MSI] = 1;
	type = intx ? PCI_INTR_TYPE_INTX : PCI_INTR_TYPE_MSI;
	if (pci_intr_alloc(pa, &pi->pi_handles, counts, type) != 0) {
		pi->pi_handles = NULL;
		return ENXIO;
	}
	ihp = pi->pi_handles;
#else
	pci_intr_handle_t ih, *ihp = &ih;

	if (pci_intr_map(pa, ihp) != 0)
		return ENXIO;
#endif

	string = pci_intr_string(pc, *ihp, pi->pi_string,
	    sizeof(pi->pi_string));
	if (string != NULL && string != pi->pi_string)
		strlcpy(pi->pi_string, string, sizeof(pi->pi_string));
	pci_intr_setattr(pc, ihp, PCI_INTR_MPSAFE, true);
#ifdef PCI_IRQ_MSI
	pi->pi_cookie = pci_intr_establish_xname(pc, *ihp, ipl, handler, arg,
	    xname);
#else
	pi->pi_cookie = pci_intr_establish(pc, *ihp, ipl, handler, arg);
#endif
	if (pi->pi_cookie == NULL) {
		pci_irq_disestablish(pc, pi);
		return ENXIO;
	}
	return 0;
}

#endif /* _PCI_IRQ_H_ */
