"""What a trial must survive: every way an app, a twin, a step or the machine can misbehave has its verdict."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.factory.conftest import HELLO, PYTHON, SCENARIO, TINY, Trial, write
from twinkit.factory.environment import jail
from twinkit.factory.environment.app import App
from twinkit.factory.environment.spawn import start
from twinkit.factory.errors import HarnessError
from twinkit.factory.trial import result as results
from twinkit.factory.trial.result import Result
from twinkit.factory.trial.verdict import Evidence, decide

needs_namespaces = pytest.mark.skipif(not jail.available(), reason="this machine makes no namespaces")
GET = "When I GET /hello\nThen the response status is 200\n"
APP = {"ready_timeout": 0.7, "request_timeout": 0.5}


def verdict(result: Result) -> tuple[str, str]:
    return result.verdict, result.kind


@pytest.mark.parametrize("isolate", [True, False])
def test_a_good_app_passes(trial: Trial, isolate: bool) -> None:
    result = trial(isolate=isolate)
    assert verdict(result) == ("pass", ""), result.message
    assert (result.expectations, result.answers) == (2, 1)
    assert {"start", "steps", "teardown", "all"} <= set(result.seconds)


def test_a_wrong_app_fails(trial: Trial) -> None:
    result = trial(HELLO.replace("body: (200,", "body: (500,"))
    assert verdict(result) == ("fail", "assert")
    assert "the response status is 500" in result.message and result.line == 3


def test_hung_step(trial: Trial) -> None:
    steps = "@when('nothing ends')\ndef f(world):\n    import time\n    time.sleep(60)\n"
    result = trial(scenario="---\ntimeout: 0.4s\n---\n## Scenario: A\nWhen nothing ends\n" + GET, steps=steps)
    assert verdict(result) == ("error", "harness") and "did not end" in result.message


def test_a_step_cannot_swallow_the_end_of_its_time(trial: Trial) -> None:
    steps = """
        @when('nothing ends')
        def f(world):
            import time
            while True:
                try: time.sleep(60)
                except Exception: pass
    """
    result = trial(scenario="---\ntimeout: 0.4s\n---\n## Scenario: A\nWhen nothing ends\n" + GET, steps=steps)
    assert verdict(result) == ("error", "harness")


def test_hung_answer_is_the_apps_fault(trial: Trial) -> None:
    source = TINY + "import time\nserve(lambda *a: time.sleep(60))\n"
    assert verdict(trial(source, app={"request_timeout": 0.5})) == ("fail", "app_timeout")
    slow = trial(source, "---\ntimeout: 0.3s\n---\n" + SCENARIO)
    assert verdict(slow) == ("fail", "app_timeout")


def test_an_answer_without_end_is_the_apps_fault(trial: Trial) -> None:
    source = TINY + "serve(lambda *a: (200, '{\"ok\": true, \"more\": \"' + 'x' * 6_000_000 + '\"}'))\n"
    assert verdict(trial(source)) == ("fail", "assert")


def test_hung_start(trial: Trial) -> None:
    result = trial("import time\ntime.sleep(60)\n", app=APP)
    assert verdict(result) == ("fail", "app_start") and "nothing listens" in result.message
    never = trial(TINY.replace('(200, "ready")', '(503, "no")') + "serve(lambda *a: (200, ''))\n", app=APP)
    assert verdict(never) == ("fail", "app_start") and "answers 503" in never.message


def test_app_that_ends_at_once(trial: Trial) -> None:
    result = trial("raise SystemExit(3)\n")
    assert verdict(result) == ("fail", "app_start") and "code 3" in result.message
    missing = trial(app={"start": ("no-such-command",)})
    assert verdict(missing) == ("fail", "app_start") and "cannot be executed" in missing.message
    assert verdict(trial(app={"directory": "nowhere"})) == ("fail", "app_start")


@pytest.mark.parametrize("isolate", [True, False])
def test_app_ignoring_sigterm(trial: Trial, isolate: bool) -> None:
    source = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HELLO
    begin = time.monotonic()
    result = trial(source, isolate=isolate)
    assert verdict(result) == ("pass", "") and time.monotonic() - begin < 8
    assert result.notes == ["the app ignored SIGTERM and was killed"]


@pytest.mark.parametrize("isolate", [True, False])
def test_app_that_daemonises(trial: Trial, tmp_path: Path, isolate: bool) -> None:
    """Its own process ends: that is a failed start, and the daemon does not outlive the trial."""
    alive = tmp_path / "alive"
    source = (
        "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"
        "open(os.environ['HOME'] + '/daemon', 'w').write(str(os.getpid()))\n"
        f"for _ in range(200):\n    time.sleep(0.05)\n"
        f"    open({str(alive)!r}, 'a').close() if {not isolate} else None\n"
    )
    result = trial(source, isolate=isolate)
    assert verdict(result) == ("fail", "app_start") and "foreground" in result.message
    alive.unlink(missing_ok=True)
    threading.Event().wait(0.15)
    assert not alive.exists()


def test_crash_mid_scenario(trial: Trial) -> None:
    result = trial(TINY + "serve(lambda *a: os._exit(7))\n")
    assert verdict(result) == ("fail", "app_crash")


def test_crash_after_the_last_then(trial: Trial) -> None:
    """The answer is whole and right, and the app ends with it."""
    dying = TINY.replace(
        "+ raw)\n        client.close()", "+ raw)\n        client.close()\n        if path != '/health': os._exit(7)"
    )
    assert dying != TINY
    result = trial(dying + "serve(lambda *a: (200, '{\"ok\": true}'))\n", SCENARIO.replace("200\nAnd", "200\nThen"))
    assert verdict(result) == ("fail", "app_crash") and "code 7" in result.message


def test_port_clash_and_stale_server(trial: Trial, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = trial(app={"port": port}, isolate=False)
        assert verdict(result) == ("error", "port")
    settings = {"port": 0, "url": "", "ready": "/", "ready_timeout": 2.0, "stop_timeout": 0.1}
    app = App(settings, tmp_path)
    with socket.create_server(("127.0.0.1", app.port)):
        app.process = start(
            ["sleep", "5"],
            directory=tmp_path,
            env={"PATH": os.environ["PATH"]},
            log=tmp_path / "log",
            jail=None,
        )
        with pytest.raises(HarnessError, match="not the app of this trial"):
            app.wait_ready()
        app.stop()


@needs_namespaces
def test_the_same_port_in_every_trial(trial: Trial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert verdict(trial(app={"port": other.getsockname()[1]})) == ("pass", "")


def test_nothing_leaks_from_trial_to_trial(trial: Trial) -> None:
    """What is left in /tmp, HOME, the working directory or shared memory is gone in the next trial."""
    mark = f"leak-{os.getpid()}"
    source = (
        (
            "import os\n"
            f"places = ['/tmp/{mark}', '/dev/shm/{mark}', os.environ['HOME'] + '/{mark}', '{mark}']\n"
            "dirty = any(os.path.exists(p) for p in places)\nfor p in places: open(p, 'w').close()\n"
        )
        + TINY
        + "serve(lambda *a: (500 if dirty else 200, '{\"ok\": true}'))\n"
    )
    isolated = jail.available()
    for index in range(2):
        result = trial(
            source.replace(f"'/tmp/{mark}', '/dev/shm/{mark}', ", "") if not isolated else source, index=index
        )
        assert verdict(result) == ("pass", ""), result.message
    assert not Path(f"/tmp/{mark}").exists() and not Path(f"/dev/shm/{mark}").exists()


@needs_namespaces
def test_what_the_app_cannot_see_or_do(trial: Trial, elsewhere: Path) -> None:
    """By path, /proc, environment and the network: no vault, no other process, no outside, no writing elsewhere."""
    outside = elsewhere / "outside.txt"
    outside.write_text("untouched")
    write(elsewhere, {"vault/scenarios/x.md": SCENARIO, "state/plan.json": "{}"})
    source = (
        (
            "import os, glob, socket, json\nfound = []\n"
            f"for base in [{str(elsewhere)!r}, '/tmp', '/srv']:\n"
            "    for root, _, names in os.walk(base):\n"
            "        found += [root + '/' + n for n in names if n.endswith('.md') or n == 'plan.json']\n"
            "for p in glob.glob('/proc/[0-9]*'):\n"
            "    try: text = open(p + '/cmdline').read() + open(p + '/environ').read()\n"
            "    except OSError: continue\n"
            "    if 'zygote' in text or 'PYTEST' in text or 'scenario' in text.lower(): found.append(p)\n"
            "found += [k for k in os.environ if 'PYTEST' in k or 'VAULT' in k]\n"
            "try: open('/etc/planted', 'w'); found.append('/etc')\nexcept OSError: pass\n"
            f"try: open({str(outside)!r}, 'w').write('gone')\nexcept OSError: pass\n"
            "try: socket.create_connection(('192.0.2.1', 80), 0.2); found.append('network')\nexcept OSError: pass\n"
        )
        + TINY
        + "serve(lambda *a: (200, json.dumps({'ok': not found, 'found': found})))\n"
    )
    hidden = [str(elsewhere / "vault"), str(elsewhere / "state")]
    result = trial(source, steps="@given('x')\ndef f(world): pass\n", hidden=hidden)
    assert verdict(result) == ("pass", ""), result.message
    assert outside.read_text() == "untouched" and not Path("/etc/planted").exists()


def test_files_of_the_change_never_reach_the_evaluator(trial: Trial) -> None:
    """conftest, sitecustomize and modules named like ours lie in the app's folder and stay there."""
    evil = "import os, sys\nsys.stderr.write('evil')\nos._exit(0)\n"
    names = (
        "conftest.py",
        "sitecustomize.py",
        "httpx.py",
        "twinkit/__init__.py",
        "pytest.ini",
        ".git/hooks/post-checkout",
    )
    result = trial(files=dict.fromkeys(names, evil))
    assert verdict(result) == ("pass", "")


