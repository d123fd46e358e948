"""`twin record` and `twin check`: a second twin stands for the real service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.twinkit.notes import installed, notes
from twinkit.errors import UsageError
from twinkit.testing import TwinServer
from twinkit.testing.recording import Recording, Redactor
from twinkit.testing.replay import Allowance, Difference, Replay, allowances

SUITE = """
import json, os, urllib.request

def call(method, path, data=None):
    body = json.dumps(data).encode() if data is not None else None
    headers = {"authorization": "Bearer " + os.environ["NOTES_KEY"], "content-type": "application/json"}
    request = urllib.request.Request(os.environ["NOTES_URL"] + path, body, headers, method=method)
    return json.load(urllib.request.urlopen(request))

note = call("POST", "/v1/notes", {"text": "recorded"})
call("POST", f"/v1/notes/{note['id']}/archive")
call("GET", f"/v1/notes/{note['id']}")
call("GET", "/v1/notes")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    return installed(tmp_path_factory.mktemp("site") / "packages")


def twin(site: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twinkit.cli.twin", *arguments]
    variables = {**os.environ, "PYTHONPATH": site, **env}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def recording(site: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite recorded against a twin with another seed, which stands for the real service."""
    out = tmp_path_factory.mktemp("recording") / "run.jsonl"
    with TwinServer(notes(), seed=99) as service:
        url = service.default().url
        key = "key_test_of_the_sandbox"
        words = (sys.executable, "-c", SUITE)
        done = twin(site, "record", "notes", "--upstream", url, "--out", str(out), "--", *words, NOTES_KEY=key)
    assert done.returncode == 0, done.stderr
    assert "4 exchanges" in done.stderr
    assert key not in out.read_text()
    return out


def test_a_faithful_twin_shows_no_difference(site: str, recording: Path) -> None:
    done = twin(site, "check", str(recording), "--seed", "5")
    assert (done.returncode, done.stdout) == (0, "4 exchanges, 0 differences, 0 more allowed\n"), done.stderr


def test_a_difference_is_listed_and_can_be_allowed(site: str, recording: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    lines[1]["reply"]["json"]["color"] = "blue"
    lines[3]["status"] = 410
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join(json.dumps(line) for line in lines))
    done = twin(site, "check", str(changed))
    assert done.returncode == 1
    assert '1. POST /v1/notes  $.color: missing: "blue" → null' in done.stdout
    assert 'status: status: 410 → "200 ' in done.stdout
    known = tmp_path / "known.yaml"
    known.write_text("- {call: 'POST /v1/notes', at: $.color, because: not modelled}\n- {kind: status}\n")
    done = twin(site, "check", str(changed), "--allow", str(known))
    assert (done.returncode, done.stdout) == (0, "4 exchanges, 0 differences, 2 more allowed\n")


def test_a_served_twin_is_checked(recording: Path) -> None:
    with TwinServer(notes()) as server:
        twin = server.instance()
        loaded = Recording.load(recording)
        replay = Replay(loaded, twin.plane.wire, twin.url, twin.authorization, twin.plane.prefix)
        assert list(replay.run()) == []
        assert len(twin.records("note")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("record", "notes", "--upstream", "http://127.0.0.1:9"), "what to run after --"),
        (("record", "notes", "--upstream", "nowhere", "--", "true"), "--upstream https://"),
        (("record", "nots", "--", "true"), "did you mean 'notes'"),
        (
            ("record", "notes", "--upstream", "http://127.0.0.1:9", "--out", "/nowhere/x", "--", "echo", "it ran"),
            "cannot write /nowhere/x",
        ),
        (("check", "missing.jsonl"), "cannot read missing.jsonl"),
    ],
)
def test_wrong_usage(site: str, arguments: tuple[str, ...], message: str) -> None:
    done = twin(site, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "it ran" not in done.stdout


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"client_secret": "pi_1_secret_abc"}, {"client_secret": "{secret-1}"}),
        ({"a": "use sk_test_123456 here"}, {"a": "use {secret-1} here"}),
        ({"access_token": "opaque-value"}, {"access_token": "{secret-1}"}),
        ({"t": "xoxb-1-2-abc"}, {"t": "{secret-1}"}),
        ({"jwt": ["eyJhbGciOi.eyJzdWIi.c2ln"]}, {"jwt": ["{secret-1}"]}),
        ({"note": "nothing to see", "n": 5}, {"note": "nothing to see", "n": 5}),
    ],
)
def test_secrets_are_taken_out(data: Any, shown: Any) -> None:
    assert Redactor().data(data) == shown


def test_secrets_of_headers_and_forms_are_taken_out() -> None:
    redactor = Redactor(["from-the-environment"])
    redactor.learn({"authorization": "Basic c2tfdGVzdF9hYmNkZWY6", "cookie": "sid=session-cookie-1"})
    body = b"client_secret=hidden-value&a=from-the-environment&b=sk_test_abcdef&c=session-cookie-1"
    text = redactor.body(body, "application/x-www-form-urlencoded")["text"]
    assert text.count("{secret-") == 4
    assert not any(word in text for word in ("hidden", "environment", "sk_test", "session"))


@pytest.mark.parametrize(
    ("recorded", "twin", "kinds"),
    [
        ({"id": "cus_abcdef123"}, {"id": "cus_zzzzzz999"}, []),
        ({"id": "cus_abcdef123"}, {"id": "sub_zzzzzz999"}, ["value"]),
        ({"created": 1_700_000_000}, {"created": 1_793_491_200}, []),
        ({"at": "2026-01-01T00:00:00Z"}, {"at": "2025-05-05T10:00:00.000Z"}, []),
        ({"n": 1}, {"n": "1"}, ["type"]),
        ({"n": 1}, {"n": 2}, ["value"]),
        ({"n": None}, {"n": 2}, ["type"]),
        ({"n": True}, {"n": 1}, ["type"]),
        ({"n": [1, 2]}, {"n": [1]}, ["length"]),
        ({"a": 1}, {"b": 1}, ["missing", "extra"]),
        ({"s": "{secret-1}"}, {"s": "pi_1_secret_x"}, []),
    ],
)
def test_comparison(recorded: Any, twin: Any, kinds: list[str]) -> None:
    replay = Replay(Recording("notes", "https://service.example"), None, "http://twin")  # type: ignore[arg-type]
    assert [kind for _, kind, _, _ in replay.compare(recorded, twin, "$")] == kinds


def test_allow_lists_are_strict(tmp_path: Path) -> None:
    path = tmp_path / "allow.yaml"
    path.write_text("- {cal: x}\n")
    with pytest.raises(UsageError, match="did you mean 'call'"):
        allowances(path)
    assert Allowance(at="$.a*").covers(Difference(1, "GET /", "$.ab", "value", 1, 2))
    assert not Allowance(kind="type").covers(Difference(1, "GET /", "$.ab", "value", 1, 2))
