/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The Intel Wireless 7260: registers, the file format of its firmware, and as
 * much of the firmware's protocol as a scan takes.  All of it is little-endian.
 */

#ifndef _IWSREG_H_
#define _IWSREG_H_

#define	IWS_PCI_VENDOR		0x8086
#define	IWS_PCI_PRODUCT_1	0x08b1
#define	IWS_PCI_PRODUCT_2	0x08b2

#define	IWS_BAR			PCI_MAPREG_START	/* 8 KiB, memory space */

/* == Control and status == */

#define	IWS_HW_IF		0x000
#define	HW_IF_MAC_DASH		__BITS(1, 0)
#define	HW_IF_MAC_STEP		__BITS(3, 2)
#define	HW_IF_PHY_TYPE		__BITS(11, 10)
#define	HW_IF_PHY_DASH		__BITS(13, 12)
#define	HW_IF_PHY_STEP		__BITS(15, 14)
#define	HW_IF_HAP_WAKE		__BIT(19)
#define	HW_IF_NIC_READY		__BIT(22)
#define	HW_IF_PREPARE		__BIT(27)

#define	IWS_INT_COALESCING	0x004	/* one byte; units of 32 us */
#define	IWS_INT			0x008	/* write 1 to clear */
#define	IWS_INT_MASK		0x00c
#define	INT_ALIVE		__BIT(0)
#define	INT_RF_KILL		__BIT(7)
#define	INT_SW_ERR		__BIT(25)	/* the firmware failed */
#define	INT_FH_TX		__BIT(27)
#define	INT_HW_ERR		__BIT(29)
#define	INT_FH_RX		__BIT(31)
#define	IWS_INTS		(INT_ALIVE | INT_RF_KILL | INT_SW_ERR | \
				 INT_FH_TX | INT_HW_ERR | INT_FH_RX)

#define	IWS_FH_INT		0x010	/* write 1 to clear */
#define	FH_INT_SERVICE		__BITS(1, 0)	/* transmit channels */
#define	FH_INT_RX		__BITS(17, 16)

#define	IWS_RESET		0x020
#define	RESET_NEVO		__BIT(0)	/* holds the processor */
#define	RESET_SW		__BIT(7)
#define	RESET_MASTER_DISABLED	__BIT(8)
#define	RESET_STOP_MASTER	__BIT(9)

#define	IWS_GP			0x024
#define	GP_CLOCK_READY		__BIT(0)
#define	GP_INIT_DONE		__BIT(2)
#define	GP_ACCESS_REQ		__BIT(3)
#define	GP_GOING_TO_SLEEP	__BIT(4)
#define	GP_RADIO_ON		__BIT(27)	/* the switch */

#define	IWS_HW_REV		0x028
#define	HW_REV_DASH		__BITS(1, 0)
#define	HW_REV_STEP		__BITS(3, 2)
#define	IWS_UCODE_GP1_CLR	0x05c
#define	UCODE_GP1_RFKILL	__BIT(1)
#define	UCODE_GP1_CMD_BLOCKED	__BIT(2)
#define	IWS_GIO_CHICKEN		0x100
#define	GIO_CHICKEN_L1A_NO_L0S	__BIT(23)
#define	GIO_CHICKEN_NO_L0S_TIMER __BIT(29)
#define	IWS_DBG_HPET_MEM	0x240
#define	DBG_HPET_MEM_VALUE	0xffff0000

/* == The windows: peripheral registers, and the firmware's memory == */

#define	IWS_MEM_RADDR		0x40c
#define	IWS_MEM_WADDR		0x410
#define	IWS_MEM_WDAT		0x418	/* the address advances by itself */
#define	IWS_MEM_RDAT		0x41c
#define	IWS_PRPH_WADDR		0x444
#define	IWS_PRPH_RADDR		0x448
#define	PRPH_FOUR_BYTES		__BITS(25, 24)
#define	IWS_PRPH_WDAT		0x44c
#define	IWS_PRPH_RDAT		0x450
#define	IWS_WRPTR		0x460	/* queue << 8 | index */

#define	APMG_CLK_EN		0x03004
#define	APMG_CLK_DIS		0x03008
#define	APMG_CLK_DMA		__BIT(9)
#define	APMG_PCIDEV		0x03010
#define	APMG_PCIDEV_NO_L1	__BIT(11)
#define	APMG_RTC_INT		0x0301c
#define	APMG_RTC_INT_RFKILL	__BIT(28)

