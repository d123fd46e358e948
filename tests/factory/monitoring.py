"""Alerts as their services send them, an app with a bug, and a desk to take them in at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.factory.conftest import STANDIN, TINY, Project
from twinkit.factory.finding import errors
from twinkit.factory.incidents import payloads
from twinkit.factory.incidents.alert import Alert
from twinkit.factory.incidents.intake import Desk
from twinkit.factory.specs.lint import load_specifications

ALERTS = Path(__file__).with_name("alerts")
NOW = 1772352000.0
GREET = (
    TINY
    + """
import json
def answer(method, path, body):
    if path.startswith("/greetings"):
        try: data = json.loads(body or "{}")
        except ValueError: return 400, "{}"
        if not data.get("name"): return STATUS, "{}"
        return 201, json.dumps({"hello": data["name"]})
    return 200, json.dumps({"ok": True})
serve(answer)
"""
)
BUGGY, FIXED = GREET.replace("STATUS", "500"), GREET.replace("STATUS", "422")


def raw(name: str) -> bytes:
    return (ALERTS / f"{name}.json").read_bytes()


def one(name: str, **changes: Any) -> Alert:
    data = json.loads(raw(name))
    data.update(changes)
    (alert,) = payloads.read(json.dumps(data).encode())
    return alert


def desk(project: Project, **changes: Any) -> Desk:
    options: dict[str, Any] = {"vault": project.vault, "trials": 1, "twin_command": STANDIN, **changes}
    return Desk(project.repo, project.state, **options)


def bug(project: Project) -> str:
    (path,) = (project.repo / "specs" / "bugs").glob("*")
    return path.read_text()


def lints(project: Project) -> None:
    _, findings = load_specifications(project.repo / "specs")
    assert not errors(findings), findings
