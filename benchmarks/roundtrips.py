"""Full round trips on real documents: `python benchmarks/roundtrips.py FOLDER [--sample N --seed S] [--mode MODE]`.

Each document is served in process. For each collection whose items can be read and created (by POST above them, or by
PUT): create, get what was sent, find it in the list, change it, delete it, find it gone. Each leg counts by itself.
Bodies, ids and comparisons follow the document by rules of this folder; nothing of the kit's inference is used.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bodies import Bodies
from client import Client
from comparing import FORMS, Asked, Comparison, bare, found_id, holds, levels, nouns, shows_one
from documents import Document, Operation, holes, normal

NARROWING = {"pattern", "format", "minLength", "maxLength", "minimum", "maximum", "enum"}
FIRST = {"offset": 0, "skip": 0, "start": 0, "page": 1, "pagenumber": 1, "limit": 50, "pagesize": 50, "perpage": 50}
"""What a list is asked for, where it insists on being asked for a page."""
SEARCH = ("q", "query", "search", "keyword")
LEGS = ("create", "get", "list", "change", "delete")
Answer = tuple[int, Any, Mapping[str, str]]


class Failed(Exception):
    """A leg that does not hold."""


class Unjudged(Exception):
    """Why a trip cannot be judged."""


class Trips:
    """The round trips of one document."""

    def __init__(self, file: Path, mode: str, order: str, blind: bool, seed: int) -> None:
        self.document = Document(json.loads(file.read_bytes()))
        self.bodies = Bodies(self.document, mode, seed)
        self.compare = Comparison(self.document)
        self.contradictions = self.compare.contradictions
        self.client = Client(file)
        self.order = order
        self.blind = blind
        self.values: dict[str, str] = {}
        """Parameter → value, the same in every request."""
        self.items = {normal(i).rpartition("/")[0]: i for (m, i) in self.document.operations if m == "get"}
        """Collection → path of its items."""
        self.trace = False
        self.sent: Any = None

    # -- requests ---------------------------------------------------------------------------------------------

    def value(self, op: Operation, name: str, place: str = "path") -> str:
        """A value for a parameter that nothing makes; unless blind, what the body says under that name."""
        if not self.blind and isinstance(self.sent, dict):
            places = [*levels(self.sent, 0), *levels(self.sent, 1)]
            asked = bare(name.removeprefix("filter"))
            said = next((value for place in places for key, value in place.items() if bare(key) == asked), None)
            if said is None and asked.endswith("id"):
                owners = [value for key, value in places[0].items() if bare(key) == asked[:-2]] if places else []
                said = next((value.get("id") for value in owners if isinstance(value, dict)), None)
            node = self.document.merged(op.parameter(name, place).get("schema", op.parameter(name, place)))
            listed = node.get("enum") or (said,)
            if isinstance(said, (str, int)) and not isinstance(said, bool) and said in listed:
                return str(said)
        parameter = op.parameter(name, place)
        schema = parameter.get("schema", parameter)
        inside = parameter.get("in") == "path"
        key = f"{op.path.partition(f'{{{name}}}')[0].lower()} {name}" if inside else f"{name} {schema}"
        if key not in self.values:
            schema = self.narrowest(op, name, schema) if inside else schema
            made = self.bodies.make(schema, 1)
            if parameter.get("in") == "query" and bare(name) in FIRST:
                made = self.document.merged(schema).get("default", FIRST[bare(name)])
            self.values[key] = text(made)
        return self.values[key]

    def narrowest(self, op: Operation, name: str, schema: Any) -> Any:
        """What all operations below the same place say about a path parameter, where one says more than this one."""
        head = op.path.partition(f"{{{name}}}")[0].lower()
        found = [schema]
        for other in self.document.operations.values():
            if other.path.lower().startswith(f"{head}{{{name.lower()}}}"):
                found.append(other.parameter(name).get("schema", {}))
        nodes = list({str(node): node for node in (self.document.merged(one) for one in found)}.values())
        made = [(node, self.bodies.make(node, 1)) for node in nodes]
        fit = [sum(self.compare.fits(value, other) for other in nodes) for _, value in made]
        ranks = [(count, len(node.keys() & NARROWING)) for count, (node, _) in zip(fit, made, strict=True)]
        return nodes[ranks.index(max(ranks))]

    def url(self, op: Operation, ids: Mapping[str, str]) -> str:
        """The address of an operation with what it requires."""
        path = op.path
        for name in holes(path):
            value = ids.get(name) or self.value(op, name)
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        needed = [p["name"] for p in op.parameters if p.get("in") == "query" and p.get("required")]
        query = "&".join(
            f"{quote(name)}={quote(ids.get(f'?{name}') or self.value(op, name, 'query'))}" for name in needed
        )
        path = path.partition("#")[0]
        return self.document.base + path + (("&" if "?" in path else "?") + query if query else "")

    def call(self, op: Operation, ids: Mapping[str, str], body: Any = None, etag: str = "*") -> Answer:
        """Call an operation with what it requires."""
        extra = {}
        for parameter in op.parameters:
            if parameter.get("in") == "header" and parameter.get("required"):
                name = parameter["name"]
                extra[name] = etag if name.lower() == "if-match" else self.value(op, name, "header").replace("\n", " ")
        told = ("content-type", "authorization", "accept")
        extra = {k: v if v.isascii() else "x1" for k, v in extra.items() if k.lower() not in told}
        url = self.url(op, ids)
        answer = self.client.call(op.method, url, body, op.media if body is not None else None, extra)
        if self.trace:
            print(f"  {op.method.upper()} {url} {json.dumps(body)[:1200] if body is not None else ''}")
            print(f"    {answer[0]} {answer[2].get('location', '')} {json.dumps(answer[1], default=str)[:1500]}")
        return answer

    def body(self, op: Operation, other: bool = False) -> Any:
        """A body of an operation that it can be sent with."""
        if op.body is None:
            return None
        media = op.media or ""
        if "json" not in media and "form" not in media and "*" not in media:
            raise Unjudged(f"body is {media.partition(';')[0]}")
        made, wrong = self._made(op.body, other, "form" in media)
        if wrong and self.bodies.mode == "full":
            with self.bodies.in_mode("required"):
                made, wrong = self._made(op.body, other, "form" in media)
        if wrong:
            raise Unjudged(f"no body fits: {wrong}")
        return made

    def _made(self, schema: Any, other: bool, form: bool) -> tuple[Any, str]:
        """A body, as a form carries it if it is one, and what the document refuses in it."""
        made = self.bodies.make(schema, 0, other)
        wrong = self.contradictions.first(schema, made)
        if form and carried(made) != made:
            self.bodies.doubtful = "a form carries no empty object"
        return carried(made) if form else made, wrong

    def admits(self, op: Operation, name: str) -> Callable[[str], bool]:
        """Whether a path parameter admits an id."""
        parameter = op.parameter(name)
        node = self.document.merged(parameter.get("schema", parameter))
        whole = self.document.types(node) <= {"integer", "number"} and bool(self.document.types(node))

        def test(id: str) -> bool:
            if whole:
                return id.lstrip("-").isdecimal()
            return self.compare.fits(id, node)

        return test

    # -- a trip -----------------------------------------------------------------------------------------------

    def above(self, path: str) -> dict[str, str]:
        """Ids of the parents on a path, made where something makes them."""
        ids: dict[str, str] = {}
        parts = path.split("/")
        for end, part in enumerate(parts):
            if not part.startswith("{") or not part.endswith("}") or end < 2:
                continue
            made = self.parent("/".join(parts[:end]), part[1:-1], ids)
            if made is not None:
                ids[part[1:-1]] = made
        return ids

    def parent(self, collection: str, name: str, ids: Mapping[str, str]) -> str | None:
        """The id of a record made at a parent's collection."""
        operations = self.document.operations
        maker = operations.get(("post", collection))
        item = self.items.get(collection, "")
        if maker is None and ("put", item) in operations and ("get", item) in operations:
            maker = operations["put", item]
            name = holes(item)[-1]
            ids = {**ids, name: text(self.bodies.make(maker.parameter(name).get("schema", {}), 1))}
        if maker is None or ("get", item) not in operations:
            return None
        with contextlib.suppress(Unjudged):
            body = self.body(maker)
            status, reply, headers = self.call(maker, ids, body)
            if status < 300:
                asked = Asked(self.order, self.admits(operations["get", item], name))
                return ids.get(name) or found_id((status, reply, headers), name, collection, body, asked)
        return None

    def trip(self, collection: str, item: str) -> Iterator[str]:
        """Each leg that holds. Raises Failed for the first that does not, Unjudged when there is no telling."""
        operations = self.document.operations
        getter = operations["get", item]
        param = holes(item)[-1]
        media = getter.reply[0]
        if media is not None and "json" not in media and "*" not in media:
            raise Unjudged(f"get answers {media}")
        if getter.replies and not any(status.startswith(("2", "d")) for status in getter.replies):
            raise Unjudged("get documents no success")
        self.sent, self.bodies.doubtful = None, ""
        ids = self.above(normal(collection))
        maker = operations.get(("post", collection))
        if maker is None:
            maker = operations["put", item]
            said = getter.parameter(param)
            ids[param] = text(self.bodies.make(self.narrowest(getter, param, said.get("schema", said)), 1))
        self.sent = body = self.body(maker)
        status, reply, headers = self.call(maker, ids, body)
        self.refused(status)
        if status == 404 and maker.method == "put" and "201" not in maker.replies:
            raise Unjudged("PUT may only change what there is")
        if status >= 300:
            raise Failed(f"{status} {str(reply)[:200]}")
        yield "create"
        if param not in ids:
            asked = Asked(self.order, self.admits(getter, param))
            id = found_id((status, reply, headers), param, collection, body, asked)
            if id is None:
                raise Unjudged(f"no id in the reply: {str(reply)[:200]}" if reply else "empty reply to create")
            ids[param] = id
        leave = {bare(name) for name in holes(item)}
        if maker.method == "put":
            leave |= {"id", "name", *(f"{noun}{end}" for noun in nouns(collection) for end in ("id", "name"))}
        self.shows(
            getter, ids, body, leave | self.naming(getter, ids) if len(ids) > 1 or maker.method == "put" else leave
        )
        yield "get"
        if self.listed(collection, getter, ids, True):
            yield "list"
        leave |= self.naming(getter, ids) | {"id", "uuid"}  # which no change has to change
        if self.changed(getter, ids, leave):
            yield "change"
        if self.deleted(collection, getter, ids):
            yield "delete"

    def naming(self, getter: Operation, ids: Mapping[str, str]) -> set[str]:
        """Bare names of what shows the item's id or its parents', which bodies do not change."""
        _, shown, _ = self.call(getter, ids)
        known = set(ids.values()) | set(self.values.values())
        return {bare(k) for d in range(3) for place in levels(shown, d) for k, v in place.items() if str(v) in known}

    def refused(self, status: int) -> None:
        """A refusal of a request that is perhaps not valid tells nothing."""
        if status in (400, 415, 422) and self.bodies.doubtful:
            raise Unjudged(self.bodies.doubtful)

    def shows(self, getter: Operation, ids: Mapping[str, str], body: Any, leave: set[str]) -> None:
        """The item is there and shows what was sent."""
        status, shown, _ = self.call(getter, ids)
        if status != 200 and not 200 <= status < 300:
            raise Failed(f"{status} {self.url(getter, ids)} {str(shown)[:120]}")
        lost = self.compare.lost(body, shown, getter.reply[1], leave)
        if lost:
            raise Failed(f"lost {lost}")

    def listed(self, collection: str, getter: Operation, ids: Mapping[str, str], wanted: bool) -> bool:
        """Whether the list has the item, or lacks it; False when there is no list to look at."""
        lister = self.document.operations.get(("get", collection))
        if lister is None or "json" not in (lister.reply[0] or ""):
            return False
        if not self.many(lister.reply[1], getter):
            return False
        id = list(ids.values())[-1]
        item = self.call(getter, ids)[1]
        kept = {value for value in flattened(item) if isinstance(value, str) and value}
        words = [value for value in flattened(self.sent) if value in kept]
        asked = {f"?{name}": word for name in SEARCH for word in words[:1]}
        status, shown, _ = self.call(lister, {**ids, **asked, **{f"?{name}": id for name in ("id", "ids")}})
        if not 200 <= status < 300:
            raise Failed(f"{status} {str(shown)[:120]}")
        if wanted and shows_one(shown, item):
            return True
        if wanted and not self.tells(shown, id):
            return False
        if holds(shown, list(ids.values())[-1]) != wanted:
            raise Failed(f"{'lacks' if wanted else 'still has'} {list(ids.values())[-1]}: {str(shown)[:140]}")
        return True

    def tells(self, shown: Any, id: str) -> bool:
        """Whether the elements of a list are shown with anything that tells them apart."""
        if any(each == {} for array in arrays(shown) for each in array):
            return False
        known = {str(v) for v in flattened(shown)}
        if not known and any(array for array in arrays(shown)):
            return False
        known = {text for text in known if not FORMS["date-time"].match(text)} | (known & {id})
        sent = {str(v) for v in flattened(self.sent)} - {"", "None", "True", "False"}
        return id in known or not known or not (known & sent) or any(len(text) > 15 for text in known - sent)

    def many(self, schema: Any, getter: Operation) -> bool:
        """Whether the reply of a list can hold several items: it is not what an item is shown as, unless an array."""
        one = self.document.resolve(schema)
        if one is self.document.resolve(getter.reply[1]) and "array" not in self.document.types(one):
            return False
        return self.holds_many(schema, 0)

    def holds_many(self, schema: Any, depth: int) -> bool:
        """Whether there is an array or a map in a reply."""
        if "array" in self.document.types(schema) or self.document.merged(schema).get("additionalProperties"):
            return True
        return depth < 3 and any(self.holds_many(s, depth + 1) for s in self.document.properties(schema).values())

    def changed(self, getter: Operation, ids: Mapping[str, str], leave: set[str]) -> bool:
        """Whether changes are kept; False when nothing changes the item."""
        found = False
        for method in ("patch", "put", "post"):
            op = self.document.operations.get((method, getter.path))
            if op is None or op.body is None or (method == "post" and found):
                continue
            if "json" not in (op.media or "") and "form" not in (op.media or "") and "*" not in (op.media or ""):
                continue
            body = self.body(op, other=True)
            if not isinstance(body, dict):
                continue
            status, reply, _ = self.call(op, ids, body)
            self.refused(status)
            if status >= 300 and any(str(s).startswith("2") for s in op.replies):
                raise Failed(f"{method} {status} {str(reply)[:200]}")
            self.shows(getter, ids, body, leave)
            found = True
        return found

    def deleted(self, collection: str, getter: Operation, ids: Mapping[str, str]) -> bool:
        """Whether the item is gone after a delete; False when nothing deletes it."""
        op = self.document.operations.get(("delete", getter.path))
        if op is None:
            return False
        status, reply, _ = self.call(op, ids, self.body(op))
        if status >= 400:
            raise Failed(f"{status} {str(reply)[:160]}")
        status, _, _ = self.call(getter, ids)
        if status not in (404, 410):
            raise Failed(f"still there: {status}")
        self.listed(collection, getter, ids, False)
        return True

    def every_operation(self) -> None:
        """Call each operation once with a valid request."""
        for op in self.document.operations.values():
            with contextlib.suppress(Unjudged):
                self.call(op, {}, self.body(op))