def test_unbound_ambiguous_and_silent_steps_never_pass(trial: Trial) -> None:
    assert verdict(trial(scenario="## Scenario: A\n" + GET + "And it is nice\n"))[0] == "unbound"
    twice = "@when('I GET {path}')\ndef f(world, path): world.get(path)\n"
    assert verdict(trial(scenario="## Scenario: A\n" + GET, steps=twice))[0] == "ambiguous"
    silent = "@then('all is well')\ndef f(world): pass\n"
    result = trial(scenario="## Scenario: A\nWhen I GET /hello\nThen all is well\n", steps=silent)
    assert verdict(result) == ("error", "harness") and "asserted nothing" in result.message
    untaken = "@then('all is well')\ndef f(world):\n    if world.data: assert False\n"
    assert verdict(trial(scenario="## Scenario: A\nWhen I GET /hello\nThen all is well\n", steps=untaken))[0] == "error"
    unused = trial(scenario="## Scenario: A\n" + GET.replace("200\n", "200\n  | a | b |\n"))
    assert verdict(unused)[0] == "unbound" and "takes no table" in unused.message


@pytest.mark.parametrize(
    "body",
    [
        "async def f(world): assert False",
        "def f(world):\n    yield\n    assert False",
        "def f(world): raise KeyError('x')",
        "def f(world): world.twin('nobody')",
        "def f(world): import sys; sys.exit(0)",
        "def f(world): import os; os._exit(0)",
        "def f(world): import os, signal; os.kill(os.getpid(), signal.SIGKILL) or os.abort()",
    ],
)  # fmt: skip
def test_broken_steps_are_errors(trial: Trial, body: str) -> None:
    result = trial(scenario="## Scenario: A\n" + GET + "And it holds\n", steps=f"@then('it holds')\n{body}\n")
    assert result.verdict == "error", (result.verdict, result.message)


