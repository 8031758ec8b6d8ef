"""The registers of the 82540EM as data (section 13), and the bits that the code uses.

Read by ``model.py`` and by traces. Registers without an action here only store what is written:
they configure something that has no meaning for a model (inter-packet gaps, LEDs, wake-up filters).
"""

from __future__ import annotations

from ..registers import Register, RegisterTable, bits

CTRL_FD = 1 << 0
CTRL_SLU = 1 << 6
CTRL_SPEED_1000 = 2 << 8
CTRL_FRCSPD = 1 << 11
CTRL_FRCDPX = 1 << 12
CTRL_RST = 1 << 26
CTRL_RFCE = 1 << 27
CTRL_TFCE = 1 << 28
CTRL_VME = 1 << 30
CTRL_PHY_RST = 1 << 31
CTRL_EXT_EE_RST = 1 << 13

STATUS_FD = 1 << 0
STATUS_LU = 1 << 1
STATUS_TXOFF = 1 << 4
STATUS_SPEED_SHIFT = 6

INT_TXDW = 1 << 0
INT_TXQE = 1 << 1
INT_LSC = 1 << 2
INT_RXDMT0 = 1 << 4
INT_RXO = 1 << 6
INT_RXT0 = 1 << 7
INT_MDAC = 1 << 9
INT_PHYINT = 1 << 12
INT_TXD_LOW = 1 << 15
INT_SRPD = 1 << 16

RCTL_EN = 1 << 1
RCTL_SBP = 1 << 2
RCTL_UPE = 1 << 3
RCTL_MPE = 1 << 4
RCTL_LPE = 1 << 5
RCTL_LBM = 3 << 6
RCTL_BAM = 1 << 15
RCTL_VFE = 1 << 18
RCTL_CFIEN = 1 << 19
RCTL_CFI = 1 << 20
RCTL_DPF = 1 << 22
RCTL_PMCF = 1 << 23
RCTL_BSEX = 1 << 25
RCTL_SECRC = 1 << 26

TCTL_EN = 1 << 1
TCTL_PSP = 1 << 3

RXCSUM_PCSS = 0xFF
RXCSUM_IPOFL = 1 << 8
RXCSUM_TUOFL = 1 << 9
RXCSUM_IPV6OFL = 1 << 10

RAH_AV = 1 << 31
RAH_AS = 3 << 16
FCRTL_XONE = 1 << 31
TIMER_FLUSH = 1 << 31

CAUSES = bits(
    TXDW=0,
    TXQE=1,
    LSC=2,
    RXSEQ=3,
    RXDMT0=4,
    RXO=6,
    RXT0=7,
    MDAC=9,
    RXCFG=10,
    PHYINT=12,
    GPI=(14, 13),
    TXD_LOW=15,
    SRPD=16,
)
CAUSE_MASK = sum(field.mask for field in CAUSES)

_GENERAL = [
    Register(
        "CTRL",
        0x0000,
        reset=CTRL_FD | CTRL_SPEED_1000,
        on_write="write_ctrl",
        aliases=(0x0004,),
        fields=bits(
            FD=0,
            LRST=3,
            ASDE=5,
            SLU=6,
            ILOS=7,
            SPEED=(9, 8),
            FRCSPD=11,
            FRCDPX=12,
            SWDPIN=(21, 18),
            SWDPIO=(25, 22),
            RST=26,
            RFCE=27,
            TFCE=28,
            VME=30,
            PHY_RST=31,
        ),
    ),
    Register(
        "STATUS",
        0x0008,
        "ro",
        on_read="read_status",
        fields=bits(FD=0, LU=1, FUNC=(3, 2), TXOFF=4, TBIMODE=5, SPEED=(7, 6), ASDV=(9, 8)),
    ),
    Register(
        "EECD",
        0x0010,
        writable=0x77,
        on_read="eeprom.read_eecd",
        on_write="eeprom.write_eecd",
        fields=bits(SK=0, CS=1, DI=2, DO=3, FWE=(5, 4), REQ=6, GNT=7, PRES=8, SIZE=9),
    ),
    Register(
        "EERD",
        0x0014,
        "wo",
        on_read="eeprom.read_eerd",
        on_write="eeprom.write_eerd",
        fields=bits(START=0, DONE=4, ADDR=(15, 8), DATA=(31, 16)),
    ),
    Register(
        "CTRL_EXT", 0x0018, on_write="write_ctrl_ext", fields=bits(ASDCHK=12, EE_RST=13, RO_DIS=17)
    ),
    Register("FLA", 0x001C),
    Register(
        "MDIC",
        0x0020,
        "wo",
        on_read="mdio.read_mdic",
        on_write="mdio.write_mdic",
        fields=bits(
            DATA=(15, 0), REG=(20, 16), PHY=(25, 21), OP=(27, 26), READY=28, IE=29, ERROR=30
        ),
    ),
    Register("FCAL", 0x0028, reset=0),
    Register("FCAH", 0x002C),
    Register("FCT", 0x0030),
    Register("VET", 0x0038, writable=0xFFFF),
    Register("FCTTV", 0x0170, fields=bits(TTV=(15, 0))),
    Register("TXCW", 0x0178),
    Register("RXCW", 0x0180, "ro"),
    Register("LEDCTL", 0x0E00, reset=0x0706_8302),
    Register("PBA", 0x1000, reset=0x0010_0030, fields=bits(RXA=(15, 0), TXA=(31, 16))),
]

