"""An ephemeral database per trial: SQLite (a path) or PostgreSQL from local binaries.

Imports: spawn-free, linux, errors.

PostgreSQL refuses to run as root: inside a trial's namespace we are user 1000; without one a root evaluator starts it
as another user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from twinkit.factory.environment import linux
from twinkit.factory.errors import HarnessError


def find_postgresql() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest where there are several."""
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        return Path(on_path).parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: _number(path.parent.parent.name)
    )
    return installed[-1].parent if installed else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


class Database:
    """`env` holds `DATABASE_URL` (and `PG*` for PostgreSQL) once it is started."""

    def __init__(self, kind: str, folder: Path, cache: Path | None = None) -> None:
        self.kind = kind
        self.folder = folder
        self.cache = cache
        """Where the files of a database that was just made are kept, because making them takes seconds."""
        self.env: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._own: Path | None = None

    def start(self, seconds: float = 20.0) -> None:
        """Make it and wait until it accepts connections. Raises HarnessError."""
        if self.kind == "sqlite":
            self.env = {
                "DATABASE_URL": f"sqlite:///{self.folder}/app.sqlite",
                "DATABASE_PATH": f"{self.folder}/app.sqlite",
            }
        elif self.kind == "postgresql":
            self._start_postgresql(seconds)

    def _start_postgresql(self, seconds: float) -> None:
        binaries = find_postgresql()
        if binaries is None:
            raise HarnessError("harness", "install PostgreSQL: no `initdb` on PATH nor in /usr/lib/postgresql")
        user = _other_user() if os.geteuid() == 0 else None
        if user is not None:
            self._own = Path(tempfile.mkdtemp(prefix="factory-database-"))
            os.chown(self._own, user, -1)
        data = (self._own or self.folder) / "data"
        port = free_port()
        self._make(binaries, data, user)
        log = (self.folder / "postgresql.log").open("wb")
        options = [f"-c{key}" for key in ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "jit=off")]
        options += ["-cshared_buffers=16MB", "-cmax_connections=30", "-cunix_socket_directories="]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", *options]
        self._process = subprocess.Popen(
            command, stdout=log, stderr=log, env=_env(binaries), preexec_fn=linux.die_with_parent, user=user, cwd="/"
        )
        log.close()
        self._wait(port, seconds)
        self.env = {
            "DATABASE_URL": f"postgresql://app@127.0.0.1:{port}/postgres",
            "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "app", "PGDATABASE": "postgres",
        }  # fmt: skip

    def _make(self, binaries: Path, data: Path, user: int | None) -> None:
        """The files of an empty database, copied from the cache when these binaries have made some before."""
        made = (binaries / "postgres").stat()
        kept = self.cache / f"postgresql-{_number(binaries.parent.name)}-{made.st_mtime_ns}" if self.cache else None
        if kept is not None and kept.is_dir():
            shutil.copytree(kept, data)
            data.chmod(0o700)
            for place in (data, *data.rglob("*")) if user is not None else ():
                os.chown(place, user or 0, -1)
            return
        done = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"],
            capture_output=True, check=False, env=_env(binaries), user=user, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise HarnessError("harness", f"initdb: {done.stderr.decode('utf-8', 'replace')[-500:]}")
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix="postgresql-new-", dir=kept.parent))
            shutil.copytree(data, scratch / "data")
            with contextlib.suppress(OSError):  # another trial was quicker
                (scratch / "data").rename(kept)
            shutil.rmtree(scratch, ignore_errors=True)

    def _wait(self, port: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        log = self.folder / "postgresql.log"
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                raise HarnessError("harness", f"PostgreSQL ended: {log.read_text('utf-8', 'replace')[-500:]}")
            if "ready to accept connections" in log.read_text("utf-8", "replace"):
                return
            time.sleep(0.02)
        raise HarnessError("harness", f"PostgreSQL did not start in {seconds:g} s")

    def dead(self) -> str:
        """Why it cannot be trusted any more, or nothing."""
        if self._process is not None and self._process.poll() is not None:
            return f"the database ended during the trial (code {self._process.returncode})"
        return ""

    def stop(self) -> None:
        """End it; its files go with the trial's folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)


def _other_user() -> int:
    """Whom a root evaluator runs it as: the package's own user, else nobody."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise HarnessError("harness", "PostgreSQL will not run as root, and there is no user `postgres` nor `nobody`")


def _env(binaries: Path) -> dict[str, str]:
    return {"PATH": f"{binaries}:{os.environ.get('PATH', '/usr/bin:/bin')}", "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """A port of the loopback nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
