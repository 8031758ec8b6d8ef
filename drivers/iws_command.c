/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: commands to the firmware, its answers
 * and notices, and with these how the firmware is started: the initial image
 * measures the radio, and the runtime image gets the results.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kmem.h>

#include "iwsvar.h"

#define	IWS_COMMAND_MS		1000
#define	IWS_CALIBRATION_MS	2000

/* == Commands == */

/*
 * Have the firmware carry out a command, and wait.  Of the answer at most
 * reply_size bytes are stored; *reply_length, unless NULL, says how many.
 * Errors: EIO (refused, or the firmware failed), ETIMEDOUT, ENXIO.
 */
int
iws_command(struct iws_softc *sc, uint8_t code, const void *data, size_t size,
    void *reply, size_t reply_size, size_t *reply_length)
{
	const uint64_t addr = sc->sc_command.d_addr;
	const size_t total = sizeof(struct iws_header) + size;
	struct iws_header *h = sc->sc_command.d_va;
	struct iws_tfd *tfd = sc->sc_tfds.d_va;
	const int index = sc->sc_tfd_next;
	int error;

	KASSERT(mutex_owned(&sc->sc_lock));
	KASSERT(sc->sc_busy);
	KASSERT(sc->sc_waiting == -1);
	KASSERT(total <= IWS_COMMAND_SIZE);

	h->h_code = code;
	h->h_flags = 0;
	h->h_index = index;
	h->h_queue = IWS_QUEUE;
	memcpy(h + 1, data, size);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_command.d_map, 0, total,
	    BUS_DMASYNC_PREWRITE);

	tfd += index;
	memset(tfd, 0, sizeof(*tfd));
	tfd->tfd_count = 1;
	tfd->tfd_tb[0].tb_low = htole32((uint32_t)addr);
	tfd->tfd_tb[0].tb_rest = htole16((addr >> 32 & 0xf) | total << 4);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_tfds.d_map, index * sizeof(*tfd),
	    sizeof(*tfd), BUS_DMASYNC_PREWRITE);

	sc->sc_waiting = index;
	sc->sc_answered = false;
	sc->sc_reply = reply;
	sc->sc_reply_size = reply_size;
	sc->sc_reply_length = 0;
	sc->sc_reply_error = 0;
	sc->sc_tfd_next = (index + 1) % IWS_TFD_COUNT;
	iws_write(sc, IWS_WRPTR, IWS_QUEUE << 8 | sc->sc_tfd_next);

	error = iws_wait(sc, &sc->sc_answered, true, IWS_COMMAND_MS);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_tfds.d_map, index * sizeof(*tfd),
	    sizeof(*tfd), BUS_DMASYNC_POSTWRITE);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_command.d_map, 0, total,
	    BUS_DMASYNC_POSTWRITE);
	sc->sc_waiting = -1;
	sc->sc_reply = NULL;
	if (error == 0)
		error = sc->sc_reply_error;
	if (error != 0)
		aprint_error_dev(sc->sc_dev, "command %#x: error %d\n", code,
		    error);
	if (reply_length != NULL)
		*reply_length = sc->sc_reply_length;
	return error;
}

/* A command whose answer begins with a word of status. */
static int
iws_command_status(struct iws_softc *sc, uint8_t code, const void *data,
    size_t size, uint32_t *status)
{
	uint8_t reply[4];
	size_t length;
	int error;

	error = iws_command(sc, code, data, size, reply, sizeof(reply),
	    &length);
	if (error == 0 && length < sizeof(reply))
		error = EIO;
	*status = error == 0 ? le32dec(reply) : 0;
	return error;
}

static int
iws_simple_command(struct iws_softc *sc, uint8_t code, const void *data,
    size_t size)
{

	return iws_command(sc, code, data, size, NULL, 0, NULL);
}

/* == Packets from the firmware == */

static void
iws_answer(struct iws_softc *sc, const struct iws_packet *p, size_t size)
{

	if (p->p_header.h_index != sc->sc_waiting)
		return;		/* too late */
	if (sc->sc_reply != NULL) {
		sc->sc_reply_length = MIN(size, sc->sc_reply_size);
		memcpy(sc->sc_reply, p->p_data, sc->sc_reply_length);
	}
	sc->sc_waiting = -1;
	sc->sc_answered = true;
}

/* The initial image has measured something: keep it for the other. */
static void
iws_keep_result(struct iws_softc *sc, const uint8_t *data, size_t size)
{
	const struct iws_calibration *ca = (const void *)data;
	void *copy;

	if (size < sizeof(*ca) || size < sizeof(*ca) + le16toh(ca->ca_length)) {
		aprint_error_dev(sc->sc_dev, "calibration of %zu bytes\n",
		    size);
		return;
	}
	size = sizeof(*ca) + le16toh(ca->ca_length);
	if (sc->sc_nresults == IWS_RESULTS)
		return;
	copy = kmem_intr_alloc(size, KM_NOSLEEP);
	if (copy == NULL)
		return;
	memcpy(copy, data, size);
	sc->sc_results[sc->sc_nresults].r_data = copy;
	sc->sc_results[sc->sc_nresults++].r_size = size;
}

