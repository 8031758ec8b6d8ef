/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9): the bus pci0, configuration space, and what the bus tells of a function.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/bus.h>
#include <sys/device.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "shim.h"
#include "device_private.h"

RUMPHOST_UPCALL device_t rumphost_pci_attach(device_t, uint32_t, cfdata_t);
RUMPHOST_UPCALL cfdata_t rumphost_pci_search(device_t, uint32_t);

extern struct rumphost_bus_space_tag rumphost_bus_space_memory;
extern struct rumphost_bus_space_tag rumphost_bus_space_io;

static struct rumphost_pci_chipset chipset;

/* pci0 is the host's own: it carries the attribute "pci", and has no attach function. */
static const struct cfiattrdata pci_attribute = {
	.ci_name = "pci",
	.ci_loclen = 2,
	.ci_locdesc = { { "dev", "-1", -1 }, { "function", "-1", -1 } },
};
static const struct cfiattrdata * const pci_attributes[] = { &pci_attribute, NULL };
CFDRIVER_DECL(pci, DV_BUS, pci_attributes);
static struct cfattach pci_attachment = { .ca_name = "pci" };

void
rumphost_pci_load(void)
{
	struct rumphost_device *rd = rumphost_config_memory(sizeof(*rd));
	device_t dev = &rd->rd_device;

	(void)config_cfdriver_attach(&pci_cd);
	dev->dv_class = DV_BUS;
	dev->dv_cfdriver = &pci_cd;
	dev->dv_cfattach = &pci_attachment;
	dev->dv_flags = DVF_ACTIVE;
	dev->dv_properties = prop_dictionary_create();
	strlcpy(dev->dv_xname, "pci0", sizeof(dev->dv_xname));
	rumphost_device_add(rd);
	rumphost_autoconf_root(dev, dev->dv_xname, pci_cd.cd_name);
}

static void
attach_args(struct pci_attach_args *pa, pcitag_t tag)
{
	pcireg_t interrupt;
	int bus, device, function;

	pci_decompose_tag(&chipset, tag, &bus, &device, &function);
	memset(pa, 0, sizeof(*pa));
	pa->pa_iot = &rumphost_bus_space_io;
	pa->pa_memt = &rumphost_bus_space_memory;
	pa->pa_dmat = &rumphost_bus_dma_tag32;
	pa->pa_dmat64 = &rumphost_bus_dma_tag64;
	pa->pa_pc = &chipset;
	pa->pa_flags = PCI_FLAGS_IO_OKAY | PCI_FLAGS_MEM_OKAY | PCI_FLAGS_MRL_OKAY |
	    PCI_FLAGS_MRM_OKAY | PCI_FLAGS_MWI_OKAY | PCI_FLAGS_MSI_OKAY | PCI_FLAGS_MSIX_OKAY;
	pa->pa_bus = (u_int)bus;
	pa->pa_device = (u_int)device;
	pa->pa_function = (u_int)function;
	pa->pa_tag = tag;
	pa->pa_id = pci_conf_read(&chipset, tag, PCI_ID_REG);
	pa->pa_class = pci_conf_read(&chipset, tag, PCI_CLASS_REG);
	interrupt = pci_conf_read(&chipset, tag, PCI_INTERRUPT_REG);
	pa->pa_intrtag = tag;
	pa->pa_rawintrpin = pa->pa_intrpin = PCI_INTERRUPT_PIN(interrupt);
	pa->pa_intrline = PCI_INTERRUPT_LINE(interrupt);
}

/* Add a function's place to "wm0 at pci0", or say what it is that nobody wants. */
static int
print(void *aux, const char *parent)
{
	const struct pci_attach_args *pa = aux;
	char name[256];

	if (parent != NULL) {
		pci_devinfo(pa->pa_id, pa->pa_class, 1, name, sizeof(name));
		aprint_normal("%s at %s", name, parent);
	}
	aprint_normal(" dev %u function %u", pa->pa_device, pa->pa_function);
	return UNCONF;
}

/* The attachment of this image that matches a function best.  The host calls this. */
cfdata_t
rumphost_pci_search(device_t bus, uint32_t tag)
{
	struct pci_attach_args pa;
	int locators[2];

	attach_args(&pa, tag);
	locators[0] = (int)pa.pa_device;
	locators[1] = (int)pa.pa_function;
	return rumphost_autoconf_search(bus, pci_attribute.ci_name, locators, &pa,
	    (void *)config_stdsubmatch);
}

/* Attach a function with what rumphost_pci_search() found; with NULL, say that nothing did. */
device_t
rumphost_pci_attach(device_t bus, uint32_t tag, cfdata_t cf)
{
	struct pci_attach_args pa;
	int locators[2];

	attach_args(&pa, tag);
	locators[0] = (int)pa.pa_device;
	locators[1] = (int)pa.pa_function;
	if (cf == NULL) {
		(void)print(&pa, device_xname(bus));
		aprint_normal(" not configured\n");
		return NULL;
	}
	return rumphost_autoconf_attach(bus, cf, locators, &pa, (void *)print);
}

int
pci_find_device(struct pci_attach_args *pa, int (*match)(const struct pci_attach_args *))
{
	struct pci_attach_args candidate;
	int64_t tag;

	for (int n = 0; (tag = rumphost_pci_function(n)) != -1; n++) {
		attach_args(&candidate, (pcitag_t)tag);
		if (match != NULL && (*match)(&candidate) == 0)
			continue;
		if (pa != NULL)
			*pa = candidate;
		return 1;
	}
	return 0;
}

/*
 * Tags and configuration space.
 */

/* For ports that have something to do before a bus is scanned: this one has not. */
void
pci_attach_hook(device_t parent, device_t self, struct pcibus_attach_args *pba)
{

	(void)parent;
	(void)self;
	(void)pba;
}

int
pci_bus_maxdevs(pci_chipset_tag_t pc, int bus)
{

	(void)pc;
	(void)bus;
	return 32;
}

int
pci_bus_devorder(pci_chipset_tag_t pc, int bus, uint8_t *devices, int count)
{
	int n;

	(void)pc;
	(void)bus;
	for (n = 0; n < 32 && n < count; n++)
		devices[n] = (uint8_t)n;
	return n;
}

pcitag_t
pci_make_tag(pci_chipset_tag_t pc, int bus, int device, int function)
{

	(void)pc;
	if (bus < 0 || bus > 255 || device < 0 || device > 31 || function < 0 || function > 7)
		panic("pci_make_tag: no such function: %d:%d.%d", bus, device, function);
	return (pcitag_t)(bus << 16 | device << 11 | function << 8);
}

void
pci_decompose_tag(pci_chipset_tag_t pc, pcitag_t tag, int *bus, int *device, int *function)
{

	(void)pc;
	if (bus != NULL)
		*bus = tag >> 16 & 0xff;
	if (device != NULL)
		*device = tag >> 11 & 0x1f;
	if (function != NULL)
		*function = tag >> 8 & 7;
}

pcireg_t
pci_conf_read(pci_chipset_tag_t pc, pcitag_t tag, int reg)
{

	(void)pc;
	return rumphost_pci_conf_read(tag, reg);
}

void
pci_conf_write(pci_chipset_tag_t pc, pcitag_t tag, int reg, pcireg_t value)
{

	(void)pc;
	rumphost_pci_conf_write(tag, reg, value);
}

/* The arena's bus addresses are the machine's, whatever their width. */
int
pci_dma64_available(const struct pci_attach_args *pa)
{

	(void)pa;
	return 1;
}
