/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci(9): power states, and the bus's part in pmf(9): a suspended function is put into D3 and its
 * header is brought back when it is resumed.
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

#define HEADER_REGISTERS	16	/* of 32 bits */

/* What the bus remembers of a function while it is suspended. */
struct suspended {
	pcitag_t	su_tag;
	struct pci_conf_state su_state;
	bool		su_valid;
};

void
pci_conf_capture(pci_chipset_tag_t pc, pcitag_t tag, struct pci_conf_state *state)
{

	for (int n = 0; n < HEADER_REGISTERS; n++)
		state->reg[n] = pci_conf_read(pc, tag, n * 4);
}

void
pci_conf_restore(pci_chipset_tag_t pc, pcitag_t tag, struct pci_conf_state *state)
{

	/* The command register comes last, when the addresses are right. */
	for (int n = HEADER_REGISTERS - 1; n >= 0; n--) {
		if (pci_conf_read(pc, tag, n * 4) != state->reg[n])
			pci_conf_write(pc, tag, n * 4, state->reg[n]);
	}
}

int
pci_get_powerstate(pci_chipset_tag_t pc, pcitag_t tag, pcireg_t *state)
{
	int offset;

	if (pci_get_capability(pc, tag, PCI_CAP_PWRMGMT, &offset, NULL) == 0)
		return EOPNOTSUPP;
	*state = pci_conf_read(pc, tag, offset + PCI_PMCSR) & PCI_PMCSR_STATE_MASK;
	return 0;
}

int
pci_set_powerstate(pci_chipset_tag_t pc, pcitag_t tag, pcireg_t state)
{
	pcireg_t capability, value, before;
	int offset;

	if (pci_get_capability(pc, tag, PCI_CAP_PWRMGMT, &offset, &capability) == 0)
		return EOPNOTSUPP;
	capability >>= PCI_PMCR_SHIFT;
	if ((state == PCI_PMCSR_STATE_D1 && (capability & PCI_PMCR_D1SUPP) == 0) ||
	    (state == PCI_PMCSR_STATE_D2 && (capability & PCI_PMCR_D2SUPP) == 0))
		return EOPNOTSUPP;
	value = pci_conf_read(pc, tag, offset + PCI_PMCSR);
	before = value & PCI_PMCSR_STATE_MASK;
	if (before == state)
		return 0;
	if (state != PCI_PMCSR_STATE_D0 && state < before)
		return EINVAL;
	pci_conf_write(pc, tag, offset + PCI_PMCSR, (value & ~PCI_PMCSR_STATE_MASK) | state);
	if (before == PCI_PMCSR_STATE_D3 || state == PCI_PMCSR_STATE_D3)
		delay(10000);
	else if (before == PCI_PMCSR_STATE_D2 || state == PCI_PMCSR_STATE_D2)
		delay(200);
	return 0;
}

int
pci_powerstate(pci_chipset_tag_t pc, pcitag_t tag, const int *new, int *old)
{
	pcireg_t state;
	int error;

	if (old != NULL) {
		if ((error = pci_get_powerstate(pc, tag, &state)) != 0)
			return error;
		*old = (int)state;
	}
	return new != NULL ? pci_set_powerstate(pc, tag, (pcireg_t)*new) : 0;
}

/* The `wakeup' of a driver that has nothing to do on the way to D0. */
int
pci_activate_null(pci_chipset_tag_t pc, pcitag_t tag, device_t dev, pcireg_t state)
{

	(void)pc;
	(void)tag;
	(void)dev;
	(void)state;
	return 0;
}

int
pci_activate(pci_chipset_tag_t pc, pcitag_t tag, device_t dev,
    int (*wakeup)(pci_chipset_tag_t, pcitag_t, device_t, pcireg_t))
{
	pcireg_t state;
	int error;

	if ((error = pci_get_powerstate(pc, tag, &state)) != 0)
		return error;
	if (state == PCI_PMCSR_STATE_D0)
		return 0;
	if (state == PCI_PMCSR_STATE_D3 && wakeup == NULL)
		return EOPNOTSUPP;
	if (wakeup != NULL && (error = (*wakeup)(pc, tag, dev, state)) != 0)
		return error;
	return pci_set_powerstate(pc, tag, PCI_PMCSR_STATE_D0);
}

/*
 * pmf(9).
 */

static bool
bus_suspend(device_t dev, const pmf_qual_t *qualifier)
{
	struct suspended *su = dev->dv_bus_private;

	(void)qualifier;
	pci_conf_capture(NULL, su->su_tag, &su->su_state);
	su->su_valid = true;
	(void)pci_set_powerstate(NULL, su->su_tag, PCI_PMCSR_STATE_D3);
	return true;
}

static bool
bus_resume(device_t dev, const pmf_qual_t *qualifier)
{
	struct suspended *su = dev->dv_bus_private;

	(void)qualifier;
	(void)pci_set_powerstate(NULL, su->su_tag, PCI_PMCSR_STATE_D0);
	if (su->su_valid)
		pci_conf_restore(NULL, su->su_tag, &su->su_state);
	su->su_valid = false;
	return true;
}

static void
bus_deregister(device_t dev)
{

	rumphost_release(dev->dv_bus_private);
	dev->dv_bus_private = NULL;
	dev->dv_bus_suspend = dev->dv_bus_resume = NULL;
	dev->dv_bus_deregister = NULL;
}

void
rumphost_pci_power_register(device_t dev)
{
	struct suspended *su;

	if (dev->dv_bus_private != NULL || dev->dv_locators == NULL)
		return;
	su = rumphost_config_memory(sizeof(*su));
	su->su_tag = pci_make_tag(NULL, 0, dev->dv_locators[0], dev->dv_locators[1]);
	dev->dv_bus_private = su;
	dev->dv_bus_suspend = bus_suspend;
	dev->dv_bus_resume = bus_resume;
	dev->dv_bus_deregister = bus_deregister;
}
