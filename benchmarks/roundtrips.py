"""Full round trips on a folder of documents: `python benchmarks/roundtrips.py FOLDER [--every N] [--verbose]`.

Each document is served in process. For each collection with POST beside GET on its items: create, get what was sent,
find it in the list, change it, delete it, and find it gone. Bodies are made from the schema by rules of this script.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bodies import Bodies

from twinkit.contract.adapters import canonical
from twinkit.contract.load import load
from twinkit.contract.responses import ResponseChecker
from twinkit.overlay.places import HOLE, Op, Places
from twinkit.overlay.shapes import Shapes


class Client:
    """Calls one twin in process."""

    def __init__(self, file: Path) -> None:
        from twinkit.server.app import TwinApp
        from twinkit.server.catalogue import document_twin
        from twinkit.server.hosting import Hosting

        twin = document_twin(str(file))
        self.app = TwinApp(Hosting(twin, seed=1, base_url="http://t"))
        self.index = twin.index
        self.checker = ResponseChecker(twin.index)
        self.replies: Counter[str] = Counter()
        self.invalid: list[str] = []

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """(status, decoded body, headers)."""
        raw, headers = encode(body, media)
        headers += [(b"authorization", b"Bearer x"), (b"host", b"t"), (b"x-api-key", b"k"), (b"api-key", b"k")]
        headers += [(name.lower().encode(), value.encode()) for name, value in (extra or {}).items()]
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method.upper(),
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "extensions": {},
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        with contextlib.suppress(StopIteration):
            self.app(scope, receive, send).send(None)
        return self._read(method, path, sent)

    def _read(self, method: str, path: str, sent: list[Any]) -> tuple[int, Any, Mapping[str, str]]:
        """The reply, and whether it fits the contract."""
        start = next(m for m in sent if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        try:
            decoded = json.loads(content) if content else None
        except ValueError:
            decoded = content
        headers = {k.decode(): v.decode() for k, v in start["headers"]}
        self.replies["all"] += 1
        match = self.index.match(method, path.partition("?")[0])
        if start["status"] >= 500:
            self.replies["5xx"] += 1
            self.invalid.append(f"{method} {path}: {start['status']} {content[:200]!r}")
        if match is not None and (
            start["status"] < 400 or self.index.operation(match.operation).response(start["status"])
        ):
            wrong = self.checker.check(match.operation, start["status"], content, headers.get("content-type"))
            if wrong and start["status"] != 204 and "without a body" not in wrong[0]:
                self.replies["invalid"] += 1
                self.invalid.append(f"{method} {path} {match.operation}: {start['status']} {wrong[0][:160]}")
        return start["status"], decoded, headers


def encode(body: Any, media: str | None) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The bytes of a body and its headers."""
    if body is None:
        return b"", []
    if media and "x-www-form-urlencoded" in media:
        from urllib.parse import urlencode

        flat = {
            k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items() if not isinstance(v, (dict, list))
        }
        return urlencode(flat).encode(), [(b"content-type", b"application/x-www-form-urlencoded")]
    if media and "multipart" in media:
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v if isinstance(v, str) else json.dumps(v)}\r\n'
            for k, v in body.items()
        ]
        return ("".join(parts) + "--b--\r\n").encode(), [(b"content-type", b"multipart/form-data; boundary=b")]
    return json.dumps(body).encode(), [(b"content-type", (media or "application/json").encode())]


