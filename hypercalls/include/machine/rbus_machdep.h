/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine-dependent part of cardbus(4)'s rbus: declarations only.  The host provides no bus
 * behind a bridge, so a driver that calls one of these compiles and its link tells what is missing.
 */

#ifndef _RUMPHOST_RBUS_MACHDEP_H_
#define _RUMPHOST_RBUS_MACHDEP_H_

#include <sys/types.h>
#include <sys/bus.h>

struct pci_attach_args;
struct rbustag;

int	md_space_map(bus_space_tag_t, bus_addr_t, bus_size_t, int, bus_space_handle_t *);
void	md_space_unmap(bus_space_tag_t, bus_space_handle_t, bus_size_t, bus_addr_t *);

struct rbustag *rbus_pccbb_parent_io(struct pci_attach_args *);
struct rbustag *rbus_pccbb_parent_mem(struct pci_attach_args *);

#endif /* !_RUMPHOST_RBUS_MACHDEP_H_ */
