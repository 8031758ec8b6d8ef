/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Has the teaching device swap the case of a few words, one after another.
 * With a mistake, for the chapter of the README that looks for it: the handler
 * takes every interrupt for a word that is done.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/queue.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#define	ECHO_CTRL	0x04
#define	CTRL_ENABLE	__BIT(0)
#define	ECHO_ISR	0x0c	/* causes; write 1 to clear */
#define	ECHO_IMR	0x10
#define	INT_DONE	__BIT(0)
#define	INT_ERROR	__BIT(1)
#define	INT_TIMER	__BIT(2)
#define	ECHO_DOORBELL	0x30
#define	DOORBELL_SWAP	2
#define	ECHO_DATA	0x40
#define	ECHO_PERIOD	0x4c	/* of the timer, ns */

struct echo_job {
	TAILQ_ENTRY(echo_job)	j_link;
	char			j_word[8];
	size_t			j_length;
};

struct echo_softc {
	device_t		sc_dev;
	pci_chipset_tag_t	sc_pc;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;
	pci_intr_handle_t	*sc_pihp;
	void			*sc_ih;
	kmutex_t		sc_lock;	/* for all below */
	TAILQ_HEAD(, echo_job)	sc_jobs;	/* the first is the device's */
	int			sc_done;
};

#define	ECHO_READ(sc, reg)	bus_space_read_4((sc)->sc_st, (sc)->sc_sh, (reg))
#define	ECHO_WRITE(sc, reg, value)					\
	bus_space_write_4((sc)->sc_st, (sc)->sc_sh, (reg), (value))

static const char * const words[] = { "Hello", "NetBSD" };

/* Give the device the first job, if there is one. */
static void
echo_start(struct echo_softc *sc)
{
	struct echo_job *job = TAILQ_FIRST(&sc->sc_jobs);

	if (job == NULL)
		return;
	bus_space_write_multi_1(sc->sc_st, sc->sc_sh, ECHO_DATA, (uint8_t *)job->j_word,
	    job->j_length);
	ECHO_WRITE(sc, ECHO_DOORBELL, DOORBELL_SWAP);
}

/* The device is through with the first job. */
static void
echo_finish(struct echo_softc *sc)
{
	struct echo_job *job = TAILQ_FIRST(&sc->sc_jobs);

	bus_space_read_multi_1(sc->sc_st, sc->sc_sh, ECHO_DATA, (uint8_t *)job->j_word,
	    job->j_length);
	TAILQ_REMOVE(&sc->sc_jobs, job, j_link);
	sc->sc_done++;
	aprint_normal_dev(sc->sc_dev, "%s\n", job->j_word);
	kmem_intr_free(job, sizeof(*job));
	echo_start(sc);
}

static int
echo_intr(void *arg)
{
	struct echo_softc *sc = arg;
	uint32_t cause = ECHO_READ(sc, ECHO_ISR);

	if (cause == 0)
		return 0;
	ECHO_WRITE(sc, ECHO_ISR, cause);
	mutex_enter(&sc->sc_lock);
	echo_finish(sc);
	mutex_exit(&sc->sc_lock);
	return 1;
}

static int
echo_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x7eac && PCI_PRODUCT(pa->pa_id) == 1;
}

static void
echo_attach(device_t parent, device_t self, void *aux)
{
	struct echo_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	struct echo_job *job;

	aprint_normal("\n");
	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_VM);
	TAILQ_INIT(&sc->sc_jobs);
	if (pci_mapreg_map(pa, PCI_BAR0, PCI_MAPREG_TYPE_MEM, 0, &sc->sc_st, &sc->sc_sh,
	    NULL, &sc->sc_ss) != 0 || pci_intr_alloc(pa, &sc->sc_pihp, NULL, 0) != 0)
		return;
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG, PCI_COMMAND_MASTER_ENABLE |
	    pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG));
	sc->sc_ih = pci_intr_establish_xname(sc->sc_pc, sc->sc_pihp[0], IPL_VM, echo_intr, sc,
	    device_xname(self));

	for (size_t n = 0; n < __arraycount(words); n++) {
		job = kmem_zalloc(sizeof(*job), KM_SLEEP);
		job->j_length = strlcpy(job->j_word, words[n], sizeof(job->j_word));
		TAILQ_INSERT_TAIL(&sc->sc_jobs, job, j_link);
	}
	ECHO_WRITE(sc, ECHO_IMR, INT_DONE | INT_TIMER);
	ECHO_WRITE(sc, ECHO_PERIOD, 1000000);
	ECHO_WRITE(sc, ECHO_CTRL, CTRL_ENABLE);
	mutex_enter(&sc->sc_lock);
	echo_start(sc);
	mutex_exit(&sc->sc_lock);
}

static int
echo_detach(device_t self, int flags)
{
	struct echo_softc *sc = device_private(self);

	ECHO_WRITE(sc, ECHO_IMR, 0);
	pci_intr_disestablish(sc->sc_pc, sc->sc_ih);
	pci_intr_release(sc->sc_pc, sc->sc_pihp, 1);
	bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(echo, sizeof(struct echo_softc),
    echo_match, echo_attach, echo_detach, NULL);
