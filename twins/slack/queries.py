"""Search queries: words, phrases and modifiers. Pure. Source: https://slack.com/help/articles/202528808."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))')
MODIFIERS = ("from", "in", "before", "after", "on", "has", "is")


@dataclass(slots=True)
class Query:
    """A query, read."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    author: str = ""
    channel: str = ""
    first: int = 0
    last: int = 0
    """Seconds since 1970, both included; 0: open."""
    has: list[str] = field(default_factory=list)


def parse(text: str) -> Query:
    """A query as people type it."""
    query = Query()
    for minus, name, phrase, word in TOKEN.findall(text):
        value = (phrase or word).lower()
        if name in MODIFIERS and not minus:
            _modify(query, name, value)
        elif minus:
            query.without.append(value)
        elif phrase:
            query.phrases.append(value)
        else:
            query.words.append(f"{name}:{value}" if name else value)
    return query


def _modify(query: Query, name: str, value: str) -> None:
    if name == "from":
        query.author = value.lstrip("@").removeprefix("<@").rstrip(">")
    elif name == "in":
        query.channel = value.lstrip("#@").removeprefix("<#").rstrip(">")
    elif name in ("has", "is"):
        query.has.append(value.strip(":"))
    else:
        day = _day(value)
        if day is None:
            return
        after = day + timedelta(days=1)
        if name in ("after", "on"):
            query.first = int((after if name == "after" else day).timestamp())
        if name in ("before", "on"):
            query.last = int((day if name == "before" else after).timestamp()) - 1


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def fits(query: Query, message: Mapping[str, Any]) -> bool:
    """Whether a message fits what the query says of its text, time and parts."""
    text = str(message.get("text") or "").lower()
    second = int(str(message["ts"]).partition(".")[0])
    if (query.first and second < query.first) or (query.last and second > query.last):
        return False
    if not all(part in text for part in (*query.phrases, *query.words)) or any(part in text for part in query.without):
        return False
    return all(_has(message, text, part) for part in query.has)


def _has(message: Mapping[str, Any], text: str, part: str) -> bool:
    if part == "link":
        return "http" in text
    if part == "pin":
        return bool(message.get("pinned_to"))
    if part == "reaction":
        return bool(message.get("reactions"))
    if part == "thread":
        return bool(message.get("thread_ts"))
    return any(each["name"] == part for each in message.get("reactions", ()))
