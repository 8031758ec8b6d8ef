/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * For the teaching device, which it never touches: one thread holds a mutex
 * and, as a reader, a read/write lock; another waits for the mutex, a third to
 * write.  contend_ready() is called once all is so.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/rwlock.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

struct contend_softc {
	device_t	sc_dev;
	struct {
		int		i_pad;
		kmutex_t	i_lock[2];
	}		sc_inner;
	krwlock_t	sc_rwlock;
	int		sc_left;
};

static void __noinline
contend_hold(struct contend_softc *sc)
{
	int held = 2;

	(void)kpause("hold", false, 10, NULL);
	sc->sc_left -= held - 1;
}

static void
contend_holder(void *arg)
{
	struct contend_softc *sc = arg;

	mutex_enter(&sc->sc_inner.i_lock[1]);
	rw_enter(&sc->sc_rwlock, RW_READER);
	contend_hold(sc);
	rw_exit(&sc->sc_rwlock);
	mutex_exit(&sc->sc_inner.i_lock[1]);
	kthread_exit(0);
}

static void
contend_waiter(void *arg)
{
	struct contend_softc *sc = arg;

	mutex_enter(&sc->sc_inner.i_lock[1]);
	sc->sc_left--;
	mutex_exit(&sc->sc_inner.i_lock[1]);
	kthread_exit(0);
}

static void
contend_writer(void *arg)
{
	struct contend_softc *sc = arg;

	rw_enter(&sc->sc_rwlock, RW_WRITER);
	sc->sc_left--;
	rw_exit(&sc->sc_rwlock);
	kthread_exit(0);
}

static void __noinline
contend_ready(struct contend_softc *sc)
{

	while (sc->sc_left > 0)
		(void)kpause("left", false, 1, NULL);
}

static int
contend_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x7eac;
}

static void
contend_attach(device_t parent, device_t self, void *aux)
{
	struct contend_softc *sc = device_private(self);
	static const struct {
		void		(*run)(void *);
		const char	*name;
	} threads[] = {
		{ contend_holder, "holder" },
		{ contend_waiter, "waiter" },
		{ contend_writer, "writer" },
	};
	size_t n;

	sc->sc_dev = self;
	aprint_normal("\n");
	mutex_init(&sc->sc_inner.i_lock[1], MUTEX_DEFAULT, IPL_NONE);
	rw_init(&sc->sc_rwlock);
	sc->sc_left = 3;
	for (n = 0; n < __arraycount(threads); n++) {
		if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL,
		    threads[n].run, sc, NULL, "%s", threads[n].name) != 0)
			panic("no thread");
		(void)kpause("settle", false, 1, NULL);
	}
	contend_ready(sc);
}

static int
contend_detach(device_t self, int flags)
{
	struct contend_softc *sc = device_private(self);

	rw_destroy(&sc->sc_rwlock);
	mutex_destroy(&sc->sc_inner.i_lock[1]);
	return 0;
}

CFATTACH_DECL_NEW(contend, sizeof(struct contend_softc),
    contend_match, contend_attach, contend_detach, NULL);