class Trips:
    """The round trips of one document."""

    def __init__(self, file: Path) -> None:
        contract = canonical(load(file))
        self.base = contract["base_path"]
        self.shapes = Shapes(contract)
        self.places = Places(contract, self.shapes)
        self.bodies = Bodies(self.shapes)
        self.client = Client(file)
        self.samples: dict[str, str] = {}
        self.sent: Any = None
        self.made: dict[tuple[str, ...], str | None] = {}

    def groups(self) -> Iterator[tuple[Op, Op]]:
        """(create, retrieve) of each collection."""
        for key in self.places.at:
            if key and key[-1] == HOLE and key[-2:-1] not in ((), (HOLE,)):
                maker, getter = self.places.on(key[:-1], "post"), self.places.on(key, "get")
                if maker and getter and getter.reply is not None and "json" in (getter.reply_media or ""):
                    yield maker, getter

    def sample(self, op: Op, name: str) -> str:
        """A value for a path or query parameter that nothing makes: what the last body said, else always the same."""
        said = next((o[name] for o in levels(self.sent, 0) if isinstance(o.get(name), (str, int))), None)
        if said is not None:
            return str(said)
        if name not in self.samples:
            self.samples[name] = self._sample(op, name)
        return self.samples[name]

    def _sample(self, op: Op, name: str) -> str:
        for parameter in op.raw.get("parameters") or ():
            if parameter["name"] == name:
                _, node = self.shapes.resolve(parameter.get("schema", {}))
                if "default" in node or name in ("offset", "skip", "start"):
                    return str(node.get("default", 0))
                made = self.bodies.make(parameter.get("schema", {}))
                return (
                    str(made).lower() if isinstance(made, bool) else str(made) if not isinstance(made, dict) else "x1"
                )
        return "x1"

    def url(self, op: Op, id: str | None = None) -> str:
        """The path of an operation, parents made where something makes them, required query parameters given."""
        values: dict[str, str] = {}
        for place, part in enumerate(op.key):
            if part != HOLE:
                continue
            name = op.names[place]
            if id is not None and place == len(op.key) - 1:
                values[name] = id
            else:
                values[name] = self.parent(op, op.key[: place + 1]) or self.sample(op, name)
        path = re.sub(r"\{([^{}]+)\}", lambda m: quote(values.get(m[1], "x1"), safe=""), op.path)
        needed = [
            f"{quote(p['name'])}={quote(self.sample(op, p['name']))}"
            for p in op.raw.get("parameters") or ()
            if p["location"] == "query" and p.get("required")
        ]
        return self.base + path + ("?" + "&".join(needed) if needed else "")

    def every_operation(self) -> None:
        """Call each operation once with a valid request."""
        for op in self.places.ops:
            with contextlib.suppress(Exception):
                body = self.bodies.make(op.body) if op.body is not None else None
                self.call(op, None, body)

    def parent(self, op: Op, key: tuple[str, ...]) -> str | None:
        """The id of a record made at a parent's collection."""
        if key in self.made:
            return self.made[key]
        self.made[key] = None
        maker = self.places.on(key[:-1], "post")
        if maker is not None and key[-2:-1] != (HOLE,) and len(key) > 1 and maker.body is not None:
            before = self.sent
            status, reply, headers = self.create(maker)
            self.sent = before
            if status < 300:
                self.made[key] = found_id(reply, headers, op.names[len(key) - 1], key)
        return self.made[key]

    def create(self, maker: Op) -> tuple[int, Any, Mapping[str, str]]:
        """Call a create with a body of its own."""
        body = self.bodies.make(maker.body) if maker.body is not None else None
        self.sent = body
        return self.call(maker, None, body)

    def call(self, op: Op, id: str | None = None, body: Any = None) -> tuple[int, Any, Mapping[str, str]]:
        """Call an operation with what it requires."""
        extra = {
            p["name"]: self.sample(op, p["name"])
            for p in op.raw.get("parameters") or ()
            if p["location"] == "header" and p.get("required")
        }
        return self.client.call(op.method, self.url(op, id), body, op.body_media if body is not None else None, extra)

    def trip(self, maker: Op, getter: Op) -> str:
        """One round trip; "ok" or what went wrong."""
        self.url(maker)
        status, reply, headers = self.create(maker)
        sent = self.sent
        if status >= 300:
            return f"create {status} {str(reply)[:160]}"
        id = found_id(reply, headers, getter.names[-1], getter.key, sent)
        if id is None:
            return f"no id in {str(reply)[:120]}"
        status, shown, _ = self.call(getter, id)
        if status != 200:
            return f"get {status} {self.url(getter, id)} {str(shown)[:120]}"
        if isinstance(sent, dict):
            sent = {name: value for name, value in sent.items() if name not in getter.names}
        lost = missing(sent, shown)
        if lost:
            return f"get lost {lost}"
        return self.listed(getter, id) or self.changed(getter, id) or self.deleted(getter, id) or "ok"

    def listed(self, getter: Op, id: str) -> str:
        """Whether the list has it."""
        lister = self.places.on(getter.key[:-1], "get")
        if lister is None or self.places.replies[lister.id].listing is None:
            return ""
        status, shown, _ = self.call(lister)
        if status != 200:
            return f"list {status} {str(shown)[:120]}"
        text = json.dumps(shown)
        return (
            ""
            if json.dumps(id) in text or re.search(rf"\b{re.escape(id)}\b", text)
            else f"list lacks {id}: {text[:100]}"
        )

    def changed(self, getter: Op, id: str) -> str:
        """Whether a change is kept."""
        for method in ("patch", "put"):
            op = self.places.on(getter.key, method)
            if op is None or op.body is None or "json" not in (op.body_media or "") or "patch+json" in op.body_media:
                continue
            body = self.bodies.make(op.body, salt="2")
            status, reply, _ = self.call(op, id, body)
            if status >= 300:
                return f"{method} {status} {str(reply)[:160]}"
            status, shown, _ = self.call(getter, id)
            if status != 200:
                return f"get after {method} {status}"
            if isinstance(body, dict):
                body = {k: v for k, v in body.items() if k.lower() != getter.names[-1].lower()}
            lost = missing(body, shown)
            if lost:
                return f"{method} lost {lost}"
        return ""

    def deleted(self, getter: Op, id: str) -> str:
        """Whether it is gone after a delete."""
        op = self.places.on(getter.key, "delete")
        if op is None:
            return ""
        body = self.bodies.make(op.body) if op.body is not None else None
        status, reply, _ = self.call(op, id, body)
        if status >= 300:
            return f"delete {status} {str(reply)[:160]}"
        status, _, _ = self.call(getter, id)
        return "" if status in (404, 410) else f"still there after delete: {status}"


