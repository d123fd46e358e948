"""`twin serve` from outside: a document without code keeps state, answers errors as documented, repeats itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving

NOTES = Path(__file__).with_name("notes.json")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """A server of the notes document."""
    with serving("--openapi", str(NOTES), "--seed", "7") as served:
        yield served["notes"]


@pytest.fixture
def notes(server: Served) -> Iterator[Served]:
    """A private instance."""
    with server.private() as instance:
        yield instance


def test_a_created_record_is_retrieved_listed_updated_deleted(notes: Served) -> None:
    made = notes.client.post("/v1/notes", json={"title": "Milk", "body": "two"})
    assert made.status_code == 201
    assert made.headers["twin-fidelity"] == "generic"
    note = made.json()
    assert note["title"] == "Milk" and note["archived"] in (False, True)
    assert notes.client.get(f"/v1/notes/{note['id']}").json() == note
    assert [each["id"] for each in notes.client.get("/v1/notes").json()["items"]] == [note["id"]]
    changed = notes.client.patch(f"/v1/notes/{note['id']}", json={"title": "Bread"}).json()
    assert changed == {**note, "title": "Bread"}
    assert notes.client.delete(f"/v1/notes/{note['id']}").status_code == 204
    gone = notes.client.get(f"/v1/notes/{note['id']}")
    assert gone.status_code == 404
    assert note["id"] in gone.json()["message"]
    assert notes.client.get("/v1/notes").json()["items"] == []


def test_an_action_changes_the_record(notes: Served) -> None:
    note = notes.client.post("/v1/notes", json={"title": "Milk", "archived": False}).json()
    assert notes.client.post(f"/v1/notes/{note['id']}/archive").json()["archived"] is True
    assert notes.client.get(f"/v1/notes/{note['id']}").json()["archived"] is True


def test_pages_cover_every_record_once(notes: Served) -> None:
    made = [notes.client.post("/v1/notes", json={"title": str(n)}).json()["id"] for n in range(25)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 10}
    while True:
        page = notes.client.get("/v1/notes", params=query).json()
        seen += [each["id"] for each in page["items"]]
        if not page.get("next_cursor"):
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status"),
    [
        ("POST", "/v1/notes", {"json": {}}, 422),
        ("POST", "/v1/notes", {"json": {"title": ""}}, 422),
        ("POST", "/v1/notes", {"json": {"title": 5}}, 422),
        ("POST", "/v1/notes", {"content": b"{", "headers": {"content-type": "application/json"}}, 422),
        ("POST", "/v1/notes", {"content": b"<a/>", "headers": {"content-type": "application/xml"}}, 415),
        ("GET", "/v1/notes?limit=0", {}, 400),
        ("GET", "/v1/notes?limit=ten", {}, 400),
        ("GET", "/v1/nothing", {}, 404),
        ("PUT", "/v1/notes", {}, 405),
    ],
)
def test_bad_input_is_refused(notes: Served, method: str, path: str, arguments: dict[str, Any], status: int) -> None:
    reply = notes.client.request(method, path, **arguments)
    assert reply.status_code == status, reply.text
    assert reply.json()
    assert notes.control("GET", "state")["resources"] == {}


def test_instances_share_nothing(server: Served) -> None:
    with server.private() as one, server.private() as other:
        one.client.post("/v1/notes", json={"title": "mine"})
        assert other.client.get("/v1/notes").json()["items"] == []
        assert len(one.client.get("/v1/notes").json()["items"]) == 1
        by_header = server.client.get("/v1/notes", headers={"Twin-Instance": one.ready["name"]})
        assert len(by_header.json()["items"]) == 1


def test_same_seed_same_bytes(server: Served) -> None:
    def story(served: Served) -> list[bytes]:
        made = served.client.post("/v1/notes", json={"title": "a"})
        return [
            made.content,
            served.client.post("/v1/notes", json={"title": "b"}).content,
            served.client.get("/v1/notes").content,
            served.client.get(f"/v1/notes/{made.json()['id']}").content,
            served.client.get("/v1/notes/none").content,
        ]

    with server.private() as one:
        first = story(one)
        one.control("POST", "reset")
        assert story(one) == first
    with serving("--openapi", str(NOTES), "--seed", "7") as again:
        assert story(again["notes"]) == first
    with server.private(seed=8) as other:
        assert story(other) != first


def test_snapshot_restore_and_fork(notes: Served, server: Served) -> None:
    notes.client.post("/v1/notes", json={"title": "a"})
    notes.control("POST", "snapshot", name="one")
    notes.client.post("/v1/notes", json={"title": "b"})
    fork = notes.control("POST", "fork", name="copy")
    notes.control("POST", "restore", name="one")
    assert len(notes.client.get("/v1/notes").json()["items"]) == 1
    assert len(httpx.get(f"{fork['url']}/v1/notes").json()["items"]) == 2
    server.control("DELETE", "instances/copy")


def test_the_state_file_survives_a_kill(tmp_path: Path) -> None:
    arguments = ["--openapi", str(NOTES), "--seed", "7", "--db", str(tmp_path / "state.sqlite")]
    with serving(*arguments) as served:
        note = served["notes"].client.post("/v1/notes", json={"title": "kept"}).json()
        served["notes"].process.send_signal(signal.SIGKILL)
        served["notes"].process.wait()
    with serving(*arguments) as served:
        assert served["notes"].client.get(f"/v1/notes/{note['id']}").json() == note
        assert served["notes"].client.post("/v1/notes", json={"title": "next"}).json()["id"] != note["id"]


def test_the_exchange_log_tells_what_happened(notes: Served) -> None:
    notes.client.post("/v1/notes", json={"title": "a"})
    notes.client.get("/v1/notes/none")
    made, missing = notes.control("GET", "exchanges")["exchanges"]
    assert (made["operation"], made["status"], made["request"]) == ("createNote", 201, {"title": "a"})
    assert [change[:1] + change[2:] for change in made["changes"]] == [["Note", "insert"]] or made["changes"]
    assert (missing["operation"], missing["status"]) == ("getNote", 404)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "no twin 'nothing' is installed"),
        ([], "name a twin"),
        (["--openapi", "/nowhere.json"], "nowhere.json"),
        (["--openapi", ""], "--openapi takes a file or a URL"),
        (["--openapi", str(NOTES.parent)], "a folder without a twin.yaml"),
        (["--openapi", str(NOTES), "--baseline", sys.executable], "is no text in UTF-8"),
        (["--openapi", str(NOTES), "--failures", sys.executable], "is no text in UTF-8"),
        (["--world", sys.executable], "is no text in UTF-8"),
        (["--openapi", str(NOTES), "--ready-file", "/nowhere/ready"], "/nowhere is no directory that can be written"),
        (["--openapi", str(NOTES), "--ready-file", str(NOTES.parent)], "it is a directory"),
        (["--openapi", str(NOTES), "--clock", "sundial"], "unknown clock mode"),
        (["--openapi", str(NOTES), "--port", "99999"], "port"),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments: list[str], told: str) -> None:
    command = [sys.executable, "-m", "twinkit.cli.twin", "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_twin_is_served_whether_or_not_its_greeting_is_read(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "twinkit.cli.twin", "serve", "--openapi", str(NOTES), "--port", "0"]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=full, stderr=subprocess.PIPE)
    assert process.stderr
    line = process.stderr.readline().decode()
    assert "cannot write to standard output: No space left on device" in line
    url = json.loads(ready.read_text())["twins"]["notes"]["url"]
    assert httpx.get(f"{url}/_twin/health").json()["status"] == "ok"
    process.terminate()
    assert process.wait(20) == 0
    process.stderr.close()


def test_help_can_be_read_on_any_terminal() -> None:
    command = [sys.executable, "-m", "twinkit.cli.twin", "serve", "--help"]
    env = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "stripe, slack, okta, ?" in done.stdout
