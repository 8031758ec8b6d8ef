/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine context, large enough for the registers of either kind of host.
 */

#ifndef _RUMPHOST_MCONTEXT_H_
#define _RUMPHOST_MCONTEXT_H_

#include <machine/int_types.h>

#define _NGREG		36
typedef unsigned long	__greg_t;
typedef __greg_t	__gregset_t[_NGREG];
typedef struct {
	unsigned char	__fp_data[528];
} __fpregset_t;

typedef struct {
	__gregset_t	__gregs;
	__fpregset_t	__fpregs;
	__greg_t	_mc_tlsbase;
} mcontext_t;

#define _REG_PC		32
#define _REG_SP		31
#define _REG_FP		29
#define _REG_RV		0

#define _UC_MACHINE_FP(uc)		((uc)->uc_mcontext.__gregs[_REG_FP])
#define _UC_MACHINE_PC(uc)		((uc)->uc_mcontext.__gregs[_REG_PC])
#define _UC_MACHINE_SP(uc)		((uc)->uc_mcontext.__gregs[_REG_SP])
#define _UC_MACHINE_INTRV(uc)		((uc)->uc_mcontext.__gregs[_REG_RV])
#define _UC_MACHINE_SET_PC(uc, pc)	(_UC_MACHINE_PC(uc) = (pc))

#define _UC_TLSBASE	0x00080000
#define _UC_SETSTACK	0x00010000
#define _UC_CLRSTACK	0x00020000

#endif /* !_RUMPHOST_MCONTEXT_H_ */