_INTERRUPTS = [
    Register(
        "ICR",
        0x00C0,
        "wo",
        on_read="interrupts.read_icr",
        on_write="interrupts.write_icr",
        fields=CAUSES,
    ),
    Register("ITR", 0x00C4, writable=0xFFFF, on_write="interrupts.write_itr"),
    Register("ICS", 0x00C8, "wo", on_write="interrupts.set", fields=CAUSES),
    Register(
        "IMS",
        0x00D0,
        "wo",
        on_read="interrupts.read_ims",
        on_write="interrupts.write_ims",
        fields=CAUSES,
    ),
    Register("IMC", 0x00D8, "wo", on_write="interrupts.write_imc", fields=CAUSES),
]

_RECEIVE = [
    Register(
        "RCTL",
        0x0100,
        on_write="receiver.write_rctl",
        fields=bits(
            EN=1,
            SBP=2,
            UPE=3,
            MPE=4,
            LPE=5,
            LBM=(7, 6),
            RDMTS=(9, 8),
            MO=(13, 12),
            BAM=15,
            BSIZE=(17, 16),
            VFE=18,
            CFIEN=19,
            CFI=20,
            DPF=22,
            PMCF=23,
            BSEX=25,
            SECRC=26,
        ),
    ),
    Register("FCRTL", 0x2160, aliases=(0x0168,), fields=bits(RTL=(15, 3), XONE=31)),
    Register("FCRTH", 0x2168, aliases=(0x0160,), fields=bits(RTH=(15, 3))),
    Register("RDFH", 0x2410, aliases=(0x8000,)),
    Register("RDFT", 0x2418, aliases=(0x8008,)),
    Register("RDFHS", 0x2420),
    Register("RDFTS", 0x2428),
    Register("RDFPC", 0x2430),
    Register("RDBAL", 0x2800, writable=-16, on_write="receiver.write_base", aliases=(0x0110,)),
    Register("RDBAH", 0x2804, on_write="receiver.write_base", aliases=(0x0114,)),
    Register(
        "RDLEN", 0x2808, writable=0xFFF80, on_write="receiver.write_length", aliases=(0x0118,)
    ),
    Register(
        "RDH",
        0x2810,
        "wo",
        on_read="receiver.read_head",
        on_write="receiver.write_head",
        aliases=(0x0120,),
    ),
    Register(
        "RDT",
        0x2818,
        "wo",
        on_read="receiver.read_tail",
        on_write="receiver.write_tail",
        aliases=(0x0128,),
    ),
    Register(
        "RDTR",
        0x2820,
        writable=0x8000_FFFF,
        on_write="receiver.write_rdtr",
        aliases=(0x0108,),
        fields=bits(DELAY=(15, 0), FPD=31),
    ),
    Register("RXDCTL", 0x2828, reset=1 << 16),
    Register("RADV", 0x282C, writable=0xFFFF),
    Register("RSRPD", 0x2C00, writable=0xFFF),
    Register("RXCSUM", 0x5000, fields=bits(PCSS=(7, 0), IPOFL=8, TUOFL=9, IPV6OFL=10)),
    Register("MTA", 0x5200, count=128, aliases=(0x0200,)),
    Register("RAL", 0x5400, count=16, stride=8, on_write="receiver.write_address", aliases=(0x40,)),
    Register(
        "RAH",
        0x5404,
        count=16,
        stride=8,
        on_write="receiver.write_address",
        aliases=(0x44,),
        fields=bits(ADDRESS=(15, 0), AS=(17, 16), AV=31),
    ),
    Register("VFTA", 0x5600, count=128, aliases=(0x0600,)),
]

