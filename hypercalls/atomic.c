/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic_ops(3), membar_ops(3).  Lwps of one CPU change only at hypercalls, and none happens in here,
 * so nothing but the compiler needs to be kept from reordering; devices see memory through
 * bus_dmamap_sync(9) and bus_space_barrier(9), but a few drivers trust membar_*() instead, so
 * those are real.
 */

#include <sys/param.h>
#include <sys/atomic.h>

/* Newer headers say some of these with macros. */
#undef membar_enter
#undef membar_exit
#undef membar_acquire
#undef membar_release
#undef membar_producer
#undef membar_consumer
#undef membar_sync

#define BARRIER()	__asm volatile("" ::: "memory")

/* void atomic_NAME(p, v) and type atomic_NAME_nv(p, v), by an operator */
#define BINARY(name, type, operand, op)					\
void	atomic_##name(volatile type *, operand);			\
type	atomic_##name##_nv(volatile type *, operand);			\
									\
void									\
atomic_##name(volatile type *p, operand v)				\
{									\
									\
	BARRIER();							\
	*p = *p op (type)v;						\
	BARRIER();							\
}									\
									\
type									\
atomic_##name##_nv(volatile type *p, operand v)				\
{									\
									\
	atomic_##name(p, v);						\
	return *p;							\
}

/* The same with one added or taken away */
#define UNARY(name, type, op)						\
void	atomic_##name(volatile type *);					\
type	atomic_##name##_nv(volatile type *);				\
									\
void									\
atomic_##name(volatile type *p)						\
{									\
									\
	BARRIER();							\
	*p = *p op 1;							\
	BARRIER();							\
}									\
									\
type									\
atomic_##name##_nv(volatile type *p)					\
{									\
									\
	atomic_##name(p);						\
	return *p;							\
}

#define SWAP(name, type)						\
type	atomic_swap_##name(volatile type *, type);			\
									\
type									\
atomic_swap_##name(volatile type *p, type new)				\
{									\
	type old;							\
									\
	BARRIER();							\
	old = *p;							\
	*p = new;							\
	BARRIER();							\
	return old;							\
}

#define CAS(name, type)							\
type	atomic_cas_##name(volatile type *, type, type);			\
									\
type									\
atomic_cas_##name(volatile type *p, type expected, type new)		\
{									\
	type old;							\
									\
	BARRIER();							\
	old = *p;							\
	if (old == expected)						\
		*p = new;						\
	BARRIER();							\
	return old;							\
}

#define CAS_NI(name, type)						\
type	atomic_cas_##name##_ni(volatile type *, type, type);		\
									\
type									\
atomic_cas_##name##_ni(volatile type *p, type expected, type new)	\
{									\
									\
	return atomic_cas_##name(p, expected, new);			\
}

BINARY(add_32, uint32_t, int32_t, +)
BINARY(add_64, uint64_t, int64_t, +)
BINARY(add_int, unsigned int, int, +)
BINARY(add_long, unsigned long, long, +)

BINARY(and_32, uint32_t, uint32_t, &)
BINARY(and_64, uint64_t, uint64_t, &)
BINARY(and_uint, unsigned int, unsigned int, &)
BINARY(and_ulong, unsigned long, unsigned long, &)

BINARY(or_32, uint32_t, uint32_t, |)
BINARY(or_64, uint64_t, uint64_t, |)
BINARY(or_uint, unsigned int, unsigned int, |)
BINARY(or_ulong, unsigned long, unsigned long, |)

UNARY(inc_32, uint32_t, +)
UNARY(inc_64, uint64_t, +)
UNARY(inc_uint, unsigned int, +)
UNARY(inc_ulong, unsigned long, +)
UNARY(dec_32, uint32_t, -)
UNARY(dec_64, uint64_t, -)
UNARY(dec_uint, unsigned int, -)
UNARY(dec_ulong, unsigned long, -)

SWAP(32, uint32_t)
SWAP(64, uint64_t)
SWAP(uint, unsigned int)
SWAP(ulong, unsigned long)

CAS(8, uint8_t)
CAS(16, uint16_t)
CAS(32, uint32_t)
CAS(64, uint64_t)
CAS(uint, unsigned int)
CAS(ulong, unsigned long)
CAS_NI(32, uint32_t)
CAS_NI(64, uint64_t)
CAS_NI(uint, unsigned int)
CAS_NI(ulong, unsigned long)

/* Pointers, as numbers of bytes */
typedef volatile uintptr_t __attribute__((__may_alias__)) *pointer_t;

void *
atomic_add_ptr_nv(volatile void *p, ssize_t v)
{
	pointer_t q = p;

	BARRIER();
	*q += (uintptr_t)v;
	BARRIER();
	return (void *)*q;
}

void
atomic_add_ptr(volatile void *p, ssize_t v)
{

	(void)atomic_add_ptr_nv(p, v);
}

void *
atomic_inc_ptr_nv(volatile void *p)
{

	return atomic_add_ptr_nv(p, 1);
}

void
atomic_inc_ptr(volatile void *p)
{

	(void)atomic_add_ptr_nv(p, 1);
}

void *
atomic_dec_ptr_nv(volatile void *p)
{

	return atomic_add_ptr_nv(p, -1);
}

void
atomic_dec_ptr(volatile void *p)
{

	(void)atomic_add_ptr_nv(p, -1);
}

void *
atomic_swap_ptr(volatile void *p, void *new)
{

	return (void *)atomic_swap_ulong((pointer_t)p, (unsigned long)new);
}

void *
atomic_cas_ptr(volatile void *p, void *expected, void *new)
{

	return (void *)atomic_cas_ulong((pointer_t)p, (unsigned long)expected,
	    (unsigned long)new);
}

void *
atomic_cas_ptr_ni(volatile void *p, void *expected, void *new)
{

	return atomic_cas_ptr(p, expected, new);
}

#define MEMBAR(name, order)						\
void	membar_##name(void);						\
									\
void									\
membar_##name(void)							\
{									\
									\
	__atomic_thread_fence(order);					\
}

MEMBAR(acquire, __ATOMIC_ACQUIRE)
MEMBAR(release, __ATOMIC_RELEASE)
MEMBAR(producer, __ATOMIC_RELEASE)
MEMBAR(consumer, __ATOMIC_ACQUIRE)
MEMBAR(enter, __ATOMIC_SEQ_CST)
MEMBAR(exit, __ATOMIC_SEQ_CST)
MEMBAR(sync, __ATOMIC_SEQ_CST)
