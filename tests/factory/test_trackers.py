"""Trackers: one set of promises for all of them, and what is particular to each."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import write
from twinkit.errors import UsageError
from twinkit.factory.trackers.base import Proposal, Tracker
from twinkit.factory.trackers.directory import DirectoryTracker

Make = Callable[[], Tracker]


@pytest.fixture(params=["directory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes trackers that look at the same tickets, as several processes would."""
    return lambda: DirectoryTracker(tmp_path / "tickets")


def test_every_tracker(make: Make) -> None:
    """Ready by priority, one claim, words said once, states, changes, bugs reported once."""
    tracker, other = make(), make()
    assert tracker.ready() == []
    low = tracker.report_bug("Low", "Body of low.", "low")
    high = tracker.report_bug(
        "High $(touch owned)", "---\ntype: bug\nservice: x\npriority: high\n---\n# High\n", "high"
    )
    twice = [tracker.report_bug("Once", "Body.", "critical", key="alert-7") for _ in range(2)]
    assert twice[0].id == twice[1].id
    assert [each.id for each in other.ready()] == [twice[0].id, high.id, low.id]
    found = other.get(high.id)
    assert (found.title, found.priority, found.status) == ("High $(touch owned)", "high", "ready")
    assert "type: bug" in found.body and "# High" in found.body and other.get(low.id).body.strip() == "Body of low."

    assert tracker.claim(high.id, "one") and tracker.claim(high.id, "one")
    assert not other.claim(high.id, "two")
    assert [each.id for each in other.ready()] == [twice[0].id, low.id]
    for _ in range(2):
        tracker.comment(high.id, "**Said**: once", key="k1")
    assert tracker.get(high.id).body == found.body
    proposal = Proposal("factory/high", "a" * 40, "main", "High", "Text")
    assert tracker.open_change(high.id, proposal) == tracker.open_change(high.id, proposal)
    for status in ("in review", "done"):
        tracker.transition(high.id, status)
        assert other.get(high.id).status == status
    tracker.transition(high.id, "rejected")
    assert not other.claim(high.id, "two") and high.id not in [each.id for each in other.ready()]
    tracker.transition(high.id, "ready")
    assert other.claim(high.id, "two") and not tracker.claim(high.id, "one")
    with pytest.raises(UsageError, match="nothing-like-it"):
        tracker.get("nothing-like-it")
    with pytest.raises(UsageError, match="status"):
        tracker.transition(high.id, "finished")


def _claim(folder: Path, name: str, start: Any, won: Any) -> None:
    start.wait()
    won.put((name, DirectoryTracker(folder).claim("one", name)))


def test_of_two_processes_one_claims(tmp_path: Path) -> None:
    write(tmp_path, {"one.md": "---\nstatus: ready\n---\nBody\n"})
    context = multiprocessing.get_context("fork")
    start, won = context.Barrier(4), context.SimpleQueue()
    workers = [context.Process(target=_claim, args=(tmp_path, f"w{n}", start, won)) for n in range(4)]
    for each in workers:
        each.start()
    results = [won.get() for _ in workers]
    for each in workers:
        each.join()
    winners = [name for name, got in results if got]
    assert len(winners) == 1 and f"claim: {winners[0]}" in (tmp_path / "one.md").read_text()


def test_tickets_as_people_write_them(tmp_path: Path) -> None:
    plain = "---\ntitle: Reset\npriority: critical\ntype: feature\nservice: accounts\n---\r\n# Reset\n## Goal\nx\n"
    write(tmp_path, {"a.md": plain, "b.md": "# Only a heading\n", "README.md": "not a ticket", "c.txt": "no"})
    tracker = DirectoryTracker(tmp_path)
    first, second = tracker.ready()
    assert (first.id, first.title, first.priority) == ("a", "Reset", "critical")
    assert first.body.startswith("---\ntype: feature\nservice: accounts\npriority: critical\n---\n# Reset")
    assert (second.id, second.title, second.slug) == ("b", "Only a heading", "b")
    tracker.comment("b", "Hello", "k")
    text = (tmp_path / "b.md").read_text()
    assert text.index("# Only a heading") < text.index("<!-- comments") < text.index("Hello")
    assert tracker.get("b").body == "# Only a heading\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nstatus: redy\n---\n", "make `status:` one of ready, claimed"),
        ("---\npriority: urgent\n---\n", "make `priority:` one of critical"),
        ("---\nstatsu: ready\n---\n", "did you mean"),
        ("---\nstatus: ready\n", "close the front matter"),
        ("---\nid: b\n---\n", "give it another `id:`"),
    ],
)
def test_what_is_wrong_with_a_ticket_is_said(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, {"a.md": "---\nid: b\n---\n", "t.md": text})
    with pytest.raises(UsageError, match=words):
        DirectoryTracker(tmp_path).ready()
