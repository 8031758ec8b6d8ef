/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: the users' side, by sysctl(9).  The
 * nodes are listed in iws_nodes[], below.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kmem.h>

#include "iwsvar.h"

#define	IWS_LINE	(4 * IWS_SSID_SIZE + 64)	/* of one network */
#define	IWS_TEXT	(IWS_NETWORKS * IWS_LINE)

/* Reads as the number of scans; whatever is written, the device scans. */
static int
iws_sysctl_scan(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct iws_softc *sc = node.sysctl_data;
	int error, scans = sc->sc_scans;

	node.sysctl_data = &scans;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	return iws_scan(sc);
}

/* A name, with what is not printable as \x and two digits. */
static void
iws_print_ssid(const struct iws_network *n, char *text, size_t size)
{
	size_t at = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < n->n_ssid_size && at + 5 <= size; i++) {
		if (n->n_ssid[i] > ' ' && n->n_ssid[i] < 0x7f &&
		    n->n_ssid[i] != '\\')
			at += snprintf(text + at, size - at, "%c",
			    n->n_ssid[i]);
		else
			at += snprintf(text + at, size - at, "\\x%02x",
			    n->n_ssid[i]);
	}
}

static const char *
iws_security(const struct iws_network *n)
{

	if (n->n_rsn)
		return "wpa2";
	return (n->n_capabilities & BEACON_PRIVACY) != 0 ? "wep" : "open";
}

/* A line for each network: BSSID, channel, dBm, security, name. */
static int
iws_sysctl_networks(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct iws_softc *sc = node.sysctl_data;
	const struct iws_network *n;
	char ssid[4 * IWS_SSID_SIZE + 1], *text;
	size_t at = 0;
	int error, i;

	text = kmem_zalloc(IWS_TEXT, KM_SLEEP);
	mutex_enter(&sc->sc_lock);
	for (i = 0; i < sc->sc_nnetworks; i++) {
		n = &sc->sc_networks[i];
		iws_print_ssid(n, ssid, sizeof(ssid));
		at += snprintf(text + at, IWS_TEXT - at,
		    "%02x:%02x:%02x:%02x:%02x:%02x %d %d %s %s\n",
		    n->n_bssid[0], n->n_bssid[1], n->n_bssid[2],
		    n->n_bssid[3], n->n_bssid[4], n->n_bssid[5],
		    n->n_channel, n->n_signal, iws_security(n), ssid);
	}
	mutex_exit(&sc->sc_lock);
	node.sysctl_data = text;
	node.sysctl_size = at + 1;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	kmem_free(text, IWS_TEXT);
	return error;
}

/* The channels that the card may use, in words of ASCII digits. */
static int
iws_sysctl_channels(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct iws_softc *sc = node.sysctl_data;
	char text[5 * IWS_NVM_CHANNELS];
	size_t at = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < IWS_NVM_CHANNELS; i++)
		if ((sc->sc_channel_flags[i] & NVM_CHANNEL_VALID) != 0)
			at += snprintf(text + at, sizeof(text) - at, "%s%d",
			    at == 0 ? "" : " ", iws_channel(i));
	node.sysctl_data = text;
	node.sysctl_size = at + 1;
	return sysctl_lookup(SYSCTLFN_CALL(&node));
}

static int
iws_sysctl_address(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct iws_softc *sc = node.sysctl_data;
	const uint8_t *a = sc->sc_address;
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x",
	    a[0], a[1], a[2], a[3], a[4], a[5]);
	node.sysctl_data = text;
	node.sysctl_size = sizeof(text);
	return sysctl_lookup(SYSCTLFN_CALL(&node));
}

/* The nodes below hw.iws0. */
static const struct iws_node {
	const char	*name;
	const char	*descr;
	int		flags;
	int		type;
	size_t		size;
	sysctlfn	helper;
} iws_nodes[] = {
	{ "address", "Link-level address",
	  CTLFLAG_READONLY, CTLTYPE_STRING, 18, iws_sysctl_address },
	{ "channels", "Channels that may be used",
	  CTLFLAG_READONLY, CTLTYPE_STRING, 5 * IWS_NVM_CHANNELS,
	  iws_sysctl_channels },
	{ "scan", "Scans made; write to make one",
	  CTLFLAG_READWRITE, CTLTYPE_INT, sizeof(int), iws_sysctl_scan },
	{ "networks", "Networks that the last scan has found",
	  CTLFLAG_READONLY, CTLTYPE_STRING, IWS_TEXT, iws_sysctl_networks },
};

void
iws_sysctl_attach(struct iws_softc *sc)
{
	const struct sysctlnode *rnode;
	const struct iws_node *in;
	void *data = sc;
	size_t i;
	int error;

	error = sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(sc->sc_dev), SYSCTL_DESCR("Wireless scanner"),
	    NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL);
	for (i = 0; error == 0 && i < __arraycount(iws_nodes); i++) {
		in = &iws_nodes[i];
		/* In parentheses, the function and not the macro. */
		error = (sysctl_createv)(&sc->sc_log, 0, &rnode, NULL,
		    in->flags, in->type, in->name, SYSCTL_DESCR(in->descr),
		    in->helper, 0, data, in->size, CTL_CREATE, CTL_EOL);
	}
	if (error != 0)
		aprint_error_dev(sc->sc_dev,
		    "unable to create sysctl nodes: error %d\n", error);
}
