"""Search queries: words, phrases and modifiers. Pure. Source: https://slack.com/help/articles/202528808."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))')
MODIFIERS = ("from", "in", "before", "after", "on", "during", "has", "is")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


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


def parse(text: str, now: int = 0) -> Query:
    """A query as people type it; `now` (seconds) is what months and `today` are read by."""
    query = Query()
    for minus, name, phrase, word in TOKEN.findall(text):
        value = (phrase or word).lower()
        if name in MODIFIERS and not minus:
            _modify(query, name, value, datetime.fromtimestamp(now, UTC))
        elif minus:
            query.without.append(value)
        elif phrase:
            query.phrases.append(value)
        else:
            query.words.append(f"{name}:{value}" if name else value)
    return query


def _modify(query: Query, name: str, value: str, today: datetime) -> None:
    if name == "from":
        query.author = value.lstrip("@").removeprefix("<@").rstrip(">")
    elif name == "in":
        query.channel = value.lstrip("#@").removeprefix("<#").rstrip(">")
    elif name in ("has", "is"):
        query.has.append(value.strip(":"))
    else:
        found = span(value, today)
        if found is None:
            return
        begin, end = found
        if name != "before":
            query.first = int((end if name == "after" else begin).timestamp())
        if name != "after":
            query.last = int((begin if name == "before" else end).timestamp()) - 1


def span(text: str, today: datetime) -> tuple[datetime, datetime] | None:
    """When a day (`2026-01-05`, `today`), month (`january`, `2026-01`) or year begins, and when the next one does."""
    day = today.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        begin = day - timedelta(days=text == "yesterday")
        return begin, begin + timedelta(days=1)
    if text in MONTHS:
        month = MONTHS.index(text) + 1
        begin = day.replace(year=day.year - (month > day.month), month=month, day=1)
        return begin, _next_month(begin)
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            begin = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if form == "%Y-%m-%d":
            return begin, begin + timedelta(days=1)
        return begin, _next_month(begin) if form == "%Y-%m" else begin.replace(year=begin.year + 1)
    return None


def _next_month(begin: datetime) -> datetime:
    return (begin.replace(day=1) + timedelta(days=32)).replace(day=1)


def marked(query: Query, text: str) -> str:
    """A text with what was looked for between the characters U+E000 and U+E001."""
    parts = sorted({part for part in (*query.phrases, *query.words) if part}, key=len, reverse=True)
    if not parts:
        return text
    return re.sub("|".join(map(re.escape, parts)), lambda match: f"\ue000{match[0]}\ue001", text, flags=re.IGNORECASE)


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
