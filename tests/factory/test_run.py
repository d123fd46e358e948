"""Runs: exact commits, rules from base, resume, parallel trials, reports, and never a zero for an exception."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import CONFIG, HELLO, PYTHON, SCENARIO, SPEC, STANDIN, TINY, Project, git, write
from twinkit.cli import factory as cli
from twinkit.errors import UsageError
from twinkit.factory import git as plumbing
from twinkit.factory.errors import HarnessError, IntegrityError, LintError
from twinkit.factory.report import html, junit, markdown, redact, sarif
from twinkit.factory.report.check import recheck
from twinkit.factory.run.candidate import open_candidate
from twinkit.factory.run.controller import resume
from twinkit.factory.run.replay import replay
from twinkit.factory.run.storage import State

BAD = HELLO.replace("true", "false")


def many(count: int, trials: int = 1) -> str:
    body = "\nWhen I GET /hello\nThen the response field $.ok equals true\n"
    return f"---\ntrials: {trials}\n---\n" + "".join(f"## Scenario: S{n}{body}" for n in range(count))


def command(project: Project, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    full = {**os.environ, "FACTORY_TWIN_COMMAND": " ".join(STANDIN), **env}
    where = ["--project", str(project.repo), "--state", str(project.state)]
    return subprocess.run(
        [sys.executable, "-m", "twinkit.cli.factory", *words, *where], env=full, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


def test_a_good_change_is_eligible(project: Project) -> None:
    report = project.run()
    assert report["gate"]["decision"] == "eligible" and report["gate"]["exit_code"] == 0
    (row,) = report["scenarios"]
    assert (row["passes"], row["class"], row["specification"]) == (3, "stable-pass", "hello")
    assert len({each["seed"] for each in row["attempts"]}) == 3
    assert report["phases"]["start"] > 0
    assert {path.name for path in (project.state / "runs").iterdir()} == {report["run"]}


def test_a_bad_change_is_not(project: Project) -> None:
    project.commit({"app.py": BAD})
    report = project.run(base="HEAD~1")
    assert report["gate"]["decision"] == "not eligible" and report["gate"]["exit_code"] == 1
    assert report["scenarios"][0]["class"] == "stable-fail"


def test_regressions_are_told_from_old_failures(project: Project) -> None:
    project.scenarios(many(5))
    base = project.run()
    assert base["gate"]["exit_code"] == 0
    only_s0 = HELLO.replace("true", "true").replace("serve(", "count = [0]\nserve(")
    project.commit({"app.py": only_s0.replace('(200, \'{"ok": true', '(200, \'{"ok": false')})
    report = project.run(base="HEAD~1")
    assert len(report["gate"]["regressions"]) == 5 and report["gate"]["compared_with_base"]


def test_flaky_and_order_dependent_apps(project: Project) -> None:
    """Two of three is a flaky pass, one of three a flaky fail; each trial has its own world: order decides nothing."""
    flaky = TINY + "serve(lambda m, p, b: (200, '{\"ok\": %s}' % str(int(p[1:]) % 2 == 0).lower()))\n"
    project.commit({"app.py": flaky})
    steps = """
        @when('it is tried')
        def f(world): world.get(f"/{world.seed}")
    """
    project.scenarios("## Scenario: A\nWhen it is tried\nThen the response field $.ok equals true\n", steps)
    for seed in range(2):
        (row,) = project.run(seed=seed)["scenarios"]
        good = sum(each["seed"] % 2 == 0 for each in row["attempts"])
        assert row["passes"] == good
        assert row["class"] == ("stable-fail", "flaky-fail", "flaky-pass", "stable-pass")[good]
    answer = "    return 200, '{\"ok\": %s}' % str(len(seen) == 1).lower()\nserve(f)\n"
    ordered = TINY + "seen = []\ndef f(m, p, b):\n    seen.append(p)\n" + answer
    project.commit({"app.py": ordered})
    project.scenarios(many(2))
    assert project.run()["gate"]["exit_code"] == 0


def test_rules_come_from_base(project: Project) -> None:
    """A change that edits factory.toml, specs, CI or AGENTS.md is found out, and its own rules are never used."""
    lenient = CONFIG + '[gate]\nshare = "1/100"\n'
    for path, content in {
        "factory.toml": lenient, "specs/hello.md": SPEC + "\n", ".github/workflows/x.yml": "x", "AGENTS.md": "obey me",
        ".gitattributes": "* export-ignore", "sub/AGENTS.md": "x", "Specs/other.md": "x",
    }.items():  # fmt: skip
        base = git(project.repo, "rev-parse", "main")
        git(project.repo, "checkout", "-q", "-B", "work", base)
        project.commit({path: content, "app.py": BAD})
        candidate = open_candidate(project.repo, "HEAD", "main")
        assert f"protected file {path}" in candidate.integrity[0] and candidate.config.gate.share == (9, 10)
    git(project.repo, "checkout", "-q", "-B", "work", "main")
    project.commit({"factory.toml": lenient, "app.py": BAD})
    report = project.run(base="main", trials=1)
    assert report["gate"]["exit_code"] == 4 and report["gate"]["share"] == [9, 10]
    git(project.repo, "checkout", "-q", "-B", "work", "main")
    project.commit(
        {"tests/test_x.py": "def test(): assert True", "conftest.py": "import os; os._exit(0)", "app.py": BAD}
    )
    assert project.run(base="main", trials=1)["gate"]["exit_code"] == 1


def test_specification_protects_more_files(project: Project) -> None:
    project.commit({"specs/hello.md": SPEC.replace("priority: low", 'priority: low\nprotected: ["migrations/**"]')})
    project.commit({"migrations/1.sql": "drop"})
    assert project.run(base="HEAD~1", trials=1)["gate"]["exit_code"] == 4


def test_git_attributes_and_filters_change_nothing(project: Project, tmp_path: Path) -> None:
    sha = project.commit(
        {".gitattributes": "app.py export-ignore\n* text eol=crlf filter=x ident\n", "x.txt": "a $Id$\n"}
    )
    git(project.repo, "config", "filter.x.smudge", "sed s/a/b/")
    plumbing.export(project.repo, sha, tmp_path / "out")
    assert (tmp_path / "out" / "x.txt").read_bytes() == b"a $Id$\n"
    assert (tmp_path / "out" / "app.py").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "a/../../x"])
def test_links_out_of_the_tree_are_refused(project: Project, target: str) -> None:
    (project.repo / "link").symlink_to(target)
    project.commit({})
    report = project.run(base="HEAD~1")
    assert report["gate"]["exit_code"] == 4 and "outside the tree" in report["integrity"][0]
    with pytest.raises(IntegrityError, match="outside the tree"):
        plumbing.export(project.repo, "HEAD", project.root / "out")


def test_failed_build_is_the_codes_fault_on_head_and_no_comparison_on_base(project: Project) -> None:
    config = CONFIG.replace("[app]", f'[app]\nbuild = "{PYTHON} build.py"')
    project.commit({"factory.toml": config, "build.py": "raise SystemExit('no build')"})
    broken = project.run(trials=1)
    assert broken["gate"]["exit_code"] == 1
    attempt = broken["scenarios"][0]["attempts"][0]
    assert attempt["kind"] == "app_start" and "no build" in attempt["message"]
    project.commit({"build.py": "open('built', 'w').close()", "app.py": "open('built')\n" + HELLO})
    fixed = project.run(base="HEAD~1", trials=1)
    assert fixed["gate"]["exit_code"] == 0 and fixed["scenarios"][0]["base"] == "fail"


def test_head_that_moves_while_it_is_evaluated(project: Project) -> None:
    git(project.repo, "checkout", "-q", "-b", "work")
    project.commit({"x": "1"})

    def push(*args: Any) -> None:
        git(project.repo, "commit", "-q", "--amend", "--allow-empty", "-m", "other")

    from twinkit.factory.run.controller import run

    report = run(project.options(head="work", base="main", trials=1), push, project.executor)
    assert report["gate"]["exit_code"] == 4 and "moved" in report["integrity"][0]
    later = project.run(head="work", base="main", trials=1)
    assert later["gate"]["exit_code"] == 0
    project.commit({"x": "2"})
    folder = State(project.state).run(later["run"])
    assert recheck(folder, folder.report()).exit_code == 4


def test_vault_that_changes_while_it_is_used(project: Project) -> None:
    from twinkit.factory.run.controller import run

    def change(*args: Any) -> None:
        project.scenarios(SCENARIO + "\n> x\n")

    assert run(project.options(trials=1), change, project.executor)["gate"]["exit_code"] == 4


def test_all_in_error_is_undetermined(project: Project) -> None:
    project.scenarios(SCENARIO.replace("## Sc", "---\ntwins: [broken]\n---\n## Sc"))
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 3
    assert [each["attempt"] for each in report["scenarios"][0]["attempts"]] == [1, 2, 3]
    assert len({each["seed"] for each in report["scenarios"][0]["attempts"]}) == 1


def test_unbound_steps_are_undetermined(project: Project) -> None:
    project.scenarios(SCENARIO + "And it is nice\n")
    assert project.run(trials=1)["gate"]["exit_code"] == 3


def test_four_at_a_time_on_one_fixed_port(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In namespaces all at once; without them one after the other."""
    project.commit({"factory.toml": CONFIG + "port = 18473\n"})
    project.scenarios(many(4))
    monkeypatch.setattr(project.executor, "jobs", 4)
    assert project.run()["gate"]["exit_code"] == 0
    report = project.run(isolation="none", trials=1)
    assert report["gate"]["exit_code"] == 0, [row["attempts"] for row in report["scenarios"]]


