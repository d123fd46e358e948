"""One self-contained HTML page; everything from the outside is escaped. Imports: jinja2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader


def render(report: dict[str, Any]) -> str:
    """The page, as text. No scripts, no external resources."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
    return environment.get_template("report.html").render(report=report)
