/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Loops for the benchmarks in tests/bench: what kernel services cost a driver,
 * beside a baseline in bare C.  Attaches to the teaching device, or to any
 * other function of its vendor, or to QEMU's edu, of which it then needs a
 * readable BAR only.
 *
 * Write a number N to one of these nodes, and the write returns when the loop
 * has run N times; whoever writes holds the watch.  Read it for the N of last
 * time.
 *
 *	hw.lockbench0.pingpong	round trips of two threads over a mutex and
 *				condition variables
 *	hw.lockbench0.mutex	uncontended enter and exit, adaptive
 *	hw.lockbench0.spin	the same of a spin mutex at IPL_VM
 *	hw.lockbench0.regread	bus_space_read_4() of the first register
 *	hw.lockbench0.sleepers	have N threads asleep; 0: wake them all
 *	hw.lockbench0.period	interrupt every N ns, 0: never
 *	hw.lockbench0.interrupts	times that the handler ran (read only)
 *	hw.lockbench0.entered	the processor's counter (baseline/counter.h) at
 *				the handler's entry, the last 1024 times: a ring
 *				of uint64_t (read only)
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "../../../drivers/pci_irq.h"
#include "../../../drivers/teachreg.h"
#include "../baseline/counter.h"

#define	QEMU_PCI_VENDOR		0x1234
#define	QEMU_PCI_EDU		0x11e8
#define	LOCKBENCH_MAX		1000000000
#define	LOCKBENCH_SLEEPERS	100000
#define	LOCKBENCH_ENTERED	1024

enum lockbench_node {
	NODE_PINGPONG,
	NODE_MUTEX,
	NODE_SPIN,
	NODE_REGREAD,
	NODE_SLEEPERS,
	NODE_PERIOD,
	NODE_COUNT
};

struct lockbench_softc {
	device_t		sc_dev;
	bool			sc_teach;	/* it can interrupt */
	pci_chipset_tag_t	sc_pc;
	struct pci_irq		sc_irq;
	bus_space_tag_t		sc_st;
	bus_space_handle_t	sc_sh;
	bus_size_t		sc_ss;

	kmutex_t		sc_lock;	/* all below */
	kmutex_t		sc_spin;
	kcondvar_t		sc_turn_cv[2];
	int			sc_turn;
	int			sc_rounds;
	kcondvar_t		sc_wake_cv;	/* sleepers wait on it */
	kcondvar_t		sc_gone_cv;	/* and report on this one */
	bool			sc_wake;
	int			sc_sleepers;

	uint32_t		sc_sum;		/* so that loops are not vain */
	int			sc_interrupts;
	uint64_t		sc_entered[LOCKBENCH_ENTERED];
	int			sc_last[NODE_COUNT];
	struct sysctllog	*sc_log;
};

struct lockbench_player {
	struct lockbench_softc	*lp_sc;
	int			lp_me;
};

static int	lockbench_match(device_t, cfdata_t, void *);
static void	lockbench_attach(device_t, device_t, void *);
static int	lockbench_detach(device_t, int);
static void	lockbench_sysctl_attach(struct lockbench_softc *);
static int	lockbench_intr(void *);

CFATTACH_DECL_NEW(lockbench, sizeof(struct lockbench_softc),
    lockbench_match, lockbench_attach, lockbench_detach, NULL);

/* == The loops == */

static void
lockbench_player(void *arg)
{
	const struct lockbench_player *lp = arg;
	struct lockbench_softc *sc = lp->lp_sc;
	const int me = lp->lp_me;
	int i;

	for (i = 0; i < sc->sc_rounds; i++) {
		mutex_enter(&sc->sc_lock);
		while (sc->sc_turn != me)
			cv_wait(&sc->sc_turn_cv[me], &sc->sc_lock);
		sc->sc_turn = !me;
		cv_signal(&sc->sc_turn_cv[!me]);
		mutex_exit(&sc->sc_lock);
	}
	kthread_exit(0);
}

static int
lockbench_pingpong(struct lockbench_softc *sc, int n)
{
	struct lockbench_player players[2];
	lwp_t *lwps[2];
	int error, i;

	sc->sc_turn = 0;
	sc->sc_rounds = n;
	for (i = 0; i < 2; i++) {
		players[i].lp_sc = sc;
		players[i].lp_me = i;
		error = kthread_create(PRI_NONE,
		    KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL, lockbench_player,
		    &players[i], &lwps[i], "player/%d", i);
		if (error != 0)
			panic("lockbench: no thread: error %d", error);
	}
	for (i = 0; i < 2; i++)
		kthread_join(lwps[i]);
	return 0;
}