def test_a_pass_needs_a_request_that_reached_the_app(trial: Trial) -> None:
    steps = "@then('it holds')\ndef f(world): world.expect(True, '')\n"
    result = trial(scenario="## Scenario: A\nThen it holds\n", steps=steps)
    assert verdict(result) == ("error", "harness") and "no request" in result.message


def test_broken_step_files(trial: Trial) -> None:
    for text in (
        "syntax error",
        "raise RuntimeError('x')",
        "import sys\nsys.exit(0)",
        "@when('{nope}')\ndef f(world): pass",
    ):
        assert verdict(trial(steps="pass\n" + text + "\n")) == ("error", "harness")


TWIN = "---\ntwins: [store]\n---\n## Scenario: A\nWhen I GET /go\nThen the response status is 200\n"
CALLER = TINY + '''
import urllib.request
def call(method, path, body):
    if path == "/crash":
        try: urllib.request.urlopen(os.environ["STORE_URL"] + "/crash")
        except OSError: pass
        return 200, "{}"
    try: urllib.request.urlopen(urllib.request.Request(os.environ["STORE_URL"] + "/things", b'{"color": "red"}'))
    except OSError: return 502, "{}"
    return 200, "{}"
serve(call)
'''  # fmt: skip
SLOW_START = {"start": (*PYTHON.replace(" -S", "").split(), "app.py")}


