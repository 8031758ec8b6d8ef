/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the two source files of the teaching driver share.
 *
 * Locking.  sc_lock covers the request and all registers but ISR.  The hard
 * interrupt handler must not wait for it, hence sc_intr_lock, a spin mutex:
 * it covers sc_cause, the only thing that the handler leaves behind.  When
 * both are held, sc_lock was taken first.
 */

#ifndef _TEACHVAR_H_
#define _TEACHVAR_H_

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/evcnt.h>
#include <sys/mutex.h>
#include <sys/sysctl.h>
#include <sys/workqueue.h>

#include "pci_irq.h"
#include "teachreg.h"

#define	TEACH_TEXT_MAX		256	/* bytes of a string, with its NUL */

enum teach_state {
	TEACH_IDLE,		/* no request */
	TEACH_RUNNING,		/* the device has it */
	TEACH_DONE		/* it is complete; sc_error tells how */
};

struct teach_softc {
	device_t		sc_dev;
	bool			sc_attached;

	/* Access to the device. */
	pci_chipset_tag_t	sc_pc;
	struct pci_irq		sc_irq;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;		/* 0: not mapped */

	/* A buffer that the device reads and writes. */
	bus_dma_tag_t		sc_dmat;
	bus_dma_segment_t	sc_seg;
	int			sc_nseg;
	bus_dmamap_t		sc_map;
	uint8_t			*sc_buf;

	/* The request. */
	kmutex_t		sc_lock;
	kcondvar_t		sc_cv;		/* sc_state, or a flag, changed */
	enum teach_state	sc_state;
	int			sc_error;
	bool			sc_reset_queued;
	bool			sc_suspended;	/* no new requests: wait */
	bool			sc_dying;	/* no new requests: ENXIO */
	callout_t		sc_timeout;
	struct workqueue	*sc_wq;
	struct work		sc_reset_work;

	/* From the hard interrupt to the soft one. */
	kmutex_t		sc_intr_lock;
	uint32_t		sc_cause;	/* INT_* */
	void			*sc_si;

	/* What the registers lose when the device is reset. */
	uint32_t		sc_latency;
	uint32_t		sc_period;

	/* What users see. */
	struct sysctllog	*sc_log;
	char			sc_text[TEACH_TEXT_MAX];
	char			sc_fifo[TEACH_TEXT_MAX];
	int			sc_copied;	/* bytes of the last self-test */
	int64_t			sc_counter;	/* commands completed */
	int64_t			sc_ticks;	/* expirations of the timer */
	struct evcnt		sc_ev_intr;
	struct evcnt		sc_ev_error;
	struct evcnt		sc_ev_timeout;
};

static inline uint32_t
teach_read(struct teach_softc *sc, bus_size_t reg)
{

	return bus_space_read_4(sc->sc_st, sc->sc_sh, reg);
}

static inline void
teach_write(struct teach_softc *sc, bus_size_t reg, uint32_t val)
{

	bus_space_write_4(sc->sc_st, sc->sc_sh, reg, val);
}

/* teach.c */
int	teach_transfer(struct teach_softc *, uint8_t *, size_t, bool);
void	teach_collect(struct teach_softc *);

/* teach_sysctl.c */
void	teach_sysctl_attach(struct teach_softc *);

#endif /* _TEACHVAR_H_ */
