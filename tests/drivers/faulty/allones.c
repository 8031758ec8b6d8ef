/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Waits until the device is not busy, however long that takes.  Of a device
 * that is gone all registers read as ones, so that it is busy for ever: ought
 * to be reported as an endless loop, in allones_idle().
 */

#include "faulty.h"

struct allones_softc {
	struct faulty	sc_faulty;
};

static void __noinline
allones_idle(struct allones_softc *sc)
{

	while (FAULTY_READ(&sc->sc_faulty, TEACH_STATUS) & STATUS_BUSY)
		delay(1);
}

static void
allones_attach(device_t parent, device_t self, void *aux)
{
	struct allones_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	allones_idle(sc);
}

static int
allones_detach(device_t self, int flags)
{

	allones_idle(device_private(self));
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(allones, sizeof(struct allones_softc),
    faulty_match, allones_attach, allones_detach, NULL);
