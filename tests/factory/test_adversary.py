"""Ways to get a pass for bad code, each tried for real: what an app may do, what a careless scenario lets through."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import CONFIG, HELLO, PYTHON, SCENARIO, TINY, Project, Trial, git, write
from tests.factory.test_trial import CALLER, TWIN, needs_namespaces, verdict
from twinkit.cli import factory as cli
from twinkit.errors import UsageError
from twinkit.factory.errors import IntegrityError
from twinkit.factory.run.controller import resume
from twinkit.factory.run.storage import State
from twinkit.factory.steps import jsonpath
from twinkit.factory.steps.table import Table, value

GET = "## Scenario: A\nWhen I GET /hello\n"
FINE = GET + "Then it is fine\n"
MAILER = TINY + '''
import smtplib, threading, time
def send(to):
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as s:
        s.sendmail("a@x.test", [to], "Subject: Hi\\r\\n\\r\\nSee http://%s/hello" % os.environ.get("LINK", "x.test"))
def later(seconds, to): threading.Thread(target=lambda: (time.sleep(seconds), send(to)), daemon=True).start()
'''  # fmt: skip
MAIL = "---\ntwins: [mail]\n---\n" + GET
START = {"start": ("python3", "app.py")}


def mail(trial: Trial, body: str, then: str, steps: str = "", app: dict[str, object] | None = None) -> tuple[str, str]:
    source = MAILER + f"def f(m, p, b):\n    {body}\n    return 200, '{{}}'\nserve(f)\n"
    result = trial(source, MAIL + then, steps=steps, app={**START, **(app or {})}, twin_command=[])
    return verdict(result)


# the app against the evaluator ---------------------------------------------------------------------------------------


@needs_namespaces
def test_nothing_of_the_environment_speaks_of_the_evaluator(trial: Trial) -> None:
    """An app that behaves well only where it believes to be tested finds no sign: no name, no path, no user agent."""
    source = (
        "import json, os, sys\n"
        "words = json.dumps([dict(os.environ), os.getcwd(), sys.argv, os.listdir('/proc')]).lower()\n"
        "tested = [w for w in ('factory', 'nonce', 'twinkit', 'attempt', 'trial', 'pytest', 'evaluat') if w in words]\n"
        + TINY.replace("method, path, _ = ", "tested.extend(w for w in ('httpx', 'twinkit') if w in head.decode().lower())\n        method, path, _ = ")  # noqa: E501
        + "serve(lambda m, p, b: (200, json.dumps({'ok': not tested, 'tested': tested, 'words': words})))\n"
    )  # fmt: skip
    result = trial(source)
    assert verdict(result) == ("pass", ""), result.message
    python = trial(source, app={"clock": "python", "start": ("python3", "app.py")})
    assert verdict(python) == ("pass", ""), python.message


def test_the_user_agent_is_not_always_the_same(trial: Trial) -> None:
    from twinkit.factory.trial.supervisor import CALLERS, caller

    drawn = {caller(seed)["User-Agent"] for seed in range(40)}
    assert drawn == set(CALLERS) and caller(7) == caller(7)


@pytest.mark.parametrize("isolate", [True, False])
def test_the_control_token_is_nowhere_the_app_can_look(trial: Trial, isolate: bool) -> None:
    """Not in the environment, the arguments or the files of any process it sees, nor made of what it was given."""
    source = CALLER.replace(
        "serve(call)",
        """
import glob, json, urllib.error
def words():
    for name, value in os.environ.items():
        yield from (value, value[::-1], name)
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try: text = open(path).read()
        except OSError: continue
        if os.environ["HOME"] in text or "--control-token" in text: yield from text.replace("=", chr(0)).split(chr(0))
def hunt(method, path, body):
    for word in set(words()):
        if not word.isascii() or not 8 <= len(word) <= 80 or not word.isprintable(): continue
        url, headers = os.environ["STRIPE_API_BASE"] + "/_twin/state", {"Twin-Control-Token": word}
        request = urllib.request.Request(url, headers=headers)
        try: urllib.request.urlopen(request); return 200, '{"found": true}'
        except OSError: pass
    return 200, '{"found": false}'
