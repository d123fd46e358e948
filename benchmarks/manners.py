"""Other ways to go round on real documents: `python benchmarks/manners.py FOLDER [--sample N --seed S] [--only PATH]`.

What `roundtrips.py` does not try: bodies in another order of properties, two records at once, ids with odd characters,
the whole reply of GET sent back by PUT, lists by a page of one and by the value of a property, what is unknown, and
what is deleted twice. Each manner counts by itself; judged by the rules of this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from comparing import Asked, bare, found_id, holds, levels, scalars
from documents import Operation, holes, normal
from roundtrips import Failed, Trips, Unjudged, arrays, text

ODD = ("a b", "ä1", "x.y", "a:b", "a+b", "100%", "a@b.c", "a,b", "~x", "(1)")
GONE = (400, 404, 405, 410, 422)
LIMITS = ("limit", "perpage", "pagesize", "maxresults", "take", "size", "count", "maxitems")
PAGES = ("page", "pagenumber", "pageno", "pageindex")
OFFSETS = ("offset", "skip", "start", "startat", "startindex")
NEXT = (
    "next",
    "nextpageurl",
    "nextpageuri",
    "nexturl",
    "nexturi",
    "continuationtoken",
    "nextpagetoken",
    "nexttoken",
    "nextcursor",
    "cursor",
    "nextlink",
    "nextpage",
    "odatanextlink",
    "marker",
)
SAID = ("id", "type", "fields", "sort", "order", "orderby", "filter", "expand", "include", "limit", "page", "offset")


class Manners(Trips):
    """The collections of one document, gone round in other ways."""

    query: Mapping[str, str] = MappingProxyType({})

    def made(self, collection: str, item: str, ids: Mapping[str, str], odd: str = "") -> tuple[dict[str, str], Any]:
        """A new record: (ids of its path, body)."""
        operations = self.document.operations
        getter, maker = operations["get", item], operations.get(("post", collection))
        param = holes(item)[-1]
        ids = dict(ids)
        if maker is None or odd:
            maker = operations["put", item]
            schema = getter.parameter(param).get("schema", getter.parameter(param))
            ids[param] = odd or text(self.bodies.make(schema, 1))
        body = turned(self.body(maker))
        status, reply, headers = self.call(maker, ids, body)
        self.refused(status)
        if status >= 300:
            raise Unjudged("not made")
        if param not in ids:
            id = found_id(
                (status, reply, headers), param, collection, body, Asked(self.order, self.admits(getter, param))
            )
            if id is None:
                raise Unjudged("no id")
            ids[param] = id
        return ids, body

    def around(self, collection: str, item: str) -> Iterator[tuple[str, str]]:
        """(manner, what is wrong or empty) of everything that can be tried on a collection."""
        operations = self.document.operations
        getter = operations["get", item]
        if "json" not in (getter.reply[0] or "json") or not getter.reply[0]:
            raise Unjudged("no json")
        self.sent, self.bodies.doubtful = None, ""
        above = self.above(normal(collection))
        first, _ = self.made(collection, item, above)
        second, _ = self.made(collection, item, above)
        param = holes(item)[-1]
        if first[param] == second[param]:
            if ("post", collection) in operations:
                chosen = first[param] in json.dumps(self.body(operations["post", collection]), default=str)
                yield "second", "" if chosen else f"both are {first[param]}"
            return
        yield "second", self.read(getter, first) or self.read(getter, second)
        yield from self.lists(collection, getter, first, second)
        yield from self.echoed(getter, first)
        unknown = {**first, param: "7777777" if first[param].isdecimal() else f"{first[param][:-4]}zzzz"}
        status, _, _ = self.call(getter, unknown)
        yield "unknown", "" if status in GONE else f"{status} {unknown[param]}"
        yield from self.deleted_twice(getter, first, second)
        if self.chooses(getter):
            yield from self.odd_ids(collection, item, above)

    def chooses(self, getter: Operation) -> bool:
        """Whether PUT makes records with ids of any characters."""
        putter = self.document.operations.get(("put", getter.path))
        parameter = getter.parameter(holes(getter.path)[-1])
        node = self.document.merged(parameter.get("schema", parameter))
        free = self.document.types(node) == {"string"} and not set(node) & {"pattern", "format", "enum", "maxLength"}
        return putter is not None and "201" in putter.replies and free

    def read(self, getter: Operation, ids: Mapping[str, str]) -> str:
        """What is wrong with reading a record; empty when nothing is."""
        status, shown, _ = self.call(getter, ids)
        return "" if 200 <= status < 300 else f"get {status} {str(shown)[:100]}"

    def echoed(self, getter: Operation, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """What GET shows, sent back by PUT as it is, is taken and changes nothing."""
        putter = self.document.operations.get(("put", getter.path))
        if putter is None or "json" not in (putter.media or ""):
            return
        if self.document.resolve(putter.body) is not self.document.resolve(getter.reply[1]):
            return
        _, shown, _ = self.call(getter, ids)
        if not isinstance(shown, dict) or self.contradictions.first(putter.body, shown):
            return
        status, reply, _ = self.call(putter, ids, shown)
        if status >= 300:
            yield "echo", f"put {status} {str(reply)[:160]}"
            return
        _, after, _ = self.call(getter, ids)
        lost = [k for k, v in shown.items() if isinstance(after, dict) and after.get(k) != v and not timely(k)]
        yield "echo", f"changed {lost}" if lost else ""

    def lists(
        self, collection: str, getter: Operation, first: Mapping[str, str], second: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Both records are listed, on pages of one as well, and by the value of a property."""
        lister = self.document.operations.get(("get", collection))
        if lister is None or "json" not in (lister.reply[0] or "") or not self.many(lister.reply[1], getter):
            return
        ids = [list(each.values())[-1] for each in (first, second)]
        _, shown, _ = self.call(lister, first)
        if not all(holds(shown, id) for id in ids):
            return  # roundtrips.py tells of lists that lack a record
        yield "both", ""
        yield from self.pages(lister, first, ids)
        yield from self.filtered(lister, getter, first, ids[0])

    def pages(self, lister: Operation, ids: Mapping[str, str], wanted: list[str]) -> Iterator[tuple[str, str]]:
        """Pages of one lead to every record."""
        limit = self.named(lister, LIMITS)
        if limit is None or lister.parameter(limit, "query").get("schema", {}).get("minimum", 1) > 1:
            return
        whole = self.call(lister, ids)[1]
        size = max((len(each) for each in arrays(whole)), default=0)
        seen: set[str] = set()
        query = {limit: "1"}
        for number in range(size + 3):
            status, shown, headers = self.asked(lister, ids, query)
            if status >= 300:
                yield "pages", f"{status} {query} {str(shown)[:120]}"
                return
            seen |= {id for id in wanted if holds(shown, id)}
            if number == 0 and len(seen) > 1 and outer(shown) > 1:
                yield "pages", f"more than one for {limit}=1"
                return
            if seen == set(wanted):
                yield "pages", ""
                return
            query = self.following(lister, query, shown, headers, number)
            if not query:
                break
        told = any(self.named(lister, names) for names in (PAGES, OFFSETS)) or number > 0
        if told or any(bare(k) in NEXT for depth in range(2) for place in levels(whole, depth) for k in place):
            yield "pages", f"{sorted(set(wanted) - seen)} on no page"

    def following(
        self, lister: Operation, query: dict[str, str], shown: Any, headers: Mapping[str, str], number: int
    ) -> dict[str, str]:
        """The query of the page after this one; empty when there is none."""
        link = next((v for k, v in headers.items() if k.lower() == "link" and 'rel="next"' in v), "")
        if link:
            return dict(parse_qsl(urlsplit(link.partition("<")[2].partition(">")[0]).query))
        for depth in range(3):
            for place in levels(shown, depth):
                for name, value in scalars(place).items():
                    if name in NEXT and value not in (None, ""):
                        if "?" in str(value):
                            return dict(parse_qsl(urlsplit(str(value)).query))
                        taker = self.named(
                            lister, ("pagetoken", "nexttoken", "cursor", "after", "marker", "token", name)
                        )
                        if taker:
                            return {**query, taker: str(value)}
        for names, least in ((PAGES, 1), (OFFSETS, 0)):
            name = self.named(lister, names)
            if name:
                node = lister.parameter(name, "query").get("schema", {})
                start = node.get("default", node.get("minimum", least))
                return {**query, name: str(int(start) + number + 1)} if isinstance(start, int) else {}
        return {}

    def named(self, op: Operation, names: tuple[str, ...]) -> str | None:
        """The query parameter that has one of these names, the likeliest first."""
        known = {bare(p["name"]): p["name"] for p in reversed(op.parameters) if p.get("in") == "query"}
        return next((known[name] for name in names if name in known), None)

    def asked(self, op: Operation, ids: Mapping[str, str], query: Mapping[str, str]) -> Any:
        """Call an operation with further query parameters."""
        self.query = query
        try:
            return self.call(op, ids)
        finally:
            self.query = {}

    def url(self, op: Operation, ids: Mapping[str, str]) -> str:
        """The address of an operation, with the query of this moment."""
        whole = super().url(op, ids)
        if not self.query:
            return whole
        given = dict(parse_qsl(urlsplit(whole).query)) | dict(self.query)
        return whole.partition("?")[0] + "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in given.items())

    def filtered(
        self, lister: Operation, getter: Operation, ids: Mapping[str, str], id: str
    ) -> Iterator[tuple[str, str]]:
        """A list by a property's value has the record that has it, and a list by another value has not."""
        record = max((place for d in range(2) for place in levels(self.call(getter, ids)[1], d)), key=len, default={})
        known = scalars(record)
        for parameter in lister.parameters:
            name = parameter["name"]
            if parameter.get("in") != "query" or bare(name) not in known or bare(name) in SAID or timely(name):
                continue
            node = self.document.merged(parameter.get("schema", parameter))
            value = str(known[bare(name)])
            if node.get("enum") or value == "" or not self.compare.fits(known[bare(name)], node):
                continue
            status, shown, _ = self.asked(lister, ids, {name: value})
            if status >= 300 or not holds(shown, id):
                yield "filter", f"{status} {name}={value} lacks {id}"
                continue
            other = f"{value}x" if self.document.types(node) == {"string"} and "format" not in node else "987654"
            status, shown, _ = self.asked(lister, ids, {name: other})
            yield "filter", f"{name}={other} has {id}" if status < 300 and holds(shown, id) else ""

    def deleted_twice(
        self, getter: Operation, first: Mapping[str, str], second: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """A record that is deleted twice is gone the second time, and another one is still there."""
        op = self.document.operations.get(("delete", getter.path))
        if op is None:
            return
        self.call(op, first, self.body(op))
        status, _, _ = self.call(op, first, self.body(op))
        yield "twice", "" if status in GONE else f"delete {status}"
        yield "other", self.read(getter, second)

    def odd_ids(self, collection: str, item: str, above: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Records whose ids PUT chooses can be read whatever characters they have."""
        getter = self.document.operations["get", item]
        for odd in ODD:
            ids, _ = self.made(collection, item, above, odd)
            yield "odd id", self.read(getter, ids) and f"{odd}: {self.read(getter, ids)}"


def turned(body: Any) -> Any:
    """The same body with its properties in the opposite order."""
    return {k: turned(v) for k, v in reversed(body.items())} if isinstance(body, dict) else body


def outer(shown: Any) -> int:
    """How many elements the outermost array of a reply has."""
    waiting = [shown]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            return len(value)
        waiting.extend(value.values() if isinstance(value, dict) else ())
    return 0


def timely(name: str) -> bool:
    """Whether a property tells when a record changed, or in which version it is."""
    return any(word in bare(name) for word in ("date", "time", "modified", "updated", "etag", "version", "revision"))


def main() -> int:
    """Try the documents and print totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=("full", "required", "random"), default="full")
    parser.add_argument("--trips", type=int, default=40)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    os.environ.setdefault("TWINKIT_CACHE", tempfile.mkdtemp())
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    files = [file for file in files if file.stat().st_size <= 3_000_000]
    if given.sample:
        files = sorted(random.Random(given.seed).sample(files, given.sample))
    totals: Counter[str] = Counter()
    for file in files:
        try:
            document = Manners(file, given.mode, "param", False, given.seed)
        except Exception as error:
            print(f"{file}: {type(error).__name__} {error}")
            continue
        document.trace = bool(given.only)
        for collection, item in [pair for pair in document.document.pairs() if given.only in pair[0]][: given.trips]:
            try:
                for manner, wrong in document.around(collection, item):
                    totals[f"{manner} {'failed' if wrong else 'ok'}"] += 1
                    if wrong:
                        print(f"{file.name} {collection}: {manner}: {wrong}", flush=True)
            except (Unjudged, Failed) as why:
                totals[f"unjudged: {str(why).partition(':')[0]}"] += 1
        totals.update({f"replies: {key}": count for key, count in document.client.replies.items()})
        for line in document.client.invalid[:3]:
            print(f"{file.name} INVALID {line}")
    for name, count in sorted(totals.items()):
        print(f"{name:34} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