def test_twins_are_private_and_seeded(trial: Trial) -> None:
    scenario = TWIN + (
        "And the store twin has 1 thing with:\n  | color | red |\nAnd 1 thing was created in store\n"
        "And the app called POST /things on store 1 time\n"
        "And eventually within 1s the app called POST /things on store\n"
    )
    for seed in (5, 6):
        result = trial(CALLER, scenario, seed=seed)
        assert verdict(result) == ("pass", ""), result.message
        assert result.twins["store"]["exchanges"] == 1
    assert verdict(trial(CALLER, TWIN + "And no thing was created in store\n")) == ("fail", "assert")
    assert verdict(trial(CALLER, TWIN + "And the app never called store\n")) == ("fail", "assert")
    assert verdict(trial(CALLER, TWIN + "And no gadget was created in store\n")) == ("error", "harness")


def test_faults_and_first_records(trial: Trial) -> None:
    scenario = "## Scenario: A\n```yaml config\ntwins: {store: {baseline: {thing: [{id: t1}]}}}\n```\n" + (
        "Given store fails with down for the next 1 call\nWhen I GET /go\nThen the response status is 502\n"
        "When I GET /go\nThen the response status is 200\nAnd the store twin has 2 thing\n"
        "And 1 thing was created in store\n"
    )
    result = trial(CALLER, scenario)
    assert verdict(result) == ("pass", ""), result.message


def test_twin_that_does_not_boot(trial: Trial) -> None:
    result = trial(scenario=SCENARIO.replace("## Sc", "---\ntwins: [broken]\n---\n## Sc"))
    assert verdict(result) == ("error", "twin_boot") and "cannot start" in result.message
    missing = trial(scenario=TWIN, twin_command=["/nonexistent"])
    assert verdict(missing) == ("error", "twin_boot")
    mute = trial(scenario=TWIN, twin_command=["echo", "hello"])
    assert verdict(mute) == ("error", "twin_boot")


def test_twin_crash_is_never_the_apps_fault_nor_a_pass(trial: Trial) -> None:
    scenario = TWIN.replace("/go", "/crash")
    result = trial(CALLER, scenario)
    assert verdict(result) == ("error", "harness") and "ended during the trial" in result.message
    failing = trial(CALLER, scenario.replace("is 200", "is 201"))
    assert verdict(failing) == ("error", "harness")


