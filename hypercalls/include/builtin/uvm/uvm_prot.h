/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protections of memory.
 */

#ifndef _UVM_UVM_PROT_H_
#define _UVM_UVM_PROT_H_

typedef int	vm_prot_t;

#define VM_PROT_NONE	0x00
#define VM_PROT_READ	0x01
#define VM_PROT_WRITE	0x02
#define VM_PROT_EXECUTE	0x04
#define VM_PROT_DEFAULT	0x07
#define VM_PROT_ALL	0x07

#endif /* !_UVM_UVM_PROT_H_ */
