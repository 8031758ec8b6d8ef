/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host maps no pages: driver memory is the arena, and its addresses do not change.
 */

#ifndef _RUMPHOST_PMAP_H_
#define _RUMPHOST_PMAP_H_

#include <sys/types.h>

struct pmap;
struct vm_page;

#define PMAP_DIRECT_MAP(pa)	((vaddr_t)(pa))
#define PMAP_DIRECT_UNMAP(va)	((paddr_t)(va))

#endif /* !_RUMPHOST_PMAP_H_ */
