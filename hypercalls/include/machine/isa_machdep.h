/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * isa(9), the machine-dependent part: types and declarations only.  The host provides no ISA bus,
 * so a driver that calls one of these compiles and its link tells what is missing.
 */

#ifndef _RUMPHOST_ISA_MACHDEP_H_
#define _RUMPHOST_ISA_MACHDEP_H_

#include <sys/types.h>
#include <sys/bus.h>
#include <sys/device.h>

struct evcnt;
struct isabus_attach_args;

typedef struct rumphost_isa_chipset *isa_chipset_tag_t;

void	isa_attach_hook(device_t, device_t, struct isabus_attach_args *);
void	isa_detach_hook(isa_chipset_tag_t, device_t);

int	isa_intr_alloc(isa_chipset_tag_t, int, int, int *);
const struct evcnt *isa_intr_evcnt(isa_chipset_tag_t, int);
void	*isa_intr_establish(isa_chipset_tag_t, int, int, int, int (*)(void *), void *);
void	isa_intr_disestablish(isa_chipset_tag_t, void *);

int	isa_mem_alloc(bus_space_tag_t, bus_size_t, bus_size_t, bus_addr_t, int, bus_addr_t *,
	    bus_space_handle_t *);
void	isa_mem_free(bus_space_tag_t, bus_space_handle_t, bus_size_t);

#endif /* !_RUMPHOST_ISA_MACHDEP_H_ */