def carried(value: Any) -> Any:
    """What a form can carry of a value: no empty objects and lists."""
    if isinstance(value, dict):
        kept = {k: carried(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in ({}, [])}
    return [each for v in value if (each := carried(v)) not in ({}, [])] if isinstance(value, list) else value


def arrays(value: Any) -> Iterator[list[Any]]:
    """Every array inside a value."""
    if isinstance(value, list):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from arrays(each)


def flattened(value: Any) -> Iterator[Any]:
    """The scalars of a value."""
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from flattened(each)
    else:
        yield value


def text(made: Any) -> str:
    """A value as a path or query carries it."""
    if isinstance(made, bool):
        return str(made).lower()
    if isinstance(made, list):
        return ",".join(map(text, made)) or "x1"
    return "x1" if isinstance(made, dict) or made in (None, "") else str(made)


def judge(trips: Trips, totals: Counter[str], most: int, only: str = "") -> Iterator[str]:
    """Try the collections of one document; a line for each that fails."""
    for collection, item in [pair for pair in trips.document.pairs() if only in pair[0]][:most]:
        held: list[str] = []
        outcome = "ok"
        try:
            for leg in trips.trip(collection, item):
                held.append(leg)
                totals[f"leg {leg} ok"] += 1
        except Unjudged as why:
            totals[f"unjudged: {str(why).partition(': ')[0]}"] += 1
            yield f"{collection}: unjudged: {why}"
            continue
        except Failed as why:
            outcome = f"{_next(trips, collection, item, held)}: {why}"
        except Exception as error:
            outcome = f"crash: {type(error).__name__}: {error}"
        totals["trips"] += 1
        if outcome == "ok":
            totals["trips ok"] += 1
            totals["full trips ok"] += len(held) == len(LEGS)
        else:
            totals[f"leg {outcome.partition(':')[0]} failed"] += 1
            yield f"{collection}: {outcome}"


def _next(trips: Trips, collection: str, item: str, held: list[str]) -> str:
    """The leg at which a trip failed: the first that the document has after those that held."""
    at = LEGS.index(held[-1]) + 1 if held else 0
    operations = trips.document.operations
    has = {
        "list": ("get", collection) in operations,
        "change": any((method, item) in operations for method in ("put", "patch", "post")),
    }
    return next(leg for leg in LEGS[at:] if has.get(leg, True))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of documents, or one document")
    parser.add_argument("--sample", type=int, default=0, help="that many documents, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the draw and of random bodies")
    parser.add_argument("--mode", choices=("full", "required", "random"), default="full", help="of bodies")
    parser.add_argument("--ids", choices=("param", "id"), default="param", help="where an id is looked for first")
    parser.add_argument("--blind", action="store_true", help="parameters are not chosen to agree with bodies")
    parser.add_argument("--trips", type=int, default=40, help="most trips per document")
    parser.add_argument("--largest", type=int, default=3_000_000, help="bytes")
    parser.add_argument("--quiet", action="store_true", help="only totals")
    parser.add_argument("--only", default="", help="only collections with this in their path, every exchange printed")
    parser.add_argument("--all", action="store_true", help="call every operation once, too")
    return parser.parse_args()


def main() -> int:
    """Judge the documents and print totals."""
    given = arguments()
    os.environ.setdefault("TWINKIT_CACHE", tempfile.mkdtemp())
    totals: Counter[str] = Counter()
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    files = [file for file in files if file.stat().st_size <= given.largest]
    if given.sample:
        files = sorted(random.Random(given.seed).sample(files, given.sample))
    for file in files:
        name = str(file.relative_to(given.folder)) if file != given.folder else file.name
        try:
            trips = Trips(file, given.mode, given.ids, given.blind, given.seed)
        except Exception as error:
            totals["unreadable"] += 1
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            continue
        totals["documents"] += 1
        before = totals["trips"]
        trips.trace = bool(given.only)
        for line in judge(trips, totals, given.trips, given.only):
            if not given.quiet:
                print(f"{name} {line}", flush=True)
        totals["documents with trips"] += totals["trips"] > before
        if given.all:
            trips.every_operation()
        totals.update({f"replies: {key}": count for key, count in trips.client.replies.items()})
        totals.update({f"properties: {key}": count for key, count in trips.compare.counts.items()})
        for line in trips.client.invalid[:4]:
            if not given.quiet:
                print(f"{name} INVALID {line}")
    report(totals)
    return 0


def report(totals: Counter[str]) -> None:
    """Print shares and counts."""
    print()
    for leg in LEGS:
        good, bad = totals[f"leg {leg} ok"], totals[f"leg {leg} failed"]
        print(f"{leg:10} {good}/{good + bad}" + (f" {good / (good + bad):.2%}" if good + bad else ""))
    share = f" {totals['trips ok'] / totals['trips']:.2%}" if totals["trips"] else ""
    print(f"{'trips':10} {totals['trips ok']}/{totals['trips']}{share}")
    for name, count in sorted(totals.items()):
        if not name.startswith(("leg ", "trips")):
            print(f"{name:34} {count}")


if __name__ == "__main__":
    sys.exit(main())