/* The scheduler of transmit queues. */
#define	SCD_SRAM_BASE		0x02c00
#define	SCD_DRAM_BASE		0x02c08
#define	SCD_TXFACT		0x02c10
#define	SCD_QUEUE_RDPTR(q)	(0x02c68 + 4 * (q))
#define	SCD_QUEUE_STATUS(q)	(0x02d0c + 4 * (q))
#define	SCD_STATUS_FIFO		__BITS(2, 0)
#define	SCD_STATUS_ACTIVE	__BIT(3)
#define	SCD_STATUS_WSL		__BIT(4)
#define	SCD_STATUS_ACT_EN	__BIT(19)
#define	SCD_STATUS_MASK		__BITS(23, 16)
#define	SCD_CHAINEXT_EN		0x02e44
#define	SCD_CONTEXT		0x600	/* in its memory: 8 bytes a queue */
#define	SCD_CONTEXT_END		0x808
#define	SCD_CONTEXT_WINDOW	__BITS(6, 0)
#define	SCD_CONTEXT_LIMIT	__BITS(22, 16)

/* == The flow handler: DMA == */

#define	IWS_CHANNELS		8	/* transmit channels of queues */
#define	IWS_SERVICE		9	/* the one that loads firmware */
#define	IWS_SERVICE_SIZE	0x20000	/* bytes at a time */

#define	IWS_TFDIB_CTRL0(c)	(0x1900 + 8 * (c))
#define	IWS_TFDIB_CTRL1(c)	(0x1904 + 8 * (c))
#define	TFDIB_CTRL1_LENGTH	__BITS(27, 0)
#define	TFDIB_CTRL1_HIGH	__BITS(31, 28)
#define	IWS_KEEP_WARM		0x197c	/* >> 4 */
#define	IWS_SERVICE_TARGET	0x19c8
#define	IWS_QUEUE_BASE(q)	(0x19d0 + 4 * (q))	/* >> 8; q < 16 */
#define	IWS_RX_STATUS_BASE	0x1bc0	/* >> 4 */
#define	IWS_RX_RING_BASE	0x1bc4	/* >> 8 */
#define	IWS_RX_WPTR		0x1bc8	/* a multiple of 8 */
#define	IWS_RX_RDPTR		0x1bcc
#define	IWS_RX_CONFIG		0x1c00
#define	RX_CONFIG_IGNORE_EMPTY	__BIT(2)
#define	RX_CONFIG_INTR		__BIT(12)
#define	RX_CONFIG_RING_LOG	__BITS(23, 20)
#define	RX_CONFIG_ENABLE	__BIT(31)
#define	IWS_RX_RB_WPTR		0x1c08
#define	IWS_RX_FLUSH		0x1c10
#define	IWS_RX_STATUS		0x1c44
#define	RX_STATUS_IDLE		__BIT(24)
#define	IWS_TX_CONFIG(c)	(0x1d00 + 0x20 * (c))
#define	TX_CONFIG_CREDIT	__BIT(3)
#define	TX_CONFIG_INTR		__BIT(20)
#define	TX_CONFIG_ENABLE	__BIT(31)
#define	IWS_TX_BUFFER(c)	(0x1d08 + 0x20 * (c))
#define	TX_BUFFER_VALID		__BITS(1, 0)
#define	TX_BUFFER_INDEX		__BITS(19, 12)
#define	TX_BUFFER_COUNT		__BITS(27, 20)
#define	IWS_TX_CHICKEN		0x1e98
#define	TX_CHICKEN_AUTO_RETRY	__BIT(1)
#define	IWS_TX_STATUS		0x1eb0
#define	TX_STATUS_IDLE(c)	__BIT(16 + (c))

#define	IWS_QUEUE		9	/* the firmware's commands */
#define	IWS_FIFO		7
#define	IWS_TFD_COUNT		256
#define	IWS_BYTE_COUNTS		0x8000	/* room for the scheduler's tables */

struct iws_tfd {
	uint8_t		tfd_reserved[3];
	uint8_t		tfd_count;
	struct {
		uint32_t	tb_low;
		uint16_t	tb_rest;	/* high 4 bits; length << 4 */
	} __packed	tfd_tb[20];
	uint32_t	tfd_pad;
} __packed;

#define	IWS_RX_LOG		6
#define	IWS_RX_COUNT		(1 << IWS_RX_LOG)
#define	IWS_RX_SIZE		4096
#define	IWS_RX_ALIGN		64	/* of packets in a buffer */
#define	IWS_RX_END		0x55550000

