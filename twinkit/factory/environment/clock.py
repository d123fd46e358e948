"""The app's time: a file with an offset in seconds that the app, libfaketime or the Python shim reads. Imports: errors.

Modes of `[app] clock`: `none` (cannot be moved), `file` (the app reads `$FACTORY_CLOCK_FILE` itself), `python`
(a shim moves `time.time` and `datetime.now` of Python apps), `faketime` (libfaketime, where it is installed).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from twinkit.factory.errors import HarnessError

MODES = ("none", "file", "python", "faketime")
SHIM = Path(__file__).with_name("shim") / "sitecustomize.py"
"""Copied beside the offset file of each trial, so that nothing in the app's environment leads to the factory."""
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
)


class AppClock:
    """Moves the app's time by writing the offset file; atomic, so a reader never sees half a number."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.mode = mode
        self.file = folder / "clock"
        self.offset = 0.0
        self._write()
        if mode == "python":
            shutil.copyfile(SHIM, folder / SHIM.name)

    def env(self) -> dict[str, str]:
        """What the app's environment needs. Raises HarnessError when libfaketime is asked for and missing."""
        if self.mode == "none":
            return {}
        if self.mode == "python":
            return {"PYTHONPATH": str(self.file.parent)}
        env = {"FACTORY_CLOCK_FILE": str(self.file)} if self.mode == "file" else {}
        if self.mode == "faketime":
            found = next((path for path in LIBRARIES if Path(path).exists()), None)
            if found is None:
                raise HarnessError("harness", "install libfaketime, or choose another `clock` for the app")
            env |= {"LD_PRELOAD": found, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1"}
            env |= {"DONT_FAKE_MONOTONIC": "1"}
        return env

    @property
    def ahead(self) -> float:
        """How far the app's libraries believe to be ahead of the machine's clock; who reads the file knows both."""
        return self.offset if self.mode in ("python", "faketime") else 0.0

    def advance(self, seconds: float) -> None:
        """The app's clock goes on by so much. Raises HarnessError when it cannot be moved."""
        if self.mode == "none":
            raise HarnessError("harness", "the app's time cannot be moved; set `clock` of the app in factory.toml")
        self.offset += seconds
        self._write()

    def _write(self) -> None:
        text = f"{self.offset:+.6f}" + ("s" if self.mode == "faketime" else "") + "\n"
        scratch = self.file.with_suffix(".new")
        scratch.write_text(text)
        os.replace(scratch, self.file)  # noqa: PTH105