serve(hunt)
""",
    )
    scenario = "---\ntwins: [stripe]\n---\n" + GET + "Then the response field $.found is true\n"
    result = trial(source, scenario, isolate=isolate, twin_command=[], app={**START, "request_timeout": 20.0})
    assert verdict(result) == ("invalid", "tamper"), result.message
    assert "the response field $.found is False" in result.steps[-1]["message"]


def test_faults_by_header_are_not_for_the_app(trial: Trial) -> None:
    """An app that has its own calls answered with an error instead of making them is found out."""
    source = CALLER.replace('b\'{"color": "red"}\')', 'b"email=a@x.test", {"Twin-Fault": "rate_limit"})')
    source = source.replace('"STORE_URL"] + "/things"', '"STRIPE_API_BASE"] + "/v1/customers"').replace("502", "200")
    result = trial(source, TWIN.replace("store", "stripe"), twin_command=[], app=START)
    assert verdict(result) == ("invalid", "tamper") and "Twin-Fault" in result.message


@needs_namespaces
def test_an_app_that_kills_what_it_can(trial: Trial) -> None:
    """Every process it sees is its own; the trial goes on to its end."""
    source = (
        "import os, signal\n"
        "for p in os.listdir('/proc'):\n    if p.isdigit() and int(p) not in (1, os.getpid()):\n"
        "        try: os.kill(int(p), 9)\n        except OSError: pass\n"
        "try: os.kill(-1, 9)\nexcept OSError: pass\n"
    ) + HELLO.replace("true", "false")
    assert trial(source).verdict == "fail"


@needs_namespaces
def test_fork_bombs_and_hunger_end_with_the_app(trial: Trial) -> None:
    bomb = "import os, threading\ndef boom():\n    while True:\n        try: os.fork()\n        except OSError: pass\n"
    result = trial(TINY + bomb + "serve(lambda *a: boom())\n", app={"processes": 40, "request_timeout": 5.0})
    assert result.verdict == "fail", result.message
    hungry = TINY + "kept = []\ndef f(*a):\n    while True: kept.append(b'x' * 5_000_000)\nserve(f)\n"
    result = trial(hungry, app={"memory": 200 * 2**20, "request_timeout": 10.0})
    assert verdict(result) == ("fail", "app_crash") and "MB of memory" in result.message


@needs_namespaces
def test_talkative_apps_do_not_fill_the_disk(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        TINY
        + "import sys\ndef f(*a):\n    for _ in range(700): sys.stdout.write('x' * 100_000)\n    return 200, '{\"ok\": true}'\nserve(f)\n"  # noqa: E501
    )
    result = trial(source, app={"request_timeout": 20.0})
    assert result.verdict == "pass", result.message
    full = "open('big', 'wb').truncate(2 * 2**30)\n"
    assert verdict(trial(full + HELLO))[0] == "fail"


# what happens after the answer ---------------------------------------------------------------------------------------


def test_late_deeds_are_seen(trial: Trial) -> None:
    """A mail sent a moment after the answer breaks `no email`, and a second one `1 email`."""
    assert mail(trial, "later(0.1, 'b@x.test')", "Then no email is sent\n") == ("fail", "assert")
    twice = "send('b@x.test'); later(0.1, 'b@x.test')"
    assert mail(trial, twice, 'Then 1 email was sent to "b@x.test"\n') == ("fail", "assert")
    assert mail(trial, twice, 'Then 2 emails were sent to "b@x.test"\n') == ("pass", "")
    steps = "@then('nobody is written to')\ndef f(world): world.expect_equal(len(world.mail.all()), 0, 'mails')\n"
    then = "Then nobody is written to\nAnd the response status is 200\n"
    assert mail(trial, "later(0.1, 'b@x.test')", then, steps) == ("fail", "assert")
    between = "Then no email is sent\nWhen I GET /hello\nThen the response status is 200\n"
    assert mail(trial, "later(0.1, 'b@x.test') if p == '/hello' else 0", between) == ("fail", "assert")


def test_slow_but_right_apps_are_not_blamed(trial: Trial) -> None:
    """What is done in the background a moment after the answer is waited for."""
    assert mail(trial, "later(0.4, 'b@x.test')", 'Then 1 email was sent to "b@x.test"\n') == ("pass", "")
    follow = 'And I follow the link in the last email to "b@x.test"\nThen the response status is 200\n'
    assert mail(trial, "later(0.4, 'b@x.test') if p == '/hello' else 0", follow) == ("pass", "")
    wrong = {"env": {"LINK": "localhost:1"}}
    assert mail(trial, "send('b@x.test')", follow, app=wrong) == ("fail", "assert")


def test_eventually_waits_before_it_believes_in_nothing(trial: Trial) -> None:
    assert mail(trial, "later(0.5, 'b@x.test')", "Then eventually within 1s no email is sent\n") == ("fail", "assert")
    silent = "@then('nothing is said')\ndef f(world): pass\n"
    assert mail(trial, "0", "Then eventually within 0s nothing is said\n", silent) == ("error", "harness")
    assert mail(trial, "0", 'Then eventually within 0s 1 email was sent to "b@x.test"\n') == ("fail", "assert")


def test_only_absence_proves_nothing_of_an_app_that_knows_nothing(trial: Trial) -> None:
    """`no X was created` is true of every app that answers 404."""
    nothing = TINY + "serve(lambda *a: (404, '{}'))\n"
    scenario = TWIN.replace("Then the response status is 200\n", "Then no thing was created in store\n")
    result = trial(nothing, scenario)
    assert verdict(result) == ("error", "harness") and "only absence" in result.message
    assert verdict(trial(nothing.replace("404", "200"), scenario)) == ("pass", "")
    said = trial(nothing, scenario + "And the response status is 404\n")
    assert verdict(said) == ("pass", "")


# careless scenarios and steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "try: world.expect(False, 'no')\n    except AssertionError: pass",
        "try: assert not world.answers()\n    except Exception: pass",
        "try: assert False\n    except BaseException: pass",
        "try:\n        if world: raise ValueError\n    except ValueError: pass",
        "world.eventually(0, lambda: None)",
        "ok(world)",
        "assert (world, 'a tuple')",
        "return world.response.status == 500",
        "all(False for _ in [])",
    ],
)
def test_steps_that_assert_nothing_or_swallow_it(trial: Trial, body: str) -> None:
    steps = f"def ok(world): return True\n@then('it is fine')\ndef f(world):\n    {body}\n"
    assert trial(scenario=FINE, steps=steps).verdict == "error"


def test_what_asserts_in_other_ways_counts(trial: Trial) -> None:
    """A helper of the vault, an assertion library, `raise` after a look, and a loop that tries again."""
    helper = (
        "def helper(world): assert world.response.status == 200\n@then('it is fine')\ndef f(world): helper(world)\n"
    )
    library = (
        "import unittest\n@then('it is fine')\ndef f(world):\n"
        "    unittest.TestCase().assertEqual(world.response.status, 200)\n"
    )
    raising = "@then('it is fine')\ndef f(world):\n    if world.response.status != 200: raise AssertionError('x')\n"
    again = (
        "@then('it is fine')\ndef f(world):\n    for n in range(3):\n"
        "        try: world.expect(n == 2, 'not yet'); return\n        except AssertionError: pass\n"
    )
    for steps in (helper, library, raising, again):
        assert verdict(trial(scenario=FINE, steps=steps)) == ("pass", "")
    for steps in (helper, library, raising):
        assert verdict(trial(HELLO.replace("(200, '", "(500, '"), FINE, steps=steps)) == ("fail", "assert")


def test_a_step_cannot_lose_a_failure_of_the_app(trial: Trial) -> None:
    crash = TINY + "serve(lambda m, p, b: os._exit(3) if p == '/die' else (200, '{\"ok\": true}'))\n"
    swallow = "@when('it dies')\ndef f(world):\n    try: world.get('/die')\n    except Exception: pass\n"
    scenario = "## Scenario: A\nWhen it dies\nThen the response status is 200\n"
    assert verdict(trial(crash, scenario, steps=swallow)) == ("fail", "app_crash")
    slow = TINY + "import time\nserve(lambda m, p, b: time.sleep(9) if p == '/die' else (200, '{}'))\n"
    assert verdict(trial(slow, scenario, steps=swallow, app={"request_timeout": 0.3}))[0] == "fail"
    allowed = "@given('it may be slow')\ndef f(world): world.attempt('GET', '/slow')\n"
    answer = "lambda m, p, b: (time.sleep(0.5) if p == '/slow' else 0, (200, '{\"ok\": true}'))[1]"
    slow = "import time\n" + TINY + f"serve({answer})\n"
    scenario = SCENARIO.replace("When", "Given it may be slow\nWhen")
    assert trial(slow, scenario, steps=allowed, app={"request_timeout": 0.3}).verdict == "pass"


def test_what_is_not_there_is_the_apps_failure(trial: Trial) -> None:
    """A missing field, item or mail is a failed expectation, not a broken step."""
    for expression in ("json()['nope']", "json()['ok']['deep']", "json()['list'][3]"):
        steps = f"@then('it is fine')\ndef f(world): world.expect(world.response.{expression}, 'x')\n"
        source = HELLO.replace('"ok": true', '"ok": {}, "list": []')
        assert verdict(trial(source, FINE, steps=steps)) == ("fail", "assert"), expression
    steps = "@then('it is fine')\ndef f(world): world.expect(world.mail.to('b@x.test')[-1]['links'][0], 'x')\n"
    assert mail(trial, "0", "Then it is fine\n", steps) == ("fail", "assert")
    deep = TINY + "serve(lambda *a: (200, '[' * 100_000))\n"
    assert verdict(trial(deep)) == ("fail", "assert")


def test_misspelt_columns_never_pass_and_never_blame(trial: Trial) -> None:
    scenario = (
        "---\ntwins: [stripe]\n---\n"
        + GET
        + "Then the response status is 200\nAnd the stripe twin has {} with:\n  | {} |\n"
    )
    for count, row, expected in (
        ("no customer", "emial | a@x.test", "error"),
        ("1 customer", "emial | a@x.test", "error"),
        ("no customers", "email | a@x.test", "pass"),
        ("no payment intents", "metadata.order | 7", "pass"),
        ("no custmer", "email | a@x.test", "error"),
    ):
        result = trial(scenario=scenario.format(count, row), twin_command=[])
        assert result.verdict == expected, (count, row, result.message)
        assert expected != "error" or "did you mean" in result.message


def test_a_negative_about_every_item_is_about_every_item() -> None:
    secret = {"items": [{"id": 1}, {"id": 2, "secret": "x"}], "none": []}
    assert jsonpath.found(secret, "$.items[*].secret") == ["x"]
    assert not jsonpath.has(secret, "$.items[*].secret") and jsonpath.has(secret, "$.items[*].id")
    assert not jsonpath.has(secret, "$.none[*].id") and jsonpath.found(secret, "$.none[*].id") == []


@pytest.mark.parametrize(
    ("body", "then", "expected"),
    [
        ('{"items": [{"id": 1}, {"secret": 1}]}', "the response has no field $.items[*].secret", "fail"),
        ('{"items": []}', "the response has a field $.items[*].id", "fail"),
        ("{}", 'the response field $.role is not "admin"', "fail"),
        ('{"role": "admin"}', 'the response field $.role is not "admin"', "fail"),
        ('{"role": "user"}', 'the response field $.role is not "admin"', "pass"),
        ('{"n": null}', 'the response field $.n contains "on"', "fail"),
        ('{"n": ["bar"]}', 'the response field $.n contains "a"', "fail"),
        ('{"n": ["bar"]}', 'the response field $.n contains "bar"', "pass"),
        ('{"n": 1}', "the response field $.n is true", "fail"),
        ("{}", 'the response contains ""', "error"),
        ('{"n": "x"}', 'the response field $.n matches ".*"', "error"),
        ('{"n": "abc"}', 'the response field $.n matches "^a.c$"', "pass"),
        ('{"n": []}', "the response field $.n is empty", "pass"),
        ('{"n": 0}', "the response field $.n is empty", "fail"),
        ('{"n": 1}', "the status is 200", "pass"),
    ],
)
def test_assertions_on_answers(trial: Trial, body: str, then: str, expected: str) -> None:
    result = trial(TINY + f"serve(lambda *a: (200, {body!r}))\n", GET + f"Then {then}\n")
    assert result.verdict == expected, result.message


def test_tables_as_people_write_them() -> None:
    assert Table([["field", "value"], ["a", "1"]]).pairs() == {"a": 1}
    assert Table([["a", "b", "c"], ["1", "x", "true"]]).pairs() == {"a": 1, "b": "x", "c": True}
    assert Table([["name", "Ada"], ["email", "a@x.test"]]).pairs() == {"name": "Ada", "email": "a@x.test"}
    assert (value("NaN"), value("Infinity"), value("007")) == ("NaN", "Infinity", "007")
    with pytest.raises(ValueError, match="a name"):
        Table([["", "1"]]).pairs()


def test_a_header_that_cannot_be_sent_is_not_the_apps_fault(trial: Trial) -> None:
    steps = "@when('I send nonsense')\ndef f(world): world.get('/x', headers={'a': 'b\\r\\nc: d'})\n"
    result = trial(scenario="## Scenario: A\nWhen I send nonsense\nThen the response status is 200\n", steps=steps)
    assert result.verdict == "error"


@needs_namespaces
def test_absolute_paths_made_by_a_build_hold_in_the_trial(project: Project) -> None:
    """Build and trial see the tree at the same place: a virtual environment's scripts, say, go on working."""
    build = "import os\nopen('where', 'w').write(os.path.abspath('data'))\nopen('data', 'w').write('x')\n"
    app = "open(open('where').read()).read()\n" + HELLO
    config = CONFIG.replace("[app]", f'[app]\nbuild = "{PYTHON} build.py"')
    project.commit({"factory.toml": config, "build.py": build, "app.py": app})
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"][0]["message"]


