"""Where compiled twins come from: the wheel, the user's cache, or a compilation; never from a file that is stale."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path

import pytest

from twinkit import paths
from twinkit.overlay import cache, compile
from twinkit.overlay.cache import document_sources, fingerprint, open_sources, remembered_fingerprint

DOCUMENT = Path(__file__).parents[1] / "server" / "notes.json"
LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, empty, and a document that has lain there for long."""
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    shutil.copy(DOCUMENT, tmp_path / "notes.json")
    os.utime(tmp_path / "notes.json", (LONG_AGO, LONG_AGO))
    return tmp_path


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been compiled and hashed in the test, in order."""
    done: list[str] = []
    whole, compiled = cache.fingerprint, compile.compile_sources
    monkeypatch.setattr(cache, "fingerprint", lambda sources: (done.append("hash"), whole(sources))[1])
    monkeypatch.setattr(compile, "compile_sources", lambda sources: (done.append("compile"), compiled(sources))[1])
    return done


def titles(folder: Path) -> str:
    index, _ = open_sources(document_sources(folder / "notes.json"))
    return index.title


def test_an_unchanged_document_is_neither_hashed_nor_compiled_again(folder: Path, counted: list[str]) -> None:
    first = titles(folder)
    assert counted == ["hash", "compile"]
    assert titles(folder) == first
    assert counted == ["hash", "compile"]


def test_a_changed_document_is_compiled_again(folder: Path, counted: list[str]) -> None:
    document = folder / "notes.json"
    before = titles(folder)
    document.write_text(document.read_text().replace(f'"{before}"', f'"{before[::-1]}"', 1))  # of the same size
    assert titles(folder) == before[::-1]
    assert counted == ["hash", "compile"] * 2


def test_a_document_of_several_files_is_compiled_again_when_one_changes(folder: Path, counted: list[str]) -> None:
    reply = {"200": {"content": {"application/json": {"schema": {"$ref": "thing.yaml"}}}}}
    paths = {"/a": {"get": {"operationId": "a", "responses": reply}}}
    (folder / "notes.json").write_text(json.dumps({"openapi": "3.0.0", "info": {"title": "x"}, "paths": paths}))

    def shown() -> object:
        index, _ = open_sources(document_sources(folder / "notes.json"))
        return index.operation("a").responses[0].content["application/json"]

    unreadable = shown()
    (folder / "thing.yaml").write_text("{type: object, properties: {n: {type: integer}}}")
    assert unreadable != shown() == {"$ref": "#/components/schemas/thing"}
    before = len(counted)
    shown()
    assert counted[before:].count("compile") == 0
    (folder / "thing.yaml").write_text("{type: object, properties: {m: {type: integer}}}")
    index, _ = open_sources(document_sources(folder / "notes.json"))
    assert "m" in index.schema("thing")["properties"]


def test_a_file_that_has_just_changed_is_hashed_whatever_its_time_says(folder: Path, counted: list[str]) -> None:
    document = folder / "notes.json"
    before = titles(folder)
    os.utime(document)
    titles(folder)
    stat = document.stat()
    with document.open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace(f'"{before}"', f'"{before[::-1]}"', 1))
    os.utime(document, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert titles(folder) == before[::-1]


def test_the_hash_says_nothing_of_where_the_sources_are(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    shutil.copy(folder / "notes.json", other)
    sources, moved = document_sources(folder / "notes.json"), document_sources(other / "notes.json")
    assert fingerprint(sources) == fingerprint(moved) == remembered_fingerprint(moved, folder / "cache")


def test_an_index_of_the_wheel_is_opened_and_nothing_written(
    folder: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = document_sources(folder / "notes.json")
    before = titles(folder)
    wheel = folder / "wheel" / "data" / "compiled"
    wheel.mkdir(parents=True)
    shutil.copy(folder / "cache" / f"notes-{fingerprint(sources)}.index", wheel)
    monkeypatch.setattr(paths, "PACKAGE", folder / "wheel")
    monkeypatch.setenv("TWINKIT_CACHE", str(folder / "other"))
    counted.clear()
    assert titles(folder) == before
    assert "compile" not in counted
    assert not list((folder / "other").glob("*.index"))


def test_a_damaged_index_is_made_again(folder: Path, counted: list[str]) -> None:
    before = titles(folder)
    (file,) = (folder / "cache").glob("*.index")
    for damage in (b"", b"nothing", file.read_bytes()[:-100]):
        file.write_bytes(damage)
        assert titles(folder) == before
    assert counted.count("compile") == 4
    assert titles(folder) == before
    assert counted.count("compile") == 4


def test_a_cache_that_cannot_be_written_costs_time_and_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = folder / "file"
    blocked.write_text("")
    monkeypatch.setenv("TWINKIT_CACHE", str(blocked / "cache"))
    monkeypatch.setattr(logging.getLogger("twinkit"), "propagate", True)
    assert titles(folder) == titles(folder)
    assert f"cannot keep compiled twins in {blocked / 'cache'}" in caplog.text
    assert "TWINKIT_CACHE" in caplog.text


def test_an_account_without_a_home_has_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("TWINKIT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OSError):
        paths.cache().mkdir(parents=True)


def test_old_indexes_of_a_twin_go(folder: Path) -> None:
    document = folder / "notes.json"
    text = document.read_text()
    for number in range(10):
        document.write_text(text + " " * number)
        titles(folder)
    assert len(list((folder / "cache").glob("*.index"))) == 8
    assert len(list((folder / "cache").glob("*.seen"))) <= 8
