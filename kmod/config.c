// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space: read as it is, written where that cannot hurt others.
 *
 * The kernel placed the BARs, programmed the interrupts and manages power and errors; a process that
 * did so behind its back could reach what is not its own.  What no capability covers is the
 * device's, and free to write, as are vendor-specific capabilities.
 */
#include "device.h"

enum policy {
	DENY,
	ALLOW,
	SPECIAL			/* a 16-bit register of which some bits may be written */
};

#define COMMAND_WRITABLE	(PCI_COMMAND_INVALIDATE | PCI_COMMAND_PARITY | PCI_COMMAND_SERR)
#define DEVCTL_WRITABLE		(PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_READRQ)
#define LNKCTL_CLEARABLE	(PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CLKREQ_EN)

struct capability_policy {
	u8 id;
	u8 size;		/* what of it is denied, from its start */
	u8 special;		/* offset of a special register in it, or 0 */
	u8 special2;
};

static const struct capability_policy capability_policies[] = {
	{ PCI_CAP_ID_PM, PCI_PM_SIZEOF, PCI_PM_CTRL, 0 },
	{ PCI_CAP_ID_VPD, 8, PCI_VPD_ADDR, 0 },
	{ PCI_CAP_ID_MSI, 24, 0, 0 },
	{ PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF, 0, 0 },
	{ PCI_CAP_ID_EXP, 60, PCI_EXP_DEVCTL, PCI_EXP_LNKCTL },
	{ PCI_CAP_ID_AF, 6, 0, 0 },
	{ PCI_CAP_ID_EA, 28, 0, 0 },
	{ PCI_CAP_ID_HT, 28, 0, 0 },
	{ PCI_CAP_ID_CHSWP, 4, 0, 0 },
	{ PCI_CAP_ID_SHPC, 8, 0, 0 },
};

static enum policy policy_in_capability(struct pci_dev *pdev, u32 offset)
{
	const struct capability_policy *one;
	unsigned int n, at;
	enum policy policy = ALLOW;

	for (n = 0; n < ARRAY_SIZE(capability_policies); n++) {
		one = &capability_policies[n];
		at = pci_find_capability(pdev, one->id);
		if (!at || offset < at || offset >= at + one->size)
			continue;
		if ((one->special && (offset & ~1u) == at + one->special) ||
		    (one->special2 && (offset & ~1u) == at + one->special2))
			return SPECIAL;
		policy = DENY;
	}
	return policy;
}

static enum policy policy_of(struct rumphost_device *device, u32 offset)
{
	if (offset >= PCI_CFG_SPACE_SIZE)
		return DENY;
	if (offset >= PCI_STD_HEADER_SIZEOF)
		return policy_in_capability(device->pdev, offset);
	switch (offset) {
	case PCI_COMMAND:
	case PCI_COMMAND + 1:
		return SPECIAL;
	case PCI_STATUS:
	case PCI_STATUS + 1:
	case PCI_CACHE_LINE_SIZE:
	case PCI_LATENCY_TIMER:
		return ALLOW;
	default:
		return DENY;
	}
}

/* The kernel must know of the power state; what D3 forgets is kept here. */
static int write_power_state(struct rumphost_device *device, u16 old, u16 new)
{
	pci_power_t state = (__force pci_power_t)(new & PCI_PM_CTRL_STATE_MASK);
	struct pci_dev *pdev = device->pdev;
	int error;

	if ((old & PCI_PM_CTRL_STATE_MASK) == (new & PCI_PM_CTRL_STATE_MASK))
		return 0;
	if (state != PCI_D0) {
		pci_save_state(pdev);
		return pci_set_power_state(pdev, state);
	}
	error = pci_set_power_state(pdev, PCI_D0);
	if (!error)
		pci_restore_state(pdev);
	return error;
}

static int write_special(struct rumphost_device *device, u32 offset, u16 new)
{
	struct pci_dev *pdev = device->pdev;
	int express = pci_pcie_cap(pdev);
	u16 old;
	int error = pci_user_read_config_word(pdev, offset, &old);

	if (error)
		return error;
	if (offset == PCI_COMMAND)
		new = (old & ~COMMAND_WRITABLE) | (new & COMMAND_WRITABLE);
	else if (express && offset == express + PCI_EXP_DEVCTL)
		new = (old & ~DEVCTL_WRITABLE) | (new & DEVCTL_WRITABLE);
	else if (express && offset == express + PCI_EXP_LNKCTL)
		new = old & (new | ~LNKCTL_CLEARABLE);
	else if (pdev->pm_cap && offset == pdev->pm_cap + PCI_PM_CTRL)
		return write_power_state(device, old, new);
	else if (new & PCI_VPD_ADDR_F)
		return -EPERM;		/* it would write vital product data */
	return pci_user_write_config_word(pdev, offset, new);
}

static int check(const struct rumphost_device *device, const struct rumphost_config *config)
{
	u32 width = config->width;

	if (config->pad || (width != 1 && width != 2 && width != 4) ||
	    config->offset >= device->pdev->cfg_size || config->offset % width)
		return -EINVAL;
	return 0;
}

int rumphost_config_read(struct rumphost_device *device, struct rumphost_config *config)
{
	struct pci_dev *pdev = device->pdev;
	int error = check(device, config);
	u8 byte = 0;
	u16 word = 0;

	if (error)
		return error;
	switch (config->width) {
	case 1:
		error = pci_user_read_config_byte(pdev, config->offset, &byte);
		config->value = byte;
		break;
	case 2:
		error = pci_user_read_config_word(pdev, config->offset, &word);
		config->value = word;
		break;
	default:
		error = pci_user_read_config_dword(pdev, config->offset, &config->value);
	}
	return error;
}

/* Write the part of an access that lies in one 16-bit register; returns whether any may be. */
static int write_word(struct rumphost_device *device, u32 offset, u32 width, u32 value)
{
	struct pci_dev *pdev = device->pdev;
	u32 n, shift = 8 * (offset & 1);
	u16 old;
	int error;

	if (policy_of(device, offset) == SPECIAL) {
		if (width == 1) {
			error = pci_user_read_config_word(pdev, offset & ~1u, &old);
			if (error)
				return error;
			value = (old & ~(0xffu << shift)) | (value & 0xff) << shift;
		}
		error = write_special(device, offset & ~1u, value);
		return error ? error : 1;
	}
	for (n = 0, error = 0; n < width; n++) {
		if (policy_of(device, offset + n) != ALLOW)
			continue;
		if (pci_user_write_config_byte(pdev, offset + n, value >> 8 * n))
			return -EIO;
		error = 1;
	}
	return error;
}

/* Bits that may not be written are left as they are; EPERM if that is all of them. */
int rumphost_config_write(struct rumphost_device *device, const struct rumphost_config *config)
{
	struct pci_dev *pdev = device->pdev;
	u32 n, offset = config->offset, width = config->width;
	bool all = true, any = false;
	int error = check(device, config);

	if (error)
		return error;
	if (width < 4 && config->value >> 8 * width)
		return -EINVAL;
	for (n = 0; n < width; n++)
		all = all && policy_of(device, offset + n) == ALLOW;
	if (all && width == 4)
		return pci_user_write_config_dword(pdev, offset, config->value) ? -EIO : 0;
	if (all && width == 2)
		return pci_user_write_config_word(pdev, offset, config->value) ? -EIO : 0;
	for (n = 0; n < width; n += 2) {
		error = write_word(device, offset + n, min(width, 2u), config->value >> 8 * n);
		if (error < 0)
			return error;
		any = any || error;
	}
	return any ? 0 : -EPERM;
}
