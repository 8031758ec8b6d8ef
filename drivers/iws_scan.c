/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: the scan, and the networks that were
 * heard.  Where the card may transmit unasked it sends probe requests, on the
 * other channels it waits for a beacon.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>

#include "iwsvar.h"

#define	IWS_ACTIVE_DWELL	110	/* units of 1.024 ms: a beacon's interval */
#define	IWS_PASSIVE_DWELL	120
#define	IWS_SCAN_MS		10000

/* The channels in the order in which the card's memory has their flags. */
static const uint8_t iws_channels[IWS_NVM_CHANNELS] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	36, 40, 44, 48, 52, 56, 60, 64,
	100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144,
	149, 153, 157, 161, 165,
};

int
iws_channel(int i)
{

	return iws_channels[i];
}

static bool
iws_is_24ghz(int channel)
{

	return channel <= 14;
}

/* == What is heard == */

/* Find an element of a frame; NULL if it has none, or a broken one before. */
static const uint8_t *
iws_element(const uint8_t *frame, size_t size, uint8_t number)
{
	size_t at;

	for (at = BEACON_ELEMENTS; at + 2 <= size; at += 2 + frame[at + 1]) {
		if (at + 2 + frame[at + 1] > size)
			return NULL;
		if (frame[at] == number)
			return frame + at;
	}
	return NULL;
}

static struct iws_network *
iws_network(struct iws_softc *sc, const uint8_t *bssid)
{
	struct iws_network *n;
	int i;

	for (i = 0; i < sc->sc_nnetworks; i++) {
		n = &sc->sc_networks[i];
		if (memcmp(n->n_bssid, bssid, sizeof(n->n_bssid)) == 0)
			return n;
	}
	if (sc->sc_nnetworks == IWS_NETWORKS)
		return NULL;
	n = &sc->sc_networks[sc->sc_nnetworks++];
	memset(n, 0, sizeof(*n));
	memcpy(n->n_bssid, bssid, sizeof(n->n_bssid));
	return n;
}

/* A frame was heard; what counts are beacons and answers to probes. */
void
iws_heard(struct iws_softc *sc, const uint8_t *frame, size_t size)
{
	const uint8_t *element;
	struct iws_network *n;
	int channel;

	if (size < BEACON_ELEMENTS ||
	    (frame[0] != FRAME_BEACON && frame[0] != FRAME_PROBE_RESPONSE))
		return;
	sc->sc_ev_beacon.ev_count++;

	/* A neighbour channel's beacon says where it belongs. */
	channel = sc->sc_heard_channel;
	element = iws_element(frame, size, ELEMENT_CHANNEL);
	if (element != NULL && element[1] == 1)
		channel = element[2];
	if (channel != sc->sc_heard_channel)
		return;
	n = iws_network(sc, frame + FRAME_BSSID);
	if (n == NULL)
		return;
	n->n_channel = channel;
	n->n_signal = sc->sc_heard_signal;
	n->n_interval = le16dec(frame + BEACON_INTERVAL);
	n->n_capabilities = le16dec(frame + BEACON_CAPABILITIES);
	n->n_rsn = iws_element(frame, size, ELEMENT_RSN) != NULL;

	/* A hidden network's beacon has no name: keep what is known. */
	element = iws_element(frame, size, ELEMENT_SSID);
	if (element != NULL && element[1] != 0 &&
	    element[1] <= sizeof(n->n_ssid) && element[2] != '\0') {
		n->n_ssid_size = element[1];
		memcpy(n->n_ssid, element + 2, element[1]);
	}
}

/* == The scan == */

/* The probe request for any network; returns its size. */
static size_t
iws_probe(struct iws_softc *sc, uint8_t *frame, bool is_24ghz)
{
	static const uint8_t cck[] = {
		ELEMENT_SSID, 0, ELEMENT_RATES, 4, 0x82, 0x84, 0x8b, 0x96
	};
	static const uint8_t ofdm[] = {
		ELEMENT_SSID, 0, ELEMENT_RATES, 8,
		0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c
	};
	const uint8_t *elements = is_24ghz ? cck : ofdm;
	const size_t size = is_24ghz ? sizeof(cck) : sizeof(ofdm);

	memset(frame, 0, FRAME_HEADER);
	frame[0] = FRAME_PROBE_REQUEST;
	memset(frame + 4, 0xff, 6);
	memcpy(frame + 10, sc->sc_address, 6);
	memset(frame + 16, 0xff, 6);
	memcpy(frame + FRAME_HEADER, elements, size);
	return FRAME_HEADER + size;
}

