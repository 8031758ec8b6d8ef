/* SPDX-License-Identifier: BSD-2-Clause */

/* Names for the teaching device's registers that its model does not have. */

#define	NM_ID		0x00
#define	ID_MAGIC	__BITS(31, 16)
#define	ID_REVISION	0x000000ff
#define	NM_CTRL		0x04
#define	CTRL_GO		(1 << 0)
#define	CTRL_STOP	(1 << 1)
#define	NM_SCRATCH	0x48
#define	NM_BANK_SCRATCH	0x48	/* of another page */
#define	NM_DOORBELL	0x30
#define	DOORBELL_ONE	1	/* no bit: a number */
#define	NM_LATENCY(n)	(0x14 + 4 * (n))
#define	NM_ISR		0x0c
#define	NM_IMR		0x10
#define	INT_ALL		0x7