BUYER = CALLER.replace(
    "serve(call)",
    """
def go(method, path, body):
    if path == "/hooks":
        if "die" in sys.argv: os._exit(5)
        hooks.append(body); return 200, "{}"
    if path == "/count": return 200, '{"hooks": %d}' % len(hooks)
    form = urllib.request.Request(os.environ["STRIPE_API_BASE"] + "/v1/customers", b"email=a@x.test")
    form.add_header("Authorization", "Bearer " + os.environ["STRIPE_API_KEY"])
    urllib.request.urlopen(form).read()
    if "gone" in sys.argv: os._exit(6)
    return 200, "{}"
hooks = []
serve(go)
""",
)
HOOKS = """## Scenario: A
```yaml config
twins: {stripe: {webhooks: {to: /hooks, events: [customer.created], duplicate: 1}}}
```
When I POST /buy
Then the hooks arrive
"""
ARRIVE = """
@then('the hooks arrive')
def f(world):
    def look():
        world.expect_equal(world.get('/count').field('hooks'), 2, 'the number of hooks')
    world.eventually(8, look)
"""


def test_webhooks_to_the_app_alive_and_dead(trial: Trial) -> None:
    """Delivered, and once more; an app that dies of them, or before them, is to blame and nothing hangs."""
    alive = trial(BUYER, HOOKS, steps=ARRIVE, app=SLOW_START, twin_command=[])
    assert verdict(alive) == ("pass", ""), alive.message
    for how in ("die", "gone"):
        dead = trial(BUYER, HOOKS, steps=ARRIVE, app={"start": (*SLOW_START["start"], how)}, twin_command=[])
        assert verdict(dead) == ("fail", "app_crash"), dead.message


def test_a_result_that_the_app_writes_is_not_one(trial: Trial, tmp_path: Path) -> None:
    """Without namespaces it could reach the trial's folder; what counts goes another way."""
    forged = asdict(Result("trial1", "x/hello", 0, 1, 1, "pass", expectations=9, answers=9))
    source = f"import json\njson.dump({forged!r}, open('../result.json', 'w'))\n" + HELLO.replace("true", "false")
    assert verdict(trial(source, isolate=False)) == ("fail", "assert")
    killer = f"import json, os, signal\njson.dump({forged!r}, open('../result.json', 'w'))\nos.kill(os.getppid(), 9)\n"
    assert trial(killer, isolate=False, id="trial1").verdict == "error"


def test_the_app_has_no_key_to_the_control_plane(trial: Trial) -> None:
    """Whatever it sends, it is refused, and the attempt alone makes the trial invalid, even `/health`."""
    for path in ("/_twin/state", "/_twin/health", "/_twin/reset"):
        source = CALLER.replace('"/things", b\'{"color": "red"}\'', f'"{path}"').replace("return 502", "return 200")
        result = trial(source, TWIN)
        assert verdict(result) == ("invalid", "tamper") and path in result.message, result.message


@needs_namespaces
def test_app_that_calls_the_real_service(trial: Trial) -> None:
    source = CALLER.replace('os.environ["STORE_URL"] + "/things"', '"http://api.store.example/things"')
    result = trial(source, TWIN, app=SLOW_START)
    assert verdict(result) == ("fail", "assert")
    assert result.outside == ["api.store.example"]


