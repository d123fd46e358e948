"""Replies and refusals of twins of public documents: `python benchmarks/badinput.py FOLDER --sample 100 --seed 7`.

Each document of a random sample is served in process. Every operation gets good requests (what it requires, and with
all that is optional) and bad ones, each with one thing wrong. jsonschema, not the kit, says what is good and bad.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from zlib import crc32

from judging.client import Answer, Call, Twin
from judging.document import FORM, MULTIPART, Op, OpenDocument
from judging.samples import NONE, Samples
from judging.verdicts import bad, good, plain

INVALID = (400, 422)
TOKEN = re.compile(
    r"token|cursor|continu|bookmark|^\W*(after|before|starting_?after|ending_?before|next|marker|offset|page|skip)$",
    re.I,
)
"""Optional parameters that a service itself gives out: no text of ours is a valid one."""


class Session:
    """One document under examination."""

    def __init__(self, file: Path, operations: int, seed: int) -> None:
        self.file = file
        self.document = OpenDocument(file)
        started = time.perf_counter()
        self.twin = Twin(file)
        self.boot = time.perf_counter() - started
        self.samples = Samples(self.document)
        ops = list(self.document.operations(self.document.base()))
        self.at = {(op.method, op.path): op for op in ops}
        self.refused = False
        self.ids: dict[str, str | None] = {}
        self.ops = random.Random(seed).sample(ops, min(operations, len(ops)))
        self.counts: Counter[str] = Counter()
        self.failures: list[tuple[str, str, str]] = []
        self.digest = hashlib.sha256()
        self.slow: tuple[float, str] = (0.0, "")

    def send(self, call: Call, what: str) -> Answer:
        """One call, timed; 5xx and crashes are failures of their own."""
        started = time.perf_counter()
        try:
            answer = self.twin.call(self.document, call)
        except Exception as error:
            self.note("crash", f"{type(error).__name__}: {error}", call.op, what)
            return Answer(599, {}, b"")
        self.slow = max(self.slow, (time.perf_counter() - started, call.op.name))
        self.counts["replies"] += 1
        self.digest.update(repr((answer.status, sorted(answer.headers.items()), answer.content)).encode())
        if answer.status >= 500 and str(answer.status) not in call.op.responses:
            self.note("5xx", f"{answer.status} {answer.content[:200]!r}", call.op, what)
        return answer

    def note(self, kind: str, cause: str, op: Op, what: str) -> None:
        """Count a failure."""
        self.counts["fail: " + kind] += 1
        self.failures.append((kind, cause, f"{op.name} [{what}]"))

    def run(self) -> None:
        """Examine every chosen operation."""
        for op in self.ops:
            for full in (False, True):
                call = self.good_call(op, full)
                if call is None:
                    self.counts["no valid request found"] += 1
                    continue
                self.accept(call, "all" if full else "required")
                if not full:
                    self.refuse(call)
        if self.ops:
            self.outside(self.ops[0])

    def good_call(self, op: Op, full: bool) -> Call | None:
        """A valid request."""
        call = Call(op)
        for one in op.fields:
            if one.required or (full and not TOKEN.search(one.name)):
                made = self.made(op, one.name) if one.place == "path" else None
                value = self.samples.valid(one.schema, full=full) if made is None else made
                if value is NONE or value in ("", [], {}, None) or (one.place == "path" and "/" in str(value)):
                    if one.required:
                        return None
                    continue
                if (
                    isinstance(value, dict)
                    and any(isinstance(v, dict | list) for v in value.values())
                    and not one.media
                ):
                    continue
                call.values[one.place, one.name] = value
        if op.body and (op.body_required or full):
            call.media = preferred(op.body)
            call.body = self.samples.valid(op.body[call.media], full=full)
            if call.body is NONE or not sendable(call.body, call.media):
                return None
        return call

    def made(self, op: Op, name: str) -> str | None:
        """The id of a record made at the collection before a variable of the path."""
        collection = op.path.partition("/{" + name + "}")[0]
        if collection == op.path:
            return None
        if collection not in self.ids:
            self.ids[collection] = None
            maker = self.at.get(("post", collection))
            call = self.good_call(maker, False) if maker else None
            if call is not None:
                answer = self.send(call, "make")
                self.ids[collection] = new_id(answer, name)
        return self.ids[collection]

    def accept(self, call: Call, what: str) -> None:
        """A good request is accepted, and the reply fits."""
        answer = self.send(call, what)
        self.refused = answer.status >= 400 and answer.status not in (404, 409, 410)
        self.counts["good"] += 1
        if answer.status in (404, 409, 410):
            self.counts["good, not found"] += 1
        elif answer.status >= 400 and b"exists already" not in answer.content:
            self.note("good refused", f"{answer.status} {answer.content[:300]!r}", call.op, what)
        wrong = good(self.document, call.op, answer) if answer.status < 400 else ""
        if answer.status >= 400 and call.op.response(answer.status) is not None:
            wrong = good(self.document, call.op, answer)
        self.counts["judged replies"] += 1
        if wrong:
            self.note("reply", f"{answer.status} {wrong}", call.op, what)

    def refuse(self, call: Call) -> None:
        """Requests with one thing wrong are refused as documented."""
        for what, statuses, trial in self.wrong(call):
            answer = self.send(trial, what)
            self.counts["bad"] += 1
            self.counts[f"bad: {what}"] += 1
            wrong = bad(self.document, trial.op, answer, statuses)
            if wrong:
                self.note(f"bad {what}", wrong + f" {answer.content[:160]!r}", trial.op, what)

    def wrong(self, call: Call) -> Iterator[tuple[str, tuple[int, ...], Call]]:
        """(what is wrong, statuses meant for it, the call)."""
        yield from self._parameters(call)
        yield from self._bodies(call)
        if call.op.security:
            trial = deepcopy_call(call)
            trial.credentials = False
            trial.values = {k: v for k, v in call.values.items() if not credential(self.document, call.op, k[1])}
            yield "no credentials", (401,), trial
        if self.refused:
            return
        success = next((c for s, c in call.op.responses.items() if s.startswith("2")), {})
        if success and not any("*" in media for media in success):
            trial = deepcopy_call(call)
            trial.accept = "application/x-no-such-type"
            yield "not acceptable", (406,), trial

    def _parameters(self, call: Call) -> Iterator[tuple[str, tuple[int, ...], Call]]:
        for one in call.op.fields:
            place = (one.place, one.name)
            if one.required and one.place in ("query", "header", "cookie") and place in call.values:
                trial = deepcopy_call(call)
                del trial.values[place]
                if not credential(self.document, call.op, one.name):
                    yield f"missing {one.place}", INVALID, trial
            schema = self.samples.resolve(one.schema)
            if one.media or not isinstance(schema, dict) or one.place not in ("query", "path", "header"):
                continue
            for what, value in wire_wrong(schema):
                if self.document.errors(one.schema, "in", value) and not credential(self.document, call.op, one.name):
                    trial = deepcopy_call(call)
                    trial.values[place] = value
                    meant = (*INVALID, 404) if one.place == "path" else INVALID
                    yield f"{one.place} {what}", meant, trial

    def _bodies(self, call: Call) -> Iterator[tuple[str, tuple[int, ...], Call]]:
        op = call.op
        if not op.body:
            return
        if op.body_required and call.media:
            trial = deepcopy_call(call)
            trial.media, trial.body = "", None
            yield "missing body", INVALID, trial
        media = preferred(op.body)
        kind = plain(media)
        if not any("*" in m or "octet-stream" in m for m in op.body):
            trial = deepcopy_call(call)
            trial.raw, trial.content_type = b"x", "application/x-no-such-type"
            yield "content type", (415, 400), trial
        for broken in broken_bodies(kind):
            trial = deepcopy_call(call)
            trial.media, trial.raw, trial.content_type = media, *broken
            yield "malformed", INVALID, trial
        if kind.endswith("json") and call.media:
            seen: Counter[str] = Counter()
            for what, value in self.samples.wrong(op.body[media], call.body):
                seen[what] += 1
                if seen[what] <= 3:
                    trial = deepcopy_call(call)
                    trial.body = value
                    yield f"body {what}", INVALID, trial
        elif kind in (FORM, MULTIPART) and call.media and isinstance(call.body, dict):
            schema = self.samples.resolve(op.body[media])
            for name in schema.get("required", [])[:2]:
                if name in call.body:
                    trial = deepcopy_call(call)
                    trial.body = {k: v for k, v in call.body.items() if k != name}
                    yield "form missing property", INVALID, trial

    def outside(self, op: Op) -> None:
        """Unknown paths and methods."""
        answer = self.send(Call(op, url="/no-such-thing-anywhere/at/all/x/y/z/9/8/7", method="GET"), "unknown path")
        self.counts["bad"] += 1
        if answer.status != 404 and not any("{" in o.path.split("/")[1] for o in self.ops):
            self.note("bad unknown path", f"{answer.status}", op, "unknown path")
        values = {(f.place, f.name): "1" for f in op.fields if f.place == "path"}
        answer = self.send(Call(op, values, method="PROPFIND"), "unknown method")
        self.counts["bad"] += 1
        if answer.status != 405 or "allow" not in answer.headers:
            self.note("bad unknown method", f"{answer.status} {answer.headers.get('allow')}", op, "unknown method")


def new_id(answer: Answer, name: str) -> str | None:
    """The id in the reply to a create: of the variable's name, else `id`, at the top or one level down."""
    try:
        data = json.loads(answer.content)
    except ValueError:
        return None
    levels = [data, *data.values()] if isinstance(data, dict) else []
    for wanted in (name.lower(), "id", "name"):
        for level in levels:
            for key, value in level.items() if isinstance(level, dict) else ():
                if key.lower() == wanted and isinstance(value, str | int) and value and "/" not in str(value):
                    return str(value)
    return None


