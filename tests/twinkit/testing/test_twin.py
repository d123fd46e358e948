"""The twin object of tests: what it shows, moves, breaks, copies and claims."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import httpx
import pytest

from twinkit.errors import UsageError
from twinkit.testing import PlaneError, Twin, TwinServer, World, connect


def write(twin: Twin, text: str = "hello", **more: object) -> dict[str, object]:
    reply = twin.client.post("/notes", json={"text": text, **more})
    assert reply.status_code in (200, 201), reply.text
    return dict(reply.json())


def test_it_says_how_to_be_reached(twin: Twin) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/i/test-\d+", twin.url)
    assert twin.env == {"NOTES_URL": twin.url, "NOTES_KEY": "key_test"}
    assert twin.credentials["api_key"] == "key_test"
    assert twin.client.headers["authorization"] == "Bearer key_test"
    assert "notes" in repr(twin)


def test_records_are_read_by_property(twin: Twin) -> None:
    write(twin, "first")
    made = write(twin, "second")
    assert [note.text for note in twin.records("note")] == ["first", "second"]
    assert twin.records("note", text="second")[0].id == made["id"]
    assert twin.record("note", str(made["id"])).archived is False
    assert twin.resources()["note"] == 2
    with pytest.raises(AttributeError, match="no property 'txt'"):
        _ = twin.records("note")[0].txt
    with pytest.raises(PlaneError, match="did you mean 'note'"):
        twin.records("nota")


def test_records_are_made_without_a_request(twin: Twin) -> None:
    made = twin.create("note", text="from the test")
    assert twin.client.get(f"/notes/{made.id}").json()["text"] == "from the test"
    assert twin.load({"note": [{"text": "one"}, {"text": "two"}]}) == 2
    twin.reset()
    assert [note.text for note in twin.records("note")] == ["one", "two"]


def test_exchanges_tell_what_was_asked_and_answered(twin: Twin) -> None:
    write(twin, "seen")
    twin.client.get("/nowhere")
    first, second = twin.exchanges
    assert (first.operation, first.method, first.path, first.status) == ("createNote", "POST", "/notes", first.status)
    assert first.fields == {"text": "seen"}
    assert first.reply["text"] == "seen"
    assert second.operation is None
    assert second.status == 404
    assert "POST /notes" in str(first)


def test_changes_count_from_the_mark(twin: Twin) -> None:
    made = write(twin, "before")
    twin.mark()
    twin.client.post(f"/notes/{made['id']}/archive")
    (change,) = twin.changes()
    assert (change.resource, change.id) == ("note", made["id"])
    assert change.differences["archived"] == (False, True)


def test_the_clock_moves_on_and_never_back(twin: Twin) -> None:
    twin.clock.freeze()
    start = twin.clock.datetime
    twin.clock.advance(days=30, hours=1)
    assert twin.clock.datetime - start == timedelta(days=30, hours=1)
    twin.clock.advance(to=datetime(2027, 1, 1, tzinfo=UTC))
    assert twin.clock.datetime == datetime(2027, 1, 1, tzinfo=UTC)
    assert twin.clock.mode == "fixed"
    with pytest.raises(PlaneError, match="only moves on"):
        twin.clock.advance(to="2026-01-01T00:00:00Z")


def test_calls_fail_as_often_as_told(twin: Twin) -> None:
    twin.fail("conflict", operation="listNotes", times=2)
    assert [twin.client.get("/notes").status_code for _ in range(3)] == [409, 409, 200]
    with twin.fail(status=503, body={"down": True}, times=None):
        assert twin.client.get("/notes").json() == {"down": True}
        assert write_status(twin) == 503
    assert write_status(twin) in (200, 201)
    assert twin.exchanges[0].fault


def write_status(twin: Twin) -> int:
    return twin.client.post("/notes", json={"text": "x"}).status_code


def test_a_lost_reply_keeps_the_write(twin: Twin) -> None:
    twin.fail(network="reset", at="after_commit", operation="createNote")
    with pytest.raises(httpx.TransportError):
        twin.client.post("/notes", json={"text": "lost"})
    assert twin.assert_record("note", text="lost")


def test_unknown_words_of_a_fault_name_the_nearest(twin: Twin) -> None:
    with pytest.raises(PlaneError, match="latency"):
        twin.fail(latencyy="2s")
    with pytest.raises(PlaneError):
        twin.failures("no-such-profile")


def test_snapshots_and_forks_are_private(twin: Twin) -> None:
    write(twin, "kept")
    frozen = twin.snapshot()
    write(twin, "lost")
    other = twin.fork()
    write(other, "elsewhere")
    frozen.restore()
    assert [note.text for note in twin.records("note")] == ["kept"]
    assert [note.text for note in other.records("note")] == ["kept", "lost", "elsewhere"]
    other.close()


def test_controls_do_the_human_s_part(twin: Twin) -> None:
    write(twin)
    assert twin.do("archive_all") == {"archived": 1}
    with pytest.raises(PlaneError, match="did you mean 'archive_all'"):
        twin.do("archive_al")


def test_assertions_show_what_is_there_instead(twin: Twin) -> None:
    write(twin, "actual")
    twin.assert_called("createNote", times=1, text="actual")
    twin.assert_called("POST /notes")
    twin.assert_not_called("listNotes")
    twin.assert_not_called("GET /notes/{id}")
    for unknown in (lambda: twin.assert_not_called("createNot"), lambda: twin.assert_called("createNot")):
        with pytest.raises(UsageError, match="no operation 'createNot'; did you mean 'createNote'"):
            unknown()
    twin.client.get(f"/notes/{twin.records('note')[0].id}")
    twin.assert_called("GET /notes/{id}", times=1)
    twin.assert_record("note", text="actual", id=ANY, archived=lambda value: value is False)
    twin.assert_no_record("note", text="other")
    twin.assert_event("note.created", text="actual")
    for claim, message in (
        (lambda: twin.assert_called("createNote", text="other"), "'actual' instead of 'other'"),
        (lambda: twin.assert_called("createNote", times=2), "called 1 times, not 2"),
        (lambda: twin.assert_not_called("createNote"), "was called"),
        (lambda: twin.assert_record("note", text="other"), "'actual' instead of 'other'"),
        (lambda: twin.assert_record("note", txet="x"), "did you mean 'text'"),
        (lambda: twin.assert_no_record("note", text="actual"), "note there is"),
        (lambda: twin.assert_event("note.archived"), "note.created"),
        (lambda: twin.assert_event("note.created", text="other"), "instead of 'other'"),
        (lambda: twin.assert_delivered("note.created"), "delivered not at all"),
    ):
        with pytest.raises(AssertionError, match=re.escape(message)):
            claim()


def test_same_seed_same_bytes_and_another_seed_others(server: TwinServer) -> None:
    def first(seed: int) -> bytes:
        twin = server.instance(seed=seed)
        body = twin.client.post("/notes", json={"text": "x"}).content
        server.remove(twin)
        return body

    assert first(7) == first(7)
    assert first(7) != first(8)


def test_instances_never_share_state(server: TwinServer) -> None:
    twins = [server.instance() for _ in range(20)]
    for number, twin in enumerate(twins):
        for _ in range(number % 3):
            write(twin, str(number))
    for number, twin in enumerate(twins):
        assert [note.text for note in twin.records("note")] == [str(number)] * (number % 3)
        server.remove(twin)


def test_settings_of_an_instance(server: TwinServer) -> None:
    fault = {"profile": "down", "rules": [{"then": {"status": 503}}]}
    twin = server.instance(clock="fixed:2030-01-01T00:00:00Z", failures=[fault], baseline={"note": [{"text": "there"}]})
    assert twin.clock.datetime.year == 2030
    assert twin.client.get("/notes").status_code == 503
    assert twin.records("note")[0].text == "there"
    assert not twin.changes()
    server.remove(twin)
    with pytest.raises(UsageError):
        server.instance(clock="sundial")


def test_unknown_twins_name_the_installed_ones(server: TwinServer) -> None:
    with pytest.raises(UsageError, match="no twin 'strype'"):
        server.instance("strype")


def test_the_same_object_talks_to_a_live_twin(server: TwinServer) -> None:
    local = server.instance()
    with connect(local.url) as live:
        assert live.name == "notes"
        write(live, "over the wire")
        assert local.records("note")[0].text == "over the wire"
        live.clock.advance(days=1)
        assert abs(local.clock.now - live.clock.now) <= 1
    with pytest.raises(ConnectionError):
        connect("http://127.0.0.1:9/")
    server.remove(local)


def test_a_world_moves_together(server: TwinServer) -> None:
    world = World(lambda name: server.instance(name))
    write(world.notes, "in the world")
    frozen = world.snapshot()
    before = world.notes.clock.now
    assert set(world.clock.advance(days=1)) == {"notes"}
    assert world["notes"].clock.now - before >= 86_400
    frozen.restore()
    assert world.notes.clock.now - before < 86_400
    assert world.env["NOTES_KEY"] == "key_test"
    world.reset()
    assert not world.notes.records("note")
    server.remove(world.notes)


def test_the_report_shows_the_last_exchanges_and_faults(twin: Twin) -> None:
    twin.fail("conflict", operation="listNotes")
    twin.client.get("/notes")
    text = twin.report()
    assert "GET /notes → 409" in text
    assert "conflict" in text
