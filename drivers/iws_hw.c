/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: the hardware.  Waking the card, its
 * windows, memory for DMA, loading a firmware image and letting it run.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "iwsvar.h"

#define	IWS_COALESCING		0x10	/* half a millisecond */

/* == Memory for DMA == */

static int
iws_dma_alloc(struct iws_softc *sc, struct iws_dma *d, bus_size_t size,
    bus_size_t align)
{
	const bus_dma_tag_t t = sc->sc_dmat;
	int error;

	d->d_size = size;
	error = bus_dmamem_alloc(t, size, align, 0, &d->d_seg, 1, &d->d_nseg,
	    BUS_DMA_WAITOK);
	if (error != 0) {
		d->d_nseg = 0;
		return error;
	}
	error = bus_dmamem_map(t, &d->d_seg, d->d_nseg, size, &d->d_va,
	    BUS_DMA_WAITOK | BUS_DMA_COHERENT);
	if (error != 0) {
		d->d_va = NULL;
		return error;
	}
	error = bus_dmamap_create(t, size, 1, size, 0, BUS_DMA_WAITOK,
	    &d->d_map);
	if (error != 0) {
		d->d_map = NULL;
		return error;
	}
	error = bus_dmamap_load(t, d->d_map, d->d_va, size, NULL,
	    BUS_DMA_WAITOK);
	if (error != 0)
		return error;
	d->d_addr = d->d_map->dm_segs[0].ds_addr;
	memset(d->d_va, 0, size);
	bus_dmamap_sync(t, d->d_map, 0, size,
	    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	return 0;
}

static void
iws_dma_free(struct iws_softc *sc, struct iws_dma *d)
{
	const bus_dma_tag_t t = sc->sc_dmat;

	if (d->d_map != NULL) {
		if (d->d_map->dm_nsegs != 0) {
			bus_dmamap_sync(t, d->d_map, 0, d->d_size,
			    BUS_DMASYNC_POSTREAD | BUS_DMASYNC_POSTWRITE);
			bus_dmamap_unload(t, d->d_map);
		}
		bus_dmamap_destroy(t, d->d_map);
	}
	if (d->d_va != NULL)
		bus_dmamem_unmap(t, d->d_va, d->d_size);
	if (d->d_nseg != 0)
		bus_dmamem_free(t, &d->d_seg, d->d_nseg);
	memset(d, 0, sizeof(*d));
}

/* What there is, and what of it the card wants aligned how. */
static const struct {
	size_t		offset;
	bus_size_t	size;
	bus_size_t	align;
} iws_memory[] = {
#define	M(member, size, align)	\
	{ offsetof(struct iws_softc, member), size, align }
	M(sc_tfds, IWS_TFD_COUNT * sizeof(struct iws_tfd), 256),
	M(sc_command, IWS_COMMAND_SIZE, 64),
	M(sc_byte_counts, IWS_BYTE_COUNTS, 1024),
	M(sc_keep_warm, 4096, 4096),
	M(sc_rx_ring, IWS_RX_COUNT * sizeof(uint32_t), 256),
	M(sc_rx_status, sizeof(struct iws_rx_status), 16),
	M(sc_rx_buffers, IWS_RX_COUNT * IWS_RX_SIZE, 4096),
	M(sc_load, IWS_SERVICE_SIZE, 16),
#undef M
};

int
iws_hw_attach(struct iws_softc *sc)
{
	struct iws_dma *d;
	uint32_t *ring;
	size_t i;
	int error;

	for (i = 0; i < __arraycount(iws_memory); i++) {
		d = (void *)((char *)sc + iws_memory[i].offset);
		error = iws_dma_alloc(sc, d, iws_memory[i].size,
		    iws_memory[i].align);
		if (error != 0) {
			aprint_error_dev(sc->sc_dev,
			    "unable to set up DMA memory: error %d\n", error);
			return error;
		}
	}
	ring = sc->sc_rx_ring.d_va;
	for (i = 0; i < IWS_RX_COUNT; i++)
		ring[i] = htole32((sc->sc_rx_buffers.d_addr +
		    i * IWS_RX_SIZE) >> 8);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_rx_ring.d_map, 0,
	    sc->sc_rx_ring.d_size, BUS_DMASYNC_PREWRITE);
	return 0;
}