def deepcopy_call(call: Call) -> Call:
    """A call to change."""
    copied = Call(call.op)
    copied.values, copied.body, copied.media = dict(call.values), deepcopy(call.body), call.media
    return copied


def credential(document: OpenDocument, op: Op, name: str) -> bool:
    """Whether a parameter is a credential as well."""
    schemes = (document.deref(document.schemes.get(n)) for need in op.security for n in need)
    return any(str(scheme.get("name", "")).lower() == name.lower() for scheme in schemes)


def preferred(body: Any) -> str:
    """The media type to send: JSON first."""
    for wanted in ("application/json", "json", FORM, MULTIPART):
        found = next((m for m in body if wanted in m and "patch+json" not in m), None)
        if found is not None:
            return str(found)
    return str(next(iter(body)))


def sendable(body: Any, media: str) -> bool:
    """Whether the judge can encode the value so."""
    kind = plain(media)
    if kind in (FORM, MULTIPART):
        if not isinstance(body, dict) or not body:
            return False
        inner = [i for v in body.values() for i in (v if isinstance(v, list) else [v])]
        if [] in body.values():
            return False
        return not any(isinstance(i, dict | list) for i in inner) or kind == MULTIPART
    return True


def broken_bodies(kind: str) -> list[tuple[bytes, str]]:
    """Bytes that are no document of this kind."""
    if kind.endswith("json"):
        return [(b'{"a": ', kind), (b"not json", kind), (b"{'a': 1}", kind)]
    if kind.endswith("xml"):
        return [(b"<a><b></a>", kind), (b"not xml", kind)]
    if kind == MULTIPART:
        return [(b"--b\r\nnothing", f"{MULTIPART}; boundary=b"), (b"x", MULTIPART)]
    return []


