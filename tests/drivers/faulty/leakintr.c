/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Leaves its interrupt handler established at detach.
 */

#include "faulty.h"

struct leakintr_softc {
	struct faulty	sc_faulty;
	u_int		sc_count;
};

static int
leakintr_intr(void *arg)
{
	struct leakintr_softc *sc = arg;
	uint32_t cause = FAULTY_READ(&sc->sc_faulty, TEACH_ISR);

	if (cause == 0)
		return 0;
	FAULTY_WRITE(&sc->sc_faulty, TEACH_ISR, cause);
	sc->sc_count++;
	return 1;
}

static void
leakintr_attach(device_t parent, device_t self, void *aux)
{
	struct leakintr_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	faulty_interrupt(&sc->sc_faulty, aux, false, leakintr_intr, 1000000);
}

static int
leakintr_detach(device_t self, int flags)
{
	struct leakintr_softc *sc = device_private(self);
	struct faulty *f = &sc->sc_faulty;

	FAULTY_WRITE(f, TEACH_CTRL, CTRL_RST);
	bus_space_unmap(f->f_st, f->f_sh, f->f_ss);
	return 0;
}

CFATTACH_DECL_NEW(leakintr, sizeof(struct leakintr_softc),
    faulty_match, leakintr_attach, leakintr_detach, NULL);
