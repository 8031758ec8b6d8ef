/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a sanitizer finds and hardly anybody else, one fault at a time, in attach:
 * FAULT is defined to the number of it.  Ought to be reported in the function of
 * that number below, with the words that tests/drivers/test_sanitized.py has.
 */

#include "faulty.h"

#ifndef FAULT
#define	FAULT	0
#endif

struct sanitized_softc {
	struct faulty	sc_faulty;
	u_int		sc_ring[4];	/* indices of a ring of four */
	u_int		sc_after;
};

static int32_t sanitized_table[5] = { 1, 2, 3, 5, 8 };
static volatile u_int sanitized_four = 4;	/* the compiler is not to know */
static volatile int sanitized_many = 0x7fffffff;
static volatile uint32_t *volatile sanitized_kept;
static volatile uint64_t sanitized_sum;

static void __noinline
heap_overflow(uint8_t *frame, u_int length)
{
	u_int i;

	for (i = 0; i <= length; i++)
		frame[i] = (uint8_t)i;
}

static void __noinline
heap_underflow(uint32_t *ring)
{

	sanitized_sum += ring[(int)(3 - sanitized_four)];
}

static void __noinline
use_after_free(uint32_t *ring)
{

	ring[2] = 1;
}

static void __noinline
copied_overflow(uint8_t *frame, const uint8_t *from)
{

	memcpy(frame, from, 16 * sanitized_four);
}

static void __noinline
stack_overflow(void)
{
	volatile uint16_t words[6];
	u_int i;

	for (i = 0; i < 2 * sanitized_four; i++)
		words[i] = (uint16_t)i;
	sanitized_sum += words[1];
}

static void __noinline
stack_after_scope(void)
{

	{
		volatile uint32_t local[4] = { 1, 2, 3, 4 };

		sanitized_kept = local;
	}
	sanitized_sum += sanitized_kept[1];
}

static void __noinline
variable_array_overflow(u_int count)
{
	volatile uint8_t bytes[count];
	u_int i;

	for (i = 0; i < count + 1; i++)
		bytes[i] = 0;
	sanitized_sum += bytes[0];
}

static void __noinline
global_overflow(void)
{

	sanitized_sum += (uint32_t)sanitized_table[sanitized_four + 1];
}

static void __noinline
shift_too_far(void)
{

	sanitized_sum += 1U << (8 * sanitized_four);
}

static void __noinline
shift_into_sign(void)
{

	sanitized_sum += (uint64_t)(3 << (sanitized_four + 27));
}

static void __noinline
signed_overflow(void)
{

	sanitized_sum += (uint64_t)(sanitized_many + 1);
}

static void __noinline
misaligned(uint8_t *frame)
{

	sanitized_sum += *(uint32_t *)(void *)(frame + 14);
}

static void __noinline
null_member(struct sanitized_softc *sc)
{

	sc->sc_after = 1;
}

static void __noinline
index_out_of_bounds(struct sanitized_softc *sc)
{

	sc->sc_ring[sanitized_four] = 7;
}

static void __noinline
divided_by_zero(int n)
{

	sanitized_sum += (uint64_t)(100 / n);
}

static void __noinline
freed_twice(void *p)
{

	kmem_free(p, 64);
}

static void
sanitized_attach(device_t parent, device_t self, void *aux)
{
	struct sanitized_softc *sc = device_private(self);
	uint8_t *p, *q;

	faulty_map(&sc->sc_faulty, self, aux);
	p = kmem_zalloc(60, KM_SLEEP);
	q = kmem_zalloc(64, KM_SLEEP);
	switch (FAULT) {
	case 1: heap_overflow(p, 60); break;
	case 2: heap_underflow((uint32_t *)(void *)q); break;
	case 3:
		kmem_free(q, 64);
		use_after_free((uint32_t *)(void *)q);
		break;
	case 4: copied_overflow(p, q); break;
	case 5: stack_overflow(); break;
	case 6: stack_after_scope(); break;
	case 7: variable_array_overflow(sanitized_four * 4); break;
	case 8: global_overflow(); break;
	case 9: shift_too_far(); break;
	case 10: shift_into_sign(); break;
	case 11: signed_overflow(); break;
	case 12: misaligned(p); break;
	case 13: null_member(sanitized_sum == 0 ? NULL : sc); break;
	case 14: index_out_of_bounds(sc); break;
	case 15: divided_by_zero((int)sanitized_four - 4); break;
	case 16:
		kmem_free(q, 64);
		freed_twice(q);
		break;
	}
	if (FAULT != 3 && FAULT != 16)
		kmem_free(q, 64);
	kmem_free(p, 60);
}

CFATTACH_DECL_NEW(sanitized, sizeof(struct sanitized_softc),
    faulty_match, sanitized_attach, faulty_detach, NULL);