void
iws_hw_detach(struct iws_softc *sc)
{
	size_t i;

	for (i = 0; i < __arraycount(iws_memory); i++)
		iws_dma_free(sc, (void *)((char *)sc + iws_memory[i].offset));
}

/* == Waiting for a register, and the windows == */

static bool
iws_poll(struct iws_softc *sc, bus_size_t reg, uint32_t mask, uint32_t value,
    int us)
{

	for (; us > 0; us -= 10) {
		if ((iws_read(sc, reg) & mask) == value)
			return true;
		delay(10);
	}
	return false;
}

/* Keep the card awake: what lies behind the windows needs its clock. */
static bool
iws_lock(struct iws_softc *sc)
{

	iws_set(sc, IWS_GP, GP_ACCESS_REQ);
	return iws_poll(sc, IWS_GP, GP_CLOCK_READY | GP_GOING_TO_SLEEP,
	    GP_CLOCK_READY, 15000);
}

static void
iws_unlock(struct iws_softc *sc)
{

	iws_write(sc, IWS_GP, iws_read(sc, IWS_GP) & ~GP_ACCESS_REQ);
}

static uint32_t
iws_prph_read(struct iws_softc *sc, uint32_t reg)
{

	iws_write(sc, IWS_PRPH_RADDR, reg | PRPH_FOUR_BYTES);
	return iws_read(sc, IWS_PRPH_RDAT);
}

static void
iws_prph_write(struct iws_softc *sc, uint32_t reg, uint32_t val)
{

	iws_write(sc, IWS_PRPH_WADDR, reg | PRPH_FOUR_BYTES);
	iws_write(sc, IWS_PRPH_WDAT, val);
}

static void
iws_memory_write(struct iws_softc *sc, uint32_t addr, uint32_t val)
{

	iws_write(sc, IWS_MEM_WADDR, addr);
	iws_write(sc, IWS_MEM_WDAT, val);
}

/* Read a word of the firmware's memory; 0 if the card sleeps. */
uint32_t
iws_hw_memory(struct iws_softc *sc, uint32_t addr)
{
	uint32_t val = 0;

	if (iws_lock(sc)) {
		iws_write(sc, IWS_MEM_RADDR, addr);
		val = iws_read(sc, IWS_MEM_RDAT);
		iws_unlock(sc);
	}
	return val;
}

/* == Waking the card == */

static bool
iws_ready(struct iws_softc *sc)
{

	iws_set(sc, IWS_HW_IF, HW_IF_NIC_READY);
	return iws_poll(sc, IWS_HW_IF, HW_IF_NIC_READY, HW_IF_NIC_READY, 50);
}

