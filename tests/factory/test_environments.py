"""Other places an app may run in: deployed already, or in a container.

The engine here is a stand-in for docker's command line: what is tested is what the factory asks of it, and how it
treats what comes back.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import HELLO, PYTHON, SCENARIO, TINY, Project, write
from twinkit.errors import UsageError
from twinkit.factory.environment import container, limits, linux
from twinkit.factory.environment.database import free_port
from twinkit.factory.executors.local import LocalExecutor
from twinkit.factory.run.controller import run

ENGINE = """#!{python} -S
import json, os, signal, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
with open(here + "/calls", "a") as log: log.write(json.dumps(sys.argv[1:]) + "\\n")
words = sys.argv[2:]
if sys.argv[1] == "ps" and os.path.exists(here + "/names"): sys.stdout.write(open(here + "/names").read())
if sys.argv[1] == "build":
    if not os.path.exists("Dockerfile"): sys.exit("no Dockerfile")
    os.makedirs(here + "/images", exist_ok=True)
    subprocess.run(["cp", "-r", ".", here + "/images/" + words[words.index("--tag") + 1]], check=True)
elif sys.argv[1] == "run":
    env, at = {{}}, 0
    while words[at].startswith("-"):
        flag = words[at]
        if flag == "--env": env[words[at + 1]] = os.environ[words[at + 1]]
        at += 1 if flag in ("--rm", "--init") else 2
    os.chdir(here + "/images/" + words[at])
    command = words[at + 1:] or ["python3", "-S", "app.py"]
    os.execve("/usr/bin/env", ["env", *command], {{**env, "PATH": os.environ["PATH"]}})
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH with a `docker` that runs images as plain processes and writes down what it was asked."""
    folder = tmp_path / "engine"
    write(folder, {"docker": ENGINE.format(python=sys.executable)})
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def evaluate(project: Project, **changes: Any) -> dict[str, Any]:
    """With a trial process of its own, which sees this test's PATH."""
    worker = LocalExecutor(1)
    try:
        return run(project.options(**changes), worker=worker)
    finally:
        worker.close()


def calls(engine: Path) -> list[list[str]]:
    return [json.loads(line) for line in (engine / "calls").read_text().splitlines()]


def test_an_app_in_a_container(project: Project, engine: Path) -> None:
    config = '[app]\ncontainer = "docker"\nready = "/health"\nready_timeout = "10s"\nstop_timeout = "0.3s"\n'
    project.commit({"factory.toml": config + '[app.env]\nSECRET = "s3cret"\n', "Dockerfile": "FROM scratch\n"})
    report = evaluate(project, trials=2)
    assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"][0]
    assert any("containers" in text for text in report["advisories"])
    asked = calls(engine)
    assert [each[0] for each in asked] == ["ps", "build", "run", "rm", "run", "rm"]
    asked = asked[1:]
    words = asked[1]
    assert words[words.index("--network") + 1] == "host" and "SECRET" in words and "s3cret" not in " ".join(words)
    assert asked[2] == ["rm", "--force", words[words.index("--name") + 1]]
    assert asked[1][words.index("--name") + 1] != asked[3][asked[3].index("--name") + 1]
    project.commit({"app.py": HELLO.replace("true", "false")})
    assert evaluate(project, trials=1)["gate"]["exit_code"] == 1


def test_containers_of_killed_trials_are_removed(engine: Path) -> None:
    """Those of trials that go on stay, and so does what has no name of ours."""
    mine = container.name_for("a")
    gone = f"app-b-{os.getpid()}-{(linux.started(os.getpid()) or 0) + 1}"
    (engine / "names").write_text(f"{mine}\n{gone}\n")
    container.sweep({"container": "docker"})
    assert calls(engine)[1:] == [["rm", "--force", gone]] and f"label={container.LABEL}" in calls(engine)[0]


BUSYBOX = Path("/bin/busybox")


def working_engine(folder: Path) -> str:
    """An engine that runs a container here, with a static busybox to make an image of; empty when there is none."""
    for name in container.ENGINES if BUSYBOX.is_file() else ():
        write(
            folder, {"busybox": BUSYBOX.read_bytes(), "Dockerfile": "FROM scratch\nCOPY --chmod=755 busybox /busybox\n"}
        )
        build = [name, "build", "--quiet", "--tag", "try-busybox", "."]
        trial = [name, "run", "--rm", "--init", "--network", "host", "try-busybox", "/busybox", "true"]
        if shutil.which(name) and not any(
            subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=60).returncode
            for words in (build, trial)
        ):
            return name
    return ""


