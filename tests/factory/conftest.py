"""A project, a vault and one forking trial process for all factory tests; apps that start in milliseconds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from twinkit.factory.config import parse_config
from twinkit.factory.environment import build as builds
from twinkit.factory.executors.local import LocalExecutor
from twinkit.factory.run.controller import run
from twinkit.factory.run.options import Options
from twinkit.factory.scenarios.parse import parse_text
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result

STANDIN = (sys.executable, "-S", str(Path(__file__).with_name("standin.py")))
PYTHON = "python3 -I -S"

# A server on plain sockets: importing http.server alone would cost more than the rest of a trial.
TINY = """
import os, socket, sys

def serve(answer, port=None):
    server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(port or os.environ["PORT"]))); server.listen(64)
    while True:
        client, _ = server.accept()
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            part = client.recv(65536)
            if not part: break
            data += part
        if not data: client.close(); continue
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        length = 0
        for line in head.split(b"\\r\\n"):
            if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
        while len(body) < length: body += client.recv(65536)
        method, path, _ = head.split(b"\\r\\n")[0].decode().split(" ")
        status, content = (200, "ready") if path == "/health" else answer(method, path, body.decode())
        raw = content.encode()
        head = "HTTP/1.1 %d X\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n"
        client.sendall((head % (status, len(raw))).encode() + raw)
        client.close()
"""
HELLO = TINY + 'serve(lambda method, path, body: (200, \'{"ok": true, "path": "%s"}\' % path))\n'
SCENARIO = (
    "## Scenario: Hello\nWhen I GET /hello\nThen the response status is 200\nAnd the response field $.ok equals true\n"
)
CONFIG = f"""[app]
start = "{PYTHON} app.py"
ready = "/health"
ready_timeout = "5s"
request_timeout = "2s"
stop_timeout = "0.3s"
"""
SPEC = """---
type: feature
service: hello
priority: low
---
# Hello
## Goal
Say hello.
## Constraints
- [C1] GET /hello MUST answer 200.
## Interfaces
- `GET /hello → 200`
## Non-goals
- none
"""


def git(repo: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words]
    return subprocess.run(command, cwd=repo, check=True, capture_output=True, text=True).stdout.strip()


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content)


@dataclass
class Project:
    """A git repository, its vault and state, and ways to change and evaluate it."""

    root: Path
    executor: LocalExecutor

    @property
    def repo(self) -> Path:
        return self.root / "project"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def state(self) -> Path:
        return self.root / "state"

    def commit(self, files: dict[str, str | bytes], message: str = "change") -> str:
        write(self.repo, files)
        git(self.repo, "add", "-A", "-f")
        git(self.repo, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.repo, "rev-parse", "HEAD")

    def scenarios(self, text: str, steps: str = "", name: str = "hello") -> None:
        write(self.vault, {f"scenarios/{name}.md": text})
        if steps:
            write(
                self.vault,
                {f"steps/{name}.py": "from twinkit.factory.steps import given, then, when\n" + textwrap.dedent(steps)},
            )

    def options(self, **changes: Any) -> Options:
        return replace(Options(self.repo, self.vault, self.state, twin_command=STANDIN), **changes)

    def run(self, **changes: Any) -> dict[str, Any]:
        return run(self.options(**changes), worker=self.executor)


@pytest.fixture(scope="session")
def executor() -> Iterator[LocalExecutor]:
    worker = LocalExecutor(2)
    yield worker
    worker.close()


@pytest.fixture
def project(tmp_path: Path, executor: LocalExecutor) -> Project:
    made = Project(tmp_path, executor)
    write(made.repo, {"app.py": HELLO, "factory.toml": CONFIG, "specs/hello.md": SPEC})
    git(made.repo, "init", "-q", "-b", "main")
    made.commit({}, "start")
    made.scenarios(SCENARIO)
    return made


Trial = Callable[..., Result]


@pytest.fixture
def trial(tmp_path: Path, executor: LocalExecutor) -> Trial:
    """Run one scenario against one app, without a repository: `trial(app, scenario, steps=…, app={…}, …)`."""
    count = 0

    def go(
        source: str = HELLO, scenario: str = SCENARIO, *, steps: str = "", app: dict[str, Any] | None = None,
        index: int = 0, isolate: bool = True, files: dict[str, str | bytes] | None = None, **changes: Any,
    ) -> Result:  # fmt: skip
        nonlocal count
        count += 1
        root = tmp_path / f"trial-{count}"
        write(root / "tree", {"app.py": source, **(files or {})})
        vault = ""
        if steps:
            text = "from twinkit.factory.steps import given, then, when\n" + textwrap.dedent(steps)
            write(root / "vault", {"steps/own.py": text, "scenarios/x.md": scenario})
            vault = str(root / "vault")
        found, problems = parse_text(scenario, "x.md")
        assert not problems, problems
        settings = parse_config(CONFIG).app("").model_copy(update=app or {})
        plan = Plan(
            id=f"trial{count}", run="run", scenario=found[0].id, title=found[0].title, index=index, seed=count,
            steps=[step.data() for step in found[0].steps], timeout=found[0].settings.timeout,
            app=settings.model_dump(mode="json"),
            build={"folder": str(root / "tree"), "tree": "", "problem": ""},
            vault=vault, twins={name: each.model_dump(mode="json") for name, each in found[0].settings.twins.items()},
            isolate=isolate and builds.isolation("auto"), twin_command=list(STANDIN), hidden=[vault] if vault else [],
            locks=str(tmp_path / "locks"),
        )  # fmt: skip
        plan = replace(plan, **changes)
        return executor.run_one(plan, root / "attempt-1")

    return go


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that is not below /tmp, which every app has one of its own of."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def example(tmp_path: Path, executor: LocalExecutor) -> Callable[[str], Project]:
    """A copy of an example, committed."""

    def copy(name: str) -> Project:
        shutil.copytree(Path(__file__).parents[2] / "examples" / name, tmp_path, dirs_exist_ok=True)
        made = Project(tmp_path, executor)
        git(made.repo, "init", "-q", "-b", "main")
        made.commit({}, "start")
        return made

    return copy