/* The status page: the index of the buffer after the last one that is full. */
struct iws_rx_status {
	uint16_t	rs_closed;
	uint16_t	rs_closed_fr;
	uint16_t	rs_finished;
	uint16_t	rs_finished_fr;
} __packed;

/* == The firmware file == */

#define	IWS_FW_DRIVER		"if_iwm"	/* where iwm(4) has it, too */
#define	IWS_FW_IMAGE		"iwm-7260-9"
#define	IWS_FW_MAX		(2 * 1024 * 1024)
#define	IWS_FW_MAGIC		0x0a4c5749

struct iws_fw_head {
	uint32_t	fh_zero;
	uint32_t	fh_magic;
	char		fh_text[64];
	uint32_t	fh_version;	/* major, minor, API, serial */
	uint32_t	fh_build;
	uint64_t	fh_ignore;
} __packed;

#define	FW_TLV_FLAGS		18
#define	FW_TLV_RUNTIME		19	/* u32 address, contents */
#define	FW_TLV_INIT		20
#define	FW_TLV_CALIBRATION	22	/* u32 image, flow, event */
#define	FW_TLV_PHY		23
#define	FW_FLAG_RX_ENERGY	__BIT(8)
#define	FW_FLAG_STATION_KEYS	__BIT(19)
#define	FW_PHY_TYPE		__BITS(1, 0)
#define	FW_PHY_STEP		__BITS(3, 2)
#define	FW_PHY_DASH		__BITS(5, 4)
#define	FW_PHY_TX_ANTENNAS	__BITS(19, 16)
#define	FW_PHY_RX_ANTENNAS	__BITS(23, 20)

/* == The firmware's protocol == */

struct iws_header {
	uint8_t		h_code;
	uint8_t		h_flags;
	uint8_t		h_index;
	uint8_t		h_queue;
#define	QUEUE_UNSOLICITED	__BIT(7)
} __packed;

struct iws_packet {
	uint32_t	p_length;
#define	PACKET_LENGTH		__BITS(13, 0)	/* header and data */
	struct iws_header p_header;
	uint8_t		p_data[];
} __packed;

#define	CMD_ALIVE		0x01
#define	CMD_ERROR		0x02
#define	CMD_INIT_COMPLETE	0x04
#define	CMD_ADD_STATION		0x18
#define	CMD_PHY_CONFIG		0x6a
#define	CMD_CALIBRATION		0x6b
#define	CMD_PHY_DB		0x6c
#define	CMD_SCAN		0x80
#define	CMD_SCAN_ABORT		0x81
#define	CMD_SCAN_COMPLETE	0x84
#define	CMD_NVM_ACCESS		0x88
#define	CMD_TX_ANTENNAS		0x98
#define	CMD_RX_PHY		0xc0
#define	CMD_RX_FRAME		0xc1

#define	ALIVE_STATUS		0	/* offsets into the notice */
#define	ALIVE_STATUS_OK		0xcafe
#define	ALIVE_ERROR_TABLE	20
#define	ALIVE_SCHEDULER		40
#define	ALIVE_SIZE		44

#define	ERROR_TABLE_ID		4	/* offsets into the firmware's memory */
#define	ERROR_TABLE_COMMAND	88

struct iws_nvm_access {
	uint8_t		na_op;		/* 0: read */
	uint8_t		na_target;
	uint16_t	na_type;	/* the section */
	uint16_t	na_offset;
	uint16_t	na_length;
} __packed;

struct iws_nvm_reply {
	uint16_t	nr_offset;
	uint16_t	nr_length;
	uint16_t	nr_type;
	uint16_t	nr_status;	/* 0: good */
	uint8_t		nr_data[];
} __packed;

#define	NVM_HW			0	/* sections, of 16-bit words */
#define	NVM_HW_ADDRESS		0x15	/* three, each with its bytes swapped */
#define	NVM_SW			1
#define	NVM_SW_CHANNELS		0x20
#define	NVM_CHANNEL_VALID	__BIT(0)
#define	NVM_CHANNEL_ACTIVE	__BIT(3)	/* one may transmit first */
#define	NVM_CHUNK		1024

struct iws_phy_config {
	uint32_t	pc_config;
	uint32_t	pc_flow;
	uint32_t	pc_event;
} __packed;

struct iws_calibration {
	uint16_t	ca_type;
	uint16_t	ca_length;
	uint8_t		ca_data[];
} __packed;

