/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for the teaching device that uses each page of autoconf(9) and its neighbours, and says
 * what it got; test_autoconf_drivers.py reads that.  The sysctl "misbehave" makes it break a rule.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/cprng.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/evcnt.h>
#include <sys/intr.h>
#include <sys/pmf.h>
#include <sys/rnd.h>
#include <sys/sysctl.h>

#include <dev/firmload.h>
#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "nestvar.h"

enum misbehaviour {
	GOOD,
	CRASH_IN_ATTACH,
	REFUSE_DETACH,
	LEAK,
	FORGET_CHILDREN
};

struct nest_softc {
	device_t	sc_dev;
	pci_chipset_tag_t sc_pc;
	pcitag_t	sc_tag;
	bus_space_tag_t	sc_memt;
	bus_space_handle_t sc_memh;
	bus_size_t	sc_mems;
	pci_intr_handle_t *sc_ihs;
	void		*sc_ih;
	struct evcnt	sc_attaches;
	krndsource_t	sc_rnd;
	struct sysctllog *sc_log;
	int		sc_doubled;
	int		sc_level;
	char		sc_label[16];
	bool		sc_enabled;
	int		sc_misbehave;
};

static int	nest_match(device_t, cfdata_t, void *);
static void	nest_attach(device_t, device_t, void *);
static int	nest_detach(device_t, int);
static int	nest_rescan(device_t, const char *, const int *);
static void	nest_childdet(device_t, device_t);

CFATTACH_DECL2_NEW(nest, sizeof(struct nest_softc), nest_match, nest_attach, nest_detach, NULL,
    nest_rescan, nest_childdet);

static struct evcnt nest_static = EVCNT_INITIALIZER(EVCNT_TYPE_MISC, NULL, "nest", "static");
EVCNT_ATTACH_STATIC(nest_static);

static int nest_global = 17;

SYSCTL_SETUP(sysctl_nest_setup, "nest's own")
{

	(void)sysctl_createv(clog, 0, NULL, NULL, CTLFLAG_READWRITE, CTLTYPE_INT, "nest_global",
	    NULL, NULL, 0, &nest_global, 0, CTL_HW, CTL_CREATE, CTL_EOL);
}

static int
nest_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	(void)parent;
	(void)cf;
	return PCI_VENDOR(pa->pa_id) == 0x7eac ? 5 : 0;
}

/* Reads as twice what was written. */
static int
nest_sysctl_doubled(SYSCTLFN_ARGS)
{
	struct sysctlnode node = *rnode;
	struct nest_softc *sc = node.sysctl_data;
	int error, value = sc->sc_doubled * 2;

	node.sysctl_data = &value;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	if (error != 0 || newp == NULL)
		return error;
	if (value > 1000)
		return EINVAL;
	sc->sc_doubled = value;
	return 0;
}

static void
nest_sysctls(struct nest_softc *sc)
{
	const struct sysctlnode *node;
	int number;

	if (sysctl_createv(&sc->sc_log, 0, NULL, &node, 0, CTLTYPE_NODE, device_xname(sc->sc_dev),
	    NULL, NULL, 0, NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL) != 0)
		return;
	number = node->sysctl_num;
	(void)sysctl_createv(&sc->sc_log, 0, NULL, NULL, CTLFLAG_READWRITE, CTLTYPE_INT,
	    "doubled", NULL, nest_sysctl_doubled, 0, (void *)sc, 0, CTL_HW, number, CTL_CREATE,
	    CTL_EOL);
	(void)sysctl_createv(&sc->sc_log, 0, &node, NULL, CTLFLAG_READWRITE, CTLTYPE_INT,
	    "misbehave", NULL, NULL, 0, &sc->sc_misbehave, 0, CTL_CREATE, CTL_EOL);
	(void)sysctl_createv(&sc->sc_log, 0, &node, NULL, 0, CTLTYPE_INT, "level", NULL, NULL, 0,
	    &sc->sc_level, 0, CTL_CREATE, CTL_EOL);
	(void)sysctl_createv(&sc->sc_log, 0, &node, NULL, CTLFLAG_READWRITE, CTLTYPE_STRING,
	    "label", NULL, NULL, 0, sc->sc_label, sizeof(sc->sc_label), CTL_CREATE, CTL_EOL);
	(void)sysctl_createv(&sc->sc_log, 0, &node, NULL, CTLFLAG_READWRITE, CTLTYPE_BOOL,
	    "enabled", NULL, NULL, 0, &sc->sc_enabled, 0, CTL_CREATE, CTL_EOL);
	(void)sysctl_createv(&sc->sc_log, 0, &node, NULL, CTLFLAG_IMMEDIATE, CTLTYPE_INT,
	    "immediate", NULL, NULL, 99, NULL, 0, CTL_CREATE, CTL_EOL);
	for (number = 0; number < 3; number++) {
		static const char *const names[] = { "two words", "2nd", "" };

		if (sysctl_createv(&sc->sc_log, 0, &node, NULL, CTLFLAG_IMMEDIATE, CTLTYPE_INT,
		    names[number], NULL, NULL, 1, NULL, 0, CTL_CREATE, CTL_EOL) != EINVAL)
			panic("sysctl(9): the name `%s' was taken", names[number]);
	}
}

