/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic_ops(3), membar_ops(3).
 */

#ifndef _SYS_ATOMIC_H_
#define _SYS_ATOMIC_H_

#include <sys/types.h>

/* Operations on one type; `d' is what is added: signed */
#define __RUMPHOST_ATOMIC(name, type, d)				\
void	atomic_add_##name(volatile type *, d);				\
type	atomic_add_##name##_nv(volatile type *, d);			\
void	atomic_inc_##name(volatile type *);				\
type	atomic_inc_##name##_nv(volatile type *);			\
void	atomic_dec_##name(volatile type *);				\
type	atomic_dec_##name##_nv(volatile type *);

#define __RUMPHOST_ATOMIC_BITS(name, type)				\
void	atomic_and_##name(volatile type *, type);			\
type	atomic_and_##name##_nv(volatile type *, type);			\
void	atomic_or_##name(volatile type *, type);			\
type	atomic_or_##name##_nv(volatile type *, type);			\
type	atomic_cas_##name(volatile type *, type, type);			\
type	atomic_cas_##name##_ni(volatile type *, type, type);		\
type	atomic_swap_##name(volatile type *, type);

__RUMPHOST_ATOMIC(32, uint32_t, int32_t)
__RUMPHOST_ATOMIC(64, uint64_t, int64_t)
__RUMPHOST_ATOMIC_BITS(32, uint32_t)
__RUMPHOST_ATOMIC_BITS(64, uint64_t)
__RUMPHOST_ATOMIC_BITS(uint, unsigned int)
__RUMPHOST_ATOMIC_BITS(ulong, unsigned long)

void	atomic_add_int(volatile unsigned int *, int);
void	atomic_add_long(volatile unsigned long *, long);
void	atomic_add_ptr(volatile void *, ssize_t);
unsigned int atomic_add_int_nv(volatile unsigned int *, int);
unsigned long atomic_add_long_nv(volatile unsigned long *, long);
void	*atomic_add_ptr_nv(volatile void *, ssize_t);

void	atomic_inc_uint(volatile unsigned int *);
void	atomic_inc_ulong(volatile unsigned long *);
void	atomic_inc_ptr(volatile void *);
unsigned int atomic_inc_uint_nv(volatile unsigned int *);
unsigned long atomic_inc_ulong_nv(volatile unsigned long *);
void	*atomic_inc_ptr_nv(volatile void *);

void	atomic_dec_uint(volatile unsigned int *);
void	atomic_dec_ulong(volatile unsigned long *);
void	atomic_dec_ptr(volatile void *);
unsigned int atomic_dec_uint_nv(volatile unsigned int *);
unsigned long atomic_dec_ulong_nv(volatile unsigned long *);
void	*atomic_dec_ptr_nv(volatile void *);

void	*atomic_cas_ptr(volatile void *, void *, void *);
void	*atomic_cas_ptr_ni(volatile void *, void *, void *);
uint16_t atomic_cas_16(volatile uint16_t *, uint16_t, uint16_t);
uint8_t	atomic_cas_8(volatile uint8_t *, uint8_t, uint8_t);
void	*atomic_swap_ptr(volatile void *, void *);

#undef __RUMPHOST_ATOMIC
#undef __RUMPHOST_ATOMIC_BITS

/* atomic_loadstore(9): one CPU, so only the compiler has to be told. */
#define atomic_load_relaxed(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_consume(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store_relaxed(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

void	membar_acquire(void);
void	membar_release(void);
void	membar_producer(void);
void	membar_consumer(void);
void	membar_sync(void);
void	membar_enter(void);
void	membar_exit(void);
#define membar_datadep_consumer()	((void)0)

#endif /* !_SYS_ATOMIC_H_ */
