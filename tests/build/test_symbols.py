"""Symbol tables of objects that the compiler made."""

import subprocess
from pathlib import Path

import pytest

from rumphost.build.symbols import read_symbols
from rumphost.errors import BuildError


def test_what_an_object_defines_and_needs(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text(
        "extern int needed(void); extern int perhaps(void) __attribute__((weak));\n"
        "int data = 1; static int own(void) { return needed(); }\n"
        "int code(void) { return perhaps ? perhaps() : own(); }\n"
    )
    built = tmp_path / "a.o"
    subprocess.run(["gcc", "-c", "-O0", "-fno-pic", str(source), "-o", str(built)], check=True)
    found = read_symbols(built)
    assert found.defined == {"data", "code"}
    assert found.functions == {"code"}
    assert found.undefined == {"needed"}


@pytest.mark.parametrize(
    "data", [b"", b"!<arch>\n", b"\x7fELF\x02\x01" + b"\xff" * 80], ids=["none", "ar", "broken"]
)
def test_what_is_no_object_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.o"
    path.write_bytes(data)
    with pytest.raises(BuildError, match=r"a\.o: is no object file"):
        read_symbols(path)