static int
nest_print(void *aux, const char *parent)
{
	const struct nestbus_attach_args *na = aux;

	if (parent != NULL)
		aprint_normal("something at %s", parent);
	aprint_normal(" slot %d", na->na_slot);
	return UNCONF;
}

static int
nest_rescan(device_t self, const char *attribute, const int *locators)
{

	(void)attribute;
	(void)locators;
	for (int slot = 0; slot < 3; slot++) {
		struct nestbus_attach_args na = { .na_slot = slot };
		int locs[1] = { slot };

#ifdef CFARGS
		(void)config_found(self, &na, nest_print,
		    CFARGS(.submatch = config_stdsubmatch, .iattr = "nestbus", .locators = locs));
#else
		(void)config_found_sm_loc(self, "nestbus", locs, &na, nest_print,
		    config_stdsubmatch);
#endif
	}
	return 0;
}

static void
nest_childdet(device_t self, device_t child)
{

	aprint_normal_dev(self, "%s goes\n", device_xname(child));
}

static void
nest_interrupts(device_t self)
{

	aprint_normal_dev(self, "interrupts work\n");
}

static void
nest_mountroot(device_t self)
{
	firmware_handle_t fh;
	char text[8] = "";
	int error;

	error = firmware_open("nest", "nest.fw", &fh);
	if (error == 0) {
		(void)firmware_read(fh, 1, text, 3);
		aprint_normal_dev(self, "firmware of %d bytes: %s\n", (int)firmware_get_size(fh),
		    text);
		(void)firmware_close(fh);
	} else
		aprint_error_dev(self, "no firmware (%d)\n", error);
}

static bool
nest_suspend(device_t self, const pmf_qual_t *qualifier)
{

	(void)qualifier;
	aprint_normal_dev(self, "suspending\n");
	return true;
}

static bool
nest_resume(device_t self, const pmf_qual_t *qualifier)
{

	(void)qualifier;
	aprint_normal_dev(self, "resuming\n");
	return true;
}

static int
nest_intr(void *argument)
{

	(void)argument;
	return 0;
}

static void
nest_properties(struct nest_softc *sc)
{
	prop_dictionary_t properties = device_properties(sc->sc_dev);
	prop_data_t mac = prop_dictionary_get(properties, "mac-address");
	const char *label = "none";
	uint32_t cfg = 0;
	bool quick = false;

	(void)prop_dictionary_get_uint32(properties, "cfg", &cfg);
	(void)prop_dictionary_get_bool(properties, "quick", &quick);
	(void)prop_dictionary_get_cstring_nocopy(properties, "label", &label);
	aprint_normal_dev(sc->sc_dev, "properties: mac %d bytes, cfg 0x%x, quick %d, label %s\n",
	    (int)prop_data_size(mac), cfg, quick, label);
	(void)prop_dictionary_set_uint32(properties, "seen", cfg + 1);
	(void)prop_dictionary_set_int32(properties, "negative", -5);
	(void)prop_dictionary_set_cstring(properties, "text", "<&>");
}