/* Reset the card and start its clock. */
int
iws_hw_prepare(struct iws_softc *sc)
{
	int tries;

	if (!iws_ready(sc)) {
		/* Somebody else has it: the management engine. */
		iws_set(sc, IWS_HW_IF, HW_IF_PREPARE);
		for (tries = 0; !iws_ready(sc); tries++) {
			if (tries == 750) {
				aprint_error_dev(sc->sc_dev,
				    "the card is not ready\n");
				return ETIMEDOUT;
			}
			delay(200);
		}
	}
	iws_write(sc, IWS_RESET, RESET_SW | RESET_NEVO);
	delay(10);

	iws_set(sc, IWS_GIO_CHICKEN,
	    GIO_CHICKEN_NO_L0S_TIMER | GIO_CHICKEN_L1A_NO_L0S);
	iws_set(sc, IWS_DBG_HPET_MEM, DBG_HPET_MEM_VALUE);
	iws_set(sc, IWS_HW_IF, HW_IF_HAP_WAKE);
	iws_set(sc, IWS_GP, GP_INIT_DONE);
	if (!iws_poll(sc, IWS_GP, GP_CLOCK_READY, GP_CLOCK_READY, 25000)) {
		aprint_error_dev(sc->sc_dev, "the clock does not start\n");
		return ETIMEDOUT;
	}
	if (!iws_lock(sc))
		return ETIMEDOUT;
	iws_prph_write(sc, APMG_CLK_EN, APMG_CLK_DMA);
	delay(20);
	iws_prph_write(sc, APMG_PCIDEV,
	    iws_prph_read(sc, APMG_PCIDEV) | APMG_PCIDEV_NO_L1);
	iws_prph_write(sc, APMG_RTC_INT, APMG_RTC_INT_RFKILL);
	iws_unlock(sc);

	sc->sc_radio_on = (iws_read(sc, IWS_GP) & GP_RADIO_ON) != 0;
	return 0;
}

/* == Rings == */

/* All buffers are the card's, none is full. */
static void
iws_rx_start(struct iws_softc *sc)
{

	memset(sc->sc_rx_status.d_va, 0, sc->sc_rx_status.d_size);
	bus_dmamap_sync(sc->sc_dmat, sc->sc_rx_status.d_map, 0,
	    sc->sc_rx_status.d_size,
	    BUS_DMASYNC_PREREAD | BUS_DMASYNC_PREWRITE);
	sc->sc_rx_next = 0;

	iws_write(sc, IWS_RX_CONFIG, 0);
	iws_write(sc, IWS_RX_RB_WPTR, 0);
	iws_write(sc, IWS_RX_FLUSH, 0);
	iws_write(sc, IWS_RX_RDPTR, 0);
	iws_write(sc, IWS_RX_WPTR, 0);
	iws_write(sc, IWS_RX_RING_BASE, sc->sc_rx_ring.d_addr >> 8);
	iws_write(sc, IWS_RX_STATUS_BASE, sc->sc_rx_status.d_addr >> 4);
	iws_write(sc, IWS_RX_CONFIG, RX_CONFIG_ENABLE | RX_CONFIG_INTR |
	    RX_CONFIG_IGNORE_EMPTY |
	    __SHIFTIN(IWS_RX_LOG, RX_CONFIG_RING_LOG));
	bus_space_write_1(sc->sc_st, sc->sc_sh, IWS_INT_COALESCING,
	    IWS_COALESCING);
	iws_write(sc, IWS_RX_WPTR, IWS_RX_COUNT - 8);
}

static void
iws_tx_start(struct iws_softc *sc)
{

	iws_prph_write(sc, SCD_TXFACT, 0);
	iws_write(sc, IWS_KEEP_WARM, sc->sc_keep_warm.d_addr >> 4);
	iws_write(sc, IWS_QUEUE_BASE(IWS_QUEUE), sc->sc_tfds.d_addr >> 8);
	sc->sc_tfd_next = 0;
	sc->sc_waiting = -1;
}

