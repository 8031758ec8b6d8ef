/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xcall(9)
 */

#ifndef _SYS_XCALL_H_
#define _SYS_XCALL_H_

#ifdef _KERNEL
#include <sys/types.h>

typedef void (*xcfunc_t)(void *, void *);

struct cpu_info;

/* Flags: run as a soft interrupt, and at which level */
#define XC_HIGHPRI	0x01
#define XC_HIGHPRI_IPL(ipl)	(XC_HIGHPRI | ((ipl) << 8))

uint64_t xc_broadcast(u_int, xcfunc_t, void *, void *);
uint64_t xc_unicast(u_int, xcfunc_t, void *, void *, struct cpu_info *);
void	xc_wait(uint64_t);
void	xc_barrier(u_int);
unsigned int xc_encode_ipl(int);
#endif

#endif /* !_SYS_XCALL_H_ */
