"""Canvases as sections: a section is a line of markdown with an id. Pure but for where new ids come from.

Source: https://docs.slack.dev/surfaces/canvases#edit-canvas and https://docs.slack.dev/reference/methods/canvases.edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Section = dict[str, str]
HEADERS = {"# ": "h1", "## ": "h2", "### ": "h3"}
NEAR = {"insert_before": 0, "insert_after": 1}


class WrongChange(Exception):
    """A change that cannot be made."""


def sections(markdown: str, new_id: Callable[[], str]) -> list[Section]:
    """The sections of a text."""
    return [{"id": new_id(), "text": line} for line in markdown.splitlines() if line.strip()]


def markdown(parts: Sequence[Section]) -> str:
    """The text of sections."""
    return "\n".join(part["text"] for part in parts)


def kind(part: Section) -> str:
    """`h1`, `h2`, `h3`, or nothing for text."""
    return next((name for mark, name in HEADERS.items() if part["text"].startswith(mark)), "")


def found(parts: Sequence[Section], kinds: Sequence[str], text: str) -> list[Section]:
    """The sections of some kinds (`any_header` for all headers; none: all) that contain a text in any case."""
    wanted = set(kinds) | ({"h1", "h2", "h3"} if "any_header" in kinds else set())
    return [
        part for part in parts if (not kinds or kind(part) in wanted) and text.lower() in part["text"].lower()
    ]  # fmt: skip


def changed(parts: Sequence[Section], change: Mapping[str, Any], new_id: Callable[[], str]) -> list[Section]:
    """The sections after a change. Raises WrongChange."""
    document = change.get("document_content")
    text = str(document.get("markdown") or "") if isinstance(document, Mapping) else ""
    operation, id = str(change.get("operation")), str(change.get("section_id") or "")
    new = sections(text, new_id)
    if operation != "delete" and not new:
        raise WrongChange("document_content is missing")
    if operation == "insert_at_start":
        return [*new, *parts]
    if operation == "insert_at_end":
        return [*parts, *new]
    if operation == "replace" and not id:
        return new
    place = next((n for n, part in enumerate(parts) if part["id"] == id), None)
    if place is None:
        raise WrongChange(f"section {id} was not found")
    if operation in NEAR:
        place += NEAR[operation]
        return [*parts[:place], *new, *parts[place:]]
    if operation in ("replace", "delete"):
        return [*parts[:place], *(new if operation == "replace" else ()), *parts[place + 1 :]]
    raise WrongChange(f"operation {operation} is not known")