def test_lint_stops_a_run(project: Project) -> None:
    project.scenarios(SCENARIO.replace("Then", "Than"))
    with pytest.raises(LintError, match="Then"):
        project.run()
    project.scenarios(SCENARIO, "@then('fine')\ndef f(world): pass\n")
    with pytest.raises(LintError, match="STEP303"):
        project.run()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (CONFIG + "redy = 1", "did you mean 'ready'"),
        ("[gate]\nshare = 2", "share"),
        ("[gate]\nshare = '9/0'", "no share"),
        ("nonsense", "TOML"),
        ("[app]\nport = 99999\nstart = 'x'", "port"),
        ("[app]\nport = 1", "start"),
    ],
)
def test_bad_configuration(project: Project, config: str, words: str) -> None:
    project.commit({"factory.toml": config})
    with pytest.raises(UsageError, match=words):
        project.run()


def test_runner_killed_then_resumed(project: Project) -> None:
    """200 scenarios, 3 trials each: kill -9 in the middle, resume, and no finished trial is repeated."""
    text = "---\ntrials: 3\n---\n" + "".join(
        f"## Scenario: S{n}\nWhen I GET /hello\nThen the response field $.ok equals true\n" for n in range(200)
    )
    port = _deployed(project)
    project.commit({"factory.toml": f'[app]\nurl = "http://127.0.0.1:{port}"\nready = "/health"\n'})
    project.scenarios(text)
    words = ["run", "--vault", str(project.vault), "-j", "4", "--isolation", "none", "--quiet"]
    where = ["--project", str(project.repo), "--state", str(project.state)]
    runner = subprocess.Popen([sys.executable, "-m", "twinkit.cli.factory", *words, *where], stdout=subprocess.DEVNULL)
    results = project.state / "runs"
    end = time.monotonic() + 60
    while len(list(results.glob("*/trials/*/attempt-1/result.json"))) < 40 and time.monotonic() < end:
        time.sleep(0.05)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    done = {path: path.stat().st_mtime_ns for path in results.glob("*/trials/*/attempt-1/result.json")}
    assert 40 <= len(done) < 600
    report = resume(State(project.state), "last", jobs=4)
    assert report["gate"]["decision"] == "eligible" and report["gate"]["total"] == 200
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    finished = {path.parent.parent for path in results.glob("*/trials/*/attempt-*/result.json")}
    assert len(finished) == 600  # a trial that was under way when the runner died ends in its second attempt
    again = resume(State(project.state), "last", worker=project.executor)
    assert again["scenarios"][0]["attempts"] == report["scenarios"][0]["attempts"]
    project.scenarios(text + "> changed\n")
    with pytest.raises(IntegrityError, match="vault changed"):
        resume(State(project.state), "last", worker=project.executor)


