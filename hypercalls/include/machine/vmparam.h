/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page size and address space, as far as headers ask.  The host keeps no page tables.
 */

#ifndef _RUMPHOST_VMPARAM_H_
#define _RUMPHOST_VMPARAM_H_

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1 << PAGE_SHIFT)
#define PAGE_MASK	(PAGE_SIZE - 1)

#define VM_MIN_ADDRESS		0x0UL
#define VM_MAXUSER_ADDRESS	0x0000800000000000UL
#define VM_MAX_ADDRESS		VM_MAXUSER_ADDRESS
#define VM_MIN_KERNEL_ADDRESS	VM_MIN_ADDRESS
#define VM_MAX_KERNEL_ADDRESS	VM_MAX_ADDRESS

#define USRSTACK	VM_MAXUSER_ADDRESS
#define MAXTSIZ		(256UL * 1024 * 1024)
#ifndef DFLDSIZ
#define DFLDSIZ		(256UL * 1024 * 1024)
#endif
#ifndef MAXDSIZ
#define MAXDSIZ		(8UL * 1024 * 1024 * 1024)
#endif
#ifndef DFLSSIZ
#define DFLSSIZ		(4UL * 1024 * 1024)
#endif
#ifndef MAXSSIZ
#define MAXSSIZ		(128UL * 1024 * 1024)
#endif

#define USRIOSIZE	300
#define VM_PHYS_SIZE	(USRIOSIZE * PAGE_SIZE)

#define VM_PHYSSEG_MAX		1
#define VM_PHYSSEG_STRAT	VM_PSTRAT_BSEARCH
#define VM_NFREELIST		1
#define VM_FREELIST_DEFAULT	0

#endif /* !_RUMPHOST_VMPARAM_H_ */
