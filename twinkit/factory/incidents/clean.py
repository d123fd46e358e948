"""Text from monitoring is data: bounded, visible, without secrets, harmless in Markdown. Imports: hidden, recording.

What a credential looks like is told in one place (`testing.recording`); here come e-mail addresses, card numbers, other
services' tokens and assignments such as `password=…`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from twinkit.factory.wall.hidden import RANGES
from twinkit.testing.recording import NAMES, PATTERNS

LONGEST = 4000
SHOWN = 300
MOST_KEYS = 24
MOST_ITEMS = 8
DEEPEST = 4

EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")
TOKENS = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)|\bA[KS]IA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bAIza[\w-]{30,}|\blin_api_\w{16,}|\bATATT[\w=-]{16,}"
    r"|(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}|(?<=://)[^/\s:@]{1,100}:[^/\s@]{1,200}(?=@)",
    re.DOTALL,
)
ASSIGNED = re.compile(
    r"(?i)\b([\w-]{0,40}(?:secret|token|password|passwd|pwd|api[_-]?key|private[_-]?key|authorization|session|cookie))"
    r"(\\?[\"']?\s*[=:]\s*\\?[\"']?)([^\s\"'&,;\\]{3,})"
)
PERSONAL = re.compile(r"(?i)(?:cookies?|session|csrf|cvc|cvv|ssn|pwd|pin|card[_-]?number|iban)$")
MARKUP = re.compile(r"[`*_\[\]<>#|~$\\{}\"“”]+")


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others, as on every payment card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def visible(text: str) -> str:
    """Without control, format, private and other characters that a reader does not see; line ends become spaces."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text[:LONGEST]):
        code = ord(character)
        if character.isspace() or unicodedata.category(character) in ("Zl", "Zp"):
            kept.append(" ")
        elif unicodedata.category(character)[0] != "C" and not any(low <= code <= high for low, high in RANGES):
            kept.append(character)
    return "".join(kept)


def redact(text: str, card: str = "[card]", email: str = "[e-mail]", secret: str = "[secret]") -> str:
    """A text without credentials, e-mail addresses and card numbers."""

    def number(match: re.Match[str]) -> str:
        return card if luhn(re.sub(r"\D", "", match[0])) else match[0]

    text = PATTERNS.sub(secret, TOKENS.sub(secret, text))
    text = ASSIGNED.sub(lambda match: match[1] + match[2] + secret, text)
    return CARD.sub(number, EMAIL.sub(email, text))


def plain(value: Any, limit: int = 80) -> str:
    """One line of a title: visible, without secrets and without what Markdown or YAML would read."""
    text = "" if value is None else value if isinstance(value, str) else str(value)[:LONGEST]
    text = MARKUP.sub(" ", redact(visible(text)))
    text = " ".join(text.replace("[", "(").split()).strip("-\u2013\u2014=:> ")
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(value: Any, limit: int = SHOWN) -> str:
    """A value of the evidence as one bounded line."""
    text = redact(" ".join(visible(value if isinstance(value, str) else str(value)[:LONGEST]).split()))
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def data(value: Any, name: str = "", depth: int = 0) -> Any:
    """Nested data of the evidence: bounded in width, depth and length, without secrets."""
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return f"… ({len(value)} keys)"
        rows = list(value.items())[:MOST_KEYS]
        shown = {line(key, 60): data(item, str(key), depth + 1) for key, item in rows}
        return shown if len(value) <= MOST_KEYS else {**shown, "…": f"{len(value) - MOST_KEYS} more"}
    if isinstance(value, (list, tuple)):
        if depth >= DEEPEST:
            return f"… ({len(value)} items)"
        items = [data(item, name, depth + 1) for item in value[:MOST_ITEMS]]
        return items if len(value) <= MOST_ITEMS else [*items, f"… {len(value) - MOST_ITEMS} more"]
    if value is None or isinstance(value, bool):
        return value
    if NAMES.search(name) or PERSONAL.search(name):
        return "[secret]"
    if isinstance(value, (int, float)):
        shown_number = redact(str(value))
        return value if shown_number == str(value) and len(shown_number) < 40 else line(shown_number, 40)
    return line(value)


def standing(text: str) -> str:
    """A text that can be sent again: what is secret or somebody's is replaced by something of the same kind."""
    return redact(text, "4242424242424242", "person@example.com", "secret")


def replayable(value: Any, name: str = "", depth: int = 0) -> Any:
    """Data that a scenario may send: what is secret or somebody's is replaced by values of the same kind."""
    if isinstance(value, Mapping) and depth < 8:
        return {visible(str(key))[:100]: replayable(item, str(key), depth + 1) for key, item in value.items()}
    if isinstance(value, list) and depth < 8:
        return [replayable(item, name, depth + 1) for item in value[:100]]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if NAMES.search(name) or PERSONAL.search(name):
        return "4242424242424242" if "card" in name.lower() else "secret"
    return standing(visible(str(value))[:1000]).replace("${", "$ {")


def fence(value: Any, most: int) -> str:
    """A JSON block that nothing inside can close or turn into markup, of at most so many bytes."""
    rows = dict(value)
    while True:
        text = json.dumps(rows, indent=1, ensure_ascii=False)
        for character in "`~<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
        if len(text.encode()) <= most or not rows:
            return f"```json\n{text}\n```"
        largest = max(rows, key=lambda key: (key != "request", len(json.dumps(rows[key]))))
        del rows[largest]
