"""What the linker says is missing."""

from pathlib import Path

import pytest

from rumphost.build.compiler import Compiler, Job
from rumphost.build.linker import link, undefined_symbols
from rumphost.build.pages import Pages
from rumphost.build.store import Store

PAGES = Pages("callout(9)\tcallout_*\nprintf(9) printf\n\tvprintf aprint_*\n# all\n")


def test_exact_names_go_before_patterns_and_longer_patterns_before_shorter() -> None:
    pages = Pages("a(9) x_*\nb(9) x_y_*\nc(9) x_y_z\n\tw  # comment\n")
    assert [pages.of(name) for name in ("x_1", "x_y_1", "x_y_z", "w", "v")] == [
        "a(9)", "b(9)", "c(9)", "c(9)", "",
    ]  # fmt: skip


def test_the_table_of_the_shim_knows_the_kernel() -> None:
    pages = Pages.read()
    known = {
        "callout_reset": "callout(9)",
        "mutex_obj_alloc": "mutex_obj(9)",
        "pci_intr_map": "pci_intr(9)",
        "pci_conf_read": "pci(9)",
        "pool_cache_get_paddr": "pool_cache(9)",
        "bus_dmamap_load": "bus_dma(9)",
        "m_gethdr": "mbuf(9)",
        "usbd_open_pipe": "usbdi(9)",
        "softint_schedule": "softint(9)",
        "not_a_kernel_function": "",
    }
    assert {name: pages.of(name) for name in known} == known


def test_the_words_of_the_linker_are_understood() -> None:
    output = (
        "/usr/bin/ld: /c/ab/12.o: in function `foo_attach':\n"
        "/src/foo.c:17: undefined reference to `callout_init'\n"
        "/usr/bin/ld: /src/foo.c:18: undefined reference to `callout_init'\n"
        "/usr/bin/ld: /c/ab/12.o:/src/foo.c:21: more undefined references to `printf' follow\n"
        "/usr/bin/ld: /c/ab/12.o:(.data.rel+0x8): undefined reference to `vprintf'\n"
        "collect2: error: ld returned 1 exit status\n"
    )
    found = undefined_symbols(output, PAGES)
    assert [(one.name, one.page, one.used_at) for one in found] == [
        ("callout_init", "callout(9)", "/src/foo.c:17"),
        ("vprintf", "printf(9)", ""),
    ]
    assert str(found[0]) == "callout_init of callout(9), used at /src/foo.c:17"


@pytest.fixture
def objects(tmp_path: Path):
    compiler = Compiler(Store(tmp_path / "store"), jobs=1)

    def compile_all(**texts: str) -> tuple[Compiler, list[Path]]:
        jobs = []
        for name, text in texts.items():
            source = tmp_path / f"{name}.c"
            source.write_text(text)
            jobs.append(Job(source, ("-g", "-fPIC", "-O0"), tmp_path, is_own=False))
        results = compiler.compile(jobs, lambda _one: None)
        return compiler, [one.path for one in results if one.path is not None]

    return compile_all


def test_an_image_comes_into_being_whole(objects, tmp_path: Path) -> None:
    compiler, paths = objects(a="extern int b; int a(void) { return b; }", b="int b = 7;")
    image = tmp_path / "images" / "x.so"
    assert link(compiler, Store(tmp_path / "store"), paths, image, PAGES).path == image
    assert image.read_bytes()[:4] == b"\x7fELF"


def test_missing_symbols_are_told_with_page_and_line(objects, tmp_path: Path) -> None:
    compiler, paths = objects(a="\nvoid callout_stop(void);\nvoid a(void) { callout_stop(); }\n")
    image = tmp_path / "x.so"
    linked = link(compiler, Store(tmp_path / "store"), paths, image, PAGES)
    assert linked.path is None
    assert not image.exists()
    assert [(one.name, one.page, one.used_at) for one in linked.missing] == [
        ("callout_stop", "callout(9)", f"{tmp_path}/a.c:3")
    ]


def test_what_is_defined_twice_is_an_error(objects, tmp_path: Path) -> None:
    compiler, paths = objects(a="int same(void) { return 1; }", b="int same(void) { return 2; }")
    linked = link(compiler, Store(tmp_path / "store"), paths, tmp_path / "x.so", PAGES)
    assert linked.path is None
    assert "same is defined twice" in str(linked.errors[0])
