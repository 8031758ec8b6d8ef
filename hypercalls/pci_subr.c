/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9): names, capabilities, tables of known functions.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/bus.h>
#include <sys/device.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "shim.h"

/* Newer pcivar.h declare these. */
int	pci_get_ext_capability(pci_chipset_tag_t, pcitag_t, int, int *, pcireg_t *);
int	pci_msi_count(pci_chipset_tag_t, pcitag_t);
int	pci_msix_count(pci_chipset_tag_t, pcitag_t);

/*
 * Names.  Trees declare these two as pointers, with different types of ID.
 */

static const char *
find_vendor(char *buffer, size_t size, uint32_t vendor)
{

	rumphost_pci_name(RUMPHOST_PCI_VENDOR, vendor & PCI_VENDOR_MASK, 0, buffer, size);
	return buffer;
}

static const char *
find_product(char *buffer, size_t size, uint32_t vendor, uint32_t product)
{

	rumphost_pci_name(RUMPHOST_PCI_PRODUCT, PCI_ID_CODE(vendor, product), 0, buffer, size);
	return buffer;
}

__typeof__(pci_findvendor) pci_findvendor = (__typeof__(pci_findvendor))(void *)find_vendor;
__typeof__(pci_findproduct) pci_findproduct = (__typeof__(pci_findproduct))(void *)find_product;

void
pci_devinfo(pcireg_t id, pcireg_t class, int show_class, char *buffer, size_t size)
{
	size_t length;

	rumphost_pci_name(RUMPHOST_PCI_PRODUCT, id, class, buffer, size);
	length = strlen(buffer);
	if (show_class && length + 1 < size)
		rumphost_pci_name(RUMPHOST_PCI_CLASS, id, class, buffer + length, size - length);
}

void
pci_aprint_devinfo_fancy(const struct pci_attach_args *pa, const char *naive, const char *known,
    int add_revision)
{
	char name[256];

	aprint_naive(": %s\n", naive != NULL ? naive : "");
	if (known == NULL) {
		pci_devinfo(pa->pa_id, pa->pa_class, 0, name, sizeof(name));
		aprint_normal(": %s (rev. 0x%02x)\n", name, PCI_REVISION(pa->pa_class));
	} else if (add_revision)
		aprint_normal(": %s (rev. 0x%02x)\n", known, PCI_REVISION(pa->pa_class));
	else
		aprint_normal(": %s\n", known);
}

/*
 * Capabilities.
 */

static int
capability(pci_chipset_tag_t pc, pcitag_t tag, int id, int extended, int *offsetp,
    pcireg_t *valuep)
{
	const int offset = rumphost_pci_capability(tag, id, extended);

	if (offset == 0)
		return 0;
	if (offsetp != NULL)
		*offsetp = offset;
	if (valuep != NULL)
		*valuep = pci_conf_read(pc, tag, offset);
	return 1;
}

int
pci_get_capability(pci_chipset_tag_t pc, pcitag_t tag, int id, int *offsetp, pcireg_t *valuep)
{

	return capability(pc, tag, id, 0, offsetp, valuep);
}

int
pci_get_ext_capability(pci_chipset_tag_t pc, pcitag_t tag, int id, int *offsetp,
    pcireg_t *valuep)
{

	return capability(pc, tag, id, 1, offsetp, valuep);
}

int
pci_msi_count(pci_chipset_tag_t pc, pcitag_t tag)
{

	(void)pc;
	return rumphost_pci_intr_count(tag, RUMPHOST_INTR_MSI);
}

int
pci_msix_count(pci_chipset_tag_t pc, pcitag_t tag)
{

	(void)pc;
	return rumphost_pci_intr_count(tag, RUMPHOST_INTR_MSIX);
}

