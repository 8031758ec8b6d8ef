/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Frees, at detach, what a reader of its sysctl node still uses: the node
 * should go first.  A detach between two reads does no harm; one in the midst
 * of a read ought to be reported, in detachrace_read().
 *
 * 	hw.detachrace0.status	the device's, sampled twice
 */

#include "faulty.h"

#include <sys/sysctl.h>

struct detachrace_softc {
	struct faulty	sc_faulty;
	uint32_t	*sc_sample;
	struct sysctllog *sc_log;
};

static int __noinline
detachrace_read(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct detachrace_softc *sc = node.sysctl_data;
	int value;

	sc->sc_sample[0] = FAULTY_READ(&sc->sc_faulty, TEACH_STATUS);
	kpause("sample", false, 1, NULL);
	sc->sc_sample[1] = FAULTY_READ(&sc->sc_faulty, TEACH_STATUS);
	value = (int)(sc->sc_sample[0] | sc->sc_sample[1]);
	node.sysctl_data = &value;
	return sysctl_lookup(SYSCTLFN_CALL(&node));
}

static void
detachrace_attach(device_t parent, device_t self, void *aux)
{
	struct detachrace_softc *sc = device_private(self);
	const struct sysctlnode *rnode;

	faulty_map(&sc->sc_faulty, self, aux);
	sc->sc_sample = kmem_zalloc(2 * sizeof(*sc->sc_sample), KM_SLEEP);
	if (sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(self), NULL, NULL, 0, NULL, 0,
	    CTL_HW, CTL_CREATE, CTL_EOL) != 0 ||
	    sysctl_createv(&sc->sc_log, 0, &rnode, NULL, CTLFLAG_READONLY,
	    CTLTYPE_INT, "status", SYSCTL_DESCR("Status, sampled twice"),
	    detachrace_read, 0, (void *)sc, 0, CTL_CREATE, CTL_EOL) != 0)
		aprint_error_dev(self, "unable to create sysctl nodes\n");
}

static int
detachrace_detach(device_t self, int flags)
{
	struct detachrace_softc *sc = device_private(self);

	kmem_free(sc->sc_sample, 2 * sizeof(*sc->sc_sample));
	sc->sc_sample = NULL;
	sysctl_teardown(&sc->sc_log);
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(detachrace, sizeof(struct detachrace_softc),
    faulty_match, detachrace_attach, detachrace_detach, NULL);