def wire_wrong(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values of a parameter that no text of it can be."""
    kind = schema.get("type")
    if "enum" in schema:
        yield "out of enum", "no-such-member"
    elif kind in ("integer", "number", "boolean"):
        yield "wrong type", "no-number"
    if kind == "integer" and "enum" not in schema:
        yield "wrong type", 12.5
    if kind in ("integer", "number") and "minimum" in schema and "enum" not in schema:
        yield "out of range", int(schema["minimum"]) - 1
    if kind in ("integer", "number") and "maximum" in schema and "enum" not in schema:
        yield "out of range", int(schema["maximum"]) + 1
    if kind == "string":
        if "maxLength" in schema and schema["maxLength"] < 3000:
            yield "too long", "x" * (int(schema["maxLength"]) + 1)
        if "pattern" in schema:
            yield "pattern", "~ ~"
        if schema.get("format") in ("date", "date-time", "uuid"):
            yield "format", "nothing"


def main() -> int:
    """Examine a random sample of a folder of documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operations", type=int, default=12, help="of each document")
    parser.add_argument("--held", action="store_true", help="the quarter of the documents kept for a last number")
    parser.add_argument("--largest", type=int, default=8_000_000, help="bytes")
    parser.add_argument("--only", default="", help="failures whose kind starts so")
    parser.add_argument("--quiet", action="store_true", help="totals only")
    parser.add_argument("--digests", action="store_true", help="one digest of all replies per document")
    given = parser.parse_args()
    os.environ.setdefault("TWINKIT_CACHE", tempfile.mkdtemp())
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    files = [file for file in files if file.stat().st_size <= given.largest]
    files = [file for file in files if (crc32(file.name.encode()) % 4 == 0) is given.held or len(files) == 1]
    files = random.Random(given.seed).sample(files, min(given.sample, len(files)))
    totals: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    times: list[tuple[float, str]] = []
    slow: list[tuple[float, str]] = []
    for file in files:
        totals["documents"] += 1
        try:
            session = Session(file, given.operations, given.seed)
            session.run()
        except Exception as error:
            totals["fail: document"] += 1
            print(f"{file.name}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, OSError) and os.environ.get("TRACE"):
                raise
            continue
        totals.update(session.counts)
        times.append((session.boot, file.name))
        slow.append((session.slow[0], f"{file.name} {session.slow[1]}"))
        if given.digests:
            print(f"{session.digest.hexdigest()[:24]} {file.name}")
        report(file, session, causes, given)
    for label, list_ in (("boot", times), ("reply", slow)):
        print(label, " ".join(f"{seconds:.2f}s {name};" for seconds, name in sorted(list_, reverse=True)[:6]))
    for cause, count in causes.most_common(40):
        print(f"{count:6} {cause}")
    for name, count in sorted(totals.items()):
        print(f"{name:34} {count}")
    rates(totals)
    return 0


def report(file: Path, session: Session, causes: Counter[str], given: Any) -> None:
    """Print a document's failures, at most two of a kind."""
    shown: Counter[str] = Counter()
    for kind, cause, where in session.failures:
        causes[f"{kind}: {' '.join(cause.split()[:2])}"] += 1
        shown[kind] += 1
        if shown[kind] <= 2 and not given.quiet and kind.startswith(given.only):
            print(f"{file.parent.name}/{file.name} {where} {kind}: {cause[:420]}", flush=True)


def rates(totals: Counter[str]) -> None:
    """The three numbers."""
    refused = sum(count for name, count in totals.items() if name.startswith("fail: bad"))
    print(f"replies valid    {100 - 100 * totals['fail: reply'] / max(totals['judged replies'], 1):.2f} %")
    print(f"good accepted    {100 - 100 * totals['fail: good refused'] / max(totals['good'], 1):.2f} %")
    print(f"bad refused      {100 - 100 * refused / max(totals['bad'], 1):.2f} %")


if __name__ == "__main__":
    sys.exit(main())
