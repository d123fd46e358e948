"""How a list is asked for: filters, paging, sorting, field selection, and the envelope it answers in.

Imports: places, shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit.overlay.places import Op, Reply
from twinkit.overlay.shapes import Shapes, Unit
from twinkit.overlay.skeleton import Skeleton
from twinkit.overlay.words import norm, normed, noun

LIMIT = normed("""
    limit per_page perPage page_size pageSize size count max_results maxResults page[size] page[limit] first
    take top $top rows num results_per_page max_items maxItems items_per_page itemsPerPage perpage pagelen
    _limit num_results max pagination[limit] maxRecords max_records page.size resultsPerPage
    """)
AFTER = normed("""
    starting_after after cursor page_token pageToken next_token nextToken next_cursor continuation_token
    continuationToken marker page[after] page[cursor] start_cursor since_id token next next_page_token
    page_cursor pagination_token scroll_id exclusiveStartKey continue iterator nextPageToken bookmark
    pagination_key starting_token cursorMark
    """)
BEFORE = normed("""
    ending_before before previous_cursor prev_cursor page[before] max_id previous prev
    """)
PAGE = normed("""
    page page_number pageNumber pageNo page[number] page_no pageIndex page_index pageNum page_num p pn
    currentPage paged
    """)
OFFSET = normed("""
    offset skip start $skip from page[offset] startAt startIndex start_index first_result _offset startRow
    start_at row_start begin pagination[offset] startPosition
    """)
PLACES = normed("""
    offset skip $skip startAt startIndex start_index first_result start_at row_start startPosition page[offset]
    page_number pageNumber pageNo page_no pageIndex page_index page_num pageNum
    """)
"""Parameters that are a number, whatever their type is said to be."""
IDS_AFTER = normed("""
    starting_after since_id after_id last_id
    """)
SORT = normed("""
    sort sort_by sortBy order_by orderBy $orderby ordering sort_field sortField sort_key sortKey sort_column
    order
    """)
DIRECTION = normed("""
    order direction sort_order sort_dir sortOrder sortDirection sort_direction order_direction dir order_dir
    orderDirection asc desc sortdir orderType sort_type
    """)
SELECT = normed("""
    fields select $select _fields include_fields fieldmask field_mask includeFields properties attributes
    """)
QUERY = normed("""
    q query search keyword keywords search_query searchTerm search_term filter[query] term text searchText
    queryString s
    """)

HAS_MORE = normed("""
    has_more hasMore has_next hasNext has_next_page hasNextPage more is_truncated isTruncated truncated
    moreResults has_more_items
    """)
NEXT = normed("""
    next next_page next_cursor next_page_token nextToken nextPageToken next_token cursor next_link nextLink
    @odata.nextLink continuation_token continuationToken next_url nextUrl next_page_url next_offset
    next_marker nextMarker after nextCursor nextPage next_href next_page_uri nextRecordsUrl end_cursor
    endCursor scroll_id _continue continue
    """)
PREVIOUS = normed("""
    previous prev previous_page prev_page previous_cursor prev_cursor prev_page_url previous_page_uri
    previousPageToken previous_link prevPage before
    """)
TOTAL = normed("""
    total total_count totalCount total_results totalResults totalElements count_total total_items totalItems
    @odata.count total_records totalRecords num_results resultCount results_count totalSize total_size
    total_entries totalHits totalRows found item_count totalAvailable recordsTotal full_count matched
    totalNumber total_rows nbHits hits_total size_total
    """)
COUNT = normed("""
    count numberOfElements num_items result_count page_count_items returned per_page_count number_of_results
    """)
PAGE_OUT = normed("""
    page current_page currentPage page_number pageNumber number pageIndex
    """)
LIMIT_OUT = normed("""
    limit per_page perPage page_size pageSize size max_results maxResults itemsPerPage items_per_page
    """)
OFFSET_OUT = normed("""
    offset start skip startAt startIndex start_index
    """)
PAGES = normed("""
    pages total_pages totalPages page_count pageCount last_page lastPage num_pages pages_total
    """)
_LAST, _FIRST = normed("last is_last isLastPage last_page"), normed("first is_first isFirstPage first_page")
_TOKENS = normed("after cursor token page_token next_token")
"""What the object that leads to a further page calls its cursor: `paging.next.after`."""
OPS = {
    "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "min": ">=",
    "max": "<=", "from": ">=", "to": "<=", "after": ">", "before": "<",
    "since": ">=", "until": "<=", "start": ">=", "end": "<=", "ne": "!=",
    "not": "!=", "contains": "contains", "icontains": "contains", "like": "contains", "startswith": "prefix",
    "prefix": "prefix", "in": "in", "ge": ">=", "le": "<=",
}  # fmt: skip
_BRACKET = re.compile(r"^(?:filters?|where|q|query)[.\[]([\w.\-]+)\]?$")


def _pick(names: Mapping[str, Any], words: frozenset[str], taken: set[str]) -> str | None:
    for name in names:
        if name not in taken and norm(name) in words:
            return name
    return None


class Lists:
    """Reads list operations of one document."""

    def __init__(self, shapes: Shapes, skeleton: Skeleton) -> None:
        self._shapes = shapes
        self._skeleton = skeleton

    def types(self, parameter: Mapping[str, Any]) -> frozenset[str]:
        """Types a parameter admits."""
        return self._shapes.types(parameter.get("schema", {}))

    def paging(self, op: Op, given: Mapping[str, Mapping[str, Any]], envelope: Mapping[str, Any]) -> dict[str, Any]:
        """`Binding.paging` from the parameters (name → {schema}) and the envelope."""
        taken: set[str] = set()
        out: dict[str, Any] = {"style": "none"}
        for key, words in (("limit", LIMIT), ("after", AFTER), ("before", BEFORE), ("page", PAGE), ("offset", OFFSET)):
            name = self._chosen(key, words, given, taken)
            if name is not None:
                out[key] = name
                taken.update(same := [n for n in given if norm(n) == norm(name)])
                if len(same) > 1:
                    out.setdefault("also", {})[key] = [n for n in same if n != name]
        self._styles(out, given, envelope)
        if "limit" in out:
            self._sizes(out, given[out["limit"]].get("schema", {}))
        if "link" in op.headers:
            out["link"] = True
        total = next(
            (h for h in op.headers if re.fullmatch(r"x-.*total.*|x-.*count|total-count", h) and "rate" not in h), None
        )
        if total:
            out["total_header"] = total
        return out if out != {"style": "none"} else {}

    def _chosen(self, key: str, words: frozenset[str], given: Mapping[str, Any], taken: set[str]) -> str | None:
        """The parameter of a place in a list: sure words before `from` and `start`, which may be times."""
        if key != "offset":
            return _pick(given, words, taken)
        loose = _pick(given, words, taken)
        found = _pick(given, words & PLACES, taken) or loose
        return found if found is None or self.types(given[found]) != {"object"} else None

    def _styles(self, out: dict[str, Any], given: Mapping[str, Any], envelope: Mapping[str, Any]) -> None:
        cursorish = envelope.get("next_kind") in ("cursor", "url")
        for key in ("offset", "page"):
            name = out.get(key)
            loose = name and norm(name) not in PLACES and self.types(given[name]) == {"string"}
            if loose and "after" not in out and cursorish:
                out["after"] = out.pop(key)
        if "after" in out and norm(out["after"]) in ("next", "token", "from") and "page" in out:
            del out["after"]
        if "after" in out:
            out["style"] = "cursor_id" if norm(out["after"]) in IDS_AFTER else "cursor"
            if norm(out["after"]) == "after" and "before" in out and not envelope.get("next"):
                out["style"] = "cursor_id"
        elif "page" in out:
            out["style"] = "page"
        elif "offset" in out:
            out["style"] = "offset"
        elif "limit" in out and envelope.get("next_kind") == "url" and "cursor" not in given:
            out |= {"style": "cursor", "after": "cursor"}  # which only the links to further pages have
        if out["style"] not in ("page", "cursor") and "page" in out:
            del out["page"]
        if "page" in out:
            schema = given[out["page"]].get("schema", {})
            _, node = self._shapes.resolve(schema)
            out["first"] = 0 if node.get("default") == 0 or node.get("minimum") == 0 else 1

    def _sizes(self, out: dict[str, Any], schema: Any) -> None:
        _, node = self._shapes.resolve(schema)
        for key, word in (("default", "default"), ("maximum", "max")):
            value = node.get(key)
            if isinstance(value, str) and value.isdigit():
                value = int(value)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                out[word] = value

    def envelope(self, op: Op, reply: Reply) -> dict[str, Any]:
        """`Binding.envelope` of a list reply."""
        listing = reply.listing
        if listing is None:
            free = op.reply is not None and self._shapes.anything(op.reply)
            return {"items": op.last or "items"} if free and "object" in self._shapes.types(op.reply) else {"items": ""}
        out: dict[str, Any] = {"map" if listing.keyed else "items": listing.place}
        if reply.wrap:
            out["wrap"] = reply.wrap
        if not listing.place:
            return out | {"each": "id"} if self._scalars(listing.item.node) else out
        unit = self._shapes.unit(op.reply)
        least = self._shapes.merged(self._array(unit, listing.place)).get("minItems")
        if isinstance(least, int) and least > 0:
            out["least"] = min(least, 10)
        constants = self._skeleton.constants(unit.node)
        if constants:
            out["constants"] = constants
        top = self._shapes.properties(unit.node)
        if self._scalars(listing.item.node):
            out["each"] = "id"
        self._meta(out, top, "", unit.node)
        if "count" in out and "total" not in out:
            out["total"] = out.pop("count")
        for name, schema in top.items():
            if name != listing.place and self._shapes.is_object(schema):
                inner = self._shapes.properties(self._shapes.unit(schema).node)
                if inner and len(inner) < 16:
                    before = set(out)
                    self._meta(out, inner, f"{name}.", self._shapes.unit(schema).node)
                    if set(out) - before:
                        out.setdefault("constants", {}).setdefault(name, self._skeleton.value(schema) or {})
        return out

    def each(self, place: str, properties: Mapping[str, Any]) -> str:
        """What a list of plain values shows of each record: `clusterArn` in `clusterArns`, else its id."""
        word = norm(noun(place.rpartition(".")[2]))
        return next((name for name in properties if norm(name) == word), "id")

    def _array(self, unit: Unit, place: str) -> Any:
        """The schema of the array at a place."""
        node: Any = unit.node
        for part in place.split("."):
            node = self._shapes.properties(self._shapes.unit(node).node).get(part, {})
        return node

    def _scalars(self, node: Any) -> bool:
        """Whether the elements of a list are plain ids."""
        types = self._shapes.types(node)
        return bool(types) and types <= {"string", "integer"}

    def _ends(self, out: dict[str, Any], key: str, place: str, schema: Any, holder: Any) -> None:
        """What stands for "no further page": null where allowed, nothing where optional, else the empty value."""
        if self._shapes.nullable(schema) and out[key] == place:
            return
        if place.rpartition(".")[2] not in self._shapes.required(holder):
            out["optional"] = [*out.get("optional", ()), out[key]]
        elif key == "next":
            out["end"] = "" if "integer" not in self._shapes.types(schema) else 0

    def _meta(self, out: dict[str, Any], properties: Mapping[str, Any], prefix: str, holder: Any) -> None:
        tests = (
            ("has_more", HAS_MORE, {"boolean"}),
            ("is_last", _LAST, {"boolean"}),
            ("is_first", _FIRST, {"boolean"}),
            ("next", NEXT, {"string", "integer", "number", "object"}),
            ("previous", PREVIOUS, {"string", "integer", "number"}),
            ("total", TOTAL, {"integer", "number"}),
            ("count", COUNT, {"integer", "number"}),
            ("page", PAGE_OUT, {"integer", "number"}),
            ("limit", LIMIT_OUT, {"integer", "number"}),
            ("offset", OFFSET_OUT, {"integer", "number"}),
            ("pages", PAGES, {"integer", "number"}),
        )
        for key, words, wanted in tests:
            for name, schema in properties.items():
                types = self._shapes.types(schema)
                if key not in out and norm(name) in words and types & wanted and "array" not in types:
                    self._note(out, key, prefix + name, schema, types)
                    if key in ("next", "previous") and out.get(key, "").startswith(prefix + name):
                        self._ends(out, key, prefix + name, schema, holder)
        if not prefix and "url" in properties and "string" in self._shapes.types(properties["url"]):
            out.setdefault("url", "url")

    def _note(self, out: dict[str, Any], key: str, place: str, schema: Any, types: frozenset[str]) -> None:
        if key in ("next", "previous"):
            if "object" in types and "string" not in types:
                inner = self._shapes.properties(self._shapes.unit(schema).node)
                token = next((n for n in inner if key == "next" and norm(n) in _TOKENS), None)
                href = token or next((n for n in ("href", "url", "link") if n in inner), None)
                if href is None:
                    return
                place = f"{place}.{href}"
                out.setdefault("next_kind", "cursor" if token else "url")
            elif key == "next":
                out["next_kind"] = self._next_kind(place, schema, types)
        out[key] = place

    def _next_kind(self, place: str, schema: Any, types: frozenset[str]) -> str:
        _, node = self._shapes.resolve(schema)
        low = place.lower()
        if node.get("format") in ("uri", "url", "uri-reference") or any(
            w in low for w in ("url", "link", "href", "uri")
        ):
            return "url"
        if "string" not in types:
            return "offset" if "offset" in low else "page"
        return (
            "url" if norm(place) in ("next", "nextpage") and "format" not in node and "cursor" not in low else "cursor"
        )

    def query(
        self, given: Mapping[str, Mapping[str, Any]], properties: Mapping[str, Any], taken: set[str]
    ) -> dict[str, Any]:
        """`filters`, `comparisons`, `sort`, `select` from the parameters that paging did not take."""
        filters: dict[str, str] = {}
        comparisons: dict[str, tuple[str, str]] = {}
        by_norm = {norm(name): name for name in properties}
        free = {name: parameter for name, parameter in given.items() if name not in taken}
        out: dict[str, Any] = {"filters": filters, "comparisons": comparisons}
        sort = self._sort(free, by_norm)
        if sort:
            out["sort"] = sort
            for key in ("by", "direction"):
                free.pop(sort.get(key) or "", None)
        select = _pick(free, SELECT, set())
        if select is not None and norm(select) not in by_norm:
            out["select"] = select
            free.pop(select)
        for name, parameter in free.items():
            bracket = _BRACKET.match(name)
            plain = bracket[1] if bracket else name
            field = by_norm.get(norm(plain)) or self._nested(plain, properties)
            if field is not None:
                filters[name] = f"?{field}" if parameter.get("required") else field
                continue
            found = self._comparison(plain, by_norm)
            if found is not None:
                comparisons[name] = found
            elif norm(name) in QUERY and "string" in (self.types(parameter) or {"string"}):
                comparisons[name] = ("*", "contains")
        return out

    def _nested(self, name: str, properties: Mapping[str, Any]) -> str | None:
        """`owner.login`, or `project_id` for a `project` object with an `id`."""
        match = re.match(r"^(.+?)(?:_id|Id|ID|\.id)$", name)
        for owner, schema in properties.items():
            if match and norm(owner) == norm(match[1]) and self._shapes.is_object(schema):
                inner = self._shapes.properties(self._shapes.unit(schema).node)
                return f"{owner}.id" if "id" in inner else None
        plural = [p for p in (name + "s", name + "es") if norm(p) in {norm(q) for q in properties}]
        if plural:
            return next(q for q in properties if norm(q) == norm(plural[0]))
        if name.endswith("s"):
            return next((q for q in properties if norm(q) == norm(name[:-1])), None)
        return None

    def _comparison(self, name: str, by_norm: Mapping[str, str]) -> tuple[str, str] | None:
        words = [w for w in re.split(r"[._\[\]\-]+|(?<=[a-z])(?=[A-Z])", name) if w]
        if len(words) < 2:
            if norm(name) in ("since", "until"):
                stamp = next(
                    (by_norm[k] for k in ("updatedat", "createdat", "created", "updated") if k in by_norm), None
                )
                return (stamp, OPS[norm(name)]) if stamp else None
            return None
        for rest, word in (("".join(words[:-1]), words[-1].lower()), ("".join(words[1:]), words[0].lower())):
            if word in OPS:
                for candidate in (norm(rest), norm(rest) + "at", norm(rest) + "date", norm(rest) + "on"):
                    if candidate in by_norm:
                        return by_norm[candidate], OPS[word]
        return None

    def _sort(self, free: Mapping[str, Any], by_norm: Mapping[str, str]) -> dict[str, Any]:
        by = next((n for n in free if norm(n) in SORT and norm(n) not in by_norm), None)
        if by is None:
            return {}
        direction = next((n for n in free if n != by and norm(n) in DIRECTION and norm(n) not in by_norm), None)
        values = self._enum(free[by])
        if values and {str(v).lower() for v in values} <= {"asc", "desc", "ascending", "descending"}:
            return {"by": None, "direction": by} if direction is None else {"by": direction, "direction": by}
        out: dict[str, Any] = {"by": by, "direction": direction}
        spelled = {str(v): found for v in values if (found := sort_value(str(v), by_norm)) is not None}
        if spelled:
            out["values"] = spelled
        return out

    def _enum(self, parameter: Mapping[str, Any]) -> list[Any]:
        _, node = self._shapes.resolve(parameter.get("schema", {}))
        if "items" in node:
            _, node = self._shapes.resolve(node["items"])
        found = node.get("enum")
        return found if isinstance(found, list) else []


def sort_value(text: str, by_norm: Mapping[str, str]) -> list[str] | None:
    """[property, direction] of a spelled sort value: `created`, `-created`, `name:desc`, `name_asc`; None: unknown."""
    direction = "desc" if text.startswith("-") else "asc"
    plain = text.lstrip("+-")
    match = re.match(r"^(.*?)[\s:_.\-,]?(asc|desc|ascending|descending)$", plain, re.IGNORECASE)
    if match and norm(match[1]) and norm(plain) not in by_norm:
        plain, direction = match[1], match[2][:4].lower().rstrip("e")
        direction = "desc" if direction.startswith("des") else "asc"
    for candidate in (norm(plain), norm(plain) + "at", norm(plain) + "date"):
        if candidate in by_norm:
            return [by_norm[candidate], direction]
    return None