def test_mail_and_time(trial: Trial) -> None:
    source = TINY + '''
import smtplib, time
def f(method, path, body):
    if path == "/mail":
        with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as s:
            try: s.sendmail("a@x.test", ["b@x.test"], "Subject: Hi\\r\\n\\r\\nSee http://x.test/hello?a=1.")
            except smtplib.SMTPException: return 503, "{}"
    return 200, '{"ok": true, "hour": %d}' % (time.time() // 3600 - start)
start = time.time() // 3600
serve(f)
'''  # fmt: skip
    scenario = """---
twins: [mail]
---
## Scenario: A
Given mail fails with unavailable for the next 1 call
When I GET /mail
Then the response status is 503
When I GET /mail
Then 1 email was sent to "B@x.test"
And no email was sent to "c@x.test"
And the last email to "b@x.test" contains "Hi"
When I follow the link in the last email to "b@x.test"
Then the response field $.ok equals true
When 3 hours pass
And I GET /hello
Then the response field $.hour equals 3
"""
    result = trial(source, scenario, app={"clock": "python", "start": ("python3", "app.py")}, twin_command=[])
    assert verdict(result) == ("pass", ""), result.message
    fixed = trial(
        source,
        "---\ntwins: [mail]\n---\n## Scenario: A\nWhen 3 hours pass\n" + GET,
        app={"start": ("python3", "app.py")},
        twin_command=[],
    )
    assert verdict(fixed) == ("error", "harness") and "cannot be moved" in fixed.message


def test_disk_full(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(HarnessError, match="No space") as caught:
        results.write(Result("t", "s", 0, 1, 0, "pass"), tmp_path)
    assert caught.value.kind == "disk" and results.read(tmp_path) is None


def test_a_half_written_or_foreign_result_counts_for_nothing(tmp_path: Path) -> None:
    good = Result("t", "s", 0, 1, 0, "pass")
    results.write(good, tmp_path)
    assert results.read(tmp_path, "t") == good
    assert results.read(tmp_path, "other") is None
    text = (tmp_path / "result.json").read_text()
    for broken in (
        text[:-20],
        "",
        "[]",
        "{}",
        text.replace('"format": 1', '"format": 2'),
        text.replace('"pass"', '"PASS"'),
    ):
        (tmp_path / "result.json").write_text(broken)
        assert results.read(tmp_path, "t") is None


def test_the_table_of_verdicts() -> None:
    fine = {"finished": True, "expectations": 1, "answers": 1}
    assert decide(Evidence(**fine)) == ("pass", "", "")
    blamed = ("assert", "x")
    for evidence, expected in [
        (Evidence(), "error"),
        (Evidence(**{**fine, "expectations": 0}), "error"),
        (Evidence(**{**fine, "answers": 0}), "error"),
        (Evidence(**{**fine, "finished": False}), "error"),
        (Evidence(**fine, silent=["x"]), "error"),
        (Evidence(**fine, proves_nothing="x"), "error"),
        (Evidence(**fine, app=blamed), "fail"),
        (Evidence(**fine, app=blamed, dead_twins="x"), "error"),
        (Evidence(**fine, app=blamed, harness=("port", "x")), "error"),
        (Evidence(**fine, unbound="x"), "unbound"),
        (Evidence(**fine, ambiguous="x"), "ambiguous"),
        (Evidence(**fine, leaked="x", unbound="x"), "invalid"),
        (Evidence(**fine, tampered="x"), "invalid"),
        (Evidence(**fine, evaluation=("pass", "")), "pass"),
        (Evidence(**fine, evaluation=("fail", "no")), "fail"),
        (Evidence(**fine, evaluation=("maybe", "?")), "error"),
        (Evidence(**fine, app=blamed, evaluation=("pass", "")), "fail"),
    ]:
        assert decide(evidence)[0] == expected, evidence


def test_an_empty_trial_is_quick(trial: Trial) -> None:
    """Served twins booted, a trivial app started, one request, everything torn down: under 1.5 s."""
    scenario = "---\ntwins: [stripe, mail]\n---\n" + SCENARIO
    trial(scenario=scenario, twin_command=[])
    best = min((trial(scenario=scenario, twin_command=[]) for _ in range(3)), key=lambda each: each.seconds["all"])
    assert verdict(best) == ("pass", ""), best.message
    assert best.seconds["all"] < 1.5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), best.seconds
