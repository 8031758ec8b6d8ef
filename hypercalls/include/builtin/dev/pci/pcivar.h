/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9): what the bus tells a driver, and how the driver gets at its function.  What each port
 * defines for itself, interrupts included, is in <machine/pci_machdep.h>.
 */

#ifndef _DEV_PCI_PCIVAR_H_
#define _DEV_PCI_PCIVAR_H_

#include <sys/device.h>
#include <sys/pmf.h>
#include <sys/bus.h>
#include <dev/pci/pcireg.h>

#ifdef _KERNEL
#include <machine/pci_machdep.h>

struct pcibus_attach_args {
	char		*_pba_busname;
	bus_space_tag_t	pba_iot;
	bus_space_tag_t	pba_memt;
	bus_dma_tag_t	pba_dmat;
	bus_dma_tag_t	pba_dmat64;
	pci_chipset_tag_t pba_pc;
	int		pba_flags;
	int		pba_bus;
	int		pba_sub;
	pcitag_t	*pba_bridgetag;
	u_int		pba_intrswiz;
	pcitag_t	pba_intrtag;
};

struct pci_attach_args {
	bus_space_tag_t	pa_iot;
	bus_space_tag_t	pa_memt;
	bus_dma_tag_t	pa_dmat;	/* 32 bits of address */
	bus_dma_tag_t	pa_dmat64;	/* 64 bits, if pci_dma64_available(9) */
	pci_chipset_tag_t pa_pc;
	int		pa_flags;	/* PCI_FLAGS_* */

	u_int		pa_bus;
	u_int		pa_device;
	u_int		pa_function;
	pcitag_t	pa_tag;
	pcireg_t	pa_id;
	pcireg_t	pa_class;

	u_int		pa_intrswiz;
	pcitag_t	pa_intrtag;
	pci_intr_pin_t	pa_intrpin;
	pci_intr_line_t	pa_intrline;
	pci_intr_pin_t	pa_rawintrpin;
};

#define PCI_FLAGS_IO_OKAY	0x01
#define PCI_FLAGS_MEM_OKAY	0x02
#define PCI_FLAGS_MRL_OKAY	0x04
#define PCI_FLAGS_MRM_OKAY	0x08
#define PCI_FLAGS_MWI_OKAY	0x10
#define PCI_FLAGS_MSI_OKAY	0x20
#define PCI_FLAGS_MSIX_OKAY	0x40

struct pci_conf_state {
	pcireg_t	reg[16];
	pcireg_t	x_csr;		/* PCI-X command */
	pcireg_t	e_dcr;		/* PCI Express device control */
	pcireg_t	e_lcr;
};

extern struct cfdriver	pci_cd;

/* Base address registers */
int	pci_mapreg_probe(pci_chipset_tag_t, pcitag_t, int, pcireg_t *);
pcireg_t pci_mapreg_type(pci_chipset_tag_t, pcitag_t, int);
int	pci_mapreg_info(pci_chipset_tag_t, pcitag_t, int, pcireg_t, bus_addr_t *, bus_size_t *,
	    int *);
int	pci_mapreg_map(const struct pci_attach_args *, int, pcireg_t, int, bus_space_tag_t *,
	    bus_space_handle_t *, bus_addr_t *, bus_size_t *);
int	pci_mapreg_submap(const struct pci_attach_args *, int, pcireg_t, int, bus_size_t,
	    bus_size_t, bus_space_tag_t *, bus_space_handle_t *, bus_addr_t *, bus_size_t *);
int	pci_find_rom(const struct pci_attach_args *, bus_space_tag_t, bus_space_handle_t,
	    bus_size_t, int, bus_space_handle_t *, bus_size_t *);

/* Capabilities */
int	pci_get_capability(pci_chipset_tag_t, pcitag_t, int, int *, pcireg_t *);
int	pci_get_ext_capability(pci_chipset_tag_t, pcitag_t, int, int *, pcireg_t *);
int	pci_msi_count(pci_chipset_tag_t, pcitag_t);
int	pci_msix_count(pci_chipset_tag_t, pcitag_t);
int	pci_vpd_read(pci_chipset_tag_t, pcitag_t, int, int, pcireg_t *);
int	pci_vpd_write(pci_chipset_tag_t, pcitag_t, int, int, pcireg_t *);

/* Names */
extern const char *(*pci_findvendor)(char *, size_t, uint32_t);
extern const char *(*pci_findproduct)(char *, size_t, uint32_t, uint32_t);
void	pci_devinfo(pcireg_t, pcireg_t, int, char *, size_t);
void	pci_aprint_devinfo_fancy(const struct pci_attach_args *, const char *, const char *, int);
#define pci_aprint_devinfo(pa, naive) \
	pci_aprint_devinfo_fancy((pa), (naive), NULL, 0)

/* Matching */
int	pci_compatible_match(const struct pci_attach_args *,
	    const struct device_compatible_entry *);
int	pci_compatible_match_subsys(const struct pci_attach_args *,
	    const struct device_compatible_entry *);
const struct device_compatible_entry *pci_compatible_lookup(const struct pci_attach_args *,
	    const struct device_compatible_entry *);
const struct device_compatible_entry *pci_compatible_lookup_subsys(
	    const struct pci_attach_args *, const struct device_compatible_entry *);
const struct device_compatible_entry *pci_compatible_lookup_id(pcireg_t,
	    const struct device_compatible_entry *);
int	pci_find_device(struct pci_attach_args *, int (*)(const struct pci_attach_args *));

/* Power */
#define PCI_PWR_D0	0
#define PCI_PWR_D1	1
#define PCI_PWR_D2	2
#define PCI_PWR_D3	3
int	pci_powerstate(pci_chipset_tag_t, pcitag_t, const int *, int *);
int	pci_get_powerstate(pci_chipset_tag_t, pcitag_t, pcireg_t *);
int	pci_set_powerstate(pci_chipset_tag_t, pcitag_t, pcireg_t);
int	pci_activate(pci_chipset_tag_t, pcitag_t, device_t,
	    int (*)(pci_chipset_tag_t, pcitag_t, device_t, pcireg_t));
int	pci_activate_null(pci_chipset_tag_t, pcitag_t, device_t, pcireg_t);
void	pci_conf_capture(pci_chipset_tag_t, pcitag_t, struct pci_conf_state *);
void	pci_conf_restore(pci_chipset_tag_t, pcitag_t, struct pci_conf_state *);

int	pci_dma64_available(const struct pci_attach_args *);
int	pci_bus_devorder(pci_chipset_tag_t, int, uint8_t *, int);

/* Interrupts */
#define PCI_INTR_MPSAFE	1
int	pci_intr_setattr(pci_chipset_tag_t, pci_intr_handle_t *, int, uint64_t);
#endif

#endif /* !_DEV_PCI_PCIVAR_H_ */
