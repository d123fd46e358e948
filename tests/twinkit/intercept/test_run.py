"""`twin run`: variables, exit codes, hard-coded hosts in several languages, and no process left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import node
from tests.twinkit.notes import installed

PYTHON = """
import json, urllib.request
request = urllib.request.Request("https://api.notes.example/v1/notes", headers={"authorization": "Bearer key_test"})
print(json.load(urllib.request.urlopen(request, timeout=10))["notes"])
"""
NODE = """
const headers = {authorization: 'Bearer key_test'};
console.log(await (await fetch('https://api.notes.example/v1/notes', {headers})).text());
const https = await import('node:https');
await new Promise((done) => https.get('https://eu.notes.example/v1/notes', {headers}, (reply) => {
  console.log(reply.statusCode); reply.resume(); reply.on('end', done); }));
try { await fetch('https://other.example/'); console.log('reached'); }
catch (error) { console.log(error.cause.message); }
process.exit(0);
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    return installed(tmp_path_factory.mktemp("site") / "packages")


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "twinkit.cli.twin", "run", "--twin", "notes", *arguments]


def run(site: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": site, **env}
    return subprocess.run(words(*arguments), env=variables, capture_output=True, text=True, check=False, timeout=60)


def test_variables_output_and_exit_code_are_the_command_s(site: str) -> None:
    done = run(site, "--seed", "7", "--", "sh", "-c", 'echo "$NOTES_KEY $NOTES_URL"; exit 3')
    assert done.returncode == 3
    key, url = done.stdout.split()
    assert key == "key_test"
    assert url.startswith("http://127.0.0.1:")
    assert f"notes on {url}" in done.stderr


def test_a_signal_that_ends_the_command_is_passed_on(site: str) -> None:
    assert run(site, "--quiet", "--", "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--",), "what to run"),
        (("--", "no-such-command-at-all"), "no command"),
        (("--allow", "x.example", "--", "true"), "--intercept"),
        (("--failures", "flakey", "--", "true"), "did you mean 'flaky'"),
    ],
)
def test_wrong_usage(site: str, arguments: tuple[str, ...], message: str) -> None:
    done = run(site, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_live_keys_are_refused_without_being_shown(site: str) -> None:
    done = run(site, "--", "true", NOTES_SECRET="live_abcdef")
    assert done.returncode == 2
    assert "NOTES_SECRET" in done.stderr
    assert "abcdef" not in done.stderr


def test_python_with_a_hard_coded_host(site: str) -> None:
    done = run(site, "--intercept", "--", sys.executable, "-c", PYTHON)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_refusals_are_reported(site: str) -> None:
    code = "import urllib.request; urllib.request.urlopen('https://other.example/')"
    done = run(site, "--intercept", "--", sys.executable, "-c", code)
    assert done.returncode == 1
    assert "other.example is not twinned" in done.stderr or "403" in done.stderr
    assert "refused other.example" in done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which is not on this machine")
def test_curl_goes_through_the_proxy(site: str) -> None:
    empty = '{"notes":[],"next_cursor":null}'
    ask = "curl -sS -H 'authorization: Bearer key_test' https://api.notes.example/v1/notes"
    plain = ask.replace("https:", "http:")
    refused = "curl -sS https://other.example/ 2>&1 || true"
    done = run(site, "--intercept", "--", "sh", "-c", f"{ask}; {plain}; {refused}")
    assert done.stdout.startswith(empty * 2), done.stdout + done.stderr
    assert "403" in done.stdout
    assert "refused other.example (1 times)" in done.stderr


def test_node_with_hard_coded_hosts(site: str, tmp_path: Path) -> None:
    script = tmp_path / "script.mjs"
    script.write_text(NODE)
    done = run(site, "--intercept", "--", node.program("node"), str(script))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ['{"notes":[],"next_cursor":null}', "200"]
    assert "other.example is not twinned" in lines[2]


def test_an_own_sitecustomize_still_runs(site: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.CUSTOM = 'ran'\n")
    done = run(f"{site}:{tmp_path}", "--intercept", "--", sys.executable, "-c", "print(CUSTOM)")
    assert done.stdout == "ran\n", done.stderr


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(site: str, tmp_path: Path, number: int) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 300 & echo $! >> {pids}; echo $$ >> {pids}; echo ready; wait"
    env = {**os.environ, "PYTHONPATH": site}
    with subprocess.Popen(words("--quiet", "--", "sh", "-c", script), env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        process.wait(30)
    started = [int(word) for word in pids.read_text().split()]
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in started if alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_command_leaves_running_is_ended(site: str, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = run(site, "--quiet", "--", "sh", "-c", f"setsid sleep 300 & sleep 301 & echo $! > {pids}; exit 0")
    assert done.returncode == 0
    assert not alive(int(pids.read_text()))
