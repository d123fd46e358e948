"""Several twins as one world: one clock, one snapshot, records that refer to each other, across a restart too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Served, serving
from tests.twinkit.webhooks.receiving import Inbox
from twinkit.errors import UsageError
from twinkit.server.world import read_world, resolve

NOTES = str(Path(__file__).with_name("notes.json"))
WORLD = """\
world: team
seed: 7
clock: fixed
baseline:
  stripe:
    customer:
      - {$as: ada, email: ada@example.com, name: Ada}
  notes:
    note:
      - {$as: first, title: "{stripe.ada.name}'s note", body: "{stripe.ada.id}"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "team.yaml"
    path.write_text(WORLD)
    return path


@pytest.fixture
def twins(file: Path) -> Iterator[dict[str, Served]]:
    with serving("--world", str(file), "--openapi", NOTES) as served:
        yield served


def ada(twins: dict[str, Served]) -> dict[str, Any]:
    (found,) = twins["stripe"].control("GET", "state/customer")["records"]
    return dict(found)


def test_records_refer_to_each_other(twins: dict[str, Served]) -> None:
    (note,) = twins["notes"].control("GET", "state/note")["records"]
    assert (note["title"], note["body"]) == ("Ada's note", ada(twins)["id"])


def test_one_clock_runs_what_is_due_everywhere(twins: dict[str, Served]) -> None:
    before = twins["notes"].control("GET", "clock")["now"]
    with Inbox(lambda got, times: 500 if times == 1 else 200) as inbox:
        twins["stripe"].control("POST", "receivers", url=inbox.url)
        reply = twins["stripe"].client.post("/v1/customers", headers={"authorization": "Bearer sk_test_x"})
        assert reply.status_code == 200
        twins["stripe"].control("POST", "idle")
        ran = twins["notes"].control("POST", "clock/advance", hours=1)
        assert twins["stripe"].control("GET", "clock")["now"] == before + 3600 == ran["now"]
        assert [row["status"] for row in ran["others"]["stripe"]["deliveries"]] == ["delivered"]


def test_a_request_to_one_twin_lets_time_pass_at_the_others(file: Path) -> None:
    with (
        Inbox() as inbox,
        serving("--world", str(file), "--openapi", NOTES, "--clock", "tick") as twins,
    ):
        twins["stripe"].control("POST", "receivers", url=inbox.url)
        late = {"when": {"event": "*"}, "then": {"delivery": {"delay": "5s"}}}
        twins["stripe"].control("POST", "faults", rules=[late])
        twins["stripe"].client.post("/v1/customers", headers={"authorization": "Bearer sk_test_x"})
        for _ in range(6):
            assert twins["notes"].client.get("/v1/notes").status_code == 200
        assert twins["stripe"].control("POST", "idle")["idle"] is True
        assert len(inbox.got) == 1


def test_one_snapshot_holds_them_all(twins: dict[str, Served]) -> None:
    told = twins["stripe"].control("POST", "world", do="snapshot", name="calm")
    assert set(told["twins"]) == {"stripe", "notes"}
    twins["notes"].client.post("/v1/notes", json={"title": "more"})
    twins["stripe"].control("POST", "clock/advance", days=3)
    back = twins["notes"].control("POST", "world", do="restore", name="calm")
    assert back["now"] == told["now"]
    assert len(twins["notes"].control("GET", "state/note")["records"]) == 1


def test_reset_of_the_world_and_of_one_twin(twins: dict[str, Served]) -> None:
    first = ada(twins)
    start = twins["stripe"].control("GET", "clock")["now"]
    twins["notes"].client.post("/v1/notes", json={"title": "more"})
    twins["stripe"].control("POST", "clock/advance", days=3)
    twins["notes"].control("POST", "reset")
    assert len(twins["notes"].control("GET", "state/note")["records"]) == 1
    assert twins["notes"].control("GET", "clock")["now"] == start + 3 * 86_400
    assert twins["stripe"].control("POST", "world", do="reset")["now"] == start
    assert ada(twins) == first


def test_a_wrong_wish_is_explained(twins: dict[str, Served]) -> None:
    reply = twins["stripe"].client.post("/_twin/world", json={"do": "snapshit"})
    assert (reply.status_code, "did you mean 'snapshot'" in reply.text) == (400, True)


def test_a_state_file_keeps_the_world(file: Path, tmp_path: Path) -> None:
    arguments = ("--world", str(file), "--openapi", NOTES, "--db", str(tmp_path / "state.sqlite"))
    with serving(*arguments) as served:
        first = ada(served)
    with serving(*arguments) as served:
        assert ada(served) == first
        served["notes"].control("POST", "world", do="reset")
        assert ada(served) == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wurld: x", "did you mean 'world'?"),
        ("twins: [stripe]\nseed: many", "line 2: seed: a whole number"),
        ("baseline: [1]", "a mapping is wanted"),
    ],
)
def test_mistakes_in_a_file_are_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_world(path)
    assert message in str(caught.value)


def test_references() -> None:
    named = {"okta.ada": {"id": "00u", "profile": {"email": "ada@x", "age": 36}}}
    value = {"a": "{okta.ada.id}", "b": ["<{okta.ada.profile.email}>"], "c": "{okta.ada.profile.age}", "d": 1}
    assert resolve(value, named) == {"a": "00u", "b": ["<ada@x>"], "c": 36, "d": 1}
    for wrong in ("{okta.eve.id}", "{okta.ada.name}", "{okta.ada}"):
        with pytest.raises(UsageError):
            resolve(wrong, named)


def test_json_in_texts_is_left_alone() -> None:
    text = json.dumps({"a": {"b": 1}})
    assert resolve(text, {}) == text
