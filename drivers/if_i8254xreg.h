/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Registers and descriptors of the Intel 8254x family of PCI and PCI-X
 * Gigabit Ethernet controllers.  Names and numbers are those of the "PCI/PCI-X
 * Family of Gigabit Ethernet Controllers Software Developer's Manual".
 */

#ifndef _IF_I8254XREG_H_
#define _IF_I8254XREG_H_

#define	I8254X_BAR		PCI_MAPREG_START	/* registers, memory space */

/* == General == */

#define	REG_CTRL	0x0000		/* device control */
#define	CTRL_FD		__BIT(0)	/* full duplex */
#define	CTRL_ASDE	__BIT(5)	/* automatic speed detection */
#define	CTRL_SLU	__BIT(6)	/* set link up */
#define	CTRL_SPEED	__BITS(9, 8)
#define	CTRL_SPEED_10	0
#define	CTRL_SPEED_100	1
#define	CTRL_SPEED_1000	2
#define	CTRL_FRCSPD	__BIT(11)	/* force speed to CTRL_SPEED */
#define	CTRL_FRCDPX	__BIT(12)	/* force duplex to CTRL_FD */
#define	CTRL_RST	__BIT(26)	/* reset all but the PHY; clears itself */
#define	CTRL_RFCE	__BIT(27)	/* honour received PAUSE frames */
#define	CTRL_TFCE	__BIT(28)	/* send PAUSE frames */
#define	CTRL_VME	__BIT(30)	/* strip and insert VLAN tags */
#define	CTRL_PHY_RST	__BIT(31)	/* hardware reset of the PHY */

#define	REG_STATUS	0x0008
#define	STATUS_FD	__BIT(0)	/* full duplex */
#define	STATUS_LU	__BIT(1)	/* link up */
#define	STATUS_FUNC	__BITS(3, 2)	/* which function of a dual-port chip */
#define	STATUS_SPEED	__BITS(7, 6)	/* as CTRL_SPEED; 3 is 1000 too */

#define	REG_EECD	0x0010		/* EEPROM by hand */
#define	EECD_SK		__BIT(0)	/* clock */
#define	EECD_CS		__BIT(1)	/* chip select */
#define	EECD_DI		__BIT(2)	/* data to the EEPROM */
#define	EECD_DO		__BIT(3)	/* data from the EEPROM */
#define	EECD_REQ	__BIT(6)	/* ask for access */
#define	EECD_GNT	__BIT(7)	/* access granted */
#define	EECD_SIZE	__BIT(9)	/* 256 words, not 64 */

#define	REG_EERD	0x0014		/* EEPROM by hardware; not in 82544 */
#define	EERD_START	__BIT(0)
#define	EERD_DONE	__BIT(4)
#define	EERD_ADDR	__BITS(15, 8)
#define	EERD_DATA	__BITS(31, 16)

#define	REG_MDIC	0x0020		/* PHY register access */
#define	MDIC_DATA	__BITS(15, 0)
#define	MDIC_REG	__BITS(20, 16)
#define	MDIC_PHY	__BITS(25, 21)
#define	MDIC_OP		__BITS(27, 26)
#define	MDIC_OP_WRITE	1
#define	MDIC_OP_READ	2
#define	MDIC_READY	__BIT(28)
#define	MDIC_ERROR	__BIT(30)

#define	REG_FCAL	0x0028		/* flow control: address, type, timer */
#define	REG_FCAH	0x002c
#define	REG_FCT		0x0030
#define	REG_VET		0x0038		/* VLAN Ethernet type */
#define	REG_FCTTV	0x0170

/* == Interrupts == */

#define	REG_ICR		0x00c0		/* causes; reading clears */
#define	REG_ITR		0x00c4		/* least gap, 256 ns; not in 82544 */
#define	ITR_INTERVAL	__BITS(15, 0)
#define	REG_ICS		0x00c8		/* causes, write 1 to set */
#define	REG_IMS		0x00d0		/* mask, write 1 to set */
#define	REG_IMC		0x00d8		/* mask, write 1 to clear */
#define	INT_TXDW	__BIT(0)	/* transmit descriptor written back */
#define	INT_TXQE	__BIT(1)	/* transmit queue empty */
#define	INT_LSC		__BIT(2)	/* link status change */
#define	INT_RXSEQ	__BIT(3)	/* receive sequence error */
#define	INT_RXDMT0	__BIT(4)	/* few receive descriptors left */
#define	INT_RXO		__BIT(6)	/* receiver overrun */
#define	INT_RXT0	__BIT(7)	/* receive timer */
#define	INT_MDAC	__BIT(9)	/* MDIO access complete */

/* == Receive == */

