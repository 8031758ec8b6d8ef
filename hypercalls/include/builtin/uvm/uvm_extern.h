/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uvm(9), as far as drivers name it without needing memory maps: the host has none.
 */

#ifndef _UVM_UVM_EXTERN_H_
#define _UVM_UVM_EXTERN_H_

#include <sys/types.h>
#include <uvm/uvm_param.h>
#include <uvm/uvm_prot.h>
#include <machine/pmap.h>

struct proc;
struct vm_map;
struct vm_page;
struct vmspace;

#endif /* !_UVM_UVM_EXTERN_H_ */
