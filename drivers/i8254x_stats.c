/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: event counters, and how often the chip interrupts, which
 * users set through sysctl(8):
 *
 *	hw.iex0.throttle	interrupts per second at most, 0: no limit
 *	hw.iex0.rx_delay	us from the last received frame to an interrupt
 *	hw.iex0.rx_abs_delay	us from the first one, 0: no limit
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

/* Timers count 1.024 us; the throttle 256 ns. */
#define	US_TO_TIMER(us)		(((us) * 125 + 127) / 128)
#define	TIMER_MAX_US		67000
#define	THROTTLE_MAX		1000000

static const char * const i8254x_event_names[EV_COUNT] = {
	[EV_INTR] = "interrupts",
	[EV_INTR_LINK] = "link interrupts",
	[EV_INTR_ENDLESS] = "endless interrupts",
	[EV_TX_NODESC] = "tx no descriptor",
	[EV_TX_NOJOB] = "tx no job",
	[EV_TX_COMPACT] = "tx frames compacted",
	[EV_TX_DROP] = "tx frames dropped",
	[EV_TX_IPSUM] = "tx IP checksums",
	[EV_TX_TUSUM] = "tx TCP/UDP checksums",
	[EV_TX_CONTEXT] = "tx contexts",
	[EV_TX_TIMEOUT] = "tx timeouts",
	[EV_RX_IPSUM] = "rx IP checksums",
	[EV_RX_TUSUM] = "rx TCP/UDP checksums",
	[EV_RX_IPSUM_BAD] = "rx bad IP checksums",
	[EV_RX_TUSUM_BAD] = "rx bad TCP/UDP checksums",
	[EV_RX_NOBUF] = "rx no buffer",
	[EV_RX_ERROR] = "rx damaged frames",
	[EV_RX_OVERRUN] = "rx overruns",
	[EV_HW_CRCERRS] = "hw CRC errors",
	[EV_HW_RXERRC] = "hw receive errors",
	[EV_HW_RLEC] = "hw length errors",
	[EV_HW_RJC] = "hw jabbers",
	[EV_HW_MPC] = "hw missed frames",
	[EV_HW_RNBC] = "hw no receive buffer",
	[EV_HW_COLC] = "hw collisions",
	[EV_HW_ECOL] = "hw excessive collisions",
	[EV_HW_LATECOL] = "hw late collisions",
	[EV_HW_GPRC] = "hw good frames received",
	[EV_HW_GPTC] = "hw good frames sent",
};

/* Which register an event of the chip's is counted in, from EV_HW_FIRST on. */
#define	EV_HW_FIRST	EV_HW_CRCERRS

static const uint16_t i8254x_event_regs[EV_COUNT - EV_HW_FIRST] = {
	[EV_HW_CRCERRS - EV_HW_FIRST] = REG_CRCERRS,
	[EV_HW_RXERRC - EV_HW_FIRST] = REG_RXERRC,
	[EV_HW_RLEC - EV_HW_FIRST] = REG_RLEC,
	[EV_HW_RJC - EV_HW_FIRST] = REG_RJC,
	[EV_HW_MPC - EV_HW_FIRST] = REG_MPC,
	[EV_HW_RNBC - EV_HW_FIRST] = REG_RNBC,
	[EV_HW_COLC - EV_HW_FIRST] = REG_COLC,
	[EV_HW_ECOL - EV_HW_FIRST] = REG_ECOL,
	[EV_HW_LATECOL - EV_HW_FIRST] = REG_LATECOL,
	[EV_HW_GPRC - EV_HW_FIRST] = REG_GPRC,
	[EV_HW_GPTC - EV_HW_FIRST] = REG_GPTC,
};

/* Forget what the chip has counted so far. */
void
i8254x_stats_clear(struct i8254x_softc *sc)
{
	size_t i;

	for (i = 0; i < __arraycount(i8254x_event_regs); i++)
		(void)CSR_READ(sc, i8254x_event_regs[i]);
}

/* Collect what it has counted since the last time. */
void
i8254x_stats_update(struct i8254x_softc *sc)
{
	struct ifnet * const ifp = &sc->sc_if;
	uint32_t n;
	int ev;

	KASSERT(mutex_owned(&sc->sc_lock));

	for (ev = EV_HW_FIRST; ev < EV_COUNT; ev++) {
		n = CSR_READ(sc, i8254x_event_regs[ev - EV_HW_FIRST]);
		if (n == 0)
			continue;
		sc->sc_ev[ev].ev_count += n;
		switch (ev) {
		case EV_HW_CRCERRS:
		case EV_HW_RXERRC:
		case EV_HW_RLEC:
		case EV_HW_RJC:
			I8254X_STAT(ifp, if_ierrors, n);
			break;
		case EV_HW_MPC:
			I8254X_STAT(ifp, if_iqdrops, n);
			break;
		case EV_HW_COLC:
			I8254X_STAT(ifp, if_collisions, n);
			break;
		}
	}
}

