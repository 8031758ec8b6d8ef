/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Recurses in attach until the stack is used up.  Ought to be reported as a
 * stack overflow, in stackover_walk().
 */

#include "faulty.h"

struct stackover_softc {
	struct faulty	sc_faulty;
	uint32_t	sc_depth;
};

static uint32_t __noinline
stackover_walk(struct stackover_softc *sc, uint32_t depth)
{
	volatile uint32_t frame[64];

	/* A device that tells of one more level each time. */
	frame[depth % __arraycount(frame)] = depth;
	if (depth == UINT32_MAX)
		return depth;
	sc->sc_depth = depth;
	return stackover_walk(sc, depth + 1) +
	    frame[depth % __arraycount(frame)];
}

static void
stackover_attach(device_t parent, device_t self, void *aux)
{
	struct stackover_softc *sc = device_private(self);

	faulty_map(&sc->sc_faulty, self, aux);
	aprint_normal_dev(self, "depth %u\n", stackover_walk(sc, 0));
}

CFATTACH_DECL_NEW(stackover, sizeof(struct stackover_softc),
    faulty_match, stackover_attach, faulty_detach, NULL);