static int
lockbench_mutex(struct lockbench_softc *sc, int n)
{

	while (n-- > 0) {
		mutex_enter(&sc->sc_lock);
		mutex_exit(&sc->sc_lock);
	}
	return 0;
}

static int
lockbench_spin(struct lockbench_softc *sc, int n)
{

	while (n-- > 0) {
		mutex_enter(&sc->sc_spin);
		mutex_exit(&sc->sc_spin);
	}
	return 0;
}

static int
lockbench_regread(struct lockbench_softc *sc, int n)
{
	uint32_t sum = 0;

	while (n-- > 0)
		sum += bus_space_read_4(sc->sc_st, sc->sc_sh, 0);
	sc->sc_sum += sum;
	return 0;
}

/*
 * For a benchmark without a kernel: a hypercall after the other, all of a
 * register that is not mapped.
 */
void	lockbench_trap(void) __attribute__((__visibility__("default"), __used__));

void
lockbench_trap(void)
{

	for (;;)
		(void)bus_space_read_4(NULL, ~(bus_space_handle_t)0, 0);
}

static void
lockbench_sleeper(void *arg)
{
	struct lockbench_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_wake)
		cv_wait(&sc->sc_wake_cv, &sc->sc_lock);
	if (--sc->sc_sleepers == 0)
		cv_broadcast(&sc->sc_gone_cv);
	mutex_exit(&sc->sc_lock);
	kthread_exit(0);
}

static int
lockbench_sleepers(struct lockbench_softc *sc, int n)
{
	int error = 0;

	if (n > LOCKBENCH_SLEEPERS)
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	sc->sc_wake = true;
	cv_broadcast(&sc->sc_wake_cv);
	while (sc->sc_sleepers > 0)
		cv_wait(&sc->sc_gone_cv, &sc->sc_lock);
	sc->sc_wake = false;
	mutex_exit(&sc->sc_lock);

	while (error == 0 && n-- > 0) {
		mutex_enter(&sc->sc_lock);
		sc->sc_sleepers++;
		mutex_exit(&sc->sc_lock);
		error = kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL,
		    lockbench_sleeper, sc, NULL, "sleeper/%d", n);
		if (error != 0) {
			mutex_enter(&sc->sc_lock);
			sc->sc_sleepers--;
			mutex_exit(&sc->sc_lock);
		}
	}
	return error;
}

static int
lockbench_period(struct lockbench_softc *sc, int n)
{

	if (!sc->sc_teach)
		return ENODEV;
	bus_space_write_4(sc->sc_st, sc->sc_sh, TEACH_IMR, INT_TIMER);
	bus_space_write_4(sc->sc_st, sc->sc_sh, TEACH_PERIOD, n);
	return 0;
}

static int
lockbench_intr(void *arg)
{
	struct lockbench_softc *sc = arg;
	const uint64_t now = counter();
	uint32_t cause;

	cause = bus_space_read_4(sc->sc_st, sc->sc_sh, TEACH_ISR);
	if (cause == 0)
		return 0;
	bus_space_write_4(sc->sc_st, sc->sc_sh, TEACH_ISR, cause);
	sc->sc_entered[sc->sc_interrupts % LOCKBENCH_ENTERED] = now;
	sc->sc_interrupts++;
	return 1;
}

static const struct {
	const char	*name;
	const char	*descr;
	int		(*run)(struct lockbench_softc *, int);
} lockbench_nodes[NODE_COUNT] = {
	[NODE_PINGPONG] = { "pingpong", "Round trips of two threads",
	    lockbench_pingpong },
	[NODE_MUTEX] = { "mutex", "Adaptive mutex", lockbench_mutex },
	[NODE_SPIN] = { "spin", "Spin mutex", lockbench_spin },
	[NODE_REGREAD] = { "regread", "Register reads", lockbench_regread },
	[NODE_SLEEPERS] = { "sleepers", "Threads asleep",
	    lockbench_sleepers },
	[NODE_PERIOD] = { "period", "Between interrupts (ns)",
	    lockbench_period },
};

/* == Autoconfiguration == */

static int
lockbench_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == TEACH_PCI_VENDOR ||
	    pa->pa_id == PCI_ID_CODE(QEMU_PCI_VENDOR, QEMU_PCI_EDU);
}