/* Set the interrupt timers from what the user wants. */
void
i8254x_moderation(struct i8254x_softc *sc)
{
	uint32_t itr = 0;

	KASSERT(mutex_owned(&sc->sc_lock));

	CSR_WRITE(sc, REG_RDTR, US_TO_TIMER(sc->sc_rx_delay));
	if (sc->sc_type == I82544)
		return;
	CSR_WRITE(sc, REG_RADV, US_TO_TIMER(sc->sc_rx_abs_delay));
	if (sc->sc_throttle != 0)
		itr = MIN(1000000000 / 256 / sc->sc_throttle,
		    (int)__SHIFTOUT_MASK(ITR_INTERVAL));
	CSR_WRITE(sc, REG_ITR, __SHIFTIN(itr, ITR_INTERVAL));
}

static int
i8254x_sysctl_value(int *value, int maximum, SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct i8254x_softc *sc = node.sysctl_data;
	int error, new = *value;

	node.sysctl_data = &new;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (new < 0 || new > maximum)
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	*value = new;
	if ((sc->sc_if.if_flags & IFF_RUNNING) != 0)
		i8254x_moderation(sc);
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
i8254x_sysctl_throttle(SYSCTLFN_ARGS)
{
	struct i8254x_softc *sc = rnode->sysctl_data;

	return i8254x_sysctl_value(&sc->sc_throttle, THROTTLE_MAX,
	    SYSCTLFN_CALL(rnode));
}

static int
i8254x_sysctl_rx_delay(SYSCTLFN_ARGS)
{
	struct i8254x_softc *sc = rnode->sysctl_data;

	return i8254x_sysctl_value(&sc->sc_rx_delay, TIMER_MAX_US,
	    SYSCTLFN_CALL(rnode));
}

static int
i8254x_sysctl_rx_abs_delay(SYSCTLFN_ARGS)
{
	struct i8254x_softc *sc = rnode->sysctl_data;

	return i8254x_sysctl_value(&sc->sc_rx_abs_delay, TIMER_MAX_US,
	    SYSCTLFN_CALL(rnode));
}

static int
i8254x_sysctl_attach(struct i8254x_softc *sc)
{
	const struct sysctlnode *rnode;
	int error;

	error = sysctl_createv(&sc->sc_sysctllog, 0, NULL, &rnode, 0,
	    CTLTYPE_NODE, device_xname(sc->sc_dev),
	    SYSCTL_DESCR("Intel 8254x Ethernet"), NULL, 0, NULL, 0,
	    CTL_HW, CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_sysctllog, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "throttle",
		    SYSCTL_DESCR("Interrupts per second at most"),
		    i8254x_sysctl_throttle, 0, (void *)sc, sizeof(int),
		    CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_sysctllog, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "rx_delay",
		    SYSCTL_DESCR("Receive interrupt delay (us)"),
		    i8254x_sysctl_rx_delay, 0, (void *)sc, sizeof(int),
		    CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_sysctllog, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, "rx_abs_delay",
		    SYSCTL_DESCR("Longest receive interrupt delay (us)"),
		    i8254x_sysctl_rx_abs_delay, 0, (void *)sc, sizeof(int),
		    CTL_CREATE, CTL_EOL);
	return error;
}

void
i8254x_stats_attach(struct i8254x_softc *sc)
{
	int error, ev;

	sc->sc_throttle = I8254X_THROTTLE;
	for (ev = 0; ev < EV_COUNT; ev++)
		evcnt_attach_dynamic(&sc->sc_ev[ev],
		    ev == EV_INTR || ev == EV_INTR_LINK ?
		    EVCNT_TYPE_INTR : EVCNT_TYPE_MISC, NULL,
		    device_xname(sc->sc_dev), i8254x_event_names[ev]);
	error = i8254x_sysctl_attach(sc);
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to create sysctl nodes: error %d\n", error);
}

void
i8254x_stats_detach(struct i8254x_softc *sc)
{
	int ev;

	sysctl_teardown(&sc->sc_sysctllog);
	for (ev = 0; ev < EV_COUNT; ev++)
		evcnt_detach(&sc->sc_ev[ev]);
}
