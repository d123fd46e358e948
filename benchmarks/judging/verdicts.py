"""Whether an answer is what the document promises: for a good request, and for a bad one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from judging.client import Answer
from judging.document import Op, OpenDocument

PROBLEM = "application/problem+json"


def plain(media: str) -> str:
    """A media type without its parameters."""
    return media.partition(";")[0].strip().lower()


def fits(document: OpenDocument, content: Mapping[str, Any], answer: Answer) -> str:
    """What is wrong with a body against the documented media types and schemas; empty when nothing is."""
    kind = plain(answer.headers.get("content-type", ""))
    if not answer.content and (answer.status in (204, 304) or not kind):
        return "" if answer.status in (204, 304) else "media: no body"
    declared = {plain(media): schema for media, schema in content.items()}
    wanted = next((declared[m] for m in (kind, kind.split("/")[0] + "/*", "*/*") if m in declared), None)
    if wanted is None:
        return f"media: {kind} is not documented ({', '.join(declared)})"
    if kind.endswith("json"):
        try:
            value = json.loads(answer.content)
        except ValueError as error:
            return f"json: {error}"
        return "; ".join(f"schema: {line}" for line in document.errors(wanted, "out", value))
    if kind.endswith("xml"):
        try:
            expat.ParserCreate().Parse(answer.content, True)
        except expat.ExpatError as error:
            return f"xml: {error}"
    return ""


def good(document: OpenDocument, op: Op, answer: Answer) -> str:
    """What is wrong with the answer to a good request; a refusal counts separately."""
    content = op.response(answer.status)
    if content is None:
        first = [status for status in op.responses if status[:1] in "23"]
        return f"status: {answer.status} is not documented" if first else ""
    named = content or {}
    if not named:
        return ""
    return fits(document, named, answer)


def bad(document: OpenDocument, op: Op, answer: Answer, statuses: tuple[int, ...]) -> str:
    """What is wrong with the refusal of a bad request, for which these statuses are meant."""
    if not 400 <= answer.status < 500:
        return f"accepted: {answer.status}"
    if answer.status not in statuses:
        return f"status: {answer.status}, not {statuses[0]}"
    content = op.response(answer.status)
    if content is None:
        known = [str(s) for s in statuses if str(s) in op.responses]
        if known and answer.status not in (401, 415):
            return f"status: {answer.status} though {known[0]} is documented"
        kind = plain(answer.headers.get("content-type", ""))
        return "" if kind == PROBLEM else f"problem: {kind} is not problem+json"
    return fits(document, content, answer) if content else ""
