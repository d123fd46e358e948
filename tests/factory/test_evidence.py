"""What is no evidence for an app: unread words of a step, absence alone, forgotten calls, commands that failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.factory.conftest import Trial
from twinkit.factory.environment.twin_client import TwinClient
from twinkit.factory.errors import AppFailure
from twinkit.factory.scenarios.model import Step
from twinkit.factory.steps.load import library
from twinkit.factory.trial.result import Result
from twinkit.factory.trial.script import Script
from twinkit.factory.trial.verdict import Evidence


def outcome(result: Result) -> tuple[str, str]:
    return result.verdict, result.kind


@pytest.mark.parametrize(
    ("asked", "delivered", "counts", "believed"),
    [
        ([404], [], (1, 1), False),
        ([500, 405], [], (2, 2), False),
        ([], [500], (1, 1), False),
        ([], [], (1, 1), False),
        ([404, 200], [], (1, 1), True),
        ([], [200], (1, 1), True),
        ([404], [401], (1, 1), True),
        ([404], [], (2, 1), True),
    ],
)
def test_absence_alone(asked: list[int], delivered: list[int], counts: tuple[int, int], believed: bool) -> None:
    twin = SimpleNamespace(answered=lambda: delivered)
    world: Any = SimpleNamespace(
        app=SimpleNamespace(log=[{"status": status} for status in asked]), twins={"x": twin},
        expectations=counts[0], absences=counts[1],
    )  # fmt: skip
    problem = Script([], world, Evidence(), timeout=1, settle=0).only_absence()
    assert (problem == "") is believed


def test_a_table_or_text_that_nobody_reads_does_not_bind() -> None:
    registry = library()
    status = "the response status is 200"
    assert registry.bind(Step("then", "Then", status, 1)).state == "bound"
    table = registry.bind(Step("then", "Then", status, 1, (("name", "Ada"),)))
    assert table.state == "unbound" and "takes no table" in table.problem
    text = registry.bind(Step("then", "Then", status, 1, (), "Ada"))
    assert text.state == "unbound" and "takes no doc string" in text.problem


def test_commands_that_hang_or_break_are_the_apps_failure(trial: Trial) -> None:
    app = {"serves": False, "start": ()}
    scenario = (
        '## Scenario: A job\n```yaml config\ntimeout: 1s\n```\nWhen I run "{}"\nThen the command ends with code 0\n'
    )
    assert outcome(trial(scenario=scenario.format("true"), app=app)) == ("pass", "")
    assert outcome(trial(scenario=scenario.format("false"), app=app)) == ("fail", "assert")
    assert outcome(trial(scenario=scenario.format("sleep 30"), app=app)) == ("fail", "app_timeout")
    quiet = 'When I run "false"\nThen the command does not print "secret"\n'
    assert outcome(trial(scenario="## Scenario: A job\n" + quiet, app=app)) == ("error", "harness"), "proves nothing"


def test_calls_that_a_twin_no_longer_remembers_are_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = TwinClient("x", {"url": "http://127.0.0.1:1"}, "token")
    rows = [{"seq": number, "method": "GET", "path": "/"} for number in range(1, 4)]
    answer = {"exchanges": rows}
    monkeypatch.setattr(client, "control", lambda method, path, payload=None: answer)
    assert len(client.exchanges()) == 3
    for forgetful in (rows[1:], rows * 4000):
        answer["exchanges"] = forgetful
        with pytest.raises(AppFailure, match="more than"):
            client.exchanges()