/* Add the band's channels to a request; returns how many. */
static int
iws_fill_channels(struct iws_softc *sc, struct iws_scan_channel *c,
    bool is_24ghz)
{
	int count = 0, i;
	uint16_t flags;

	for (i = 0; i < IWS_NVM_CHANNELS; i++) {
		flags = sc->sc_channel_flags[i];
		if (iws_is_24ghz(iws_channels[i]) != is_24ghz ||
		    (flags & NVM_CHANNEL_VALID) == 0)
			continue;
		memset(c, 0, sizeof(*c));
		if ((flags & NVM_CHANNEL_ACTIVE) != 0)
			c->sc_type = htole32(SCAN_CHANNEL_ACTIVE);
		c->sc_channel = htole16(iws_channels[i]);
		c->sc_iterations = htole16(1);
		c->sc_active_dwell = htole16(IWS_ACTIVE_DWELL);
		c->sc_passive_dwell = htole16(IWS_PASSIVE_DWELL);
		c++;
		count++;
	}
	return count;
}

static size_t
iws_fill_request(struct iws_softc *sc, struct iws_scan *s, bool is_24ghz)
{
	const uint16_t rx = __SHIFTOUT(sc->sc_fw_phy, FW_PHY_RX_ANTENNAS);
	size_t probe, size;
	int count;

	memset(s, 0, sizeof(*s));
	s->s_quiet_time = htole16(10);
	s->s_quiet_threshold = htole16(1);
	s->s_rx_chain = htole16(SCAN_RX_DRIVER_FORCE |
	    __SHIFTIN(rx, SCAN_RX_VALID) | __SHIFTIN(rx, SCAN_RX_FORCE) |
	    __SHIFTIN(rx, SCAN_RX_FORCE_MIMO));
	s->s_rxon_flags = htole32(is_24ghz ?
	    SCAN_RXON_24GHZ | SCAN_RXON_DETECT : 0);
	s->s_filter = htole32(SCAN_FILTER_GROUP | SCAN_FILTER_BEACONS);
	s->s_repeats = htole32(1);

	s->s_tx.tx_flags = htole32(TX_FLAG_SEQUENCE | TX_FLAG_BT_DISABLE);
	s->s_tx.tx_rate = htole32(is_24ghz ? TX_RATE_1M : TX_RATE_6M);
	s->s_tx.tx_station = IWS_AUX_STATION;
	s->s_tx.tx_life_time = ~0u;
	probe = iws_probe(sc, s->s_data, is_24ghz);
	s->s_tx.tx_length = htole16(probe);

	count = iws_fill_channels(sc, (void *)(s->s_data + probe), is_24ghz);
	s->s_channels = count;
	size = sizeof(*s) + probe + count * sizeof(struct iws_scan_channel);
	s->s_length = htole16(size);
	return count == 0 ? 0 : size;
}

static int
iws_scan_band(struct iws_softc *sc, bool is_24ghz)
{
	uint8_t reply[4];
	size_t length, size;
	int error;

	size = iws_fill_request(sc, (void *)sc->sc_request, is_24ghz);
	if (size == 0)
		return 0;	/* the card has no such band */
	sc->sc_scanning = true;
	error = iws_command(sc, CMD_SCAN, sc->sc_request, size, reply,
	    sizeof(reply), &length);
	if (error == 0 &&
	    (length < sizeof(reply) || le32dec(reply) != SCAN_STATUS_OK))
		error = EBUSY;
	if (error == 0)
		error = iws_wait(sc, &sc->sc_scanning, false, IWS_SCAN_MS);
	sc->sc_scanning = false;
	return error;
}

/*
 * Look around; what was known before is forgotten.  Errors: EPERM (the radio
 * is switched off), EIO (the firmware fails), ETIMEDOUT, ENXIO, EINTR.
 */
int
iws_scan(struct iws_softc *sc)
{
	int error;

	error = iws_acquire(sc);
	if (error != 0)
		return error;
	if (!sc->sc_running) {
		error = iws_boot(sc);
		if (error != 0)
			goto out;
	}
	if (!sc->sc_radio_on) {
		error = EPERM;
		goto out;
	}
	sc->sc_nnetworks = 0;
	error = iws_scan_band(sc, true);
	if (error == 0)
		error = iws_scan_band(sc, false);
	if (error == 0)
		sc->sc_scans++;
	else
		aprint_error_dev(sc->sc_dev, "scan: error %d\n", error);
	if (error == EIO || error == ETIMEDOUT)
		iws_hw_stop(sc);	/* the next scan starts it again */
out:
	iws_release(sc);
	return error;
}
