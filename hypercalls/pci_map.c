/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9): base address registers.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/bus.h>
#include <sys/device.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "shim.h"

enum {
	ANYTHING = -1
};

pcireg_t
pci_mapreg_type(pci_chipset_tag_t pc, pcitag_t tag, int reg)
{
	const pcireg_t value = pci_conf_read(pc, tag, reg);

	if (reg != PCI_MAPREG_ROM && PCI_MAPREG_TYPE(value) == PCI_MAPREG_TYPE_IO)
		return PCI_MAPREG_TYPE_IO;
	if (reg == PCI_MAPREG_ROM)
		return PCI_MAPREG_TYPE_MEM | PCI_MAPREG_MEM_TYPE_32BIT;
	return PCI_MAPREG_TYPE_MEM | PCI_MAPREG_MEM_TYPE(value);
}

int
pci_mapreg_probe(pci_chipset_tag_t pc, pcitag_t tag, int reg, pcireg_t *type)
{
	uint64_t information[3];

	if (rumphost_pci_mapreg_info(tag, reg, (uint32_t)ANYTHING, information) != 0)
		return 0;
	if (type != NULL)
		*type = pci_mapreg_type(pc, tag, reg);
	return 1;
}

int
pci_mapreg_info(pci_chipset_tag_t pc, pcitag_t tag, int reg, pcireg_t type, bus_addr_t *base,
    bus_size_t *size, int *flags)
{
	uint64_t information[3];

	(void)pc;
	if (rumphost_pci_mapreg_info(tag, reg, type, information) != 0)
		return 1;
	if (base != NULL)
		*base = information[0];
	if (size != NULL)
		*size = information[1];
	if (flags != NULL)
		*flags = (int)information[2];
	return 0;
}

int
pci_mapreg_submap(const struct pci_attach_args *pa, int reg, pcireg_t type, int flags,
    bus_size_t most, bus_size_t offset, bus_space_tag_t *tagp, bus_space_handle_t *handlep,
    bus_addr_t *basep, bus_size_t *sizep)
{
	const bool io = PCI_MAPREG_TYPE(type) == PCI_MAPREG_TYPE_IO;
	bus_space_tag_t tag = io ? pa->pa_iot : pa->pa_memt;
	bus_space_handle_t handle;
	bus_addr_t base;
	bus_size_t size;
	int mapflags;

	if ((pa->pa_flags & (io ? PCI_FLAGS_IO_OKAY : PCI_FLAGS_MEM_OKAY)) == 0)
		return 1;
	if (pci_mapreg_info(pa->pa_pc, pa->pa_tag, reg, type, &base, &size, &mapflags) != 0)
		return 1;
	if (base == 0 || offset >= size)
		return 1;
	size -= offset;
	if (most != 0 && size > most)
		size = most;
	if (bus_space_map(tag, base + offset, size, mapflags | flags, &handle) != 0)
		return 1;
	if (tagp != NULL)
		*tagp = tag;
	if (handlep != NULL)
		*handlep = handle;
	if (basep != NULL)
		*basep = base + offset;
	if (sizep != NULL)
		*sizep = size;
	return 0;
}

int
pci_mapreg_map(const struct pci_attach_args *pa, int reg, pcireg_t type, int flags,
    bus_space_tag_t *tagp, bus_space_handle_t *handlep, bus_addr_t *basep, bus_size_t *sizep)
{

	return pci_mapreg_submap(pa, reg, type, flags, 0, 0, tagp, handlep, basep, sizep);
}

/*
 * Find the image of a code type in an expansion ROM: header 0x55 0xaa, pointer to "PCIR" at 0x18.
 */
int
pci_find_rom(const struct pci_attach_args *pa, bus_space_tag_t tag, bus_space_handle_t handle,
    bus_size_t room, int code, bus_space_handle_t *imagep, bus_size_t *sizep)
{
	bus_size_t at = 0, data, size;

	while (at + 26 <= room) {
		if (bus_space_read_2(tag, handle, at) != 0xaa55)
			return 1;
		data = at + bus_space_read_2(tag, handle, at + 0x18);
		if (data + 0x18 > room || bus_space_read_4(tag, handle, data) != 0x52494350)
			return 1;
		size = (bus_size_t)bus_space_read_2(tag, handle, data + 0x10) * 512;
		if (bus_space_read_2(tag, handle, data + 4) == PCI_VENDOR(pa->pa_id) &&
		    bus_space_read_2(tag, handle, data + 6) == PCI_PRODUCT(pa->pa_id) &&
		    bus_space_read_1(tag, handle, data + 0x14) == code) {
			*sizep = size;
			return bus_space_subregion(tag, handle, at, size, imagep) != 0;
		}
		if ((bus_space_read_1(tag, handle, data + 0x15) & 0x80) != 0 || size == 0)
			return 1;
		at += size;
	}
	return 1;
}