#define	REG_RCTL	0x0100
#define	RCTL_EN		__BIT(1)
#define	RCTL_UPE	__BIT(3)	/* unicast promiscuous */
#define	RCTL_MPE	__BIT(4)	/* multicast promiscuous */
#define	RCTL_LPE	__BIT(5)	/* long packets */
#define	RCTL_LBM	__BITS(7, 6)	/* loopback */
#define	RCTL_RDMTS	__BITS(9, 8)	/* RXDMT0 at 1/2, 1/4, 1/8 */
#define	RCTL_MO		__BITS(13, 12)	/* which 12 bits make the hash */
#define	RCTL_BAM	__BIT(15)	/* broadcast */
#define	RCTL_BSIZE	__BITS(17, 16)	/* buffer size */
#define	RCTL_BSIZE_2048	0
#define	RCTL_BSIZE_1024	1
#define	RCTL_VFE	__BIT(18)	/* VLAN filter */
#define	RCTL_SECRC	__BIT(26)	/* strip the CRC */

#define	REG_RDBAL	0x2800		/* ring base, 16-byte aligned */
#define	REG_RDBAH	0x2804
#define	REG_RDLEN	0x2808		/* bytes, a multiple of 128 */
#define	REG_RDH		0x2810
#define	REG_RDT		0x2818
#define	REG_RDTR	0x2820		/* delay timer, 1.024 us */
#define	REG_RADV	0x282c		/* absolute timer; not in 82544 */

#define	REG_RXCSUM	0x5000
#define	RXCSUM_IPOFL	__BIT(8)	/* check IPv4 header checksums */
#define	RXCSUM_TUOFL	__BIT(9)	/* check TCP and UDP checksums */

#define	REG_MTA(n)	(0x5200 + 4 * (n))	/* multicast hash table */
#define	MTA_WORDS	128
#define	REG_RAL(n)	(0x5400 + 8 * (n))	/* exact addresses */
#define	REG_RAH(n)	(0x5404 + 8 * (n))
#define	RAH_AV		__BIT(31)		/* address valid */
#define	RA_ENTRIES	16
#define	REG_VFTA(n)	(0x5600 + 4 * (n))	/* VLAN filter table */
#define	VFTA_WORDS	128

/* == Transmit == */

#define	REG_TCTL	0x0400
#define	TCTL_EN		__BIT(1)
#define	TCTL_PSP	__BIT(3)	/* pad short packets */
#define	TCTL_CT		__BITS(11, 4)	/* collision threshold */
#define	TCTL_CT_IEEE	15
#define	TCTL_COLD	__BITS(21, 12)	/* collision distance, byte times */
#define	TCTL_COLD_FDX	0x40
#define	TCTL_COLD_HDX	0x200
#define	TCTL_RTLC	__BIT(24)	/* retransmit on late collision */

#define	REG_TIPG	0x0410		/* inter-packet gap */
#define	TIPG_IPGT	__BITS(9, 0)
#define	TIPG_IPGR1	__BITS(19, 10)
#define	TIPG_IPGR2	__BITS(29, 20)
#define	TIPG_COPPER	(__SHIFTIN(8, TIPG_IPGT) | \
			 __SHIFTIN(8, TIPG_IPGR1) | __SHIFTIN(6, TIPG_IPGR2))

#define	REG_TDBAL	0x3800		/* ring base, 16-byte aligned */
#define	REG_TDBAH	0x3804
#define	REG_TDLEN	0x3808		/* bytes, a multiple of 128 */
#define	REG_TDH		0x3810
#define	REG_TDT		0x3818
#define	REG_TIDV	0x3820		/* delay timer, 1.024 us */
#define	REG_TADV	0x382c		/* absolute timer; not in 82544 */

/* == Packet buffer, wake-up, management == */

#define	REG_PBA		0x1000		/* KiB of the 64 for the receiver */
#define	PBA_DEFAULT	48
#define	PBA_JUMBO	40		/* so that two jumbo frames fit the transmitter */
#define	REG_WUC		0x5800		/* wake-up control */
#define	REG_MANC	0x5820		/* management; not in 82544 */
#define	MANC_ARP_EN	__BIT(13)	/* firmware takes ARP requests */

/* == Statistics; 32 bits, reading clears == */

#define	REG_CRCERRS	0x4000		/* CRC errors */
#define	REG_RXERRC	0x400c		/* receive errors */
#define	REG_MPC		0x4010		/* missed: no room in the packet buffer */
#define	REG_ECOL	0x4018		/* excessive collisions */
#define	REG_LATECOL	0x4020		/* late collisions */
#define	REG_COLC	0x4028		/* collisions */
#define	REG_RLEC	0x4040		/* length errors */
#define	REG_GPRC	0x4074		/* good packets received */
#define	REG_GPTC	0x4080		/* good packets sent */
#define	REG_RNBC	0x40a0		/* no receive descriptor */
#define	REG_RUC		0x40a4		/* undersized */
#define	REG_RFC		0x40a8		/* fragments */
#define	REG_ROC		0x40ac		/* oversized */
#define	REG_RJC		0x40b0		/* jabbers */

/* == Descriptors, 16 bytes, little-endian == */

struct i8254x_rxdesc {
	uint32_t	rd_addrlo;
	uint32_t	rd_addrhi;
	uint16_t	rd_length;
	uint16_t	rd_csum;
	uint8_t		rd_status;
	uint8_t		rd_errors;
	uint16_t	rd_special;	/* the VLAN tag */
} __packed;

