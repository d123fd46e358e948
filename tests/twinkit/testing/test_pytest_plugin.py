"""The pytest plugin, seen from suites that use it: each test here runs pytest in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.twinkit.notes import installed

USED = """
import asyncio
import unittest

import pytest

def write(twin, text="x"):
    return twin.client.post("/notes", json={"text": text}).json()

def test_a_fixture_is_there(notes_twin):
    write(notes_twin)
    assert len(notes_twin.records("note")) == 1

def test_the_next_test_starts_afresh(notes_twin):
    assert notes_twin.records("note") == []

@pytest.mark.twin(seed=3, clock="fixed:2031-05-01T00:00:00Z", baseline={"note": [{"text": "laid"}]})
def test_the_marker_sets(notes_twin):
    assert notes_twin.seed == 3
    assert notes_twin.clock.datetime.year == 2031
    assert notes_twin.records("note")[0].text == "laid"

@pytest.mark.twin("stripe", seed=9)
def test_a_marker_for_another_twin_does_not(notes_twin):
    assert notes_twin.seed != 9

@pytest.mark.twin(failures={"profile": "down", "rules": [{"then": {"status": 503}}]})
class TestFailing:
    def test_it_fails(self, notes_twin):
        assert notes_twin.client.get("/notes").status_code == 503

    @pytest.mark.twin(failures=[])
    def test_the_nearest_marker_wins(self, notes_twin):
        assert notes_twin.client.get("/notes").status_code == 200

def test_the_factory_makes_more(twin_factory):
    one, two = twin_factory("notes", seed=1), twin_factory("notes", seed=1)
    assert one.url != two.url
    assert write(one)["id"] == write(two)["id"]

def test_a_world(twin_world):
    before = twin_world.notes.clock.now
    twin_world.clock.advance(days=1)
    assert twin_world.notes.clock.now >= before + 86400

@pytest.mark.usefixtures("notes_twin")
class TestCase(unittest.TestCase):
    def test_unittest(self):
        self.assertEqual(self.notes_twin.records("note"), [])

def test_asyncio(notes_twin):
    import httpx

    async def work():
        async with httpx.AsyncClient(base_url=notes_twin.url) as client:
            headers = {"authorization": notes_twin.authorization}
            return await asyncio.gather(*(client.post("/notes", json={"text": "a"}, headers=headers) for _ in range(5)))

    assert {reply.status_code for reply in asyncio.run(work())} <= {200, 201}
    assert len(notes_twin.records("note")) == 5

@pytest.mark.twin(intercept=True)
def test_interception(notes_twin):
    import urllib.request

    request = urllib.request.Request("https://api.notes.example/v1/notes", headers={"authorization": "Bearer key_test"})
    with urllib.request.urlopen(request) as reply:
        assert reply.status == 200
    notes_twin.assert_called("listNotes", times=1)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    options = "-p no:cacheprovider --strict-markers"
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\nfilterwarnings = error\n")
    return folder


def run(suite: Path, source: str, *options: str, autoload: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a suite with the plugin alone, or (`autoload`) with every plugin that is installed."""
    (suite / "test_it.py").write_text(source)
    env = {**os.environ, "PYTHONPATH": installed(suite.parent / "site")}
    env.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", *options]
    if not autoload:
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command += ["-p", "twinkit.pytest_plugin", *(["-p", "xdist.plugin"] if "-n" in options else [])]
    return subprocess.run(command, cwd=suite, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_everything_a_suite_may_ask_for(suite: Path) -> None:
    done = run(suite, USED)
    assert "11 passed" in done.stdout, done.stdout + done.stderr


def test_workers_of_xdist_share_nothing(suite: Path) -> None:
    source = """
import pytest

@pytest.mark.parametrize("number", range(24))
def test_alone(notes_twin, number):
    assert notes_twin.records("note") == []
    for _ in range(number % 4):
        notes_twin.client.post("/notes", json={"text": str(number)})
    assert [note.text for note in notes_twin.records("note")] == [str(number)] * (number % 4)
"""
    done = run(suite, source, "-n", "2")
    assert "24 passed" in done.stdout, done.stdout + done.stderr


def test_a_failing_test_shows_what_the_twin_saw(suite: Path) -> None:
    source = """
def test_fails(notes_twin):
    notes_twin.fail("conflict", operation="createNote")
    notes_twin.client.post("/notes", json={"text": "x"})
    assert False
"""
    done = run(suite, source)
    assert done.returncode == 1
    assert "twin notes" in done.stdout
    assert "POST /notes → 409  createNote" in done.stdout
    assert "faults in force" in done.stdout


def test_a_failed_claim_points_at_the_test_s_own_line(suite: Path) -> None:
    source = """
def test_it(notes_twin):
    notes_twin.assert_called("createNote")
"""
    done = run(suite, source)
    assert "createNote was not called" in done.stdout
    assert "def assert_called" not in done.stdout


def test_a_wrong_marker_names_the_nearest(suite: Path) -> None:
    source = """
import pytest

@pytest.mark.twin(sead=1)
def test_it(notes_twin):
    pass

@pytest.mark.twin("nots", seed=1)
def test_another(notes_twin):
    pass
"""
    done = run(suite, source)
    assert "no 'sead'; did you mean 'seed'?" in done.stdout
    assert "no twin 'nots' is installed; did you mean 'notes'?" in done.stdout


def test_options_of_the_command_line(suite: Path, tmp_path: Path) -> None:
    profile = tmp_path / "slow.yaml"
    profile.write_text(
        "profile: full\ndescription: full\nrules:\n- when: {operation: listNotes}\n  then: {status: 507}\n"
    )
    source = """
def test_it(notes_twin):
    assert notes_twin.seed == 42
    assert notes_twin.client.get("/notes").status_code == 507
"""
    record = tmp_path / "record"
    done = run(suite, source, "--twin-seed=42", f"--twin-failures={profile}", f"--twin-record={record}")
    assert "1 passed" in done.stdout, done.stdout
    (file,) = record.iterdir()
    assert [json.loads(line)["status"] for line in file.read_text().splitlines()] == [507]


def test_a_suite_that_asks_for_no_twin_loads_nothing(suite: Path) -> None:
    source = """
import sys

def test_it():
    loaded = {name for name in sys.modules if name.startswith(("twinkit.", "twins"))}
    assert loaded == {"twinkit.pytest_plugin"}
"""
    done = run(suite, source, autoload=True)
    assert "1 passed" in done.stdout, done.stdout
