/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * For the teaching device, which it never touches: a softc with every kind of
 * C type that there is.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/device.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/queue.h>

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

enum shape { SHAPE_NONE, SHAPE_ROUND, SHAPE_SQUARE = 7, SHAPE_ODD = -1 };

struct shapes_hidden;
struct shapes_hidden *shapes_get_hidden(void);

struct item {
	int			it_number;
	TAILQ_ENTRY(item)	it_tail;
	TAILQ_ENTRY(item)	it_other;
	LIST_ENTRY(item)	it_list;
	SLIST_ENTRY(item)	it_slist;
	STAILQ_ENTRY(item)	it_stail;
	SIMPLEQ_ENTRY(item)	it_simple;
	struct item		*it_next;
};

struct shapes_softc {
	device_t	sc_dev;
	unsigned	sc_low : 3;
	unsigned	sc_middle : 7;
	int		sc_signed : 4;
	bool		sc_flag : 1;
	uint64_t	sc_wide : 33;
	enum shape	sc_shape;
	bool		sc_bool;
	int8_t		sc_byte;
	uint16_t	sc_short;
	int64_t		sc_long;
	union {
		uint32_t	u_word;
		uint8_t		u_bytes[4];
	}		sc_union;
	struct {
		int	sc_inside;
		union {
			int	sc_deep;
		};
	};
	char		sc_text[16];
	const char	*sc_string;
	uint8_t		sc_matrix[2][3];
	struct item	sc_items[3];
	TAILQ_HEAD(, item)	sc_tail;
	LIST_HEAD(, item)	sc_list;
	SLIST_HEAD(, item)	sc_slist;
	STAILQ_HEAD(, item)	sc_stail;
	SIMPLEQ_HEAD(, item)	sc_simple;
	TAILQ_HEAD(, item)	sc_empty;
	int		(*sc_function)(device_t, int);
	void		*sc_void;
	struct item	*sc_null;
	struct item	*sc_bad;
	struct item	*sc_freed;
	struct shapes_hidden *sc_hidden;
	struct shapes_unknown *sc_unknown;
	int		class;		/* a word of Python's */
	int		address;	/* a word that a view might have */
	size_t		sc_count;
	int		sc_flexible[];
};

static int	shapes_match(device_t, cfdata_t, void *);
static void	shapes_attach(device_t, device_t, void *);
static int	shapes_detach(device_t, int);

static volatile int shapes_level = 2;
static int shapes_unused = 1;		/* the compiler removes it */
int shapes_numbers[] = { 1, 2, 3 };

CFATTACH_DECL_NEW(shapes, sizeof(struct shapes_softc),
    shapes_match, shapes_attach, shapes_detach, NULL);

static int
shapes_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct pci_attach_args *pa = aux;

	return PCI_VENDOR(pa->pa_id) == 0x7eac && PCI_PRODUCT(pa->pa_id) == 1;
}

static void
shapes_link(struct shapes_softc *sc)
{

	TAILQ_INIT(&sc->sc_tail);
	TAILQ_INIT(&sc->sc_empty);
	LIST_INIT(&sc->sc_list);
	SLIST_INIT(&sc->sc_slist);
	STAILQ_INIT(&sc->sc_stail);
	SIMPLEQ_INIT(&sc->sc_simple);
	for (size_t n = 0; n < __arraycount(sc->sc_items); n++) {
		struct item *it = &sc->sc_items[n];

		it->it_number = 10 + n;
		TAILQ_INSERT_TAIL(&sc->sc_tail, it, it_tail);
		LIST_INSERT_HEAD(&sc->sc_list, it, it_list);
		SLIST_INSERT_HEAD(&sc->sc_slist, it, it_slist);
		STAILQ_INSERT_TAIL(&sc->sc_stail, it, it_stail);
		SIMPLEQ_INSERT_TAIL(&sc->sc_simple, it, it_simple);
		it->it_next = n < 2 ? it + 1 : NULL;
	}
}

static void
shapes_attach(device_t parent, device_t self, void *aux)
{
	struct shapes_softc *sc = device_private(self);

	aprint_normal("\n");
	sc->sc_dev = self;
	sc->sc_low = 5;
	sc->sc_middle = 100;
	sc->sc_signed = -3;
	sc->sc_flag = true;
	sc->sc_wide = 0x1ffffffffULL;
	sc->sc_shape = SHAPE_SQUARE;
	sc->sc_bool = true;
	sc->sc_byte = -2;
	sc->sc_short = 65535;
	sc->sc_long = -1;
	sc->sc_union.u_word = 0x04030201;
	sc->sc_inside = 1;
	sc->sc_deep = 2;
	strlcpy(sc->sc_text, "a text", sizeof(sc->sc_text));
	sc->sc_string = "a string";
	for (int n = 0; n < 6; n++)
		sc->sc_matrix[n / 3][n % 3] = n;
	shapes_link(sc);
	sc->sc_function = shapes_detach;
	sc->sc_void = &sc->sc_items[1];
	sc->sc_bad = (void *)(uintptr_t)0x123450000;
	sc->sc_freed = kmem_zalloc(sizeof(*sc->sc_freed), KM_SLEEP);
	kmem_free(sc->sc_freed, sizeof(*sc->sc_freed));
	sc->sc_hidden = shapes_get_hidden();
	sc->sc_unknown = (void *)sc;
	sc->class = 40;
	sc->address = 41;
	sc->sc_count = shapes_level + shapes_numbers[0] * shapes_unused;
}

static int
shapes_detach(device_t self, int flags)
{

	return 0;
}
