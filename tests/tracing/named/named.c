/* SPDX-License-Identifier: BSD-2-Clause */

/* Reaches registers of the teaching device in every way that drivers do. */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/device.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "namedreg.h"

struct named_softc {
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;
};

#define	CSR_READ(sc, reg)	bus_space_read_4((sc)->sc_st, (sc)->sc_sh, (reg))
#define	CSR_WRITE(sc, reg, val)						\
	bus_space_write_4((sc)->sc_st, (sc)->sc_sh, (reg), (val))

static inline void
named_write(struct named_softc *sc, bus_size_t reg, uint32_t value)
{

	CSR_WRITE(sc, reg, value);
}

/* Here nobody says which register it is. */
static void __noinline
named_unknown(struct named_softc *sc, bus_size_t offset)
{

	CSR_WRITE(sc, offset, 9);
}

static int
named_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x7eac && PCI_PRODUCT(pa->pa_id) == 1;
}

static void
named_attach(device_t parent, device_t self, void *aux)
{
	struct named_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	volatile bus_size_t offset = 0x4c;

	aprint_normal("\n");
	if (pci_mapreg_map(pa, PCI_MAPREG_START, PCI_MAPREG_TYPE_MEM, 0, &sc->sc_st, &sc->sc_sh,
	    NULL, &sc->sc_ss) != 0)
		return;
	(void)CSR_READ(sc, NM_ID);
	CSR_WRITE(sc, NM_CTRL, CTRL_STOP);
	named_write(sc, NM_CTRL,
	    CTRL_GO);
	CSR_WRITE(sc, NM_SCRATCH, 5);
	CSR_WRITE(sc, NM_BANK_SCRATCH, 6);
	named_write(sc, NM_DOORBELL, DOORBELL_ONE);
	CSR_WRITE(sc, NM_LATENCY(1), 7);
	CSR_WRITE(sc, NM_ISR, INT_ALL);
	(void)CSR_READ(sc, NM_ISR);
	named_unknown(sc, offset);
	named_unknown(sc, offset - 4);
}

static int
named_detach(device_t self, int flags)
{
	struct named_softc *sc = device_private(self);

	bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	return 0;
}

CFATTACH_DECL_NEW(named, sizeof(struct named_softc),
    named_match, named_attach, named_detach, NULL);