void
iws_forget_results(struct iws_softc *sc)
{

	while (sc->sc_nresults > 0) {
		sc->sc_nresults--;
		kmem_intr_free(sc->sc_results[sc->sc_nresults].r_data,
		    sc->sc_results[sc->sc_nresults].r_size);
	}
}

/* The signal at the first antenna, in dBm. */
static int
iws_signal(const struct iws_softc *sc, const uint8_t *phy)
{

	if ((sc->sc_fw_flags & FW_FLAG_RX_ENERGY) != 0)
		return -(int)phy[RX_PHY_ENERGY];
	return (int)phy[RX_PHY_RSSI] - RX_RSSI_OFFSET -
	    (int)(phy[RX_PHY_GAIN] & RX_PHY_GAIN_MASK);
}

static void
iws_packet(struct iws_softc *sc, const struct iws_packet *p, size_t size)
{

	switch (p->p_header.h_code) {
	case CMD_ALIVE:
		if (size < ALIVE_SIZE || le16dec(p->p_data + ALIVE_STATUS) !=
		    ALIVE_STATUS_OK) {
			aprint_error_dev(sc->sc_dev, "the firmware is not "
			    "well\n");
			return;
		}
		sc->sc_error_table = le32dec(p->p_data + ALIVE_ERROR_TABLE);
		sc->sc_scheduler = le32dec(p->p_data + ALIVE_SCHEDULER);
		sc->sc_alive = true;
		return;
	case CMD_ERROR:
		aprint_error_dev(sc->sc_dev, "the firmware refuses a command: "
		    "error %u\n", size < 4 ? 0 : le32dec(p->p_data));
		sc->sc_reply_error = EIO;
		sc->sc_waiting = -1;
		sc->sc_answered = true;
		return;
	case CMD_CALIBRATION:
		iws_keep_result(sc, p->p_data, size);
		return;
	case CMD_INIT_COMPLETE:
		sc->sc_calibrated = true;
		return;
	case CMD_SCAN_COMPLETE:
		sc->sc_scanning = false;
		return;
	case CMD_RX_PHY:
		if (size < RX_PHY_SIZE)
			return;
		sc->sc_heard_channel = le16dec(p->p_data + RX_PHY_CHANNEL);
		sc->sc_heard_signal = iws_signal(sc, p->p_data);
		return;
	case CMD_RX_FRAME:
		if (size >= RX_FRAME_DATA && RX_FRAME_DATA +
		    (size_t)le16dec(p->p_data + RX_FRAME_LENGTH) <= size)
			iws_heard(sc, p->p_data + RX_FRAME_DATA,
			    le16dec(p->p_data + RX_FRAME_LENGTH));
		return;
	default:
		if ((p->p_header.h_queue & QUEUE_UNSOLICITED) == 0)
			iws_answer(sc, p, size);
		return;
	}
}

/* One buffer; the firmware may put several packets into it. */
static void
iws_rx_buffer(struct iws_softc *sc, const uint8_t *data)
{
	const struct iws_packet *p;
	size_t at, size;

	for (at = 0; at + sizeof(*p) <= IWS_RX_SIZE;
	    at += roundup(size, IWS_RX_ALIGN)) {
		p = (const void *)(data + at);
		if (le32toh(p->p_length) == IWS_RX_END)
			return;
		size = __SHIFTOUT(le32toh(p->p_length), PACKET_LENGTH) +
		    sizeof(p->p_length);
		if (size < sizeof(*p) || at + size > IWS_RX_SIZE)
			return;
		iws_packet(sc, p, size - sizeof(*p));
	}
}

/* Take what the card has received; called by the soft interrupt. */
void
iws_rx(struct iws_softc *sc)
{
	const struct iws_rx_status *status = sc->sc_rx_status.d_va;
	const bus_dma_tag_t t = sc->sc_dmat;
	bus_size_t at;
	int closed, taken = 0;

	bus_dmamap_sync(t, sc->sc_rx_status.d_map, 0, sizeof(*status),
	    BUS_DMASYNC_POSTREAD);
	closed = le16toh(status->rs_closed) % IWS_RX_COUNT;
	bus_dmamap_sync(t, sc->sc_rx_status.d_map, 0, sizeof(*status),
	    BUS_DMASYNC_PREREAD);

	for (; sc->sc_rx_next != closed; taken++) {
		at = sc->sc_rx_next * IWS_RX_SIZE;
		bus_dmamap_sync(t, sc->sc_rx_buffers.d_map, at, IWS_RX_SIZE,
		    BUS_DMASYNC_POSTREAD);
		iws_rx_buffer(sc, (uint8_t *)sc->sc_rx_buffers.d_va + at);
		bus_dmamap_sync(t, sc->sc_rx_buffers.d_map, at, IWS_RX_SIZE,
		    BUS_DMASYNC_PREREAD);
		sc->sc_rx_next = (sc->sc_rx_next + 1) % IWS_RX_COUNT;
	}
	if (taken != 0)
		iws_write(sc, IWS_RX_WPTR, rounddown((sc->sc_rx_next +
		    IWS_RX_COUNT - 1) % IWS_RX_COUNT, 8));
}