# records, results and runs -------------------------------------------------------------------------------------------


def _edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_edited_results_records_and_reports_are_not_believed(project: Project) -> None:
    """Each is sealed with the operator's key: an edited result counts for nothing, an edited report stops all."""
    project.commit({"app.py": HELLO.replace("true", "false")})
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 1
    folder = State(project.state).run("last")
    (id,) = folder.record["trials"]
    result = folder.trial(id) / "attempt-1" / "result.json"
    where = ["--project", str(project.repo), "--state", str(project.state)]
    kept = result.read_text()
    _edit(result, verdict="pass", kind="")
    assert folder.final(id) is None and cli.main(["gate", *where]) == 3
    result.write_text(kept)
    assert cli.main(["gate", *where]) == 1
    for name in ("report.json", "run.json"):
        kept = (folder.folder / name).read_text()
        _edit(folder.folder / name, scenarios=[], share=[1, 100], gate={**report["gate"], "decision": "eligible"})
        for words in (["gate"], ["ledger", "record"]):
            assert cli.main([*words, *where]) == 4, (name, words)
        (folder.folder / name).write_text(kept)
    (project.state / "keys" / "results.key").write_text("00" * 32)
    assert cli.main(["gate", *where]) == 4


def test_a_clock_that_goes_back_does_not_bring_back_an_old_run(project: Project) -> None:
    good = project.run(trials=1)["run"]
    project.commit({"app.py": HELLO.replace("true", "false")})
    bad = project.run(trials=1)["run"]
    for path in (project.state / "runs" / bad).rglob("*"):
        os.utime(path, (1, 1))
    state = State(project.state)
    assert state.runs() == [good, bad] and state.run("last").id == bad


