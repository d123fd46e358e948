"""Identifiers in each service's own pattern, such as `cus_{alnum:14}`, drawn from a seed.

A pattern is literal text with `{kind:length}` fields; kinds: alnum (a-zA-Z0-9), lower (a-z0-9), upper (A-Z0-9),
hex, digits, letters, okta (0-9a-zA-Z), and `{uuid}` (a version 4 UUID), `{seq}` (the position, from 1).
Imports: seeds, errors.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from twinkit.errors import AuthorError, nearest
from twinkit.seeds import draw

ALPHABETS = {
    "alnum": string.ascii_uppercase + string.ascii_lowercase + string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
    "hex": "0123456789abcdef",
    "digits": string.digits,
    "letters": string.ascii_letters,
}
FIELD = re.compile(r"\{(\w+)(?::(\d+))?\}")


@lru_cache(maxsize=4096)
def parse(pattern: str) -> tuple[tuple[str, int], ...]:
    """Fields of a pattern as (literal text, -1), (alphabet, length), ("uuid", 0) or ("seq", 0).

    Raises AuthorError for an unknown kind or a missing length.
    """
    parts: list[tuple[str, int]] = []
    end = 0
    for match in FIELD.finditer(pattern):
        if match.start() > end:
            parts.append((pattern[end : match.start()], -1))
        kind, length = match[1], match[2]
        if kind in ("uuid", "seq"):
            parts.append((kind, 0))
        elif kind not in ALPHABETS:
            known = [*ALPHABETS, "uuid", "seq"]
            raise AuthorError(f"id pattern {pattern!r}: unknown kind {kind!r}{nearest(kind, known)}")
        elif length is None:
            raise AuthorError(f"id pattern {pattern!r}: {kind!r} needs a length, such as {{{kind}:14}}")
        else:
            parts.append((ALPHABETS[kind], int(length)))
        end = match.end()
    if end < len(pattern):
        parts.append((pattern[end:], -1))
    return tuple(parts)


@lru_cache(maxsize=64)
def _letters(alphabet: str) -> bytes:
    """A table that turns any byte into a character of the alphabet."""
    return "".join(alphabet[byte % len(alphabet)] for byte in range(256)).encode()


def _uuid(number: int) -> str:
    number = (number & ~(0xF << 76)) | (0x4 << 76)
    number = (number & ~(0x3 << 62)) | (0x2 << 62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def make(pattern: str, seed: int, stream: str, position: int) -> str:
    """The id at `position` of the stream `ids/<stream>`, in the form of `pattern`."""
    return maker(pattern, seed, stream)(position)


@lru_cache(maxsize=4096)
def maker(pattern: str, seed: int, stream: str) -> Callable[[int], str]:
    """What gives the id at a position of the stream `ids/<stream>`, in the form of `pattern`."""
    parts: list[str | Callable[[int], str]] = [
        part if length == -1 else _field(part, length, f"{seed}/ids/{stream}/{number}", seed, stream)
        for number, (part, length) in enumerate(parse(pattern))
    ]
    match parts:
        case [str() as head, field] if not isinstance(field, str):
            return _after(head, field)
        case [field] if not isinstance(field, str):
            return field
    makers: list[Callable[[int], str]] = [_literal(part) if isinstance(part, str) else part for part in parts]
    return lambda position: "".join([make(position) for make in makers])


def _after(head: str, field: Callable[[int], str]) -> Callable[[int], str]:
    return lambda position: head + field(position)


def _literal(text: str) -> Callable[[int], str]:
    return lambda position: text


def _field(part: str, length: int, prefix: str, seed: int, stream: str) -> Callable[[int], str]:
    if part == "uuid":
        return lambda position: _uuid(draw(seed, f"ids/{stream}", position))
    if part == "seq":
        return lambda position: str(position + 1)
    table = _letters(part)
    chunks = [(f"{prefix}/{chunk}/".encode(), min(64, length - chunk)) for chunk in range(0, length, 64)]
    if len(chunks) == 1:
        head, size = chunks[0]
        return lambda position: blake2b(b"%s%d" % (head, position), digest_size=size).digest().translate(table).decode()

    def long(position: int) -> str:
        drawn = [blake2b(b"%s%d" % (head, position), digest_size=size).digest() for head, size in chunks]
        return b"".join(drawn).translate(table).decode()

    return long