/* Vital product data, four bytes at a time; the flag tells when the function has them. */
static int
vpd_access(pci_chipset_tag_t pc, pcitag_t tag, int address, int count, pcireg_t *data, bool write)
{
	const pcireg_t done = write ? 0 : PCI_VPD_OPFLAG;
	pcireg_t reg;
	int offset, tries;

	if (pci_get_capability(pc, tag, PCI_CAP_VPD, &offset, &reg) == 0)
		return 1;
	for (int n = 0; n < count; n++) {
		if (write)
			pci_conf_write(pc, tag, PCI_VPD_DATAREG(offset), data[n]);
		reg = (reg & 0xffff) | PCI_VPD_ADDRESS(address + 4 * n);
		pci_conf_write(pc, tag, offset, reg | (write ? PCI_VPD_OPFLAG : 0));
		for (tries = 0; tries < 20; tries++) {
			delay(1000);
			if ((pci_conf_read(pc, tag, offset) & PCI_VPD_OPFLAG) == done)
				break;
		}
		if (tries == 20)
			return 1;
		if (!write)
			data[n] = pci_conf_read(pc, tag, PCI_VPD_DATAREG(offset));
	}
	return 0;
}

int
pci_vpd_read(pci_chipset_tag_t pc, pcitag_t tag, int address, int count, pcireg_t *data)
{

	return vpd_access(pc, tag, address, count, data, false);
}

int
pci_vpd_write(pci_chipset_tag_t pc, pcitag_t tag, int address, int count, pcireg_t *data)
{

	return vpd_access(pc, tag, address, count, data, true);
}

/* For whoever debugs a driver: all registers, sixteen bytes a line. */
void	pci_conf_print(pci_chipset_tag_t, pcitag_t,
	    void (*)(pci_chipset_tag_t, pcitag_t, const pcireg_t *));

void
pci_conf_print(pci_chipset_tag_t pc, pcitag_t tag,
    void (*print)(pci_chipset_tag_t, pcitag_t, const pcireg_t *))
{
	pcireg_t regs[PCI_CONF_SIZE / 4];

	for (size_t n = 0; n < __arraycount(regs); n++)
		regs[n] = pci_conf_read(pc, tag, (int)(n * 4));
	for (size_t n = 0; n < __arraycount(regs); n += 4)
		printf("    0x%02x: 0x%08x 0x%08x 0x%08x 0x%08x\n", (unsigned)(n * 4), regs[n],
		    regs[n + 1], regs[n + 2], regs[n + 3]);
	if (print != NULL)
		(*print)(pc, tag, regs);
}

/* A user's program that looks at the bus is nobody here. */
struct lwp;
int	pci_devioctl(pci_chipset_tag_t, pcitag_t, u_long, void *, int, struct lwp *);

int
pci_devioctl(pci_chipset_tag_t pc, pcitag_t tag, u_long command, void *data, int flags,
    struct lwp *l)
{

	(void)pc;
	(void)tag;
	(void)command;
	(void)data;
	(void)flags;
	(void)l;
	return EPASSTHROUGH;
}

#ifdef DEVICE_COMPAT_EOL

/*
 * Tables of known functions.  An entry with the ID 0 ends one.
 */

const struct device_compatible_entry *
pci_compatible_lookup_id(pcireg_t id, const struct device_compatible_entry *table)
{

	return device_compatible_lookup_id(id, 0, table);
}

const struct device_compatible_entry *
pci_compatible_lookup(const struct pci_attach_args *pa,
    const struct device_compatible_entry *table)
{

	return pci_compatible_lookup_id(pa->pa_id, table);
}

int
pci_compatible_match(const struct pci_attach_args *pa,
    const struct device_compatible_entry *table)
{

	return pci_compatible_lookup(pa, table) != NULL;
}

const struct device_compatible_entry *
pci_compatible_lookup_subsys(const struct pci_attach_args *pa,
    const struct device_compatible_entry *table)
{

	return pci_compatible_lookup_id(pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_SUBSYS_ID_REG),
	    table);
}

int
pci_compatible_match_subsys(const struct pci_attach_args *pa,
    const struct device_compatible_entry *table)
{

	return pci_compatible_lookup_subsys(pa, table) != NULL;
}

#endif