static void
lockbench_attach(device_t parent, device_t self, void *aux)
{
	struct lockbench_softc *sc = device_private(self);
	const struct pci_attach_args *pa = aux;
	pcireg_t csr;

	sc->sc_dev = self;
	sc->sc_pc = pa->pa_pc;
	sc->sc_teach = PCI_PRODUCT(pa->pa_id) == TEACH_PCI_PRODUCT;
	pci_aprint_devinfo(pa, NULL);

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&sc->sc_spin, MUTEX_DEFAULT, IPL_VM);
	cv_init(&sc->sc_turn_cv[0], "ping");
	cv_init(&sc->sc_turn_cv[1], "pong");
	cv_init(&sc->sc_wake_cv, "sleeper");
	cv_init(&sc->sc_gone_cv, "gone");
	if (pci_mapreg_map(pa, TEACH_BAR, PCI_MAPREG_TYPE_MEM, 0,
	    &sc->sc_st, &sc->sc_sh, NULL, &sc->sc_ss) != 0)
		panic("%s: no registers", device_xname(self));
	/* An MSI is a write to memory: the function must be allowed those. */
	csr = pci_conf_read(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG);
	pci_conf_write(pa->pa_pc, pa->pa_tag, PCI_COMMAND_STATUS_REG,
	    csr | PCI_COMMAND_MASTER_ENABLE);
	if (sc->sc_teach && pci_irq_establish(pa, &sc->sc_irq, false, IPL_VM,
	    lockbench_intr, sc, device_xname(self)) != 0)
		panic("%s: no interrupt", device_xname(self));
	lockbench_sysctl_attach(sc);
}

static int
lockbench_detach(device_t self, int flags)
{
	struct lockbench_softc *sc = device_private(self);

	sysctl_teardown(&sc->sc_log);
	(void)lockbench_sleepers(sc, 0);
	if (sc->sc_teach)
		bus_space_write_4(sc->sc_st, sc->sc_sh, TEACH_CTRL, CTRL_RST);
	pci_irq_disestablish(sc->sc_pc, &sc->sc_irq);
	bus_space_unmap(sc->sc_st, sc->sc_sh, sc->sc_ss);
	cv_destroy(&sc->sc_gone_cv);
	cv_destroy(&sc->sc_wake_cv);
	cv_destroy(&sc->sc_turn_cv[1]);
	cv_destroy(&sc->sc_turn_cv[0]);
	mutex_destroy(&sc->sc_spin);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* Which of lockbench_nodes[] a node is, its name tells. */
static int
lockbench_sysctl(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct lockbench_softc *sc = node.sysctl_data;
	int error, i, n;

	for (i = 0; i < NODE_COUNT; i++) {
		if (strcmp(rnode->sysctl_name, lockbench_nodes[i].name) == 0)
			break;
	}
	if (i == NODE_COUNT)
		return ENOENT;
	n = sc->sc_last[i];
	node.sysctl_data = &n;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (n < 0 || n > LOCKBENCH_MAX)
		return EINVAL;
	error = (*lockbench_nodes[i].run)(sc, n);
	if (error == 0)
		sc->sc_last[i] = n;
	return error;
}

static void
lockbench_sysctl_attach(struct lockbench_softc *sc)
{
	const struct sysctlnode *rnode;
	int error, i;

	error = sysctl_createv(&sc->sc_log, 0, NULL, &rnode, 0, CTLTYPE_NODE,
	    device_xname(sc->sc_dev), SYSCTL_DESCR("Benchmarks"),
	    NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL);
	for (i = 0; error == 0 && i < NODE_COUNT; i++)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READWRITE, CTLTYPE_INT, lockbench_nodes[i].name,
		    SYSCTL_DESCR(lockbench_nodes[i].descr), lockbench_sysctl,
		    0, (void *)sc, sizeof(int), CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READONLY, CTLTYPE_INT, "interrupts",
		    SYSCTL_DESCR("Times that the handler ran"), NULL, 0,
		    &sc->sc_interrupts, 0, CTL_CREATE, CTL_EOL);
	if (error == 0)
		error = sysctl_createv(&sc->sc_log, 0, &rnode, NULL,
		    CTLFLAG_READONLY, CTLTYPE_STRUCT, "entered",
		    SYSCTL_DESCR("When it last ran"), NULL, 0,
		    sc->sc_entered, sizeof(sc->sc_entered), CTL_CREATE, CTL_EOL);
	if (error != 0)
		panic("lockbench: no sysctl nodes: error %d", error);
}
