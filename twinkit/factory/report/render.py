"""One report in one of its forms, for one audience. Imports: the renderers, redact, git, specs."""

from __future__ import annotations

import json
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.report import html, junit, markdown, redact, sarif


def render(report: dict[str, Any], form: str, audience: str = "operator") -> str:
    """markdown, html, junit, sarif or json; `public` names no scenario. Raises UsageError."""
    shown = redact.redact(report) if audience == "public" else report
    if form == "markdown":
        return markdown.render(shown)
    if form == "html":
        return html.render(shown)
    if form == "junit":
        return junit.render(shown)
    if form == "sarif":
        return json.dumps(sarif.render(shown, report.get("lines", {})), indent=1)
    if form == "json":
        return json.dumps(shown, indent=1)
    raise UsageError(f"unknown form {form!r}: choose markdown, html, junit, sarif or json")