#define	RXD_DD		__BIT(0)	/* status: done */
#define	RXD_EOP		__BIT(1)	/* end of packet */
#define	RXD_IXSM	__BIT(2)	/* ignore the checksum indications */
#define	RXD_VP		__BIT(3)	/* rd_special holds a tag */
#define	RXD_TCPCS	__BIT(5)	/* TCP or UDP checksum was checked */
#define	RXD_IPCS	__BIT(6)	/* IP checksum was checked */

#define	RXE_CE		__BIT(0)	/* errors: CRC or alignment */
#define	RXE_SE		__BIT(1)	/* symbol */
#define	RXE_SEQ		__BIT(2)	/* sequence */
#define	RXE_CXE		__BIT(4)	/* carrier extension */
#define	RXE_TCPE	__BIT(5)	/* TCP or UDP checksum is wrong */
#define	RXE_IPE		__BIT(6)	/* IP checksum is wrong */
#define	RXE_RXE		__BIT(7)	/* data error */
#define	RXE_FRAME	(RXE_CE | RXE_SE | RXE_SEQ | RXE_CXE | RXE_RXE)

/*
 * A transmit descriptor has one of three forms: legacy (TXC_DEXT clear), and
 * with TXC_DEXT set, data or context by TXC_DTYP.  A context descriptor says
 * where the checksums of the data descriptors after it are.
 */
struct i8254x_txdesc {
	uint32_t	td_addrlo;	/* context: IPCSS, IPCSO, IPCSE */
	uint32_t	td_addrhi;	/* context: TUCSS, TUCSO, TUCSE */
	uint32_t	td_cmdlen;	/* length, type, commands */
	uint32_t	td_fields;	/* status, options, VLAN tag */
} __packed;

#define	TXC_LEN		__BITS(15, 0)	/* legacy */
#define	TXC_DTALEN	__BITS(19, 0)	/* data */
#define	TXC_DTYP	__BITS(23, 20)
#define	TXC_DTYP_CTX	0
#define	TXC_DTYP_DATA	1
#define	TXC_EOP		__BIT(24)	/* end of packet */
#define	TXC_IFCS	__BIT(25)	/* insert the CRC */
#define	TXC_RS		__BIT(27)	/* report status */
#define	TXC_DEXT	__BIT(29)	/* data or context form */
#define	TXC_VLE		__BIT(30)	/* insert the VLAN tag */
#define	TXC_IDE		__BIT(31)	/* delay the interrupt by TIDV */
#define	TXC_CTX_TCP	__BIT(24)	/* context: TCP, else UDP */
#define	TXC_CTX_IP	__BIT(25)	/* context: IPv4, else IPv6 */

#define	TXF_DD		__BIT(0)	/* status: done */
#define	TXF_EC		__BIT(1)	/* excess collisions */
#define	TXF_LC		__BIT(2)	/* late collision */
#define	TXF_IXSM	__BIT(8)	/* data: insert the IP checksum */
#define	TXF_TXSM	__BIT(9)	/* data: insert the TCP or UDP checksum */
#define	TXF_VLAN	__BITS(31, 16)

#define	TXX_CSS		__BITS(7, 0)	/* context: first byte summed */
#define	TXX_CSO		__BITS(15, 8)	/* context: where the sum goes */
#define	TXX_CSE		__BITS(31, 16)	/* context: last byte summed, 0: all */

/* == EEPROM words == */

#define	EEPROM_MAC	0x00		/* three words, first byte lowest */
#define	EEPROM_WORDS	0x40		/* that the checksum covers */
#define	EEPROM_SUM	0xbaba
#define	UWIRE_READ	0x6		/* start bit and the read opcode */
#define	UWIRE_READ_BITS	3

/* == PHY registers: IEEE 802.3 clause 22 == */

#define	PHY_ADDRESS	1		/* of the PHY on MDIO */
#define	PHY_BMCR	0
#define	BMCR_SPEED_1000	__BIT(6)
#define	BMCR_FDX	__BIT(8)
#define	BMCR_RESTART	__BIT(9)
#define	BMCR_PDOWN	__BIT(11)
#define	BMCR_AUTONEG	__BIT(12)
#define	BMCR_SPEED_100	__BIT(13)
#define	BMCR_RESET	__BIT(15)
#define	PHY_ID1		2
#define	PHY_ID2		3
#define	PHY_ANAR	4		/* what we advertise */
#define	ANAR_CSMA	__BIT(0)
#define	ANAR_10		__BIT(5)
#define	ANAR_10_FDX	__BIT(6)
#define	ANAR_100	__BIT(7)
#define	ANAR_100_FDX	__BIT(8)
#define	ANAR_MEDIA	__BITS(9, 5)
#define	PHY_GTCR	9		/* 1000BASE-T control */
#define	GTCR_1000_HDX	__BIT(8)
#define	GTCR_1000_FDX	__BIT(9)
#define	GTCR_MEDIA	(GTCR_1000_HDX | GTCR_1000_FDX)

#endif /* _IF_I8254XREG_H_ */
