"""The cache of objects: found by content, never by date."""

import os
import time
from pathlib import Path

from rumphost.build.store import Store


def put(store: Store, recipe: str, files: list[Path], generated: Path, text: str) -> str:
    with store.scratch() as work:
        built = Path(work) / "out.o"
        built.write_text(text)
        notes = [["f", "1", "w", "t"]]
        return store.keep(recipe, [str(f) for f in files], generated, [built], notes)


def test_an_object_is_found_while_its_files_are_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    key = put(store, "r", [source], tmp_path, "object one")
    assert store.find("r", tmp_path) == key
    assert store.object_path(key).read_text() == "object one"
    assert store.notes(key) == [["f", "1", "w", "t"]]
    assert store.find("other recipe", tmp_path) is None


def test_a_change_makes_another_object_and_changing_back_finds_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    first = put(store, "r", [source], tmp_path, "object one")
    source.write_text("two!")
    assert store.find("r", tmp_path) is None
    second = put(store, "r", [source], tmp_path, "object two")
    assert first != second
    source.write_text("one")
    assert store.find("r", tmp_path) == first


def test_a_new_date_alone_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    key = put(store, "r", [source], tmp_path, "object")
    os.utime(source, (0, 0))
    assert store.find("r", tmp_path) == key


def test_a_header_that_is_gone_is_a_miss(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    put(store, "r", [source], tmp_path, "object")
    source.unlink()
    assert store.find("r", tmp_path) is None


def test_generated_headers_count_by_content_not_by_directory(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    one = store.generated({"a.h": "same", "b.h": "1"})
    two = store.generated({"a.h": "same", "b.h": "2"})
    assert one != two
    key = put(store, "r", [one / "a.h"], one, "object")
    assert store.find("r", two) == key
    other = put(store, "s", [one / "b.h"], one, "object")
    assert store.find("s", one) == other
    assert store.find("s", two) is None


def test_the_same_generated_texts_are_written_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    directory = store.generated({"a.h": "x"})
    assert store.generated({"a.h": "x"}) == directory
    assert [path.name for path in directory.parent.iterdir()] == [directory.name]


def test_generated_files_of_one_content_are_one_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    one = store.generated({"a.h": "same", "b.h": "1"})
    two = store.generated({"a.h": "same", "b.h": "2"})
    assert (one / "a.h").stat().st_ino == (two / "a.h").stat().st_ino
    assert (one / "b.h").read_text() == "1"


def test_what_did_not_compile_is_kept_without_an_object(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    missing = tmp_path / "b.h"
    key = store.keep("r", [str(source), f"!{missing}"], tmp_path, [], [["a.c", "1", "error", "t"]])
    assert store.find("r", tmp_path) == key
    assert not store.object_path(key).exists()
    assert store.notes(key) == [["a.c", "1", "error", "t"]]
    missing.touch()
    missing.write_text("now")
    assert store.find("r", tmp_path) is None


def test_a_generated_header_may_be_the_one_that_is_missing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    without = store.generated({"a.h": "x"})
    key = store.keep("r", [str(without / "a.h"), f"!{without}/b.h"], without, [], [])
    assert store.find("r", without) == key
    assert store.find("r", store.generated({"a.h": "x", "b.h": "y"})) is None


def test_within_a_snapshot_a_file_is_looked_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    key = put(store, "r", [source], tmp_path, "object")
    with store.snapshot():
        assert store.find("r", tmp_path) == key
        source.write_text("two!")
        assert store.find("r", tmp_path) == key
    assert store.find("r", tmp_path) is None


def test_generated_headers_in_use_outlive_the_month(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    used, unused = store.generated({"a.h": "x"}), store.generated({"a.h": "y"})
    long_ago = time.time() - 40 * 24 * 3600
    for directory in (used, unused):
        os.utime(directory / "a.h", (long_ago, long_ago))
        os.utime(directory, (long_ago, long_ago))
    assert store.generated({"a.h": "x"}) == used
    store.prune()
    assert (used / "a.h").read_text() == "x"
    assert not unused.exists()


def test_a_damaged_manifest_is_a_miss(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    put(store, "r", [source], tmp_path, "object")
    [manifest] = (tmp_path / "store" / "manifests").rglob("*.json")
    manifest.write_text("{")
    assert store.find("r", tmp_path) is None


def test_what_nobody_used_for_a_month_is_removed_once_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = tmp_path / "a.c"
    source.write_text("one")
    old = store.object_path(put(store, "r", [source], tmp_path, "old"))
    new = store.object_path(put(store, "s", [source], tmp_path, "new"))
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    store.prune()
    assert not old.exists()
    assert new.exists()
    os.utime(new, (long_ago, long_ago))
    store.prune()
    assert new.exists()
