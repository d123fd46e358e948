"""twin.yaml: what it overrides, and what its mistakes are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twinkit.errors import AuthorError
from twinkit.overlay.cache import open_twin
from twinkit.overlay.compiled import Compiled

NOTES = Path(__file__).parents[2] / "extension" / "notes"

MISTAKES = [
    ("defaults: {archived: false}", "default: {archived: false}", "twin.yaml:8: resources.note.default", "'defaults'"),
    ("retrieve: getNote", "retrieve: getNotes", "twin.yaml:7", "'getNote'"),
    ("archived: false", "archivd: false", "twin.yaml:8", "'archived'"),
    ("create: created", "create: creatd", "twin.yaml:9", "'created'"),
    ("shareNote", "sharNote", "twin.yaml:16", "'shareNote'"),
    ('"note_{alnum:14}"', '"note_{alnun:14}"', "twin.yaml:6", "'alnum'"),
    ("status: 404", "status: 4040", "twin.yaml:12: errors.not_found.status", "599"),
    ("webhooks: {signature", "webhooks: {signatur", "twin.yaml:15", "'signature'"),
    ("contract: notes.json", "contract: notez.json", "notez.json", "neither"),
    ("twin: notes", "twn: notes", "twin.yaml:1: twn", "'twin'"),
]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "notes"
    shutil.copytree(NOTES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def compiled(package: Path, *changes: tuple[str, str]) -> Compiled:
    file = package / "twin.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return open_twin(package)[1]


def test_the_smallest_twin_is_read_whole(package: Path) -> None:
    found = compiled(package)
    note = found.resources["note"]
    assert found.twin == "notes"
    assert note.id == "note_{alnum:14}"
    assert note.defaults == {"archived": False}
    assert note.timestamps == {"create": "created"}
    assert note.events == {"create": "note.created"}
    assert found.errors["not_found"].status == 404
    assert found.webhooks["header"] == "Notes-Signature"
    assert found.auth["accepts"] == "any"
    assert found.bindings["shareNote"].fidelity == "shape"
    assert found.bindings["shareNote"].note == "needs accounts"


def test_what_the_overlay_does_not_say_is_inferred(package: Path) -> None:
    found = compiled(package)
    assert {name: (b.kind, b.resource) for name, b in found.bindings.items()} == {
        "createNote": ("create", "note"),
        "listNotes": ("list", "note"),
        "getNote": ("retrieve", "note"),
        "updateNote": ("update", "note"),
        "deleteNote": ("delete", "note"),
        "archiveNote": ("action", "note"),
        "shareNote": ("shape", None),
    }
    assert found.bindings["archiveNote"].sets == {"archived": True}
    assert found.bindings["listNotes"].envelope["next"] == "next_cursor"
    assert found.bindings["listNotes"].paging["style"] == "cursor"


@pytest.mark.parametrize(("old", "new", "where", "hint"), MISTAKES)
def test_a_mistake_names_its_line_and_the_nearest_name(
    package: Path, old: str, new: str, where: str, hint: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        compiled(package, (old, new))
    assert where in str(caught.value)
    assert hint in str(caught.value)


def test_everything_inferred_can_be_overridden(package: Path) -> None:
    text = """operations:
  archiveNote: {sets: {text: gone}}
  listNotes:
    paging: {style: offset, default: 5, after: null}
    filters: {archived: null}
  deleteNote: {kind: action, action: archive, sets: {archived: true}}
webhooks:"""
    found = compiled(package, ("webhooks:", text))
    assert found.bindings["archiveNote"].sets == {"text": "gone"}
    assert "after" not in found.bindings["listNotes"].paging
    assert found.bindings["listNotes"].paging["default"] == 5
    assert found.bindings["listNotes"].filters == {}
    deleted = found.bindings["deleteNote"]
    assert (deleted.kind, deleted.resource, deleted.id_parameter) == ("action", "note", "id")


def test_a_resource_can_be_called_otherwise(package: Path) -> None:
    found = compiled(package, ("  note:", "  memo:"))
    assert found.bindings["deleteNote"].resource == "memo"
    assert "note" not in found.resources
    assert found.resources["memo"].schema == "Note"


def test_declared_event_types_are_a_closed_set(package: Path) -> None:
    with pytest.raises(AuthorError, match=r"note\.made"):
        compiled(package, ("webhooks:", "events: [note.made]\nwebhooks:"))


def test_a_change_of_a_source_is_compiled_anew(package: Path) -> None:
    assert compiled(package).resources["note"].defaults == {"archived": False}
    assert compiled(package, ("archived: false", "archived: true")).resources["note"].defaults == {"archived": True}
