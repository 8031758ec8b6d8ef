/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_space(9): single accesses, inline.  A mapped register costs one comparison and one load or
 * store; any other is a hypercall.  The rest is in bus_space.c, which also includes this file to
 * make the same functions once out of line.
 */

#ifndef _RUMPHOST_BUS_FUNCS_H_
#define _RUMPHOST_BUS_FUNCS_H_

#include <sys/types.h>
#include <machine/bus_defs.h>

#ifndef RUMPHOST_BUS_INLINE
#define RUMPHOST_BUS_INLINE \
	extern __inline __attribute__((__gnu_inline__, __always_inline__))
#endif

uint64_t rumphost_bus_space_read(uint64_t, uint64_t, uint32_t);
void	rumphost_bus_space_write(uint64_t, uint64_t, uint32_t, uint64_t);

#define RUMPHOST_BUS_MAPPED(handle) \
	__builtin_expect((long)(handle) >= 0, 1)

#define RUMPHOST_BUS_ACCESS(width, type)				\
RUMPHOST_BUS_INLINE type						\
bus_space_read_##width(bus_space_tag_t t, bus_space_handle_t h,		\
    bus_size_t o)							\
{									\
	(void)t;							\
	if (RUMPHOST_BUS_MAPPED(h))					\
		return *(const volatile type *)(h + o);			\
	return (type)rumphost_bus_space_read(h, o, width);		\
}									\
									\
RUMPHOST_BUS_INLINE type						\
bus_space_read_stream_##width(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o)							\
{									\
	(void)t;							\
	if (RUMPHOST_BUS_MAPPED(h))					\
		return *(const volatile type *)(h + o);			\
	return (type)rumphost_bus_space_read(h, o, width);		\
}									\
									\
RUMPHOST_BUS_INLINE void						\
bus_space_write_##width(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type v)						\
{									\
	(void)t;							\
	if (RUMPHOST_BUS_MAPPED(h))					\
		*(volatile type *)(h + o) = v;				\
	else								\
		rumphost_bus_space_write(h, o, width, v);		\
}									\
									\
RUMPHOST_BUS_INLINE void						\
bus_space_write_stream_##width(bus_space_tag_t t, bus_space_handle_t h,	\
    bus_size_t o, type v)						\
{									\
	(void)t;							\
	if (RUMPHOST_BUS_MAPPED(h))					\
		*(volatile type *)(h + o) = v;				\
	else								\
		rumphost_bus_space_write(h, o, width, v);		\
}

RUMPHOST_BUS_ACCESS(1, uint8_t)
RUMPHOST_BUS_ACCESS(2, uint16_t)
RUMPHOST_BUS_ACCESS(4, uint32_t)
RUMPHOST_BUS_ACCESS(8, uint64_t)

#undef RUMPHOST_BUS_ACCESS

#endif /* !_RUMPHOST_BUS_FUNCS_H_ */
