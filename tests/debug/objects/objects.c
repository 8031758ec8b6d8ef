/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * For the teaching device, which it does not use: one of each of the kernel's
 * objects.  objects_ready() is called once all are as the tests want them.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/mbuf.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/rwlock.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#define	OBJECTS_SIZE	6000

struct objects_softc {
	device_t		sc_dev;
	kmutex_t		sc_lock;
	kmutex_t		sc_spin;
	kmutex_t		sc_dead;
	kmutex_t		sc_none;
	krwlock_t		sc_rwlock;
	kcondvar_t		sc_cv;
	callout_t		sc_pending;
	callout_t		sc_idle;
	struct mbuf		*sc_mbuf;
	bus_dma_tag_t		sc_dmat;
	bus_dmamap_t		sc_map;
	bus_dmamap_t		sc_empty;
	bus_dma_segment_t	sc_segment;
	int			sc_nsegments;
	char			*sc_buffer;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_space_handle_t	sc_part;
	bus_size_t		sc_ss;
	bool			sc_stop;
	int			sc_threads;
};

static void	objects_ready(struct objects_softc *);

static void
objects_timeout(void *arg)
{
}

/* Waits for the condition. */
static void
objects_sleeper(void *arg)
{
	struct objects_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_stop)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	sc->sc_threads--;
	mutex_exit(&sc->sc_lock);
	kthread_exit(0);
}

/* Waits for the mutex. */
static void
objects_waiter(void *arg)
{
	struct objects_softc *sc = arg;

	(void)kpause("later", false, 2, NULL);
	mutex_enter(&sc->sc_lock);
	sc->sc_threads--;
	mutex_exit(&sc->sc_lock);
	kthread_exit(0);
}

static void
objects_mbufs(struct objects_softc *sc)
{
	struct mbuf *m = m_gethdr(M_WAITOK, MT_DATA);

	m->m_len = 20;
	m->m_next = m_get(M_WAITOK, MT_DATA);
	m->m_next->m_len = 30;
	m->m_flags |= M_BCAST;
	m->m_pkthdr.len = 50;
	sc->sc_mbuf = m;
}

static void
objects_dma(struct objects_softc *sc)
{
	void *kva;

	(void)bus_dmamem_alloc(sc->sc_dmat, OBJECTS_SIZE, PAGE_SIZE, 0, &sc->sc_segment, 1,
	    &sc->sc_nsegments, BUS_DMA_WAITOK);
	(void)bus_dmamem_map(sc->sc_dmat, &sc->sc_segment, sc->sc_nsegments, OBJECTS_SIZE, &kva,
	    BUS_DMA_WAITOK);
	sc->sc_buffer = kva;
	(void)bus_dmamap_create(sc->sc_dmat, OBJECTS_SIZE, 4, 4096, 0,
	    BUS_DMA_WAITOK | BUS_DMA_ALLOCNOW, &sc->sc_map);
	(void)bus_dmamap_load(sc->sc_dmat, sc->sc_map, kva, OBJECTS_SIZE, NULL, BUS_DMA_WAITOK);
	(void)bus_dmamap_create(sc->sc_dmat, 64, 1, 64, 0, BUS_DMA_NOWAIT, &sc->sc_empty);
}

/* All is set up: breakpoints go here. */
static void __noinline
objects_ready(struct objects_softc *sc)
{

	__insn_barrier();
}

static int
objects_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x7eac && PCI_PRODUCT(pa->pa_id) == 1;
}

static void
objects_attach(device_t parent, device_t self, void *aux)
{
	struct objects_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;

	aprint_normal("\n");
	sc->sc_dev = self;
	sc->sc_dmat = pa->pa_dmat;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTNET);
	mutex_init(&sc->sc_spin, MUTEX_DEFAULT, IPL_NET);
	mutex_init(&sc->sc_dead, MUTEX_DEFAULT, IPL_NONE);
	mutex_destroy(&sc->sc_dead);
	rw_init(&sc->sc_rwlock);
	cv_init(&sc->sc_cv, "objcv");
	callout_init(&sc->sc_idle, 0);
	callout_init(&sc->sc_pending, CALLOUT_MPSAFE);
	callout_reset(&sc->sc_pending, hz, objects_timeout, sc);
	objects_mbufs(sc);
	objects_dma(sc);
	(void)pci_mapreg_map(pa, PCI_MAPREG_START, PCI_MAPREG_TYPE_MEM, 0, &sc->sc_st, &sc->sc_sh,
	    NULL, &sc->sc_ss);
	(void)bus_space_subregion(sc->sc_st, sc->sc_sh, 0x40, 0x20, &sc->sc_part);

	sc->sc_threads = 2;
	(void)kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, objects_sleeper, sc, NULL, "sleeper");
	(void)kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, objects_waiter, sc, NULL, "waiter");
	(void)kpause("sleeper", false, 1, NULL);
	mutex_enter(&sc->sc_lock);
	rw_enter(&sc->sc_rwlock, RW_WRITER);
	(void)kpause("waiter", false, 4, NULL);
	mutex_spin_enter(&sc->sc_spin);
	objects_ready(sc);
	mutex_spin_exit(&sc->sc_spin);
	rw_exit(&sc->sc_rwlock);
	sc->sc_stop = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

static int
objects_detach(device_t self, int flags)
{
	struct objects_softc *sc = device_private(self);

	if (sc->sc_threads != 0)
		return EBUSY;
	callout_halt(&sc->sc_pending, NULL);
	callout_destroy(&sc->sc_pending);
	callout_destroy(&sc->sc_idle);
	m_freem(sc->sc_mbuf);
	bus_dmamap_unload(sc->sc_dmat, sc->sc_map);
	bus_dmamap_destroy(sc->sc_dmat, sc->sc_map);
	bus_dmamap_destroy(sc->sc_dmat, sc->sc_empty);
	bus_dmamem_unmap(sc->sc_dmat, sc->sc_buffer, OBJECTS_SIZE);
	bus_dmamem_free(sc->sc_dmat, &sc->sc_segment, sc->sc_nsegments);
	bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	cv_destroy(&sc->sc_cv);
	rw_destroy(&sc->sc_rwlock);
	mutex_destroy(&sc->sc_spin);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(objects, sizeof(struct objects_softc),
    objects_match, objects_attach, objects_detach, NULL);