static bool
nest_pci(struct nest_softc *sc, const struct pci_attach_args *pa)
{
	pci_intr_handle_t *ihs;
	pcireg_t state = 99;
	int error;
	char buffer[64];
	int offset;

	pci_aprint_devinfo(pa, "Nest");
	sc->sc_pc = pa->pa_pc;
	sc->sc_tag = pa->pa_tag;
	if (pci_mapreg_map(pa, PCI_BAR(0), pci_mapreg_type(pa->pa_pc, pa->pa_tag, PCI_BAR(0)), 0,
	    &sc->sc_memt, &sc->sc_memh, NULL, &sc->sc_mems) != 0) {
		aprint_error_dev(sc->sc_dev, "no registers\n");
		return false;
	}
	error = pci_get_powerstate(pa->pa_pc, pa->pa_tag, &state);
	aprint_normal_dev(sc->sc_dev, "ID 0x%08x, %u bytes, power %d, state %d %d\n",
	    bus_space_read_4(sc->sc_memt, sc->sc_memh, 0), (unsigned)sc->sc_mems,
	    pci_get_capability(pa->pa_pc, pa->pa_tag, PCI_CAP_PWRMGMT, &offset, NULL),
	    error, (int)state);
	if (pci_intr_alloc(pa, &ihs, NULL, 0) != 0)
		return false;
	sc->sc_ihs = ihs;
	aprint_normal_dev(sc->sc_dev, "interrupting at %s, type %d\n",
	    pci_intr_string(pa->pa_pc, ihs[0], buffer, sizeof(buffer)),
	    (int)pci_intr_type(pa->pa_pc, ihs[0]));
	(void)pci_intr_setattr(pa->pa_pc, &ihs[0], PCI_INTR_MPSAFE, true);
	sc->sc_ih = pci_intr_establish_xname(pa->pa_pc, ihs[0], IPL_NET, nest_intr, sc,
	    device_xname(sc->sc_dev));
	return sc->sc_ih != NULL;
}

static void
nest_count_devices(device_t self)
{
	deviter_t di;
	device_t dev;
	int all = 0, mine = 0;

	for (dev = deviter_first(&di, DEVITER_F_ROOT_FIRST); dev != NULL; dev = deviter_next(&di)) {
		all++;
		if (device_parent(dev) == self)
			mine++;
	}
	deviter_release(&di);
	aprint_normal_dev(self, "%d devices, %d children, found: %d %d\n", all, mine,
	    device_find_by_xname("egg1") != NULL,
	    device_find_by_driver_unit("nest", device_unit(self)) == self);
}

static void
nest_attach(device_t parent, device_t self, void *aux)
{
	struct nest_softc *sc = device_private(self);

	sc->sc_dev = self;
	sc->sc_level = 3;
	strlcpy(sc->sc_label, "start", sizeof(sc->sc_label));
	if (!nest_pci(sc, aux))
		return;
	aprint_normal_dev(self, "on %s, active %d\n", device_xname(parent), device_is_active(self));
	nest_properties(sc);
	nest_sysctls(sc);
	evcnt_attach_dynamic(&sc->sc_attaches, EVCNT_TYPE_MISC, NULL, device_xname(self),
	    "attaches");
	sc->sc_attaches.ev_count++;
	rnd_attach_source(&sc->sc_rnd, device_xname(self), RND_TYPE_NET, RND_FLAG_DEFAULT);
	rnd_add_uint32(&sc->sc_rnd, cprng_fast32());
	(void)pmf_device_register(self, nest_suspend, nest_resume);
	(void)nest_rescan(self, NULL, NULL);
	nest_count_devices(self);
	config_interrupts(self, nest_interrupts);
	config_mountroot(self, nest_mountroot);
	if (nest_global == CRASH_IN_ATTACH)
		*(volatile int *)16 = 1;
}

static int
nest_detach(device_t self, int flags)
{
	struct nest_softc *sc = device_private(self);
	int error;

	if (sc->sc_misbehave == REFUSE_DETACH)
		return EBUSY;
	if (sc->sc_misbehave != FORGET_CHILDREN &&
	    (error = config_detach_children(self, flags)) != 0)
		return error;
	pmf_device_deregister(self);
	if (sc->sc_misbehave == LEAK)
		return 0;
	rnd_detach_source(&sc->sc_rnd);
	evcnt_detach(&sc->sc_attaches);
	sysctl_teardown(&sc->sc_log);
	pci_intr_disestablish(sc->sc_pc, sc->sc_ih);
	pci_intr_release(sc->sc_pc, sc->sc_ihs, 1);
	bus_space_unmap(sc->sc_memt, sc->sc_memh, sc->sc_mems);
	return 0;
}
