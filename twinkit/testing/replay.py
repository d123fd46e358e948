"""A recording replayed against a twin: the same requests with the twin's own ids, and what came out differently.

Ids, times and secrets differ by nature: they are matched by where they stand and translated in later requests.
Imports: recording, plane, errors.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from twinkit.errors import UsageError, nearest
from twinkit.files import read_text
from twinkit.testing.plane import Wire
from twinkit.testing.recording import Recorded, Recording

KINDS = ("status", "missing", "extra", "type", "value", "length", "header")
PREFIXED = re.compile(r"^([A-Za-z]+(?:_[A-Za-z]+)*_)[A-Za-z0-9]{6,}$")
OPAQUE = re.compile(r"^(?=.*\d)[A-Za-z0-9._:-]{8,}$")
LONG = re.compile(r"^[A-Za-z0-9._:=-]{16,}$|^(?=.*[0-9_])[A-Za-z0-9._:=-]{8,}$")
EPOCH_SECONDS = range(1_000_000_000, 5_000_000_000)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the twin does otherwise than the service did."""

    number: int
    """Which exchange of the recording, from 1."""
    call: str
    """Method and path."""
    at: str
    """Where: `$.card.brand`, `status`, or a header's name."""
    kind: str
    recorded: Any
    twin: Any

    def __str__(self) -> str:
        return f"{self.number}. {self.call}  {self.at}: {self.kind}: {_short(self.recorded)} → {_short(self.twin)}"