def test_results_of_another_version_of_the_factory_are_not_gone_on_with(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run()
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0.1")
    with pytest.raises(IntegrityError, match="inputs of this run changed"):
        resume(State(project.state), "last", worker=project.executor)


def _deployed(project: Project) -> int:
    """A copy of the app that lives as long as the test process."""
    import socket
    import threading

    server = socket.create_server(("127.0.0.1", 0), backlog=64)

    def answer() -> None:
        while True:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b'HTTP/1.1 200 X\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"ok": true}')

    threading.Thread(target=answer, daemon=True).start()
    return int(server.getsockname()[1])


def test_replay_shows_the_difference(project: Project) -> None:
    report = project.run(trials=1)
    trial = report["scenarios"][0]["attempts"][0]["trial"]
    state = State(project.state)
    same = replay(state, trial[:10])
    assert same["same"] and same["differences"] == []
    built = Path(
        json.loads((state.run("last").trial(trial) / "attempt-1" / "plan.json").read_text())["build"]["folder"]
    )
    (built / "app.py").write_text(BAD)
    moved = replay(state, trial)
    assert not moved["same"] and moved["differences"][0] == "verdict: pass, now fail assert"
    with pytest.raises(UsageError, match="no trial"):
        replay(state, "zzz")


def test_reports(project: Project) -> None:
    project.commit({"app.py": BAD})
    project.scenarios(SCENARIO.replace("## Scenario: Hello", "@covers:C1\n## Scenario: <b>Hello</b> | `rm -rf`\\"))
    report = project.run(base="HEAD~1", trials=1)
    page = html.render(report)
    assert "<b>Hello" not in page and "&lt;b&gt;Hello" in page and "Not eligible" in page
    text = markdown.render(report)
    assert "\\<b\\>Hello" in text and "Not eligible" in text
    assert "<failure" in junit.render(report)
    (result,) = sarif.render(report, report["lines"])["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("specs/hello.md", 10)
    public = redact.redact(report)
    for shown in (json.dumps(public), html.render(public), markdown.render(public), junit.render(public)):
        for secret in ("Hello<", "rm -rf", "I GET /hello", "hello/", "scenarios/", "ok equals"):
            assert secret not in shown
    assert public["scenarios"][0]["covers"] == ["C1"]


SOMETIMES = TINY + ("def f(m, p, b):\n    return 200, '{\"ok\": %s}' % str(int(p[1:]) % 3 != 0).lower()\nserve(f)\n")
TRIED = """
    @when('it is tried')
    def f(world): world.get(f"/{world.seed}")
"""


def test_what_is_flaky_is_said_with_its_past_and_can_be_refused(project: Project) -> None:
    project.scenarios("## Scenario: A\nWhen it is tried\nThen the response field $.ok equals true\n", TRIED)
    project.commit({"app.py": SOMETIMES})
    reports = (project.run(seed=seed) for seed in range(40))
    first = next(each for each in reports if each["scenarios"][0]["class"] == "flaky-pass")
    assert first["gate"]["exit_code"] == 0 and first["gate"]["flaky"] == ["hello/a"]
    assert any("hello/a" in text and "look at them" in text for text in first["advisories"])
    assert "hello/a" not in json.dumps(redact.redact(first))
    project.commit({"factory.toml": CONFIG + "[gate]\nstable = true\n"})
    again = project.run(seed=first["seed"])
    assert again["gate"]["decision"] == "not eligible" and "some trials: 1" in again["gate"]["reasons"][0]
    history = again["scenarios"][0]["history"]
    assert history["flaky"] == history["trees"] == 1 <= history["runs"]
    assert f"1 of {history['runs']} runs before" in markdown.render(again)
    folder = State(project.state).run(again["run"])
    assert recheck(folder, folder.report()).decision == "not eligible"


def test_flaky_passes_are_said_in_junit(project: Project) -> None:
    report = project.run(trials=1)
    row = report["scenarios"][0]
    row["attempts"] = [
        {**row["attempts"][0], "verdict": "fail", "kind": "assert", "message": "x\x00"},
        *row["attempts"],
    ]
    assert "<flakyFailure" in junit.render(report)


def test_gate_counts_results_again(project: Project) -> None:
    project.commit({"app.py": BAD})
    report = project.run(trials=1)
    folder = State(project.state).run("last")
    assert recheck(folder, report).exit_code == 1
    forged = json.loads(json.dumps(report).replace("not eligible", "eligible"))
    forged["gate"].update(passed=1, exit_code=0)
    assert recheck(folder, forged).exit_code == 4


@pytest.mark.parametrize("where", ["runs", "cache"])
def test_read_only_output(project: Project, where: str) -> None:
    project.state.mkdir()
    (project.state / where).write_text("a file, so nothing can be written below it")
    with pytest.raises((HarnessError, OSError)):
        project.run(trials=1)
    done = command(project, "run", "--vault", str(project.vault))
    assert done.returncode == 3, done.stderr


def test_exit_codes(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(project, "run", "--vault", str(project.vault), "--trials", "1").returncode == 0
    assert command(project, "gate").returncode == 0
    project.commit({"app.py": BAD})
    assert command(project, "gate").returncode == 4
    done = command(project, "run", "--vault", str(project.vault), "--trials", "1")
    assert done.returncode == 1 and "not eligible" in done.stdout
    where = ["--project", str(project.repo), "--state", str(project.state)]
    assert cli.main(["report", "--format", "bugs", *where]) == 0
    assert "1 further checks failed" in (told := capsys.readouterr().out) and "Hello" not in told
    for words, code in {
        ("run",): 2, ("run", "--vault", "/nowhere"): 2, ("report", "nope"): 2, ("gate", "nope"): 2, ("replay", "x"): 2,
        ("run", "--vault", str(project.vault), "--head", "nope"): 2, ("resume", "nope"): 2,
        ("run", "--vault", str(project.vault), "--executor", "nope", "--trials", "1"): 2,
        ("loop", "nope", "--vault", str(project.vault)): 2, ("audit", "lies", "--vault", str(project.vault)): 2,
    }.items():  # fmt: skip
        assert cli.main([*words, "--project", str(project.repo), "--state", str(project.state)]) == code, words
    assert cli.main([]) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("x"), 3), (MemoryError(), 3), (OSError(28, "full"), 3), (HarnessError("disk", "x"), 3),
        (IntegrityError("x"), 4), (LintError([]), 2), (UsageError("x"), 2), (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 3), (AssertionError(), 3),
    ],
)  # fmt: skip
def test_no_exception_is_a_zero(
    project: Project, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise error

    real_dup2 = os.dup2
    monkeypatch.setattr(os, "dup2", lambda *a: None if a[1] == 1 else real_dup2(*a))
    monkeypatch.setattr("twinkit.factory.run.controller.run", fail)
    words = ["run", "--vault", str(project.vault), "--project", str(project.repo), "--state", str(project.state)]
    assert cli.main(words) == code


def test_init_then_run(tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    root.mkdir()
    assert cli.main(["init", str(root)]) == 0
    assert cli.main(["init", str(root), "--vault", str(root / "vault")]) == 2
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    where = ["--project", str(root), "--vault", str(tmp_path / "fresh-vault")]
    assert cli.main(["lint", *where]) == 0
    assert cli.main(["steps", *where, "--missing"]) == 0
    assert cli.main(["run", *where, "--state", str(tmp_path / "state"), "--trials", "1"]) == 0
    write(tmp_path / "fresh-vault", {"scenarios/more.md": "## Scenario: B\nWhen it rains\nThen it pours 3 times\n"})
    assert cli.main(["lint", *where]) == 2
    assert cli.main(["steps", *where, "--missing"]) == 2
