"""The teaching device: swaps the case of letters, small and predictable.

Used by ``drivers/teach`` and by tests of the kernel services. It is a device of this project and
exists nowhere else. Vendor id ``0x7eac`` and device id ``0x0001`` are the project's own choice (no
entry in the public list of PCI ids); class 0xff0000 (unassigned class), revision 1, subsystem
7eac:0001.

What it does
------------
The driver gives it bytes, either through a FIFO register (programmed I/O) or as a DMA buffer, and
rings the doorbell. After a known time the bytes come back with the case of every ASCII letter
swapped ("Hello" -> "hELLO", every other byte unchanged) and the device interrupts. It can also only
add up a DMA buffer, and it has a periodic timer.

PCI
---
- BAR 0: memory, 32-bit, 4096 bytes: the registers below.
- BAR 1: I/O, 128 bytes: the same registers at the same offsets.
- BAR 2: memory, 64-bit (BARs 2 and 3), 4096 bytes: MSI-X table at 0, pending bits at 0x800.
- INTx (pin A), MSI (1 vector, 64-bit addresses), and MSI-X with 2 vectors: vector 0 serves DONE and
  TIMER, vector 1 serves ERROR.
- Power management and PCI Express (endpoint, function-level reset) capabilities. DMA addresses are 64-bit; a transfer may start at any address.

Registers (BAR 0 and BAR 1; little-endian, 32 bits wide, to be accessed with 4 bytes, DATA also with 1)
---------------------------------------------------------------------------------------------

====== ========== ====== ========== ===============================================================
offset name       access reset      meaning
====== ========== ====== ========== ===============================================================
0x00   ID         ro     0x7eac0001 bits 31:16 MAGIC 0x7eac, bits 7:0 REVISION 1
0x04   CTRL       rw     0          bit 0 ENABLE: doorbell works only when set;
                                    bit 1 RST: writing 1 resets the whole device at once (every
                                    register to its reset value, FIFO emptied, command dropped,
                                    interrupt lowered); reads as 0
0x08   STATUS     ro     0          bit 0 BUSY: a command runs; bit 1 FAILED: the last command
                                    failed (see ERROR); bit 2 RX_READY: DATA has a swapped byte to
                                    read; bit 3 TX_FULL: DATA takes no further byte
0x0c   ISR        w1c    0          bit 0 DONE: a command completed; bit 1 ERROR: a command failed;
                                    bit 2 TIMER: the timer expired; write 1 to clear a bit
0x10   IMR        rw     0          interrupt mask, same bits as ISR; 1 = may interrupt. INTx is
                                    asserted while (ISR & IMR) != 0; MSI(-X) sends one message
                                    whenever a bit of (ISR & IMR) goes from 0 to 1
0x14   LATENCY    rw     10000      time in ns from doorbell to completion, fixed part
0x18   BYTE_TIME  rw     8          time in ns per byte that is added to LATENCY
0x1c   SRC_LO     rw     0          bus address of the DMA source, bits 31:0
0x20   SRC_HI     rw     0          … bits 63:32
0x24   DST_LO     rw     0          bus address of the DMA destination, bits 31:0
0x28   DST_HI     rw     0          … bits 63:32 (may be the source itself)
0x2c   LENGTH     rw     0          bits 16:0, bytes of the DMA command, 1 … 65536
0x30   DOORBELL   wo     -          1 SWAP_DMA: read LENGTH bytes at SRC, write them swapped to DST;
                                    2 SWAP_FIFO: swap the bytes that were written to DATA so far;
                                    3 SUM_DMA: only read LENGTH bytes at SRC, see SUM; reads as 0
0x34   RESULT     ro     0          number of bytes that the last command processed (0: failed)
0x38   ERROR      ro     0          why the last command failed: 0 NONE, 1 BAD_COMMAND (unknown
                                    doorbell value), 2 BAD_LENGTH (0, above 65536, or FIFO empty),
                                    3 BUS (the DMA failed: address, or bus mastering off),
                                    4 NOT_ENABLED, 5 WAS_BUSY (doorbell while BUSY: the running
                                    command goes on, the new one is refused at once)
0x3c   COUNT      rc     0          commands completed well since it was read last; reading clears
0x40   DATA       rw     -          FIFO of 64 bytes each way, bits 7:0. Write: append one byte to
                                    the input (dropped while TX_FULL). Read: take the oldest
                                    swapped byte (0 when RX_READY is clear). A new SWAP_FIFO first
                                    empties what was left unread of the last
0x44   LEVEL      ro     0          bits 7:0 IN: bytes in the input; bits 15:8 OUT: bytes to read
0x48   SCRATCH    rw     0          no meaning, for register tests
0x4c   PERIOD     rw     0          timer period in ns, 0: off. Writing starts a new period; it need
                                    not be ENABLEd. At each expiry TICKS counts, ISR.TIMER is set
0x50   TICKS      rc     0          timer expirations since it was read last; reading clears
0x54   SUM        ro     0          sum of the source bytes of the last command that completed well,
                                    modulo 2**32
====== ========== ====== ========== ===============================================================

Rules
-----
- A command takes ``LATENCY + BYTE_TIME * length`` ns. DMA is read and written at completion, not
  before. Then, in this order: RESULT, SUM, ERROR, COUNT and STATUS change, BUSY clears, ISR.DONE or
  ISR.ERROR is set.
- BAD_COMMAND, BAD_LENGTH, NOT_ENABLED are found at the doorbell: RESULT = 0, FAILED and ISR.ERROR
  are set at once, no time passes. WAS_BUSY sets only ERROR and ISR.ERROR and leaves FAILED and
  RESULT to the running command, which sets ERROR anew when it completes.
- A command that starts clears FAILED and ERROR. Writing a parameter register while BUSY does not
  affect the running command (parameters are latched at the doorbell).
- Clearing ENABLE while BUSY lets the running command complete.
- Offsets not listed read 0xffffffff and ignore writes.
"""