def test_one_run_is_worked_on_by_one_process(project: Project) -> None:
    project.run(trials=1)
    folder = State(project.state).run("last")
    with folder.alone(), pytest.raises(UsageError, match="under way"):
        resume(State(project.state), "last", worker=project.executor)
    assert resume(State(project.state), "last", worker=project.executor)["gate"]["exit_code"] == 0


def test_two_runs_side_by_side(project: Project) -> None:
    """In one state folder, at once: two runs, two records, the same verdicts."""
    found: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: found.append(project.run(trials=1))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each["run"] for each in found}) == 2 and [each["gate"]["exit_code"] for each in found] == [0, 0]


# the change ----------------------------------------------------------------------------------------------------------


def test_a_regression_is_found_although_base_was_never_evaluated(project: Project) -> None:
    """Nine of ten pass; the one that fails passed before the change: that is no tenth to give away."""
    text = "---\ntrials: 1\n---\n" + "".join(
        f"## Scenario: S{n}\nWhen I GET /s{n}\nThen the response status is 200\n" for n in range(10)
    )
    project.scenarios(text)
    broken = TINY + "serve(lambda m, p, b: (500 if p == '/s3' else 200, '{}'))\n"
    project.commit({"app.py": broken})
    report = project.run(base="HEAD~1")
    assert report["gate"]["decision"] == "not eligible" and report["gate"]["regressions"] == ["hello/s3"]
    project.commit({"app.py": broken + "# still\n"})
    assert project.run(base="HEAD~1")["gate"]["decision"] == "eligible"


