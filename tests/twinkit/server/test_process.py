"""`twin serve` as a process: what it says before it serves, what it refuses, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.serving import serving

NOTES = Path(__file__).with_name("notes.json")
COMMAND = [sys.executable, "-m", "twinkit.cli.twin"]


def told(*arguments: str, cwd: Path | None = None, **environ: str) -> str:
    """What a command that is used wrongly says; exactly one line besides the usage."""
    env = {**os.environ, **environ}
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, env=env, cwd=cwd, check=False
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    assert not done.stdout
    last = [line for line in done.stderr.strip().splitlines() if "for the first time" not in line]
    assert len(last) == 1 or last[0].startswith("usage: ")
    return last[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serv", "stripe"], ["invalid choice: 'serv'", "did you mean 'serve'?"]),
        (["serve", "strip"], ["no twin 'strip' is installed", "did you mean 'stripe'?"]),
        (["serve", "stripe", "--prt", "1"], ["twin serve: error: unrecognized arguments: --prt 1", "'--port'?"]),
        (["openapi", "strip", "x", "--outt", "y"], ["twin openapi strip: error: ", "did you mean '--output'?"]),
        (["serve", "stripe", "stripe"], ["two twins are called 'stripe'", "/_twin/instances"]),
        (["serve", "slack", "--public-url", "example.com"], ["--public-url is a URL"]),
        (["serve", "slack", "--ready-file", "nowhere/ready"], ["cannot write nowhere/ready"]),
        (["serve", "slack", "--port", "0", "--host", "nosuch.invalid"], ["cannot listen on nosuch.invalid", "--host"]),
        (["serve", "slack", "--port", "0", "--db", "nowhere/a.sqlite"], ["nowhere does not exist"]),
        (["serve", "slack", "--port", "0", "--db", "/dev/null/a.sqlite"], ["/dev/null"]),
        (["serve", "slack", "--port", "0", "--receiver", "foo"], ["'foo' is no receiver"]),
        (["serve", "slack", "--port", "0", "--failures", "flakey"], ["did you mean 'flaky'?"]),
    ],
)
def test_wrong_usage_names_what_and_what_to_do(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    line = told(*arguments, cwd=tmp_path)
    for word in words:
        assert word in line


def taken_after_a_free_port() -> socket.socket:
    """A socket on a port whose neighbour below is free."""
    while True:
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        with socket.socket() as below:
            try:
                below.bind(("127.0.0.1", taken.getsockname()[1] - 1))
            except OSError:
                taken.close()
                continue
        return taken


def test_a_port_that_is_taken_is_named() -> None:
    with taken_after_a_free_port() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        line = told("serve", "slack", "--port", str(port))
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in line and "--port" in line
        # one of several twins fails: nothing is served
        line = told("serve", "--openapi", str(NOTES), "slack", "--port", str(port - 1))
        assert f"127.0.0.1:{port}" in line


def test_a_state_file_is_not_shared_and_not_mistaken(tmp_path: Path) -> None:
    state, foreign, text = tmp_path / "a.sqlite", tmp_path / "b.sqlite", tmp_path / "c.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    text.write_text("no database\n" * 100)
    common = ("serve", "--openapi", str(NOTES), "--port", "0", "--db")
    with serving("--openapi", str(NOTES), "--db", str(state)):
        assert f"{state} is in use by another twin" in told(*common, str(state))
    assert "another program's database" in told(*common, str(foreign))
    assert "not a store file" in told(*common, str(text))
    assert "holds the state of 'notes'" in told("serve", "slack", "--port", "0", "--db", str(state))


def test_the_ready_file_says_what_the_ready_line_says(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with serving("--openapi", str(NOTES), "--ready-file", str(ready)) as served:
        found = json.loads(ready.read_text())
        assert found["ready"] is True and found["pid"] == served["notes"].process.pid
        assert found["twins"]["notes"]["url"] == served["notes"].url
    assert list(tmp_path.iterdir()) == [ready]


def start(*more: str, **environ: str) -> tuple[subprocess.Popen[str], Any]:
    """A process that serves the notes and its ready line."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--openapi", str(NOTES), "--port", "0", "--json", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ},
    )  # fmt: skip
    assert process.stdout
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_end(number: signal.Signals) -> None:
    process, ready = start()
    url = ready["twins"]["notes"]["url"]
    replies: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: replies.append(
            httpx.get(f"{url}/v1/notes", headers={"Twin-Fault": '{"latency": "1s"}'}, timeout=20)
        )
    )
    asking.start()
    while not httpx.get(f"{url}/_twin/faults").json()["fired"]:
        pass
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    asking.join()
    assert process.returncode == 0
    assert [reply.status_code for reply in replies] == [200]
    assert "GET /v1/notes → 200" in errors and "Traceback" not in errors


def test_asked_twice_it_ends_at_once_and_keeps_what_it_has(tmp_path: Path) -> None:
    process, ready = start("--db", str(tmp_path / "state.db"))
    url = ready["twins"]["notes"]["url"]
    assert httpx.post(f"{url}/v1/notes", json={"title": "t"}).status_code == 201
    half = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
    half.sendall(b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    process.send_signal(signal.SIGINT)
    assert process.stderr
    assert any("Ctrl-C again ends them" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=4)
    half.close()
    assert process.returncode == 0 and not errors
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_ends_it_without_a_word(number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:
        source = f"http://127.0.0.1:{slow.getsockname()[1]}/openapi.json"
        process = subprocess.Popen(
            [*COMMAND, "serve", "--quiet", "--openapi", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with slow.accept()[0]:  # the document is being fetched: the start has begun
            process.send_signal(number)
            out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (-number, "", "")


def test_the_environment_names_host_and_ready_file(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process, line = start(TWIN_HOST="0.0.0.0", TWIN_READY_FILE=str(ready))
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert json.loads(ready.read_text()) == line
    assert "control" not in errors


def test_what_is_open_to_others_is_told() -> None:
    command = [*COMMAND, "serve", "--openapi", str(NOTES), "--host", "0.0.0.0", "--port", "0", "--json"]
    for more, warned in (([], True), (["--control-token", "t"], False)):
        process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=20)
        assert ("--control-token" in errors) is warned
