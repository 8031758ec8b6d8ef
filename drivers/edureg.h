/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Registers of "edu", the educational PCI device of QEMU, as its
 * specification (docs/specs/edu) gives them.
 */

#ifndef _EDUREG_H_
#define _EDUREG_H_

#define	EDU_PCI_VENDOR	0x1234
#define	EDU_PCI_PRODUCT	0x11e8

#define	EDU_BAR		PCI_MAPREG_START	/* 1 MiB, memory space */

/* Below 0x80 registers are 4 bytes wide, from there on 4 or 8. */
#define	EDU_ID		0x00
#define	ID_MAJOR	__BITS(31, 24)
#define	ID_MINOR	__BITS(23, 16)
#define	ID_MAGIC	__BITS(7, 0)
#define	ID_MAGIC_VALUE	0xed

#define	EDU_LIVENESS	0x04	/* reads as the complement of what was written */
#define	EDU_FACTORIAL	0x08	/* write n; reads as n!, modulo 2^32 */

#define	EDU_STATUS	0x20
#define	STATUS_COMPUTING	__BIT(0)	/* the factorial */
#define	STATUS_INTERRUPT	__BIT(7)	/* and interrupt when done */

#define	EDU_INT_STATUS	0x24
#define	EDU_INT_RAISE	0x60	/* write: these bits are set in INT_STATUS */
#define	EDU_INT_ACK	0x64	/* write: these bits are cleared there */
#define	INT_FACTORIAL	__BIT(0)
#define	INT_DMA		__BIT(8)

#define	EDU_DMA_SRC	0x80	/* bus address, or EDU_BUFFER and up */
#define	EDU_DMA_DST	0x88
#define	EDU_DMA_COUNT	0x90	/* bytes */
#define	EDU_DMA_CMD	0x98
#define	DMA_CMD_RUN		__BIT(0)	/* start; clears when done */
#define	DMA_CMD_FROM_DEVICE	__BIT(1)
#define	DMA_CMD_INTERRUPT	__BIT(2)	/* when done */

/* The device's own memory, as its DMA engine sees it. */
#define	EDU_BUFFER		0x40000
#define	EDU_BUFFER_SIZE		4096

/*
 * QEMU (7.2, for one) takes a transfer that includes the buffer's last byte
 * for one that goes beyond, and aborts.
 */
#define	EDU_DMA_MAX		(EDU_BUFFER_SIZE - 1)

/* The highest bus address that the DMA engine puts out: 28 bits. */
#define	EDU_DMA_HIGHEST		0x0fffffff

#endif /* _EDUREG_H_ */