/* The firmware is alive: let the scheduler serve the commands' queue. */
static int
iws_queue_start(struct iws_softc *sc)
{
	uint32_t context = sc->sc_scheduler + SCD_CONTEXT + 8 * IWS_QUEUE;
	uint32_t addr;
	int channel;

	if (!iws_lock(sc))
		return ETIMEDOUT;
	if (iws_prph_read(sc, SCD_SRAM_BASE) != sc->sc_scheduler) {
		aprint_error_dev(sc->sc_dev, "the firmware and the scheduler "
		    "do not agree where its memory is\n");
		iws_unlock(sc);
		return EIO;
	}
	for (addr = SCD_CONTEXT; addr < SCD_CONTEXT_END; addr += 4)
		iws_memory_write(sc, sc->sc_scheduler + addr, 0);
	iws_prph_write(sc, SCD_DRAM_BASE, sc->sc_byte_counts.d_addr >> 10);
	iws_prph_write(sc, SCD_CHAINEXT_EN, 0);

	iws_prph_write(sc, SCD_QUEUE_STATUS(IWS_QUEUE), SCD_STATUS_ACT_EN);
	iws_write(sc, IWS_WRPTR, IWS_QUEUE << 8);
	iws_prph_write(sc, SCD_QUEUE_RDPTR(IWS_QUEUE), 0);
	iws_memory_write(sc, context, 0);
	iws_memory_write(sc, context + 4, __SHIFTIN(64, SCD_CONTEXT_WINDOW) |
	    __SHIFTIN(64, SCD_CONTEXT_LIMIT));
	iws_prph_write(sc, SCD_QUEUE_STATUS(IWS_QUEUE), SCD_STATUS_ACTIVE |
	    SCD_STATUS_WSL | SCD_STATUS_MASK |
	    __SHIFTIN(IWS_FIFO, SCD_STATUS_FIFO));
	iws_prph_write(sc, SCD_TXFACT, 0xff);

	for (channel = 0; channel < IWS_CHANNELS; channel++)
		iws_write(sc, IWS_TX_CONFIG(channel),
		    TX_CONFIG_ENABLE | TX_CONFIG_CREDIT);
	iws_set(sc, IWS_TX_CHICKEN, TX_CHICKEN_AUTO_RETRY);
	iws_prph_write(sc, APMG_PCIDEV,
	    iws_prph_read(sc, APMG_PCIDEV) & ~APMG_PCIDEV_NO_L1);
	iws_unlock(sc);
	return 0;
}

/* == Firmware == */

/* Have the service channel copy a piece into the card's memory. */
static int
iws_load(struct iws_softc *sc, uint32_t target, const uint8_t *data,
    size_t size)
{
	struct iws_dma *d = &sc->sc_load;
	const uint64_t addr = d->d_addr;
	int error;

	memcpy(d->d_va, data, size);
	bus_dmamap_sync(sc->sc_dmat, d->d_map, 0, size, BUS_DMASYNC_PREWRITE);
	if (!iws_lock(sc))
		return ETIMEDOUT;
	sc->sc_loaded = false;
	iws_write(sc, IWS_TX_CONFIG(IWS_SERVICE), 0);
	iws_write(sc, IWS_SERVICE_TARGET, target);
	iws_write(sc, IWS_TFDIB_CTRL0(IWS_SERVICE), (uint32_t)addr);
	iws_write(sc, IWS_TFDIB_CTRL1(IWS_SERVICE),
	    __SHIFTIN(addr >> 32, TFDIB_CTRL1_HIGH) |
	    __SHIFTIN(size, TFDIB_CTRL1_LENGTH));
	iws_write(sc, IWS_TX_BUFFER(IWS_SERVICE),
	    __SHIFTIN(1, TX_BUFFER_COUNT) | __SHIFTIN(1, TX_BUFFER_INDEX) |
	    __SHIFTIN(3, TX_BUFFER_VALID));
	iws_write(sc, IWS_TX_CONFIG(IWS_SERVICE),
	    TX_CONFIG_ENABLE | TX_CONFIG_INTR);
	iws_unlock(sc);

	error = iws_wait(sc, &sc->sc_loaded, true, 1000);
	if (error == 0)
		bus_dmamap_sync(sc->sc_dmat, d->d_map, 0, size,
		    BUS_DMASYNC_POSTWRITE);
	return error;
}

static int
iws_load_image(struct iws_softc *sc, enum iws_image image)
{
	const struct iws_section *s;
	uint32_t at, size;
	int error, i;

	for (i = 0; i < sc->sc_nsections[image]; i++) {
		s = &sc->sc_sections[image][i];
		for (at = 0; at < s->s_size; at += size) {
			size = MIN(s->s_size - at, IWS_SERVICE_SIZE);
			error = iws_load(sc, s->s_target + at, s->s_data + at,
			    size);
			if (error != 0) {
				aprint_error_dev(sc->sc_dev, "unable to load "
				    "the firmware: section %d: error %d\n", i,
				    error);
				return error;
			}
		}
	}
	return 0;
}