_TRANSMIT = [
    Register(
        "TCTL",
        0x0400,
        on_write="transmitter.write_tctl",
        fields=bits(EN=1, PSP=3, CT=(11, 4), COLD=(21, 12), SWXOFF=22, RTLC=24),
    ),
    Register("TQSA_LO", 0x0408),
    Register("TQSA_HI", 0x040C),
    Register("TIPG", 0x0410, reset=0x0060_2006),
    Register("TBT", 0x0448),
    Register("AIT", 0x0458),
    Register("TXDMAC", 0x3000),
    Register("TDFH", 0x3410, aliases=(0x8010,)),
    Register("TDFT", 0x3418, aliases=(0x8018,)),
    Register("TDFHS", 0x3420),
    Register("TDFTS", 0x3428),
    Register("TDFPC", 0x3430),
    Register("TDBAL", 0x3800, writable=-16, on_write="transmitter.write_base", aliases=(0x0420,)),
    Register("TDBAH", 0x3804, on_write="transmitter.write_base", aliases=(0x0424,)),
    Register(
        "TDLEN", 0x3808, writable=0xFFF80, on_write="transmitter.write_length", aliases=(0x0428,)
    ),
    Register(
        "TDH",
        0x3810,
        "wo",
        on_read="transmitter.read_head",
        on_write="transmitter.write_head",
        aliases=(0x0430,),
    ),
    Register(
        "TDT",
        0x3818,
        "wo",
        on_read="transmitter.read_tail",
        on_write="transmitter.write_tail",
        aliases=(0x0438,),
    ),
    Register(
        "TIDV", 0x3820, writable=0x8000_FFFF, on_write="transmitter.write_tidv", aliases=(0x0440,)
    ),
    Register("TXDCTL", 0x3828, fields=bits(WTHRESH=(21, 16), GRAN=24, LWTHRESH=(31, 25))),
    Register("TADV", 0x382C, writable=0xFFFF),
    Register("TSPMT", 0x3830),
]

_WAKE_UP = [
    Register("WUC", 0x5800),
    Register("WUFC", 0x5808),
    Register("WUS", 0x5810),
    Register("IPAV", 0x5838),
    Register("IP4AT", 0x5840, count=8),
    Register("IP6AT", 0x5880, count=4),
    Register("MANC", 0x5820),
    Register("WUPL", 0x5900, "ro"),
    Register("WUPM", 0x5A00, "ro", count=32),
    Register("FFLT", 0x5F00, count=4, stride=8),
    Register("FFMT", 0x9000, count=128, stride=8),
    Register("FFVT", 0x9800, count=128, stride=8),
]

COUNTERS = {
    "CRCERRS": 0x4000,
    "ALGNERRC": 0x4004,
    "SYMERRS": 0x4008,
    "RXERRC": 0x400C,
    "MPC": 0x4010,
    "SCC": 0x4014,
    "ECOL": 0x4018,
    "MCC": 0x401C,
    "LATECOL": 0x4020,
    "COLC": 0x4028,
    "DC": 0x4030,
    "TNCRS": 0x4034,
    "SEC": 0x4038,
    "CEXTERR": 0x403C,
    "RLEC": 0x4040,
    "XONRXC": 0x4048,
    "XONTXC": 0x404C,
    "XOFFRXC": 0x4050,
    "XOFFTXC": 0x4054,
    "FCRUC": 0x4058,
    "PRC64": 0x405C,
    "PRC127": 0x4060,
    "PRC255": 0x4064,
    "PRC511": 0x4068,
    "PRC1023": 0x406C,
    "PRC1522": 0x4070,
    "GPRC": 0x4074,
    "BPRC": 0x4078,
    "MPRC": 0x407C,
    "GPTC": 0x4080,
    "RNBC": 0x40A0,
    "RUC": 0x40A4,
    "RFC": 0x40A8,
    "ROC": 0x40AC,
    "RJC": 0x40B0,
    "MGTPRC": 0x40B4,
    "MGTPDC": 0x40B8,
    "MGTPTC": 0x40BC,
    "TPR": 0x40D0,
    "TPT": 0x40D4,
    "PTC64": 0x40D8,
    "PTC127": 0x40DC,
    "PTC255": 0x40E0,
    "PTC511": 0x40E4,
    "PTC1023": 0x40E8,
    "PTC1522": 0x40EC,
    "MPTC": 0x40F0,
    "BPTC": 0x40F4,
    "TSCTC": 0x40F8,
    "TSCTFC": 0x40FC,
}
OCTETS = {"GORC": 0x4088, "GOTC": 0x4090, "TOR": 0x40C0, "TOT": 0x40C8}

_STATISTICS = [Register(name, offset, "rc") for name, offset in COUNTERS.items()]
_STATISTICS += [
    Register(f"{name}{half}", offset + at, "ro", on_read=f"statistics.read_{name}{half}".lower())
    for name, offset in OCTETS.items()
    for half, at in (("L", 0), ("H", 4))
]

REGISTERS = RegisterTable([*_GENERAL, *_INTERRUPTS, *_RECEIVE, *_TRANSMIT, *_WAKE_UP, *_STATISTICS])