def family(path: str) -> str:
    """The word that a path is counted under: its first that is no version."""
    words = [word for word in path.split("/") if word and not re.fullmatch(r"v\d[\w.]*|api", word)]
    return words[0] if words else "/"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Differences that are known and accepted; every given glob must match."""

    call: str = "*"
    at: str = "*"
    kind: str = "*"
    because: str = ""

    def covers(self, difference: Difference) -> bool:
        """Whether a difference is accepted."""
        return (
            fnmatch.fnmatchcase(difference.call, self.call)
            and fnmatch.fnmatchcase(difference.at, self.at)
            and fnmatch.fnmatchcase(difference.kind, self.kind)
        )


def allowances(path: Path) -> list[Allowance]:
    """The allow-list in a YAML file: a list of `{call, at, kind, because}`. Raises UsageError."""
    import yaml

    try:
        data = yaml.safe_load(read_text(path)) or []
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no YAML: {error}") from None
    known = ("call", "at", "kind", "because")
    if not isinstance(data, list):
        raise UsageError(f"{path}: an allow-list is a list of mappings with {', '.join(known)}")
    for entry in data:
        for key in entry if isinstance(entry, Mapping) else [str(entry)]:
            if key not in known:
                raise UsageError(f"{path}: unknown key {key!r}{nearest(str(key), known)}")
    return [Allowance(**{key: str(value) for key, value in entry.items()}) for entry in data]


class Translation:
    """What stands for what: values of the recording → values of the twin."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, recorded: str, twin: str) -> None:
        """From now on `twin` stands for `recorded`."""
        if recorded != twin:
            self._known.setdefault(recorded, twin)

    def text(self, text: str) -> str:
        """A text with every known value translated, the longest first."""
        for recorded in sorted(self._known, key=len, reverse=True):
            if recorded in text:
                text = text.replace(recorded, self._known[recorded])
        return text

    def data(self, value: Any) -> Any:
        """Nested data, translated."""
        if isinstance(value, Mapping):
            return {key: self.data(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.data(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value


class Replay:
    """Replays a recording over a wire to a twin."""

    def __init__(self, recording: Recording, wire: Wire, url: str, authorization: str = "", prefix: str = "") -> None:
        self.recording = recording
        self.translation = Translation()
        self.translation.learn(recording.upstream.rstrip("/"), url)
        self._wire = wire
        self._prefix = prefix
        self._authorization = authorization

    def run(self) -> Iterator[Difference]:
        """Send every exchange in order; yields the differences. Where the statuses are of two kinds, they alone."""
        for number, exchange in enumerate(self.recording.exchanges, 1):
            yield from self.one(number, exchange)

    def one(self, number: int, exchange: Recorded) -> Iterator[Difference]:
        """Send one exchange and compare."""
        translate = self.translation.text
        target = translate(exchange.path) + (f"?{translate(exchange.query)}" if exchange.query else "")
        headers = {name: translate(value) for name, value in exchange.headers.items()}
        if self._authorization:
            headers["authorization"] = self._authorization
        body = self.encode(exchange.body)
        path = self._prefix + quote(target, safe="/:?#[]@!$&'()*+,;=%-._~")
        answer = self._wire.send(exchange.method, path, headers, body)
        call = f"{exchange.method} {exchange.path}"
        recorded, shown = _content(exchange.reply), _parsed(answer.body, answer.header("content-type"))
        if answer.status // 100 != exchange.status // 100:
            yield Difference(number, call, "status", "status", exchange.status, f"{answer.status} {_short(shown)}")
            return
        if answer.status != exchange.status:
            yield Difference(number, call, "status", "status", exchange.status, answer.status)
        for name, value in exchange.reply_headers.items():
            if name != "content-type" and not answer.header(name):
                yield Difference(number, call, name, "header", value, None)
        for at, kind, before, after in self.compare(recorded, shown, "$"):
            yield Difference(number, call, at, kind, before, after)

    def encode(self, body: Any) -> bytes:
        """A recorded body as bytes, translated."""
        if body is None:
            return b""
        if "base64" in body:
            return base64.b64decode(body["base64"])
        if "json" in body:
            return json.dumps(self.translation.data(body["json"])).encode()
        return self.translation.text(body["text"]).encode()

    def compare(self, recorded: Any, twin: Any, at: str) -> Iterator[tuple[str, str, Any, Any]]:
        """(where, kind, recorded, twin) of every difference; learns ids on the way."""
        if isinstance(recorded, Mapping) and isinstance(twin, Mapping):
            for name in recorded:
                if name not in twin:
                    yield f"{at}.{name}", "missing", recorded[name], None
                else:
                    yield from self.compare(recorded[name], twin[name], f"{at}.{name}")
            yield from ((f"{at}.{name}", "extra", None, twin[name]) for name in twin if name not in recorded)
        elif isinstance(recorded, list) and isinstance(twin, list):
            if len(recorded) != len(twin):
                yield at, "length", len(recorded), len(twin)
            for number, (one, other) in enumerate(zip(recorded, twin, strict=False)):
                yield from self.compare(one, other, f"{at}[{number}]")
        elif _type(recorded) != _type(twin):
            yield at, "type", recorded, twin
        elif not self.same(recorded, twin):
            yield at, "value", recorded, twin

    def same(self, recorded: Any, twin: Any) -> bool:
        """Whether two values of one type mean the same; ids and secrets are learnt."""
        if recorded == twin:
            return True
        if isinstance(recorded, int) and not isinstance(recorded, bool):
            return recorded in EPOCH_SECONDS and twin in EPOCH_SECONDS
        if not isinstance(recorded, str):
            return False
        if self.translation.text(recorded) == twin or (_is_time(recorded) and _is_time(twin)):
            return True
        if _one_address(self.translation.text(recorded), twin):
            return True
        if recorded.startswith("{secret-") or _alike(recorded, twin):
            self.translation.learn(recorded, twin)
            return True
        return False


def _alike(one: str, other: str) -> bool:
    """Whether two texts are ids of one kind: the same prefix, or two opaque words of one length."""
    first, second = PREFIXED.match(one), PREFIXED.match(other)
    if first and second:
        return first[1] == second[1]
    return len(one) == len(other) and bool(OPAQUE.match(one)) and bool(OPAQUE.match(other))


def _one_address(one: str, other: str) -> bool:
    """Whether two texts are addresses of one kind: the same host, and paths that differ in opaque words alone."""
    if not one.startswith("https://") or "://" not in other:
        return False
    first, second = urlsplit(one), urlsplit(other)
    if first.netloc != second.netloc:
        return False
    parts, others = first.path.split("/"), second.path.split("/")
    return len(parts) == len(others) and all(
        part == its or (bool(LONG.match(part)) and bool(LONG.match(its)))
        for part, its in zip(parts, others, strict=True)
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text or ":" in text


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", type(None): "null"}.get(type(value), "object" if isinstance(value, Mapping) else "array")


def _content(body: Any) -> Any:
    if body is None:
        return None
    return body.get("json", body.get("text", body.get("base64")))


def _parsed(body: bytes, media_type: str) -> Any:
    if not body:
        return None
    if "json" in media_type:
        try:
            return json.loads(body)
        except ValueError:
            pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
