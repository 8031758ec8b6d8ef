/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Establishes its interrupt handler before it has what the handler uses.  The
 * device is quiet during attach, so all is well, until somebody else on the
 * line interrupts: then early_intr() ought to be reported, with the point in
 * attach at which the interrupt came.
 */

#include "faulty.h"

struct early_softc {
	struct faulty	sc_faulty;
	uint32_t	*sc_causes;
};

static int
early_intr(void *arg)
{
	struct early_softc *sc = arg;

	*sc->sc_causes = FAULTY_READ(&sc->sc_faulty, TEACH_ISR);
	FAULTY_WRITE(&sc->sc_faulty, TEACH_ISR, *sc->sc_causes);
	return *sc->sc_causes != 0;
}

static void
early_attach(device_t parent, device_t self, void *aux)
{
	struct early_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	faulty_map(f, self, aux);
	faulty_interrupt(f, aux, true, early_intr, 0);
	if (__SHIFTOUT(FAULTY_READ(f, TEACH_ID), ID_MAGIC) != ID_MAGIC_VALUE)
		aprint_error_dev(self, "strange device\n");
	sc->sc_causes = kmem_zalloc(sizeof(*sc->sc_causes), KM_SLEEP);
}

static int
early_detach(device_t self, int flags)
{
	struct early_softc *sc = device_private(self);

	if (faulty_detach(self, flags) == 0)
		kmem_free(sc->sc_causes, sizeof(*sc->sc_causes));
	return 0;
}

CFATTACH_DECL_NEW(early, sizeof(struct early_softc),
    faulty_match, early_attach, early_detach, NULL);
