/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All of uvm(9) that there is.
 */

#ifndef _UVM_UVM_H_
#define _UVM_UVM_H_

#include <uvm/uvm_extern.h>

#endif /* !_UVM_UVM_H_ */