def test_a_real_engine(project: Project) -> None:
    name = working_engine(project.root / "engine")
    if not name:
        pytest.skip("no docker or podman that runs an image, or no static busybox")
    project.commit(
        {
            "factory.toml": f'[app]\ncontainer = "{name}"\nready = "/health"\nstop_timeout = "0.3s"\n',
            "Dockerfile": "FROM scratch\nCOPY busybox /bin/busybox\nCOPY www /www\n"
            'CMD ["/bin/busybox", "sh", "-c", "exec /bin/busybox httpd -f -p 127.0.0.1:$PORT -h /www"]\n',
            "busybox": BUSYBOX.read_bytes(), "www/health": "", "www/hello": '{"ok": true}',
        }
    )  # fmt: skip
    (project.repo / "busybox").chmod(0o755)
    project.commit({})
    report = evaluate(project, trials=1)
    attempt = report["scenarios"][0]["attempts"][0]
    assert report["gate"]["exit_code"] == 0, attempt
    left = subprocess.run([name, "ps", "-aq", "--filter", f"label={container.LABEL}"], capture_output=True, check=True)
    assert not left.stdout.strip(), "nothing is left running"
    project.commit({"www/hello": '{"ok": false}'})
    assert evaluate(project, trials=1)["gate"]["exit_code"] == 1


def test_an_image_that_does_not_build_is_the_codes_fault(project: Project, engine: Path) -> None:
    project.commit({"factory.toml": '[app]\ncontainer = "docker"\nready = "/health"\n'})
    report = evaluate(project, trials=1)
    assert report["gate"]["exit_code"] == 1
    assert "no Dockerfile" in report["scenarios"][0]["attempts"][0]["message"]


def test_an_engine_that_is_not_there_is_not_the_codes_fault(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    config = '[app]\ncontainer = "podman"\nimage = "app:1"\nready = "/health"\n'
    project.commit({"factory.toml": config})
    git_only = project.root / "bin"
    git_only.mkdir()
    for name in ("git", "sh", "env"):
        found = next(p for p in os.environ["PATH"].split(":") if (Path(p) / name).exists())
        (git_only / name).symlink_to(Path(found) / name)
    monkeypatch.setenv("PATH", str(git_only))
    report = evaluate(project, trials=1, retries=0)
    assert report["gate"]["exit_code"] == 3
    assert "install podman" in report["scenarios"][0]["attempts"][0]["message"]


@pytest.fixture
def deployed(project: Project) -> Iterator[int]:
    """The app, running somewhere already, with mail on the usual port; its port."""
    port = free_port()
    source = TINY.replace("import os", "import smtplib, os") + (
        "def f(m, p, b):\n    if p == '/mail':\n        with smtplib.SMTP('127.0.0.1', 1025) as s:\n"
        "            s.sendmail('a@x.test', ['b@x.test'], 'Subject: Hi\\r\\n\\r\\n')\n"
        "    return 200, '{\"ok\": true}'\n"
        f"serve(f, {port})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", source])
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield port
    process.kill()
    process.wait()


def test_an_app_that_is_deployed(project: Project, deployed: int) -> None:
    """Reached although trials have namespaces of their own; private twins only where it can find them."""
    config = f'[app]\nurl = "http://127.0.0.1:{deployed}"\nready = "/health"\n'
    project.commit({"factory.toml": config})
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"][0]["message"]
    assert any("one for all trials" in text for text in report["advisories"])
    project.scenarios("---\ntwins: [mail]\n---\n## Scenario: A\nWhen I GET /mail\nThen 1 email was sent\n")
    with pytest.raises(UsageError, match="fixed_twins"):
        project.run(trials=1)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 1025)) == 0 or probe.connect_ex(("127.0.0.1", 4010)) == 0:
            pytest.skip("the usual ports are taken on this machine")
    project.commit({"factory.toml": config + "fixed_twins = true\n"})
    report = project.run(trials=3, twin_command=())
    assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"][0]["message"]
    with socket.create_server(("127.0.0.1", 1025)):
        report = project.run(trials=1, twin_command=(), retries=0)
    assert report["scenarios"][0]["attempts"][0]["kind"] == "port"


def test_an_address_where_nobody_is(project: Project) -> None:
    project.commit({"factory.toml": f'[app]\nurl = "http://127.0.0.1:{free_port()}"\nready_timeout = "0.5s"\n'})
    report = project.run(trials=1, retries=0)
    assert report["gate"]["exit_code"] == 3 and report["scenarios"][0]["attempts"][0]["verdict"] == "error"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('[app]\nimage = "x"\nstart = "y"\n', "which engine"),
        ('[app]\nstart = "y"\nfixed_twins = true\n', "fixed_twins"),
        ('[app]\ncontainer = "lxc"\n', "container"),
        ('[app]\nstart = "y"\nready = "health"\n', "write /health"),
        (f'[app]\nstart = "{PYTHON}"\nmemory = "lots"\n', "no size"),
    ],
)
def test_settings_that_do_not_go_together(project: Project, config: str, words: str) -> None:
    project.commit({"factory.toml": config})
    project.scenarios(SCENARIO)
    with pytest.raises(UsageError, match=words):
        project.run()


def test_a_log_that_grows_too_large_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the app runs, not only afterwards: the disk is everybody's."""

    class Idle:
        pid = 0

        def family(self) -> set[int]:
            looked.set()
            return set()

    looked = threading.Event()
    monkeypatch.setattr(limits, "LOG_BYTES", 10)
    log = tmp_path / "app.log"
    log.write_bytes(b"x" * 100)
    watchdog = limits.Watchdog(Idle(), log, 1, 1, pause=0.001)  # type: ignore[arg-type]
    assert looked.wait(5)
    watchdog.stop()
    assert log.stat().st_size == 0 and watchdog.problem == ""
