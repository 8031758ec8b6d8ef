/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Does not look whether it got memory.  All is well until an allocation
 * fails; then nocheck_attach() ought to be reported, at its memset().
 */

#include "faulty.h"

#define	NOCHECK_TABLE	512

struct nocheck_softc {
	struct faulty	sc_faulty;
	uint8_t		*sc_table;
};

static void
nocheck_attach(device_t parent, device_t self, void *aux)
{
	struct nocheck_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	sc->sc_table = kmem_alloc(NOCHECK_TABLE, KM_NOSLEEP);
	memset(sc->sc_table, 0, NOCHECK_TABLE);
}

static int
nocheck_detach(device_t self, int flags)
{
	struct nocheck_softc *sc = device_private(self);

	kmem_free(sc->sc_table, NOCHECK_TABLE);
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(nocheck, sizeof(struct nocheck_softc),
    faulty_match, nocheck_attach, nocheck_detach, NULL);