def found_id(reply: Any, headers: Mapping[str, str], param: str, key: tuple[str, ...], sent: Any = None) -> str | None:
    """The new record's id in a reply: named like the path's parameter, `id` …, one level down too; else Location."""
    noun = re.sub(r"[^a-z]", "", key[-2].lower())
    nouns = {noun, noun.removesuffix("s"), noun.removesuffix("es"), re.sub("ies$", "y", noun)}
    wanted = [
        param.lower(),
        "id",
        "uuid",
        "_id",
        "guid",
        "gid",
        *(f"{n}id" for n in nouns),
        *(f"{n}_id" for n in nouns),
    ]
    chosen = next((o for o in levels(sent, 0)), {})
    for names in (wanted, (), ["key", "slug", "name", "code", "number", "sid", "arn"]):
        if not names and isinstance(chosen.get(param), str):
            return str(chosen[param])
        for place in (place for depth in range(3) for place in levels(reply, depth)):
            lower = {k.lower(): v for k, v in place.items() if isinstance(v, (str, int)) and not isinstance(v, bool)}
            for name in names:
                if lower.get(name) not in (None, ""):
                    return str(lower[name])
    for place in (place for depth in range(3) for place in levels(reply, depth)):
        for name, value in place.items():
            if len(param) > 2 and name.lower().endswith(param.lower()) and isinstance(value, (str, int)):
                return str(value)
    if isinstance(reply, (str, int)):
        return str(reply)
    if "location" in headers:
        return headers["location"].rstrip("/").rpartition("/")[2]
    return None


def levels(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Objects that many levels down."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        if depth == 0:
            yield value
        else:
            for each in value.values():
                yield from levels(each, depth - 1)


def missing(sent: Any, shown: Any, path: str = "") -> str:
    """The first top-level scalar that was sent and is shown with another value."""
    objects = [o for d in range(3) for o in levels(shown, d)]
    for holder in [o for d in range(3) for o in levels(sent, d)][:1]:
        for name, value in holder.items():
            if isinstance(value, (dict, list)) or name.lower() in ("id", "kind", "updated", "created", "etag"):
                continue
            known = [o[name] for o in objects if name in o and not isinstance(o[name], dict)]
            if known and value not in known and str(value).lower() not in (str(k).lower() for k in known):
                return f"{name}: sent {value!r}, shown {known[0]!r}"
    return ""


def main() -> int:
    """Try every N-th document of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--largest", type=int, default=1_500_000, help="bytes")
    parser.add_argument("--quiet", action="store_true", help="only invalid replies and totals")
    parser.add_argument("--all", action="store_true", help="call every operation once, too")
    given = parser.parse_args()
    os.environ.setdefault("TWINKIT_CACHE", tempfile.mkdtemp())
    totals: Counter[str] = Counter()
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    for file in files[given.offset :: given.every]:
        if file.stat().st_size > given.largest:
            continue
        try:
            trips = Trips(file)
        except Exception as error:
            totals["unreadable"] += 1
            print(f"{file.name}: {type(error).__name__}: {error}")
            continue
        totals["documents"] += 1
        for maker, getter in list(trips.groups())[:40]:
            try:
                outcome = trips.trip(maker, getter)
            except Exception as error:
                outcome = f"crash {type(error).__name__}: {error}"
            totals["trips"] += 1
            totals["ok" if outcome == "ok" else "failed: " + outcome.split()[0]] += 1
            if outcome != "ok" and not given.quiet:
                print(f"{file.parent.name}/{file.name} POST {maker.path}: {outcome}")
        if given.all:
            trips.every_operation()
        totals.update({f"replies: {name}": count for name, count in trips.client.replies.items()})
        for line in trips.client.invalid[:4]:
            print(f"{file.parent.name}/{file.name} INVALID {line}")
    for name, count in totals.most_common():
        print(f"{name:30} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
