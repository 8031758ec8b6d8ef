"""The compiler's flags, its complaints, and jobs in parallel."""

import os
from pathlib import Path

import pytest

from rumphost.build.compiler import Compiled, Compiler, Job, diagnose, flags
from rumphost.build.store import Store
from rumphost.errors import HostLacks


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    return Compiler(Store(tmp_path / "store"), jobs=2)


def job(directory: Path, name: str, text: str, *extra: str) -> Job:
    source = directory / name
    source.write_text(text)
    return Job(source, ("-std=gnu99", "-Wall", *extra), directory, is_own=False)


def ignore(_one: Compiled) -> None:
    pass


def test_results_come_in_the_order_of_the_jobs(tmp_path: Path, compiler: Compiler) -> None:
    seen: list[str] = []
    jobs = [job(tmp_path, f"{name}.c", f"int {name};\n") for name in "abcd"]
    results = compiler.compile(jobs, lambda one: seen.append(one.job.source.name))
    assert [one.job for one in results] == jobs
    assert sorted(seen) == ["a.c", "b.c", "c.c", "d.c"]
    assert all(one.path is not None and one.path.is_file() for one in results)
    assert not any(one.cached for one in results)
    assert all(one.cached for one in compiler.compile(jobs, ignore))


def test_warnings_are_kept_with_the_object(tmp_path: Path, compiler: Compiler) -> None:
    one = job(tmp_path, "a.c", "\nstatic int unused;\n")
    for cached in (False, True):
        [result] = compiler.compile([one], ignore)
        assert result.cached == cached
        assert [str(note) for note in result.diagnostics] == [
            f"{one.source}:2: ‘unused’ defined but not used [-Wunused-variable]"  # noqa: RUF001
        ]
        assert not result.diagnostics[0].is_error


def test_an_error_has_file_and_line_and_is_kept(tmp_path: Path, compiler: Compiler) -> None:
    one = job(tmp_path, "a.c", "int f(void)\n{\n\treturn nothing;\n}\n")
    for cached in (False, True):
        [result] = compiler.compile([one], ignore)
        assert result.path is None
        assert result.cached == cached
        assert (result.errors[0].line, result.errors[0].is_error) == (3, True)
    one.source.write_text("int f(void)\n{\n\treturn 3;\n}\n")
    [result] = compiler.compile([one], ignore)
    assert (result.cached, result.errors) == (False, ())
    assert result.path is not None


def test_a_failure_is_kept_only_while_the_missing_header_is_missing(
    tmp_path: Path, compiler: Compiler
) -> None:
    include = tmp_path / "include"
    include.mkdir()
    one = job(tmp_path, "a.c", '#include "late.h"\nint x = LATE;\n', f"-I{include}")
    assert [compiler.compile([one], ignore)[0].cached for _ in range(2)] == [False, True]
    (include / "late.h").write_text("#define LATE 1\n")
    [found] = compiler.compile([one], ignore)
    assert not found.cached
    assert found.path is not None
    (include / "late.h").unlink()
    assert compiler.compile([one], ignore)[0].path is None


def test_jobs_that_differ_in_headers_nobody_reads_are_compiled_once(
    tmp_path: Path, compiler: Compiler
) -> None:
    source = tmp_path / "a.c"
    source.write_text('#include "count.h"\nint x = COUNT;\n')
    jobs = []
    for name, count in (("one", 1), ("two", 1), ("three", 3)):
        generated = tmp_path / name
        generated.mkdir()
        (generated / "count.h").write_text(f"#define COUNT {count}\n")
        (generated / "other.h").write_text(f"/* {name} */\n")
        jobs.append(Job(source, ("-std=gnu99", f"-I{generated}"), generated, is_own=False))
    results = compiler.compile(jobs, ignore)
    assert [one.cached for one in results] == [False, True, False]
    assert results[0].key == results[1].key != results[2].key


def test_a_missing_header_is_an_error_with_its_line(tmp_path: Path, compiler: Compiler) -> None:
    [result] = compiler.compile([job(tmp_path, "a.c", '\n#include "gone.h"\n')], ignore)
    assert str(result.diagnostics[0]).endswith("a.c:2: gone.h: No such file or directory")


def test_a_changed_header_is_noticed(tmp_path: Path, compiler: Compiler) -> None:
    header = tmp_path / "a b.h"
    header.write_text("#define X 1\n")
    one = job(tmp_path, "a.c", '#include "a b.h"\nint x = X;\n')
    [first] = compiler.compile([one], ignore)
    header.write_text("#define X 22\n")
    [second] = compiler.compile([one], ignore)
    assert not second.cached
    assert first.key != second.key


def test_other_flags_make_another_object(tmp_path: Path, compiler: Compiler) -> None:
    [first] = compiler.compile([job(tmp_path, "a.c", "int x;\n", "-O0")], ignore)
    [second] = compiler.compile([job(tmp_path, "a.c", "int x;\n", "-O2")], ignore)
    assert not second.cached
    assert first.key != second.key


def test_debug_information_names_the_original_file(tmp_path: Path, compiler: Compiler) -> None:
    [one] = compiler.compile([job(tmp_path, "a.c", "int x;\n", "-g")], ignore)
    assert one.path is not None
    assert str(tmp_path / "a.c").encode() in one.path.read_bytes()


def test_diagnose_takes_each_complaint_once() -> None:
    found = diagnose(
        "In file included from a.c:1:\nb.h:3:4: warning: odd [-Wodd]\nb.h:3:4: warning: odd "
        "[-Wodd]\na.c:9: error: bad: worse\na.c:10:1: fatal error: x.h: No such file\nnote\n"
    )
    assert [(one.file, one.line, one.kind, one.text) for one in found] == [
        ("b.h", 3, "warning", "odd [-Wodd]"),
        ("a.c", 9, "error", "bad: worse"),
        ("a.c", 10, "error", "x.h: No such file"),
    ]


def choose(**changes: object) -> tuple[str, ...]:
    settled = {
        "include": [Path("m"), Path("t")], "generated": Path("g"), "after": [Path("h")],
        "is_foreign": False, "is_own": False,
    }  # fmt: skip
    return flags(**{**settled, **changes})  # type: ignore[arg-type]


def test_kernel_flags() -> None:
    found = choose()
    assert {"-nostdinc", "-ffreestanding", "-D_KERNEL", "-fvisibility=hidden"} <= set(found)
    assert [flag for flag in found if flag.startswith("-I")] == ["-Ig", "-Im", "-It"]
    assert found[-2:] == ("-idirafter", "h")
    assert "-Werror" not in found
    assert "-O2" in found
    assert "-O0" in choose(optimise="0")
    assert "-DA=1" in choose(defines=["A=1"])


def test_our_own_c_takes_no_warnings_and_a_tree_s_headers_are_its_own() -> None:
    assert "-Werror" in choose(is_own=True)
    found = choose(is_foreign=True)
    assert found[found.index("-isystem") + 1] == "t"


def test_instrumentation_is_a_matter_of_flags() -> None:
    assert "-fsanitize=undefined" in choose(instrumentation=["-fsanitize=undefined"])


def test_a_host_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(HostLacks, match="no C compiler found: install gcc"):
        Compiler(Store(tmp_path))
    monkeypatch.setenv("CC", "nocc -m64")
    with pytest.raises(HostLacks, match="CC names nocc, which is not installed"):
        Compiler(Store(tmp_path))


def test_the_compiler_that_cc_names_gets_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "gcc -pipe")
    compiler = Compiler(Store(tmp_path))
    assert os.path.isabs(compiler.command[0])
    assert compiler.command[1:] == ("-pipe",)
