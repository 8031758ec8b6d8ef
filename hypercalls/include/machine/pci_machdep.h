/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9) and pci_intr(9): what each port defines for itself.  Included by <dev/pci/pcivar.h>.
 */

#ifndef _RUMPHOST_PCI_MACHDEP_H_
#define _RUMPHOST_PCI_MACHDEP_H_

#include <sys/types.h>

struct device;
struct evcnt;
struct pci_attach_args;
struct pcibus_attach_args;

/* One domain of buses; there is nothing to tell apart. */
struct rumphost_pci_chipset {
	int	pc_domain;
};
typedef struct rumphost_pci_chipset *pci_chipset_tag_t;

/* bus << 16 | device << 11 | function << 8 */
typedef uint32_t	pcitag_t;

/* Given out by the host, but for one bit that pci_intr_setattr(9) sets. */
typedef uint64_t	pci_intr_handle_t;
#define RUMPHOST_PCI_INTR_MPSAFE	((pci_intr_handle_t)1 << 63)

typedef enum {
	PCI_INTR_TYPE_INTX = 0,
	PCI_INTR_TYPE_MSI,
	PCI_INTR_TYPE_MSIX,
	PCI_INTR_TYPE_SIZE
} pci_intr_type_t;

void	pci_attach_hook(struct device *, struct device *, struct pcibus_attach_args *);
int	pci_bus_maxdevs(pci_chipset_tag_t, int);
pcitag_t pci_make_tag(pci_chipset_tag_t, int, int, int);
void	pci_decompose_tag(pci_chipset_tag_t, pcitag_t, int *, int *, int *);
uint32_t pci_conf_read(pci_chipset_tag_t, pcitag_t, int);
void	pci_conf_write(pci_chipset_tag_t, pcitag_t, int, uint32_t);

int	pci_intr_map(const struct pci_attach_args *, pci_intr_handle_t *);
const char *pci_intr_string(pci_chipset_tag_t, pci_intr_handle_t, char *, size_t);
const struct evcnt *pci_intr_evcnt(pci_chipset_tag_t, pci_intr_handle_t);
void	*pci_intr_establish(pci_chipset_tag_t, pci_intr_handle_t, int, int (*)(void *), void *);
void	*pci_intr_establish_xname(pci_chipset_tag_t, pci_intr_handle_t, int, int (*)(void *),
	    void *, const char *);
void	pci_intr_disestablish(pci_chipset_tag_t, void *);

pci_intr_type_t pci_intr_type(pci_chipset_tag_t, pci_intr_handle_t);
int	pci_intr_alloc(const struct pci_attach_args *, pci_intr_handle_t **, int *,
	    pci_intr_type_t);
void	pci_intr_release(pci_chipset_tag_t, pci_intr_handle_t *, int);
int	pci_intx_alloc(const struct pci_attach_args *, pci_intr_handle_t **);
int	pci_msi_alloc(const struct pci_attach_args *, pci_intr_handle_t **, int *);
int	pci_msi_alloc_exact(const struct pci_attach_args *, pci_intr_handle_t **, int);
int	pci_msix_alloc(const struct pci_attach_args *, pci_intr_handle_t **, int *);
int	pci_msix_alloc_exact(const struct pci_attach_args *, pci_intr_handle_t **, int);
int	pci_msix_alloc_map(const struct pci_attach_args *, pci_intr_handle_t **, u_int *, int);

/* interrupt_distribute(9): there is one CPU. */
#if __has_include(<sys/kcpuset.h>)
#include <sys/kcpuset.h>
int	interrupt_distribute(void *, const kcpuset_t *, kcpuset_t *);
#endif

#endif /* !_RUMPHOST_PCI_MACHDEP_H_ */