def test_git_replacements_and_grafts_change_nothing(project: Project) -> None:
    good = git(project.repo, "rev-parse", "HEAD:app.py")
    project.commit({"app.py": HELLO.replace("true", "false")})
    bad = git(project.repo, "rev-parse", "HEAD:app.py")
    git(project.repo, "replace", bad, good)
    assert project.run(trials=1)["gate"]["exit_code"] == 1


def test_large_files_are_fetched_or_the_change_is_not_evaluated(project: Project) -> None:
    content = HELLO.encode()
    oid = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    project.commit({"app.py": pointer})
    with pytest.raises(UsageError, match="git lfs fetch"):
        project.run(trials=1)
    write(project.repo, {f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}": content})
    assert project.run(trials=1)["gate"]["exit_code"] == 0
    write(project.repo, {f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}": content + b"#"})
    project.commit({"other": "x"})
    with pytest.raises(IntegrityError, match="damaged"):
        project.run(trials=1)


def test_what_is_not_committed_or_elsewhere_is_said(project: Project) -> None:
    write(project.repo, {"app.py": HELLO.replace("true", "false")})
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 0
    assert any("not committed" in text for text in report["advisories"])
    git(project.repo, "checkout", "-q", "app.py")
    sha = git(project.repo, "rev-parse", "HEAD")
    git(project.repo, "update-index", "--add", "--cacheinfo", f"160000,{sha},lib")
    git(project.repo, "commit", "-q", "-m", "module")
    with pytest.raises(UsageError, match=r"submodule lib at .* is not here"):
        project.run(trials=1)


@pytest.mark.parametrize(
    ("front", "code"), [("need: 0", 2), ("trials: 0", 2), ("trials: true", 2), ("need: 4", 2), ("set: final", 2)]
)
def test_settings_that_would_select_or_need_nothing(project: Project, front: str, code: int) -> None:
    project.scenarios(f"---\n{front}\n---\n{SCENARIO}")
    words = ["run", "--vault", str(project.vault), "--project", str(project.repo), "--state", str(project.state)]
    assert cli.main(words) == code


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "# Only a title\n", "## Scenario: A\n", "## Scenario: A\nGiven x\nWhen y\n",
        "\u200bThen it is fine\n", SCENARIO.replace("Then", "\u200bThen"), SCENARIO.replace("Then", "\u0422hen"),
        SCENARIO.replace("Then", "Then\u00a0"), SCENARIO.replace("Then", "**Then**"),
        SCENARIO.replace("Then", "then"), SCENARIO + SCENARIO, "<!-- " + SCENARIO,
        "## Scenario Outline: A\nWhen I GET /<path>\nThen the response status is 200\n"
        "### Examples:\n| path | |\n| x | y |\n",
        "## Scenario Outline: A\nWhen I GET /x with:\n| a | <emial> |\nThen the response status is 200\n"
        "### Examples:\n| email |\n| y |\n",
    ],
)  # fmt: skip
def test_files_that_must_not_become_a_pass(project: Project, text: str) -> None:
    """Empty, hidden, misspelt with letters that look alike, unused columns: lint, and nothing runs."""
    project.scenarios(text)
    words = ["run", "--vault", str(project.vault), "--project", str(project.repo), "--state", str(project.state)]
    assert cli.main(words) == 2
    write(project.vault, {"scenarios/hello.md": b"## Scenario: A\xff\n"})
    assert cli.main(words) == 2
