"""The registers of the Wireless 7260 as data, and the bits that the code uses.

Read by ``model.py`` and by traces. Three groups share the 8 KiB of BAR 0: control and status
(CSR, below 0x400), the windows to peripheral registers and device memory (HBUS, 0x400), and the
flow handler's DMA channels (FH, 0x1000). Offsets and bits are what public drivers of the card use.
Registers without an action here only store what is written.
"""

from __future__ import annotations

from ..registers import Register, RegisterTable, bits

REGISTER_SPACE = 0x2000
HARDWARE_REVISION = 0x144

IF_NIC_READY = 1 << 22
IF_PREPARE_DONE = 1 << 25
IF_PREPARE = 1 << 27

INT_ALIVE = 1 << 0
INT_WAKEUP = 1 << 1
INT_SW_RX = 1 << 3
INT_CT_KILL = 1 << 6
INT_RF_KILL = 1 << 7
INT_SW_ERR = 1 << 25
INT_SCD = 1 << 26
INT_FH_TX = 1 << 27
INT_RX_PERIODIC = 1 << 28
INT_HW_ERR = 1 << 29
INT_FH_RX = 1 << 31

FH_TX_SERVICE = 1 << 1
FH_RX_CHANNEL0 = 1 << 16

RESET_NEVO = 1 << 0
RESET_FORCE_NMI = 1 << 1
RESET_SOFTWARE = 1 << 7
RESET_MASTER_DISABLED = 1 << 8
RESET_STOP_MASTER = 1 << 9

GP_CLOCK_READY = 1 << 0
GP_INIT_DONE = 1 << 2
GP_ACCESS_REQUEST = 1 << 3
GP_GOING_TO_SLEEP = 1 << 4
GP_RADIO_ALLOWED = 1 << 27

ICT_ENABLE = 1 << 31
ICT_ENTRIES = 1024

DMA_ENABLE = 1 << 31
DMA_CREDIT = 1 << 3
DMA_INTERRUPT_HOST = 1 << 20
RX_ENABLE = 2 << 30
RX_INTERRUPT_HOST = 1 << 12
RX_IDLE = 1 << 24
SERVICE_CHANNEL = 9
CHANNELS = 11
QUEUES = 32

_INTERRUPTS = bits(
    ALIVE=0, WAKEUP=1, SW_RX=3, CT_KILL=6, RF_KILL=7, SW_ERR=25, SCD=26, FH_TX=27,
    RX_PERIODIC=28, HW_ERR=29, FH_RX=31,
)  # fmt: skip
_DMA = bits(ENABLE=31, CREDIT=3, IRQ_HOST=(21, 20))

_CSR = [
    Register("HW_IF_CONFIG", 0x000, on_write="host_interface_written", fields=bits(
        MAC_DASH=(1, 0), MAC_STEP=(3, 2), BOARD=(7, 6), MAC_SI=8, RADIO_SI=9, PHY_TYPE=(11, 10),
        PHY_DASH=(13, 12), PHY_STEP=(15, 14), HAP_WAKE=19, OWN_SEM=21, NIC_READY=22,
        PREPARE_DONE=25, PREPARE=27)),
    Register("INT_COALESCING", 0x004, width=1, reset=0),
    Register("INT_PERIODIC", 0x005, width=1, on_write="interrupts.periodic_written"),
    Register("INT_MODE", 0x006, width=2, fields=bits(OPER_MODE=15)),
    Register("INT", 0x008, "w1c", on_write="interrupts.acknowledged", fields=_INTERRUPTS),
    Register("INT_MASK", 0x00C, on_write="interrupts.mask_written", fields=_INTERRUPTS),
    Register("FH_INT_STATUS", 0x010, "w1c", fields=bits(
        TX_CHNL0=0, TX_CHNL1=1, RX_CHNL0=16, RX_CHNL1=17, HI_PRIOR=30, ERR=31)),
    Register("GPIO_IN", 0x018, "ro", reset=0x200, fields=bits(VMAIN=9)),
    Register("RESET", 0x020, on_write="reset_written", reset=RESET_NEVO, fields=bits(
        NEVO_RESET=0, FORCE_NMI=1, SW_RESET=7, MASTER_DISABLED=8, STOP_MASTER=9)),
    Register("GP_CNTRL", 0x024, on_read="read_gp_control", on_write="gp_control_written",
        writable=GP_INIT_DONE | GP_ACCESS_REQUEST, fields=bits(
        CLOCK_READY=0, INIT_DONE=2, ACCESS_REQ=3, GOING_TO_SLEEP=4, RADIO_ON=27)),
    Register("HW_REV", 0x028, "ro", reset=HARDWARE_REVISION),
    Register("EEPROM", 0x02C), Register("EEPROM_GP", 0x030), Register("OTP_GP", 0x034),
    Register("GIO", 0x03C, fields=bits(L0S=1)),
    Register("GP_UCODE", 0x048), Register("GP_DRIVER", 0x050),
    Register("UCODE_DRV_GP1", 0x054, fields=bits(MAC_SLEEP=0, RFKILL=1, CMD_BLOCKED=2)),
    Register("UCODE_DRV_GP1_SET", 0x058, "wo", on_write="driver_bits_set"),
    Register("UCODE_DRV_GP1_CLR", 0x05C, "wo", on_write="driver_bits_cleared"),
    Register("UCODE_DRV_GP2", 0x060), Register("LED", 0x094),
    Register("DRAM_INT_TBL", 0x0A0, on_write="interrupts.table_written", fields=bits(
        ADDRESS=(26, 0), WRAP_CHECK=27, ENABLE=31)),
    Register("MAC_SHADOW_CTRL", 0x0A8),
    Register("GIO_CHICKEN_BITS", 0x100, fields=bits(NO_L0S_RX=23, DIS_L0S_TIMER=29)),
    Register("ANA_PLL_CFG", 0x20C), Register("HW_REV_WA", 0x22C),
    Register("DBG_HPET_MEM", 0x240), Register("DBG_LINK_PWR_MGMT", 0x250),
]  # fmt: skip

