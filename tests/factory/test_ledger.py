"""The ledger notices every edit; trust is counted exactly; a merge pins what was evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import Project
from twinkit.cli import factory as cli
from twinkit.factory.errors import IntegrityError
from twinkit.factory.ledger.chain import Ledger
from twinkit.factory.ledger.trust import Trust, may_merge, trust


def entries(rows: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"n": n, "kind": kind, "data": data} for n, (kind, data) in enumerate(rows, start=1)]


def judged(count: int, wrong: int = 0, overrides: int = 0, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    rows: list[tuple[str, dict[str, Any]]] = []
    for n in range(count):
        head = f"h{n}"
        rows.append(("evaluation", {"head": head, "decision": "eligible", "vault": "v"}))
        rows.append(
            ("judgement", {"head": head, "verdict": "reject" if n < wrong else "accept", "blind": True, **more})
        )
        rows.append(("decision", {"head": head, "verdict": "accept", "override": n < overrides}))
    return rows


def test_chain(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert ledger.entries() == []
    for n in range(4):
        ledger.append("incident", {"head": str(n), "note": ""})
    assert [entry["n"] for entry in ledger.entries()] == [1, 2, 3, 4]
    lines = ledger.path.read_text().splitlines()
    edited = json.loads(lines[1])
    edited["data"]["head"] = "forged"
    broken = {
        "edited": [lines[0], json.dumps(edited, sort_keys=True), *lines[2:]],
        "removed": [lines[0], *lines[2:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "truncated": lines[:3],
        "emptied": [],
        "cut short": [*lines[:3], lines[3][:40]],
        "doubled": [*lines, lines[3]],
    }
    for what, content in broken.items():
        ledger.path.write_text("\n".join(content) + ("\n" if content else ""))
        if what == "emptied":
            ledger.path.unlink()
        with pytest.raises(IntegrityError):
            ledger.entries()
        with pytest.raises(IntegrityError):
            ledger.append("incident", {})
    ledger.path.write_text("\n".join(lines) + "\n")
    assert len(ledger.entries()) == 4
    (tmp_path / "keys" / "ledger.key").unlink()
    with pytest.raises(IntegrityError, match="missing"):
        ledger.entries()


@pytest.mark.parametrize(
    ("count", "wrong", "overrides", "mode"),
    [
        (0, 0, 0, "SHADOW"), (14, 0, 0, "SHADOW"), (15, 0, 0, "REVIEW"), (29, 0, 0, "REVIEW"), (30, 0, 0, "AUTO"),
        (30, 1, 0, "AUTO"), (30, 2, 0, "SHADOW"), (40, 2, 0, "SHADOW"), (41, 2, 0, "AUTO"),
        (30, 0, 2, "AUTO"), (30, 0, 3, "SHADOW"),
    ],
)  # fmt: skip
def test_modes(count: int, wrong: int, overrides: int, mode: str) -> None:
    """Below 5 % and below 10 %, strictly: 2 of 40 and 3 of 30 are not."""
    assert trust(entries(judged(count, wrong, overrides))).mode == mode


def test_what_demotes() -> None:
    good = judged(30)
    assert trust(entries(good)).mode == "AUTO"
    assert trust(entries([*good, ("incident", {"head": "h1"})])).mode == "SHADOW"
    confirmed = ("judgement", {"head": "h1", "verdict": "reject", "blind": True, "confirmed": True})
    assert trust(entries([*good, confirmed])).mode == "SHADOW"
    changed = ("evaluation", {"head": "x", "decision": "eligible", "vault": "other"})
    assert trust(entries([*good, changed])).mode == "SHADOW"
    assert "scenario set" in trust(entries([*good, changed])).reasons[0]


def test_only_blind_judgements_count() -> None:
    assert trust(entries(judged(40, blind=False))).judged == 0


def test_strict_asks_the_exact_bound() -> None:
    assert trust(entries(judged(58)), strict=True).mode != "AUTO"
    assert trust(entries(judged(59)), strict=True).mode == "AUTO"
    text = trust(entries(judged(30))).text()
    assert "observed false positives: 0 of 30" in text and "59 clean changes" in text
    assert trust(entries(judged(19)), minimum=1).minimum == 20


def test_merges_pin_the_evaluated_commit() -> None:
    auto = trust(entries(judged(30)))
    report = {"head": "a" * 40, "gate": {"decision": "eligible"}, "advisories": []}
    assert may_merge(auto, report, "a" * 40)[0]
    assert not may_merge(auto, report, "b" * 40)[0]
    assert not may_merge(auto, {**report, "gate": {"decision": "undetermined"}}, "a" * 40)[0]
    assert not may_merge(auto, {**report, "advisories": ["The coding agent ran without a sandbox"]}, "a" * 40)[0]
    review = Trust("REVIEW", 20, 20, 0, 0, 0, 0.1, 30, (), 0)
    assert not may_merge(review, report, "a" * 40)[0]


def test_from_the_command_line(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--project", str(project.repo), "--state", str(project.state)]
    project.run(trials=1)
    assert cli.main(["ledger", "judge", "HEAD", "--verdict", "accept", "--blind", *where]) == 2
    assert cli.main(["ledger", "record", *where]) == 0
    assert cli.main(["ledger", "judge", "HEAD", "--verdict", "accept", "--blind", *where]) == 0
    assert cli.main(["ledger", "decide", "HEAD", "--verdict", "reject", *where]) == 0
    assert cli.main(["ledger", "stats", *where]) == 0
    shown = capsys.readouterr().out
    assert "mode: SHADOW" in shown and "overrides: 1 of 1" in shown
    ledger = project.state / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace("accept", "reject"))
    assert cli.main(["ledger", "mode", *where]) == 4
