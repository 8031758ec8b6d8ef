/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the memory guard finds.  Writing a number to hw.badmemory0.fault commits
 * the fault of that number; tests/drivers/test_faulty_memory.py has the words
 * in which each is to be reported.
 */

#include "faulty.h"

#include <sys/condvar.h>
#include <sys/kthread.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/sysctl.h>

#include <dev/firmload.h>

struct badmemory_softc {
	struct faulty	sc_faulty;
	struct pool	sc_pool;
	uint8_t		*sc_kept;
	size_t		sc_kept_size;
	struct sysctllog *sc_log;
};

static volatile uint8_t badmemory_seen;

/* The buffer that most are about. */
static uint8_t * __noinline
badmemory_get(size_t size)
{

	return kmem_alloc(size, KM_SLEEP);
}

static void __noinline
badmemory_put(void *p, size_t size)
{

	kmem_free(p, size);
}

static void __noinline
stores(volatile uint8_t *p, int at)
{

	p[at] = 1;
}

static void __noinline
loads(volatile uint8_t *p, int at)
{

	badmemory_seen = p[at];
}

/* What a thread sleeps on, for a tick, and then is freed. */
struct sleeper {
	kmutex_t	sl_lock;
	kcondvar_t	sl_cv;
};

static void
badmemory_thread(void *arg)
{
	struct sleeper *sl = arg;

	mutex_enter(&sl->sl_lock);
	cv_timedwait(&sl->sl_cv, &sl->sl_lock, 2);
	mutex_exit(&sl->sl_lock);
	kthread_exit(0);
}

static void
badmemory_sleep(struct badmemory_softc *sc)
{
	struct sleeper *sl;

	sl = (struct sleeper *)(void *)badmemory_get(sizeof(*sl));
	mutex_init(&sl->sl_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sl->sl_cv, "badmem");
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, badmemory_thread,
	    sl, NULL, "badmemory") != 0)
		panic("%s: no thread", device_xname(sc->sc_faulty.f_dev));
	kpause("badmem", false, 1, NULL);
	badmemory_put(sl, sizeof(*sl));
}

static void
badmemory_commit(struct badmemory_softc *sc, int fault)
{
	firmware_handle_t fh;
	struct mbuf *m;
	uint8_t *p;

	switch (fault) {
	case 1:			/* the first byte behind it */
		stores(badmemory_get(64), 64);
		break;
	case 2:			/* within what alignment leaves: seen when it is freed */
		p = badmemory_get(60);
		stores(p, 61);
		badmemory_put(p, 60);
		break;
	case 3:			/* before it: as well */
		p = badmemory_get(64);
		stores(p, -1);
		badmemory_put(p, 64);
		break;
	case 4:			/* before a page: at once */
		loads(badmemory_get(2 * PAGE_SIZE), -4);
		break;
	case 5:
		p = badmemory_get(100);
		badmemory_put(p, 100);
		loads(p, 7);
		break;
	case 6:
		p = badmemory_get(100);
		badmemory_put(p, 100);
		stores(p, 99);
		break;
	case 7:
		p = badmemory_get(100);
		badmemory_put(p, 100);
		badmemory_put(p, 100);
		break;
	case 8:
		badmemory_put(badmemory_get(100), 101);
		break;
	case 9:
		p = malloc(200, M_DEVBUF, M_WAITOK);
		free(p, M_DEVBUF);
		loads(p, 0);
		break;
	case 10:
		p = pool_get(&sc->sc_pool, PR_WAITOK);
		pool_put(&sc->sc_pool, p);
		pool_put(&sc->sc_pool, p);
		break;
	case 11:
		MGETHDR(m, M_WAITOK, MT_DATA);
		p = mtod(m, uint8_t *);
		m_freem(m);
		stores(p, 0);
		break;
	case 12:		/* never freed: seen at detach */
		sc->sc_kept = badmemory_get(60);
		sc->sc_kept_size = 60;
		stores(sc->sc_kept, 60);
		break;
	case 13:		/* freed, but the device has its address */
		badmemory_put(badmemory_get(4096), 4096);
		break;
	case 14:		/* the kernel is to read it */
		p = badmemory_get(16);
		memset(p, 'a', 16);
		p[15] = '\0';
		badmemory_put(p, 16);
		(void)firmware_open((const char *)p, "image", &fh);
		break;
	case 16:		/* a thread sleeps on what is in it */
		badmemory_sleep(sc);
		break;
	case 15:		/* kept in reserve by its pool, but not the driver's */
		p = pool_get(&sc->sc_pool, PR_WAITOK);
		pool_put(&sc->sc_pool, p);
		loads(p, 0);
		break;
	}
}

static int
badmemory_sysctl(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct badmemory_softc *sc = node.sysctl_data;
	int fault = 0, error;

	node.sysctl_data = &fault;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	badmemory_commit(sc, fault);
	return 0;
}

static void
badmemory_attach(device_t parent, device_t self, void *aux)
{
	struct badmemory_softc *sc = device_private(self);
	const struct sysctlnode *rnode;

	faulty_map(&sc->sc_faulty, self, aux);
	pool_init(&sc->sc_pool, 80, 0, 0, 0, "badmemory", NULL, IPL_NONE);
	pool_setlowat(&sc->sc_pool, 4);
	if (sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(self), NULL, NULL, 0, NULL, 0,
	    CTL_HW, CTL_CREATE, CTL_EOL) != 0 ||
	    sysctl_createv(&sc->sc_log, 0, &rnode, NULL, CTLFLAG_READWRITE,
	    CTLTYPE_INT, "fault", SYSCTL_DESCR("Commit a fault"),
	    badmemory_sysctl, 0, (void *)sc, 0, CTL_CREATE, CTL_EOL) != 0)
		aprint_error_dev(self, "unable to create sysctl nodes\n");
}

static int
badmemory_detach(device_t self, int flags)
{
	struct badmemory_softc *sc = device_private(self);

	sysctl_teardown(&sc->sc_log);
	pool_destroy(&sc->sc_pool);
	return faulty_detach(self, flags);
}

CFATTACH_DECL_NEW(badmemory, sizeof(struct badmemory_softc),
    faulty_match, badmemory_attach, badmemory_detach, NULL);
