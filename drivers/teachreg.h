/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Registers of the teaching device.  Its data sheet is the head of the model
 * that plays it, rumphost/models/teach.py.
 */

#ifndef _TEACHREG_H_
#define _TEACHREG_H_

#define	TEACH_PCI_VENDOR	0x7eac
#define	TEACH_PCI_PRODUCT	0x0001

#define	TEACH_BAR		PCI_MAPREG_START	/* registers, memory space */

/* Registers are 32 bits wide. */
#define	TEACH_ID	0x00	/* what am I */
#define	ID_MAGIC	__BITS(31, 16)
#define	ID_MAGIC_VALUE	0x7eac
#define	ID_REVISION	__BITS(7, 0)

#define	TEACH_CTRL	0x04	/* control */
#define	CTRL_ENABLE	__BIT(0)	/* obey the doorbell */
#define	CTRL_RST	__BIT(1)	/* reset everything; reads as 0 */

#define	TEACH_STATUS	0x08
#define	STATUS_BUSY	__BIT(0)	/* a command runs */
#define	STATUS_FAILED	__BIT(1)	/* the last one failed */
#define	STATUS_RX_READY	__BIT(2)	/* DATA has a byte for us */
#define	STATUS_TX_FULL	__BIT(3)	/* DATA takes no more */

#define	TEACH_ISR	0x0c	/* interrupt causes; write 1 to clear */
#define	TEACH_IMR	0x10	/* which of them may interrupt */
#define	INT_DONE	__BIT(0)	/* a command completed */
#define	INT_ERROR	__BIT(1)	/* a command failed */
#define	INT_TIMER	__BIT(2)	/* the timer expired */

#define	TEACH_LATENCY	0x14	/* ns that a command takes ... */
#define	TEACH_BYTE_TIME	0x18	/* ... and ns more per byte */
#define	TEACH_SRC_LO	0x1c	/* bus address to read from */
#define	TEACH_SRC_HI	0x20
#define	TEACH_DST_LO	0x24	/* bus address to write to */
#define	TEACH_DST_HI	0x28
#define	TEACH_LENGTH	0x2c	/* bytes */
#define	TEACH_LENGTH_MAX	65536

#define	TEACH_DOORBELL	0x30	/* starts a command */
#define	DOORBELL_SWAP_DMA	1	/* SRC to DST */
#define	DOORBELL_SWAP_FIFO	2	/* what was written to DATA */
#define	DOORBELL_SUM_DMA	3	/* only add up SRC */

#define	TEACH_RESULT	0x34	/* bytes that the last command processed */
#define	TEACH_ERROR	0x38	/* why it failed */
#define	ERROR_NONE		0
#define	ERROR_BAD_COMMAND	1
#define	ERROR_BAD_LENGTH	2
#define	ERROR_BUS		3
#define	ERROR_NOT_ENABLED	4
#define	ERROR_WAS_BUSY		5

#define	TEACH_COUNT	0x3c	/* good commands; reading clears */
#define	TEACH_DATA	0x40	/* the FIFO, one byte at a time */
#define	TEACH_FIFO_SIZE		64
#define	TEACH_LEVEL	0x44	/* how full it is */
#define	LEVEL_IN	__BITS(7, 0)
#define	LEVEL_OUT	__BITS(15, 8)
#define	TEACH_SCRATCH	0x48	/* of no meaning */
#define	TEACH_PERIOD	0x4c	/* of the timer, ns; 0: off */
#define	TEACH_TICKS	0x50	/* times it expired; reading clears */
#define	TEACH_SUM	0x54	/* of the bytes of the last command */

#endif /* _TEACHREG_H_ */
