"""The password reset: plain English, a correct app that passes 15 of 15, ten planted faults each rejected for its
reason.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factory.conftest import Project
from twinkit.errors import UsageError
from twinkit.factory.audits import behaviour, planted
from twinkit.factory.environment.database import find_postgresql
from twinkit.factory.scenarios.lint import lint_suite
from twinkit.factory.scenarios.vault import load_vault
from twinkit.factory.specs.lint import load_specifications
from twinkit.factory.steps.load import load_steps


def test_password_reset_passes_fifteen_of_fifteen(example: Callable[[str], Project]) -> None:
    project = example("password_reset")
    specifications, findings = load_specifications(project.repo / "specs")
    suite = load_vault(project.vault)
    assert not findings and not lint_suite(suite, load_steps(project.vault), specifications)
    report = project.run(twin_command=())
    assert report["gate"]["decision"] == "eligible"
    assert [(row["passes"], row["trials"]) for row in report["scenarios"]] == [(3, 3)] * 5
    assert [row["title"] for row in report["scenarios"]] == [
        "Happy path", "Expired token", "Email enumeration", "Rate limiting", "Single use",
    ]  # fmt: skip


def test_ten_planted_faults_are_rejected_by_the_right_scenarios(example: Callable[[str], Project]) -> None:
    project = example("password_reset")
    options = project.options(trials=1, twin_command=())
    faults = planted.lies(options)
    assert len(faults) == 10
    outcome = planted.audit_planted(options, faults, lambda text: None, project.executor)
    assert outcome["missed"] == [] and outcome["ok"]
    for row in outcome["rows"]:
        assert set(row["expected"]) <= set(row["rejected_by"]), row


def test_an_audit_that_misses_says_so(project: Project) -> None:
    (project.vault / "broken.toml").write_text(
        '[[broken]]\nname = "n"\nfile = "app.py"\nfind = "true"\nreplace = " true"\n'
    )
    outcome = planted.audit_planted(
        project.options(trials=1), planted.lies(project.options()), lambda t: None, project.executor
    )
    assert outcome["missed"] == ["n"] and not outcome["ok"]
    (project.vault / "broken.toml").write_text('[[broken]]\nname = "n"\nfile = "app.py"\nfind = "zzz"\nreplace = ""\n')
    with pytest.raises(UsageError, match="exactly once"):
        planted.lies(project.options())


def test_mutants(project: Project) -> None:
    found = planted.mutants(project.options(), 5)
    assert len(found) == 5 and len({each.name for each in found}) == 5
    assert found == planted.mutants(project.options(), 5)


def test_witness_and_determinism(project: Project) -> None:
    with pytest.raises(UsageError, match="--base"):
        behaviour.witness(project.options())
    silent = behaviour.witness(project.options(base="HEAD", trials=1))
    assert silent["silent"] == ["hello/hello"] and not silent["ok"]
    assert behaviour.determinism(project.options(trials=1), 2)["ok"]
    project.scenarios(
        "## Scenario: A\nWhen chance decides\nThen it holds\n",
        """
        import os
        @when('chance decides')
        def f(world): world.get('/hello')
        @then('it holds')
        def g(world):
            path = os.path.dirname(os.path.dirname(__file__)) + '/count'
            open(path, 'a').write('x')
            world.expect(len(open(path).read()) % 2, 'even')
        """,
    )
    assert not behaviour.determinism(project.options(trials=1), 2)["ok"]


@pytest.mark.skipif(find_postgresql() is None, reason="no PostgreSQL binaries on this machine")
def test_postgresql(project: Project) -> None:
    probe = (
        "import os, socket\ns = socket.create_connection((os.environ['PGHOST'], int(os.environ['PGPORT'])))\n"
        "params = b'user\\0app\\0database\\0postgres\\0\\0'\n"
        "s.sendall((len(params) + 8).to_bytes(4, 'big') + (196608).to_bytes(4, 'big') + params)\n"
        "ok = s.recv(1) == b'R'\n"
    )
    from tests.factory.conftest import CONFIG, TINY

    app = probe + TINY + "serve(lambda m, p, b: (200, '{\"ok\": %s}' % str(ok).lower()))\n"
    project.commit({"app.py": app, "factory.toml": CONFIG + 'database = "postgresql"\n'})
    for isolation in ("auto", "none"):
        report = project.run(trials=1, isolation=isolation)
        assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"][0]["message"]
        assert len(list((project.state / "locks").glob("postgresql-*"))) == 1, "made once, copied from then on"


def test_the_documentation_lists_every_built_in_step() -> None:
    from pathlib import Path

    from twinkit.factory.steps.load import library

    text = (Path(__file__).parents[2] / "docs" / "factory.md").read_text("utf-8")
    table = text.split("<!-- steps:")[1].split("<!-- /steps -->")[0]
    for definition in library().definitions:
        what = (definition.function.__doc__ or "").strip().split("\n")[0]
        assert f"| {definition.kind.capitalize()} | `{definition.expression}` | {what} |" in table, (
            definition.expression
        )
    assert table.count("\n| ") - 1 == len(library().definitions)


def test_membership_on_three_twins(example: Callable[[str], Project]) -> None:
    """Stripe, Slack and Okta twins with a failure profile per scenario; a client that gives up at once is rejected."""
    from importlib.metadata import entry_points

    if not {"stripe", "slack", "okta"} <= {each.name for each in entry_points(group="twinkit.twins")}:
        pytest.skip("the twins are not installed: reinstall the package")
    project = example("membership")
    options = project.options(trials=1, twin_command=())
    from twinkit.factory.run.controller import run

    report = run(options, worker=project.executor)
    problems = [each["message"] for row in report["scenarios"] for each in row["attempts"] if each["verdict"] != "pass"]
    assert report["gate"]["decision"] == "eligible", problems
    assert report["scenarios"][0]["attempts"][0]["twins"]["stripe"]["exchanges"] == 1
    faults = [each for each in planted.lies(options) if each.name == "no second try"]
    only = project.options(trials=1, twin_command=(), only=("membership/stripe",))
    outcome = planted.audit_planted(only, faults, lambda text: None, project.executor)
    assert outcome["missed"] == []
