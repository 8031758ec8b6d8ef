/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_intr(9): INTx lines, MSI and MSI-X vectors.
 *
 * A handle is the host's number, with one bit for pci_intr_setattr(9).
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/bus.h>
#include <sys/device.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "shim.h"

#define MANUAL	"pci_intr(9)"

static uint64_t
plain(pci_intr_handle_t ih)
{

	return ih & ~RUMPHOST_PCI_INTR_MPSAFE;
}

int
pci_intr_map(const struct pci_attach_args *pa, pci_intr_handle_t *ihp)
{

	return rumphost_pci_intr_map(pa->pa_tag, ihp) != 0;
}

const char *
pci_intr_string(pci_chipset_tag_t pc, pci_intr_handle_t ih, char *buffer, size_t size)
{

	(void)pc;
	rumphost_pci_intr_string(plain(ih), buffer, size);
	return buffer;
}

/* No counter is the line's parent: each handler's is in the host's list. */
const struct evcnt *
pci_intr_evcnt(pci_chipset_tag_t pc, pci_intr_handle_t ih)
{

	(void)pc;
	(void)ih;
	return NULL;
}

int
pci_intr_setattr(pci_chipset_tag_t pc, pci_intr_handle_t *ihp, int attribute, uint64_t value)
{

	(void)pc;
	if (attribute != PCI_INTR_MPSAFE)
		return ENODEV;
	*ihp = plain(*ihp) | (value ? RUMPHOST_PCI_INTR_MPSAFE : 0);
	return 0;
}

void *
pci_intr_establish_xname(pci_chipset_tag_t pc, pci_intr_handle_t ih, int ipl,
    int (*function)(void *), void *argument, const char *xname)
{

	(void)pc;
	return rumphost_pci_intr_establish(plain(ih), ipl, (void *)function, argument, xname,
	    (ih & RUMPHOST_PCI_INTR_MPSAFE) != 0);
}

void *
pci_intr_establish(pci_chipset_tag_t pc, pci_intr_handle_t ih, int ipl, int (*function)(void *),
    void *argument)
{

	return pci_intr_establish_xname(pc, ih, ipl, function, argument, NULL);
}

void
pci_intr_disestablish(pci_chipset_tag_t pc, void *cookie)
{

	(void)pc;
	rumphost_pci_intr_disestablish(cookie);
}

/*
 * Vectors by the dozen.
 */

pci_intr_type_t
pci_intr_type(pci_chipset_tag_t pc, pci_intr_handle_t ih)
{

	(void)pc;
	return (pci_intr_type_t)rumphost_pci_intr_kind(plain(ih));
}

/* The array of handles begins one element before what the driver sees: its length. */
static int
allocate(const struct pci_attach_args *pa, int kind, pci_intr_handle_t **ihps, int count,
    int exact, const u_int *entries, int *given, uint64_t site)
{
	pci_intr_handle_t *handles;
	int result;

	if (count < 1)
		return EINVAL;
	handles = rumphost_allocate((size_t)(count + 1) * sizeof(*handles), 16, site);
	if (handles == NULL)
		return ENOMEM;
	handles[0] = (pci_intr_handle_t)count;
	result = rumphost_pci_intr_alloc(pa->pa_tag, kind, count, exact, entries, handles + 1);
	if (result < 0) {
		rumphost_release(handles);
		return -result;
	}
	*ihps = handles + 1;
	if (given != NULL)
		*given = result;
	return 0;
}

void
pci_intr_release(pci_chipset_tag_t pc, pci_intr_handle_t *handles, int count)
{
	pci_intr_handle_t *whole;

	(void)pc;
	if (handles == NULL)
		return;
	whole = handles - 1;
	if (count < 1 || (pci_intr_handle_t)count > whole[0])
		rumphost_misuse(MANUAL, "pci_intr_release: not as many handles as were allocated");
	for (int n = 0; n < count; n++)
		handles[n] = plain(handles[n]);
	rumphost_pci_intr_release(handles, count);
	rumphost_release(whole);
}

int
pci_intx_alloc(const struct pci_attach_args *pa, pci_intr_handle_t **ihps)
{

	return allocate(pa, RUMPHOST_INTR_INTX, ihps, 1, 1, NULL, NULL, RUMPHOST_CALLER);
}

int
pci_msi_alloc(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, int *count)
{

	return allocate(pa, RUMPHOST_INTR_MSI, ihps, *count, 0, NULL, count, RUMPHOST_CALLER);
}

int
pci_msi_alloc_exact(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, int count)
{

	return allocate(pa, RUMPHOST_INTR_MSI, ihps, count, 1, NULL, NULL, RUMPHOST_CALLER);
}

int
pci_msix_alloc(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, int *count)
{

	return allocate(pa, RUMPHOST_INTR_MSIX, ihps, *count, 0, NULL, count, RUMPHOST_CALLER);
}

int
pci_msix_alloc_exact(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, int count)
{

	return allocate(pa, RUMPHOST_INTR_MSIX, ihps, count, 1, NULL, NULL, RUMPHOST_CALLER);
}

int
pci_msix_alloc_map(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, u_int *entries,
    int count)
{

	return allocate(pa, RUMPHOST_INTR_MSIX, ihps, count, 1, entries, NULL, RUMPHOST_CALLER);
}

/*
 * The best kind that there is, at most `best'.  `counts' says how many vectors of each kind are
 * wanted (0: none, -1: all), and tells how many there are.  Without it: one vector.
 */
int
pci_intr_alloc(const struct pci_attach_args *pa, pci_intr_handle_t **ihps, int *counts,
    pci_intr_type_t best)
{
	int wanted[PCI_INTR_TYPE_SIZE] = { 1, 1, 1 };
	int error = EINVAL, given = 0;

	if (counts != NULL) {
		if (best >= PCI_INTR_TYPE_SIZE)
			return EINVAL;
		for (int kind = PCI_INTR_TYPE_INTX; kind < PCI_INTR_TYPE_SIZE; kind++) {
			wanted[kind] = kind <= (int)best ? counts[kind] : 0;
			if (wanted[kind] == -1)
				wanted[kind] = rumphost_pci_intr_count(pa->pa_tag, kind);
			counts[kind] = 0;
		}
	}
	for (int kind = PCI_INTR_TYPE_MSIX; kind >= PCI_INTR_TYPE_INTX; kind--) {
		if (wanted[kind] < 1)
			continue;
		error = allocate(pa, kind, ihps, wanted[kind], 1, NULL, &given,
		    RUMPHOST_CALLER);
		if (error == 0) {
			if (counts != NULL)
				counts[kind] = given;
			return 0;
		}
	}
	return error;
}
