/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: what its parts share.
 *
 * Locks: sc_lock covers everything that changes after attach, and is dropped
 * while a thread waits for the device; sc_busy keeps other threads away from
 * the device meanwhile.  sc_intr_lock, a spin mutex, covers sc_cause only.
 */

#ifndef _IWSVAR_H_
#define _IWSVAR_H_

#include <sys/bus.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/evcnt.h>
#include <sys/mutex.h>
#include <sys/sysctl.h>

#include "pci_irq.h"
#include "iwsreg.h"

#define	IWS_SECTIONS		16	/* of one image */
#define	IWS_RESULTS		64	/* of calibration */
#define	IWS_NETWORKS		64
#define	IWS_NVM_CHANNELS	39
#define	IWS_COMMAND_SIZE	4096
#define	IWS_SSID_SIZE		32

enum iws_image {
	IWS_INIT,		/* measures the radio */
	IWS_RUNTIME,
	IWS_IMAGES
};

struct iws_dma {
	bus_dma_segment_t	d_seg;
	int			d_nseg;
	bus_dmamap_t		d_map;
	void			*d_va;
	bus_addr_t		d_addr;
	bus_size_t		d_size;
};

struct iws_section {
	uint32_t		s_target;
	uint32_t		s_size;
	const uint8_t		*s_data;
};

struct iws_network {
	uint8_t			n_bssid[6];
	uint8_t			n_ssid[IWS_SSID_SIZE];
	uint8_t			n_ssid_size;
	uint8_t			n_channel;
	uint16_t		n_interval;
	uint16_t		n_capabilities;
	bool			n_rsn;
	int			n_signal;	/* dBm */
};

struct iws_softc {
	device_t		sc_dev;
	bool			sc_attached;
	bool			sc_started;	/* the firmware was read */

	/* Access to the device. */
	pci_chipset_tag_t	sc_pc;
	struct pci_irq		sc_irq;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;		/* 0: not mapped */
	bus_dma_tag_t		sc_dmat;
	struct iws_dma		sc_tfds;
	struct iws_dma		sc_command;
	struct iws_dma		sc_byte_counts;
	struct iws_dma		sc_keep_warm;
	struct iws_dma		sc_rx_ring;
	struct iws_dma		sc_rx_status;
	struct iws_dma		sc_rx_buffers;
	struct iws_dma		sc_load;

	/* The firmware's file. */
	uint8_t			*sc_fw;
	size_t			sc_fw_size;
	uint32_t		sc_fw_version;
	uint32_t		sc_fw_flags;
	uint32_t		sc_fw_phy;
	uint32_t		sc_fw_calibration[IWS_IMAGES][2];
	struct iws_section	sc_sections[IWS_IMAGES][IWS_SECTIONS];
	int			sc_nsections[IWS_IMAGES];

	/* The device's state. */
	kmutex_t		sc_lock;
	kcondvar_t		sc_cv;
	bool			sc_busy;
	bool			sc_dying;
	bool			sc_suspended;
	bool			sc_running;	/* the runtime image is */
	bool			sc_failed;	/* the firmware has failed */
	bool			sc_loaded;	/* a piece of firmware was */
	bool			sc_alive;
	bool			sc_calibrated;
	bool			sc_scanning;
	bool			sc_radio_on;
	uint32_t		sc_scheduler;
	uint32_t		sc_error_table;
	int			sc_rx_next;

	/* The command that is on its way: one at a time. */
	int			sc_tfd_next;
	int			sc_waiting;	/* its index, or -1 */
	bool			sc_answered;
	int			sc_reply_error;
	uint8_t			*sc_reply;	/* where its answer goes */
	size_t			sc_reply_size;
	size_t			sc_reply_length;

	/* A command too large for the stack; who has the device uses it. */
	uint8_t			sc_request[2048] __aligned(8);

	/* What the initial image has measured. */
	struct {
		void		*r_data;
		size_t		r_size;
	}			sc_results[IWS_RESULTS];
	int			sc_nresults;

	/* What the card is, and hears. */
	uint8_t			sc_address[6];
	uint16_t		sc_channel_flags[IWS_NVM_CHANNELS];
	int			sc_heard_channel;	/* of the next frame */
	int			sc_heard_signal;
	struct iws_network	sc_networks[IWS_NETWORKS];
	int			sc_nnetworks;

	/* From the hard interrupt to the soft one. */
	kmutex_t		sc_intr_lock;
	uint32_t		sc_cause;
	void			*sc_si;

	/* What users see. */
	struct sysctllog	*sc_log;
	int			sc_scans;
	struct evcnt		sc_ev_intr;
	struct evcnt		sc_ev_beacon;
	struct evcnt		sc_ev_error;
};

static inline uint32_t
iws_read(struct iws_softc *sc, bus_size_t reg)
{

	return bus_space_read_4(sc->sc_st, sc->sc_sh, reg);
}

static inline void
iws_write(struct iws_softc *sc, bus_size_t reg, uint32_t val)
{

	bus_space_write_4(sc->sc_st, sc->sc_sh, reg, val);
}

static inline void
iws_set(struct iws_softc *sc, bus_size_t reg, uint32_t bits)
{

	iws_write(sc, reg, iws_read(sc, reg) | bits);
}

/* iws.c */
int	iws_acquire(struct iws_softc *);
void	iws_release(struct iws_softc *);
int	iws_wait(struct iws_softc *, const bool *, bool, int);

/* iws_firmware.c */
int	iws_firmware_read(struct iws_softc *);
void	iws_firmware_free(struct iws_softc *);

/* iws_hw.c */
int	iws_hw_attach(struct iws_softc *);
void	iws_hw_detach(struct iws_softc *);
int	iws_hw_prepare(struct iws_softc *);
int	iws_hw_start(struct iws_softc *, enum iws_image);
void	iws_hw_stop(struct iws_softc *);
uint32_t iws_hw_memory(struct iws_softc *, uint32_t);

/* iws_command.c */
int	iws_command(struct iws_softc *, uint8_t, const void *, size_t,
	    void *, size_t, size_t *);
int	iws_boot(struct iws_softc *);
int	iws_identify(struct iws_softc *);
void	iws_forget_results(struct iws_softc *);
void	iws_rx(struct iws_softc *);

/* iws_scan.c */
int	iws_scan(struct iws_softc *);
void	iws_heard(struct iws_softc *, const uint8_t *, size_t);
int	iws_channel(int);

/* iws_sysctl.c */
void	iws_sysctl_attach(struct iws_softc *);

#endif /* _IWSVAR_H_ */
