/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The teaching driver: the users' side, by sysctl(9).  The nodes are listed
 * in teach_nodes[], below.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kmem.h>

#include "teachvar.h"

/*
 * A string that is written is swapped, and then read.  A helper presents the
 * node's value by way of a copy of the node that points to a variable of its
 * own; sysctl_lookup() moves the old value out and the new one in.
 */
static int
teach_sysctl_string(char *value, bool fifo, SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct teach_softc *sc = node.sysctl_data;
	char *text;
	int error;

	text = kmem_zalloc(TEACH_TEXT_MAX, KM_SLEEP);
	strlcpy(text, value, TEACH_TEXT_MAX);
	node.sysctl_data = text;
	node.sysctl_size = TEACH_TEXT_MAX;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error == 0 && newp != NULL) {
		if (text[0] != '\0')
			error = teach_transfer(sc, (uint8_t *)text,
			    strlen(text), fifo);
		if (error == 0)
			strlcpy(value, text, TEACH_TEXT_MAX);
	}
	kmem_free(text, TEACH_TEXT_MAX);
	return error;
}

static int
teach_sysctl_text(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_string(sc->sc_text, false, SYSCTLFN_CALL(rnode));
}

static int
teach_sysctl_fifo(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_string(sc->sc_fifo, true, SYSCTLFN_CALL(rnode));
}

/* A self-test: write N, and N bytes are swapped by DMA and compared. */
static int
teach_sysctl_copy(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct teach_softc *sc = node.sysctl_data;
	int error, i, len;
	uint8_t *data;

	len = sc->sc_copied;
	node.sysctl_data = &len;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (len < 1 || len > TEACH_LENGTH_MAX)
		return EINVAL;

	data = kmem_alloc(len, KM_SLEEP);
	for (i = 0; i < len; i++)
		data[i] = 'a' + i % 26;
	error = teach_transfer(sc, data, len, false);
	for (i = 0; error == 0 && i < len; i++) {
		if (data[i] != 'A' + i % 26) {
			aprint_error_dev(sc->sc_dev,
			    "self-test: byte %d is %#x\n", i, data[i]);
			error = EIO;
		}
	}
	kmem_free(data, len);
	if (error == 0)
		sc->sc_copied = len;
	return error;
}

/* The counters of the device, brought up to date. */
static int
teach_sysctl_count(int64_t *count, SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct teach_softc *sc = node.sysctl_data;
	int64_t value;

	mutex_enter(&sc->sc_lock);
	if (!sc->sc_suspended)
		teach_collect(sc);
	value = *count;
	mutex_exit(&sc->sc_lock);

	node.sysctl_data = &value;
	return sysctl_lookup(SYSCTLFN_CALL(&node));
}

static int
teach_sysctl_counter(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_count(&sc->sc_counter, SYSCTLFN_CALL(rnode));
}

static int
teach_sysctl_ticks(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_count(&sc->sc_ticks, SYSCTLFN_CALL(rnode));
}

/* A register.  If copy is not NULL, it keeps the value over a reset. */
static int
teach_sysctl_register(bus_size_t reg, uint32_t *copy, SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct teach_softc *sc = node.sysctl_data;
	int error, value;

	mutex_enter(&sc->sc_lock);
	value = (int)teach_read(sc, reg);
	mutex_exit(&sc->sc_lock);

	node.sysctl_data = &value;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;

	mutex_enter(&sc->sc_lock);
	teach_write(sc, reg, (uint32_t)value);
	if (copy != NULL)
		*copy = (uint32_t)value;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
teach_sysctl_scratch(SYSCTLFN_ARGS)
{

	return teach_sysctl_register(TEACH_SCRATCH, NULL,
	    SYSCTLFN_CALL(rnode));
}

static int
teach_sysctl_latency(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_register(TEACH_LATENCY, &sc->sc_latency,
	    SYSCTLFN_CALL(rnode));
}

static int
teach_sysctl_period(SYSCTLFN_ARGS)
{
	struct teach_softc *sc = rnode->sysctl_data;

	return teach_sysctl_register(TEACH_PERIOD, &sc->sc_period,
	    SYSCTLFN_CALL(rnode));
}

/* The nodes below hw.teach0. */
static const struct teach_node {
	const char	*name;
	const char	*descr;
	int		flags;
	int		type;
	size_t		size;
	sysctlfn	helper;
} teach_nodes[] = {
	{ "text", "String to swap by DMA",
	  CTLFLAG_READWRITE, CTLTYPE_STRING, TEACH_TEXT_MAX,
	  teach_sysctl_text },
	{ "fifo", "String to swap through the FIFO",
	  CTLFLAG_READWRITE, CTLTYPE_STRING, TEACH_TEXT_MAX,
	  teach_sysctl_fifo },
	{ "copy", "Bytes to swap by DMA as a self-test",
	  CTLFLAG_READWRITE, CTLTYPE_INT, sizeof(int),
	  teach_sysctl_copy },
	{ "counter", "Commands completed",
	  CTLFLAG_READONLY, CTLTYPE_QUAD, sizeof(int64_t),
	  teach_sysctl_counter },
	{ "ticks", "Expirations of the timer",
	  CTLFLAG_READONLY, CTLTYPE_QUAD, sizeof(int64_t),
	  teach_sysctl_ticks },
	{ "scratch", "Scratch register",
	  CTLFLAG_READWRITE, CTLTYPE_INT, sizeof(int),
	  teach_sysctl_scratch },
	{ "latency", "Time that a command takes (ns)",
	  CTLFLAG_READWRITE, CTLTYPE_INT, sizeof(int),
	  teach_sysctl_latency },
	{ "period", "Period of the timer (ns), 0: off",
	  CTLFLAG_READWRITE, CTLTYPE_INT, sizeof(int),
	  teach_sysctl_period },
};

void
teach_sysctl_attach(struct teach_softc *sc)
{
	const struct sysctlnode *rnode;
	const struct teach_node *tn;
	void *data = sc;
	size_t i;
	int error;

	error = sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(sc->sc_dev), SYSCTL_DESCR("Teaching device"),
	    NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL);
	for (i = 0; error == 0 && i < __arraycount(teach_nodes); i++) {
		tn = &teach_nodes[i];
		/*
		 * In parentheses, the function and not the macro of its name,
		 * which wants to see the type as a constant.
		 */
		error = (sysctl_createv)(&sc->sc_log, 0, &rnode, NULL,
		    tn->flags, tn->type, tn->name, SYSCTL_DESCR(tn->descr),
		    tn->helper, 0, data, tn->size, CTL_CREATE, CTL_EOL);
	}
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to create sysctl nodes: error %d\n", error);
}
