/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF of the process that hosts the driver.
 */

#ifndef _RUMPHOST_ELF_MACHDEP_H_
#define _RUMPHOST_ELF_MACHDEP_H_

#define KERN_ELFSIZE	64
#define ARCH_ELFSIZE	64

#define ELF32_MACHDEP_ENDIANNESS	ELFDATA2LSB
#define ELF64_MACHDEP_ENDIANNESS	ELFDATA2LSB
#define ELF32_MACHDEP_ID_CASES		/* none */
#if defined(__x86_64__)
#define ELF64_MACHDEP_ID_CASES		case EM_X86_64: break;
#define ELF64_MACHDEP_ID		EM_X86_64
#else
#define ELF64_MACHDEP_ID_CASES		case EM_AARCH64: break;
#define ELF64_MACHDEP_ID		EM_AARCH64
#endif
#define ELF32_MACHDEP_ID		ELF64_MACHDEP_ID

#endif /* !_RUMPHOST_ELF_MACHDEP_H_ */
