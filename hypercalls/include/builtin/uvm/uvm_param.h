/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages.
 */

#ifndef _UVM_UVM_PARAM_H_
#define _UVM_UVM_PARAM_H_

#include <sys/types.h>
#include <machine/vmparam.h>

#ifndef MIN_PAGE_SIZE
#define MIN_PAGE_SIZE	PAGE_SIZE
#define MAX_PAGE_SIZE	PAGE_SIZE
#endif

#define round_page(x)	(((vaddr_t)(x) + PAGE_MASK) & ~(vaddr_t)PAGE_MASK)
#define trunc_page(x)	((vaddr_t)(x) & ~(vaddr_t)PAGE_MASK)
#define atop(x)		((paddr_t)(x) >> PAGE_SHIFT)
#ifndef ptoa
#define ptoa(x)		((paddr_t)(x) << PAGE_SHIFT)
#endif

#endif /* !_UVM_UVM_PARAM_H_ */
