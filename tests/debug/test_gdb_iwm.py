"""``rumphost gdb`` on NetBSD's own iwm: its notification interrupt, its lwps, its command ring.

Needs a NetBSD kernel source tree in RUMPHOST_SYS that has the driver.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.models.iwm7260 import ImageBuilder

HANDLER = "iwm_notif_intr"
NVM_ACCESS = 0x88
SCAN_REQUEST = 0x80

# The fields by the names that if_iwmvar.h and if_iwmreg.h give them, in gdb's own Python. The
# first stop is for the firmware's ALIVE notice, the second for the answer to the fourth command.
LOOK = """
mark alive
python
def ring():
    return gdb.selected_frame().read_var("sc")["txq"][gdb.parse_and_eval("IWM_MVM_CMD_QUEUE")]
print(*(f"{name}={int(ring()[name])}" for name in ("qid", "queued", "cur")))
end
rumphost lwps
condition 1 sc->txq[IWM_MVM_CMD_QUEUE].cur == 4
continue
mark lwps
rumphost lwps
mark bt
rumphost bt configroot
mark ring
python
print(*(f"{name}={int(ring()[name])}" for name in ("qid", "queued", "cur")))
for n in range(int(ring()["cur"]) + 1):
    desc, cmd, data = (ring()[name][n] for name in ("desc", "cmd", "data"))
    header = " ".join(f"{name}={int(cmd['hdr'][name])}" for name in ("code", "idx", "qid"))
    buffer = desc["tbs"][0]
    print(f"{n}: {header} num_tbs={int(desc['num_tbs'])}", end=" ")
    print(f"length={int(buffer['hi_n_len']) >> 4}", end=" ")
    print(f"there={int(buffer['lo']) == int(data['cmd_paddr']) & 0xffffffff}", end=" ")
    print(f"section={int(cmd['data'][2])} at={int(desc.address):#x}")
end
mark whole
python print(ring()["cmd"][3]["hdr"])
python print(ring().type, [field.name for field in ring().type.fields()])
kill
"""

# A scan request is too large for its place in the ring: the slot has it in an mbuf meanwhile.
SCAN = """
condition 1 sc->sc_scanband && sc->txq[IWM_MVM_CMD_QUEUE].data[sc->txq[IWM_MVM_CMD_QUEUE].cur-1].m
continue
mark lwps
rumphost lwps
mark bt
rumphost bt iwmns
mark ring
python
sc = gdb.selected_frame().read_var("sc")
ring = sc["txq"][gdb.parse_and_eval("IWM_MVM_CMD_QUEUE")]
last = int(ring["cur"]) - 1
print(f"current {int(ring['cur'])}, last {last}")
command = gdb.lookup_type("struct iwm_device_cmd").pointer()
header = ring["data"][last]["m"]["m_hdr"]["mh_data"].cast(command)["hdr"]
print("scan request:", *(f"{name}={int(header[name])}" for name in ("code", "idx", "qid")), end=" ")
print(f"one buffer={int(ring['desc'][last]['num_tbs']) == 1}")
end
mark on
delete
continue
"""


@pytest.fixture(scope="module", autouse=True)
def _a_tree_with_iwm(request: pytest.FixtureRequest) -> None:
    """Build before gdb's time counts: on a loaded computer, the first build takes most of it."""
    tree = os.environ.get("RUMPHOST_SYS")
    if not tree:
        pytest.skip("RUMPHOST_SYS names no NetBSD kernel source tree")
    if not (Path(tree) / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree that RUMPHOST_SYS names has no iwm")
    request.getfixturevalue("gdb")
    Builder(Path(tree), optimise="g").build(["iwm"])


def test_the_command_ring_in_the_notification_interrupt(debug, tmp_path):
    ImageBuilder().write(tmp_path)
    live = debug(
        "-b", HANDLER, "iwm", "-m", "sim:iwm7260", "--firmware", str(tmp_path),
        script=LOOK,
    )  # fmt: skip
    assert live.status == 0, live.text
    assert live.text.count(f"Breakpoint 1, {HANDLER} (sc=") == 2

    # The firmware is just up: no command was given to it, and attach waits for the ALIVE notice.
    assert live.parts["alive"].startswith("qid=9 queued=0 cur=0\n")
    assert re.search(r"^ +\d+ configroot +thread +asleep +0 iwmuc ", live.parts["alive"], re.M)

    listed = live.parts["lwps"]
    assert re.search(r"^\* +\d+ intr iwm0 +interrupt on CPU +6 - ", listed, re.M)
    assert re.search(r"^ +\d+ configroot +thread +asleep +6 iwmcmd ", listed, re.M)
    assert re.search(r"^ +\d+ iwmes +thread +asleep +0 iwmes ", listed, re.M)

    stack = live.parts["bt"]
    functions = re.findall(r" in (\w+) \(", stack)
    assert functions[:3] == ["tsleep", "iwm_send_cmd", "iwm_nvm_read_chunk"]
    assert functions[-1] == "iwm_attach_hook"
    assert re.search(
        r"iwm_send_cmd \(sc=0x\w+, hcmd=0x\w+\) at .*dev/pci/if_iwm\.c:\d+$", stack, re.M
    )
    ident = re.search(r"tsleep \(ident=(0x\w+)", stack)[1]
    section = re.search(r"iwm_nvm_read_chunk \(sc=0x\w+, section=(\d+)", stack)[1]

    # Four commands that read the NVM; the sleeping lwp waits at the descriptor of the last.
    counts, *slots = live.parts["ring"].splitlines()
    assert counts == "qid=9 queued=0 cur=4"
    for n, slot in enumerate(slots[:4]):
        assert slot.startswith(
            f"{n}: code={NVM_ACCESS} idx={n} qid=9 num_tbs=1 length=12 there=True section="
        )
    assert slots[3].endswith(f" section={section} at={ident}")
    assert slots[4].startswith("4: code=0 idx=0 qid=0 num_tbs=0 length=0 ")

    assert "idx = 3 '\\003', qid = 9 '\\t'" in live.parts["whole"]
    assert re.search(r"struct iwm_tx_ring \[.*'desc', 'cmd', 'data', 'qid', 'queued', 'cur'",
                     live.parts["whole"])  # fmt: skip


def test_a_scan_request_on_the_ring_of_a_run_that_goes_on(debug):
    live = debug(
        "-b", HANDLER, "--python", "-m", "rumphost", "wifi", "scan", "iwm", "-O", "g",
        "--ap", "ssid=home,channel=6,signal=-50", script=SCAN,
    )  # fmt: skip
    assert live.status == 0, live.text
    listed = live.parts["lwps"]
    assert re.search(r"^\* +\d+ intr iwm0 +interrupt on CPU +6 - ", listed, re.M)
    assert re.search(r"^ +\d+ iwmns +thread +asleep +6 iwmcmd ", listed, re.M)
    functions = re.findall(r" in (\w+) \(", live.parts["bt"])
    assert functions[:2] == ["tsleep", "iwm_send_cmd"]
    assert "iwm_mvm_scan_request" in functions
    wanted = int(re.search(r"^current \d+, last (\d+)$", live.parts["ring"], re.M)[1])
    assert (
        f"scan request: code={SCAN_REQUEST} idx={wanted} qid=9 one buffer=True"
        in (live.parts["ring"])
    )
    assert re.search(r"^home\t\S+\t6\t-50 dBm\topen\t", live.parts["on"], re.M)
