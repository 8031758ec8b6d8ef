/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child of nest: one that stays until it is detached, in slots 0 and 1.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>

#include "nestvar.h"

struct egg_softc {
	device_t	sc_dev;
	int		sc_slot;
};

static int	egg_match(device_t, cfdata_t, void *);
static void	egg_attach(device_t, device_t, void *);
static int	egg_detach(device_t, int);

CFATTACH_DECL_NEW(egg, sizeof(struct egg_softc), egg_match, egg_attach, egg_detach, NULL);

static int
egg_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct nestbus_attach_args *na = aux;

	(void)parent;
	(void)cf;
	return na->na_slot < 2;
}

static void
egg_deferred(device_t self)
{

	aprint_normal_dev(self, "deferred until %s has attached\n",
	    device_xname(device_parent(self)));
}

static void
egg_attach(device_t parent, device_t self, void *aux)
{
	const struct nestbus_attach_args *na = aux;
	struct egg_softc *sc = device_private(self);

	sc->sc_dev = self;
	sc->sc_slot = na->na_slot;
	aprint_normal(": in %s, slot %d\n", device_xname(parent), device_locator(self, 0));
	config_defer(self, egg_deferred);
}

static int
egg_detach(device_t self, int flags)
{

	(void)self;
	(void)flags;
	return 0;
}