/* Tell the hardware which radio it has, as the firmware's file says. */
static void
iws_radio(struct iws_softc *sc)
{
	const uint32_t phy = sc->sc_fw_phy;
	const uint32_t rev = iws_read(sc, IWS_HW_REV);

	iws_write(sc, IWS_HW_IF,
	    __SHIFTIN(__SHIFTOUT(rev, HW_REV_STEP), HW_IF_MAC_STEP) |
	    __SHIFTIN(__SHIFTOUT(rev, HW_REV_DASH), HW_IF_MAC_DASH) |
	    __SHIFTIN(__SHIFTOUT(phy, FW_PHY_TYPE), HW_IF_PHY_TYPE) |
	    __SHIFTIN(__SHIFTOUT(phy, FW_PHY_STEP), HW_IF_PHY_STEP) |
	    __SHIFTIN(__SHIFTOUT(phy, FW_PHY_DASH), HW_IF_PHY_DASH));
}

/* From any state to an image that runs and takes commands. */
int
iws_hw_start(struct iws_softc *sc, enum iws_image image)
{
	int error;

	iws_hw_stop(sc);
	error = iws_hw_prepare(sc);
	if (error != 0)
		return error;
	iws_radio(sc);
	if (!iws_lock(sc))
		return ETIMEDOUT;
	iws_rx_start(sc);
	iws_tx_start(sc);
	iws_unlock(sc);

	sc->sc_failed = sc->sc_alive = false;
	sc->sc_error_table = 0;
	iws_write(sc, IWS_INT, ~0u);
	iws_write(sc, IWS_UCODE_GP1_CLR,
	    UCODE_GP1_RFKILL | UCODE_GP1_CMD_BLOCKED);
	iws_write(sc, IWS_INT_MASK, IWS_INTS);

	error = iws_load_image(sc, image);
	if (error != 0)
		return error;
	iws_write(sc, IWS_RESET, 0);
	error = iws_wait(sc, &sc->sc_alive, true, 1000);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev,
		    "the firmware does not start: error %d\n", error);
		return error;
	}
	return iws_queue_start(sc);
}

/* Silence the card, in whatever state it is. */
void
iws_hw_stop(struct iws_softc *sc)
{
	int channel;

	iws_write(sc, IWS_INT_MASK, 0);
	iws_write(sc, IWS_INT, ~0u);
	sc->sc_running = sc->sc_scanning = false;

	if ((iws_read(sc, IWS_GP) & GP_CLOCK_READY) != 0 && iws_lock(sc)) {
		iws_prph_write(sc, SCD_TXFACT, 0);
		for (channel = 0; channel < IWS_CHANNELS; channel++) {
			iws_write(sc, IWS_TX_CONFIG(channel), 0);
			(void)iws_poll(sc, IWS_TX_STATUS,
			    TX_STATUS_IDLE(channel), TX_STATUS_IDLE(channel),
			    4000);
		}
		iws_write(sc, IWS_RX_CONFIG, 0);
		(void)iws_poll(sc, IWS_RX_STATUS, RX_STATUS_IDLE,
		    RX_STATUS_IDLE, 10000);
		iws_prph_write(sc, APMG_CLK_DIS, APMG_CLK_DMA);
		iws_unlock(sc);
	}
	iws_set(sc, IWS_RESET, RESET_STOP_MASTER);
	(void)iws_poll(sc, IWS_RESET, RESET_MASTER_DISABLED,
	    RESET_MASTER_DISABLED, 100);
	iws_write(sc, IWS_RESET, RESET_SW | RESET_NEVO);
	delay(10);
	iws_write(sc, IWS_GP, iws_read(sc, IWS_GP) & ~GP_INIT_DONE);
}
