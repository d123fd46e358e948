"""A real browser for tests: the machine's own Chromium, driven by Playwright; skipped with the reason where it is not.

with browser.opened() as chromium:
    page = chromium.new_page()
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser that speaks to nobody but the twin, and that runs in a container."""


def program() -> str:
    """The path of a browser; skips the test where there is none."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip(f"needs one of {', '.join(NAMES)} (Debian's package chromium), none is on this machine")
    return found


@contextmanager
def opened() -> Iterator[Any]:
    """A browser without a window and with a fresh profile."""
    tools = pytest.importorskip("playwright.sync_api", reason="needs Playwright (the dev extra)")
    path = program()
    with tools.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=list(QUIET))
        try:
            yield chromium
        finally:
            chromium.close()
