/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's own types, and what it has and has not (__HAVE_*).
 */

#ifndef _RUMPHOST_TYPES_H_
#define _RUMPHOST_TYPES_H_

#include <sys/cdefs.h>
#include <machine/int_types.h>

typedef unsigned long	paddr_t;
typedef unsigned long	psize_t;
typedef unsigned long	vaddr_t;
typedef unsigned long	vsize_t;

#define PRIxPADDR	"lx"
#define PRIuPADDR	"lu"
#define PRIxPSIZE	"lx"
#define PRIuPSIZE	"lu"
#define PRIxVADDR	"lx"
#define PRIuVADDR	"lu"
#define PRIxVSIZE	"lx"
#define PRIuVSIZE	"lu"

typedef long int	register_t;
typedef unsigned long	uregister_t;
typedef int		register32_t;
#define PRIxREGISTER	"lx"
#define PRIxREGISTER32	"x"

#ifdef _KERNEL
typedef struct label_t {
	long val[16];
} label_t;
#endif

typedef int		pmc_evid_t;
typedef __uint64_t	pmc_ctr_t;

typedef unsigned char	__cpu_simple_lock_nv_t;
typedef volatile unsigned char __cpu_simple_lock_t;
#define __SIMPLELOCK_LOCKED	1
#define __SIMPLELOCK_UNLOCKED	0
#define __CPU_SIMPLE_LOCK_PAD

/* Both kinds of host read and write unaligned words. */
#define __NO_STRICT_ALIGNMENT

#define __HAVE_ATOMIC64_LOADSTORE
#define __HAVE_ATOMIC64_OPS
#define __HAVE_CPU_COUNTER
#define __HAVE_CPU_DATA_FIRST
#define __HAVE_MINIMAL_EMUL
#define __HAVE_NEW_STYLE_BUS_H
#define __HAVE_PCI_MSI_MSIX
#define __HAVE_SYSCALL_INTERN
#define __HAVE_UNLOCKED_PMAP

#endif /* !_RUMPHOST_TYPES_H_ */