/* The station that scans; two versions, of which few members matter. */
#define	ADD_STATION_MAC		4
#define	ADD_STATION_ID		16
#define	ADD_STATION_SIZE_OLD	104
#define	ADD_STATION_SIZE	44
#define	ADD_STATION_OK		1
#define	IWS_AUX_MAC		4
#define	IWS_AUX_STATION		3

struct iws_tx_command {
	uint16_t	tx_length;
	uint16_t	tx_next_length;
	uint32_t	tx_flags;
#define	TX_FLAG_BT_DISABLE	__BIT(12)
#define	TX_FLAG_SEQUENCE	__BIT(13)
	uint8_t		tx_tries;
	uint8_t		tx_bt_kill;
	uint16_t	tx_pad1;
	uint32_t	tx_rate;
#define	TX_RATE_1M		(10 | __BIT(9) | __BIT(14))	/* CCK */
#define	TX_RATE_6M		(13 | __BIT(14))		/* OFDM */
	uint8_t		tx_station;
	uint8_t		tx_security;
	uint8_t		tx_rate_index;
	uint8_t		tx_pad2;
	uint8_t		tx_key[16];
	uint16_t	tx_next_flags;
	uint16_t	tx_pad3;
	uint32_t	tx_life_time;
	uint32_t	tx_dram_low;
	uint8_t		tx_dram_high;
	uint8_t		tx_rts_tries;
	uint8_t		tx_data_tries;
	uint8_t		tx_tid;
	uint16_t	tx_pm_timeout;
	uint16_t	tx_txop;
} __packed;

struct iws_scan {
	uint16_t	s_length;
	uint8_t		s_flags;
	uint8_t		s_channels;
	uint16_t	s_quiet_time;
	uint16_t	s_quiet_threshold;
	uint16_t	s_passive_to_active;
	uint16_t	s_rx_chain;
#define	SCAN_RX_DRIVER_FORCE	__BIT(0)
#define	SCAN_RX_VALID		__BITS(3, 1)
#define	SCAN_RX_FORCE		__BITS(6, 4)
#define	SCAN_RX_FORCE_MIMO	__BITS(9, 7)
	uint32_t	s_max_out_time;
	uint32_t	s_suspend_time;
	uint32_t	s_rxon_flags;
#define	SCAN_RXON_24GHZ		__BIT(0)
#define	SCAN_RXON_DETECT	__BIT(2)
	uint32_t	s_filter;
#define	SCAN_FILTER_GROUP	__BIT(2)
#define	SCAN_FILTER_BEACONS	__BIT(6)
	struct iws_tx_command s_tx;
	uint8_t		s_ssids[20][34];
	uint32_t	s_type;
	uint32_t	s_repeats;
	uint8_t		s_data[];	/* the probe request; then channels */
} __packed;

struct iws_scan_channel {
	uint32_t	sc_type;
#define	SCAN_CHANNEL_ACTIVE	__BIT(0)
	uint16_t	sc_channel;
	uint16_t	sc_iterations;
	uint32_t	sc_interval;
	uint16_t	sc_active_dwell;	/* units of 1.024 ms */
	uint16_t	sc_passive_dwell;
} __packed;

#define	SCAN_STATUS_OK		1	/* answer to the command */
#define	SCAN_COMPLETE_STATUS	1	/* offset; 1: all was done */

#define	RX_PHY_CHANNEL		22	/* offsets into the notice */
#define	RX_PHY_ENERGY		28	/* -dBm, a byte for each antenna; or */
#define	RX_PHY_GAIN		28	/* of the receiver, and before it was */
#define	RX_PHY_RSSI		32	/* amplified */
#define	RX_PHY_GAIN_MASK	__BITS(6, 0)
#define	RX_RSSI_OFFSET		50
#define	RX_PHY_SIZE		60
#define	RX_FRAME_LENGTH		0
#define	RX_FRAME_DATA		4	/* the frame, then u32 of status */

/* == 802.11 == */

#define	FRAME_HEADER		24
#define	FRAME_BEACON		0x80
#define	FRAME_PROBE_REQUEST	0x40
#define	FRAME_PROBE_RESPONSE	0x50
#define	FRAME_BSSID		16
#define	BEACON_INTERVAL		32
#define	BEACON_CAPABILITIES	34
#define	BEACON_PRIVACY		__BIT(4)
#define	BEACON_ELEMENTS		36
#define	ELEMENT_SSID		0
#define	ELEMENT_RATES		1
#define	ELEMENT_CHANNEL		3
#define	ELEMENT_RSN		48

#endif /* _IWSREG_H_ */
