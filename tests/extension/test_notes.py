"""The out-of-tree twin: found by its entry point, served, and answering in the service's own words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkit.server.catalogue import installed_twin
from twinkit.testing import Twin, TwinServer

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinServer]:
    """Serve the package as pip would have installed it."""
    site = tmp_path_factory.mktemp("site")
    info = site / "twinkit_notes-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twinkit-notes\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[twinkit.twins]\nnotes = notes:twin\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINKIT_CACHE", str(site / "cache"))
        patch.syspath_prepend(str(HERE))
        patch.syspath_prepend(str(site))
        with TwinServer(installed_twin("notes")) as server:
            yield server
    for name in [name for name in sys.modules if name.partition(".")[0] == "notes"]:
        del sys.modules[name]


@pytest.fixture
def notes(server: TwinServer) -> Iterator[Twin]:
    twin = server.instance(seed=1)
    twin.client.headers["authorization"] = "Bearer anyone"
    yield twin
    server.remove(twin)


def test_the_whole_life_of_a_note(notes: Twin) -> None:
    made = notes.client.post("/v1/notes", json={"text": "hello"})
    assert made.status_code == 201
    note = made.json()
    assert note["id"].startswith("note_")
    assert len(note["id"]) == len("note_") + 14
    assert (note["text"], note["archived"]) == ("hello", False)
    path = f"/v1/notes/{note['id']}"
    assert notes.client.get(path).json() == note
    assert notes.client.get("/v1/notes").json()["notes"] == [note]
    assert notes.client.patch(path, json={"text": "bye"}).json()["text"] == "bye"
    assert notes.client.delete(path).status_code == 204
    assert notes.client.get(path).status_code == 404


def test_the_handler_and_its_error(notes: Twin) -> None:
    id = notes.client.post("/v1/notes", json={"text": "hello"}).json()["id"]
    archived = notes.client.post(f"/v1/notes/{id}/archive")
    assert (archived.status_code, archived.json()["archived"]) == (200, True)
    assert archived.headers["twin-fidelity"] == "behaviour"
    again = notes.client.post(f"/v1/notes/{id}/archive")
    assert (again.status_code, again.json()) == (
        409,
        {"error": {"type": "conflict", "message": "note is already archived"}},
    )
    assert [event.type for event in notes.events] == ["note.created", "note.archived"]


def test_errors_are_in_the_services_own_shape(notes: Twin) -> None:
    missing = notes.client.get("/v1/notes/note_none")
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")
    wrong = notes.client.post("/v1/notes", json={"text": ""})
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (400, "invalid_request")


def test_what_is_not_implemented_says_so(notes: Twin) -> None:
    id = notes.client.post("/v1/notes", json={"text": "hello"}).json()["id"]
    shared = notes.client.post(f"/v1/notes/{id}/share", json={"email": "a@example.com"})
    assert (shared.status_code, shared.headers["twin-fidelity"]) == (200, "shape")


def test_filters_and_cursors(notes: Twin) -> None:
    ids = [notes.client.post("/v1/notes", json={"text": str(n)}).json()["id"] for n in range(5)]
    notes.client.post(f"/v1/notes/{ids[0]}/archive")
    kept = notes.client.get("/v1/notes", params={"archived": "false"}).json()["notes"]
    assert {note["id"] for note in kept} == set(ids[1:])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = notes.client.get("/v1/notes", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [note["id"] for note in page["notes"]]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert sorted(seen) == sorted(ids)