_HBUS = [
    Register("MEM_RADDR", 0x40C), Register("MEM_WADDR", 0x410),
    Register("MEM_WDAT", 0x418, "wo", on_write="windows.memory_written"),
    Register("MEM_RDAT", 0x41C, "ro", on_read="windows.read_memory"),
    Register("MBX_C", 0x430),
    Register("PRPH_WADDR", 0x444), Register("PRPH_RADDR", 0x448),
    Register("PRPH_WDAT", 0x44C, "wo", on_write="windows.peripheral_written"),
    Register("PRPH_RDAT", 0x450, "ro", on_read="windows.read_peripheral"),
    Register("TEST", 0x45C),
    Register("WRPTR", 0x460, "wo", on_write="transmit.pointer_written", fields=bits(
        INDEX=(7, 0), QUEUE=(12, 8))),
]  # fmt: skip

_FH = [
    Register("TFDIB_CTRL0", 0x1900, count=CHANNELS, stride=8),
    Register("TFDIB_CTRL1", 0x1904, count=CHANNELS, stride=8, fields=bits(
        LENGTH=(27, 0), ADDRESS_HIGH=(31, 28))),
    Register("TX_TRB", 0x1958, count=9),
    Register("KW_ADDR", 0x197C),
    Register("SRVC_SRAM_ADDR", 0x19C8),
    Register("CBBC_0", 0x19D0, count=16),
    Register("CBBC_20", 0x1B20, count=12),
    Register("RX_STATUS_ADDR", 0x1BC0), Register("RX_RING_ADDR", 0x1BC4),
    Register("RX_WPTR", 0x1BC8, on_write="receive.pointer_written"),
    Register("RX_RDPTR", 0x1BCC, on_write="receive.read_pointer_written"),
    Register("CBBC_16", 0x1BF0, count=4),
    Register("RX_CONFIG", 0x1C00, on_write="receive.config_written", fields=bits(
        IGNORE_EMPTY=2, RB_TIMEOUT=(11, 4), IRQ_HOST=12, SINGLE_FRAME=15, RB_SIZE=(17, 16),
        RING_LOG=(23, 20), ENABLE=(31, 30))),
    Register("RX_RB_WPTR", 0x1C08), Register("RX_FLUSH", 0x1C10),
    Register("RX_SHARED", 0x1C40),
    Register("RX_STATUS", 0x1C44, "ro", on_read="receive.read_status", fields=bits(IDLE=24)),
    Register("RX_ERR_IRQ", 0x1C48),
    Register("TX_CONFIG", 0x1D00, count=CHANNELS, stride=0x20,
        on_write="transmit.channel_written", fields=_DMA),
    Register("TX_CREDIT", 0x1D04, count=CHANNELS, stride=0x20),
    Register("TX_BUF_STS", 0x1D08, count=CHANNELS, stride=0x20, fields=bits(
        VALID=(1, 0), TB_INDEX=(13, 12), TB_COUNT=(24, 20))),
    Register("TX_CHICKEN", 0x1E98, fields=bits(SCD_AUTO_RETRY=1)),
    Register("TX_MSG_CONFIG", 0x1EA8),
    Register("TX_STATUS", 0x1EB0, "ro", on_read="transmit.read_status"),
    Register("TX_ERROR", 0x1EB8),
]  # fmt: skip

REGISTERS = RegisterTable([*_CSR, *_HBUS, *_FH])


def ring_register(queue: int) -> str:
    """Return the name of the register with a transmit ring's address (CBBC)."""
    if queue < 16:
        return f"CBBC_0[{queue}]"
    if queue < 20:
        return f"CBBC_16[{queue - 16}]"
    return f"CBBC_20[{queue - 20}]"
