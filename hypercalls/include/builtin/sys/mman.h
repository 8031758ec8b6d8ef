/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protections of memory, as mmap(2) and d_mmap name them.
 */

#ifndef _SYS_MMAN_H_
#define _SYS_MMAN_H_

#define PROT_NONE	0x00
#define PROT_READ	0x01
#define PROT_WRITE	0x02
#define PROT_EXEC	0x04

#endif /* !_SYS_MMAN_H_ */