/* == Starting == */

static int
iws_antennas(struct iws_softc *sc)
{
	const uint32_t valid = htole32(__SHIFTOUT(sc->sc_fw_phy,
	    FW_PHY_TX_ANTENNAS));

	return iws_simple_command(sc, CMD_TX_ANTENNAS, &valid, sizeof(valid));
}

static int
iws_phy_config(struct iws_softc *sc, enum iws_image image)
{
	struct iws_phy_config pc;

	pc.pc_config = htole32(sc->sc_fw_phy);
	pc.pc_flow = htole32(sc->sc_fw_calibration[image][0]);
	pc.pc_event = htole32(sc->sc_fw_calibration[image][1]);
	return iws_simple_command(sc, CMD_PHY_CONFIG, &pc, sizeof(pc));
}

/* The station in whose name the firmware scans. */
static int
iws_add_station(struct iws_softc *sc)
{
	uint8_t station[ADD_STATION_SIZE_OLD];
	uint32_t status;
	int error;

	memset(station, 0, sizeof(station));
	le32enc(station + ADD_STATION_MAC, IWS_AUX_MAC);
	station[ADD_STATION_ID] = IWS_AUX_STATION;
	error = iws_command_status(sc, CMD_ADD_STATION, station,
	    (sc->sc_fw_flags & FW_FLAG_STATION_KEYS) != 0 ?
	    ADD_STATION_SIZE : ADD_STATION_SIZE_OLD, &status);
	if (error == 0 && status != ADD_STATION_OK)
		error = EIO;
	return error;
}

/* Run the initial image until it has measured all. */
static int
iws_calibrate(struct iws_softc *sc)
{
	int error;

	iws_forget_results(sc);
	error = iws_hw_start(sc, IWS_INIT);
	if (error == 0)
		error = iws_antennas(sc);
	sc->sc_calibrated = false;
	if (error == 0)
		error = iws_phy_config(sc, IWS_INIT);
	if (error == 0)
		error = iws_wait(sc, &sc->sc_calibrated, true,
		    IWS_CALIBRATION_MS);
	return error;
}

/* From any state to a firmware that scans. */
int
iws_boot(struct iws_softc *sc)
{
	int error, i;

	error = iws_calibrate(sc);
	if (error == 0)
		error = iws_hw_start(sc, IWS_RUNTIME);
	if (error == 0)
		error = iws_antennas(sc);
	for (i = 0; error == 0 && i < sc->sc_nresults; i++)
		error = iws_simple_command(sc, CMD_PHY_DB,
		    sc->sc_results[i].r_data, sc->sc_results[i].r_size);
	if (error == 0)
		error = iws_phy_config(sc, IWS_RUNTIME);
	if (error == 0)
		error = iws_add_station(sc);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev,
		    "unable to start the firmware: error %d\n", error);
		iws_hw_stop(sc);
		return error;
	}
	sc->sc_running = true;
	return 0;
}

/* == The card's own memory == */

/* Read count words from word number first of a section. */
static int
iws_nvm_read(struct iws_softc *sc, uint16_t section, uint16_t first,
    uint16_t *words, size_t count)
{
	struct iws_nvm_access na;
	struct iws_nvm_reply *nr;
	size_t i, length;
	int error;

	KASSERT(2 * count <= NVM_CHUNK);

	memset(&na, 0, sizeof(na));
	na.na_type = htole16(section);
	na.na_offset = htole16(2 * first);
	na.na_length = htole16(2 * count);
	nr = kmem_alloc(sizeof(*nr) + NVM_CHUNK, KM_SLEEP);
	error = iws_command(sc, CMD_NVM_ACCESS, &na, sizeof(na), nr,
	    sizeof(*nr) + 2 * count, &length);
	if (error == 0 && (length < sizeof(*nr) + 2 * count ||
	    nr->nr_status != 0 || le16toh(nr->nr_length) != 2 * count))
		error = EIO;
	for (i = 0; error == 0 && i < count; i++)
		words[i] = le16dec(nr->nr_data + 2 * i);
	kmem_free(nr, sizeof(*nr) + NVM_CHUNK);
	return error;
}

/* Find out what the card is. */
int
iws_identify(struct iws_softc *sc)
{
	uint16_t address[3];
	int error, i;

	error = iws_hw_start(sc, IWS_INIT);
	if (error == 0)
		error = iws_nvm_read(sc, NVM_HW, NVM_HW_ADDRESS, address,
		    __arraycount(address));
	if (error == 0)
		error = iws_nvm_read(sc, NVM_SW, NVM_SW_CHANNELS,
		    sc->sc_channel_flags, IWS_NVM_CHANNELS);
	iws_hw_stop(sc);
	for (i = 0; error == 0 && i < 6; i++)
		sc->sc_address[i] = address[i / 2] >> (i % 2 == 0 ? 8 : 0);
	return error;
}
