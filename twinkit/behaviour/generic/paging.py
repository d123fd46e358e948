"""Which page a request asks for, and how the next one is named. Imports: behaviour (ctx, request), overlay."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, unquote_plus, urlencode

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.request import Request
from twinkit.contract.validate import Violation
from twinkit.overlay.compiled import Binding

UNPAGED = 1_000_000


@dataclass(slots=True)
class Paging:
    """One request's page: how many records, and from where."""

    style: str
    limit: int
    offset: int = 0
    page: int = 1
    after: str | None = None
    before: str | None = None
    after_parameter: str | None = None
    before_parameter: str | None = None
    place_parameter: str | None = None
    """The query parameter that moves to another page."""
    first: int = 1

    def next(self, request: Request, kind: str, ids: list[str], has_more: bool, base_url: str) -> Any:
        """The value that leads to the next page: cursor, page, offset or url; None on the last page."""
        if not has_more or not ids:
            return None
        value: Any
        if self.style == "page":
            value = self.page + 1
        elif self.style == "offset":
            value = self.offset + self.limit
        else:
            value = ids[-1] if self.style == "cursor_id" else encode_cursor(ids[-1])
        return self.url(request, value, base_url) if kind == "url" else value

    def previous(self, request: Request, kind: str, ids: list[str], base_url: str) -> Any:
        """The value that leads to the page before; None on the first page or where cursors lead forward only."""
        value: Any
        if self.style == "page" and self.page > self.first:
            value = self.page - 1
        elif self.style == "offset" and self.offset > 0:
            value = max(0, self.offset - self.limit)
        else:
            return None
        return self.url(request, value, base_url) if kind == "url" else value

    def url(self, request: Request, value: Any, base_url: str) -> str:
        """The request's own address with another page in it."""
        pairs = parse_qsl(request.raw_query.decode("latin-1"), keep_blank_values=True)
        name = self.place_parameter or self.after_parameter or "after"
        pairs = [(key, text) for key, text in pairs if key != name]
        return f"{base_url}{request.url_path}?{urlencode([*pairs, (name, value)])}"


class Pager(NamedTuple):
    """The paging rules of one operation, read once."""

    style: str
    in_body: bool
    limit: str
    """Name of the parameter, as the five below; empty: there is none."""
    page: str
    offset: str
    after: str
    before: str
    default: int
    most: int
    """The largest page; 0: no bound."""
    first: int
    rules: Mapping[str, Any]
    """`Binding.paging` itself."""

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> Pager:
        """What `Binding.paging` says."""
        return cls(
            style=str(rules.get("style", "none")),
            in_body=rules.get("in") == "body",
            limit=str(rules.get("limit") or ""),
            page=str(rules.get("page") or ""),
            offset=str(rules.get("offset") or ""),
            after=str(rules.get("after") or ""),
            before=str(rules.get("before") or ""),
            default=int(rules.get("default", 20)),
            most=int(rules.get("max", 0)),
            first=int(rules.get("first", 1)),
            rules=rules,
        )

    def paging(self, ctx: Ctx, request: Request) -> Paging:
        """The page a request asks for; sizes out of range are clamped. Raises the service's `invalid` for a cursor."""
        style, first = self.style, self.first
        if style == "none" and not self.limit:
            return Paging(style, UNPAGED)
        params = request.params if self.in_body else request.query
        if "also" in self.rules:
            params = _as_one(params, self.rules)
        limit = max(1, _number(params.get(self.limit), self.default))
        if self.most and limit > self.most:
            limit = self.most
        paging = Paging(style, limit, first=first)
        if style == "page":
            paging.place_parameter = self.page or None
            paging.page = max(first, _number(params.get(self.page), first))
            paging.offset = (paging.page - first) * limit
        elif style == "offset":
            paging.place_parameter = self.offset or None
            paging.offset = max(0, _number(params.get(self.offset), 0)) if was_sent(request, self.offset) else 0
            paging.page = first + paging.offset // limit
        elif style in ("cursor", "cursor_id"):
            paging.after_parameter, paging.before_parameter = self.after or None, self.before or None
            if self.after in params:
                paging.after = _place(ctx, request, style, self.after, params[self.after])
            if self.before in params:
                paging.before = _place(ctx, request, style, self.before, params[self.before])
            if (self.page or self.offset) and paging.after is None and paging.before is None:
                self._leap(request, paging, params)
        return paging

    def _leap(self, request: Request, paging: Paging, params: Mapping[str, Any]) -> None:
        """Of a list with cursors that takes a page's number or an offset as well."""
        if self.page and was_sent(request, self.page):
            paging.page = max(paging.first, _number(params.get(self.page), paging.first))
            paging.offset = (paging.page - paging.first) * paging.limit
        elif self.offset and was_sent(request, self.offset):
            paging.offset = max(0, _number(params.get(self.offset), 0))


def paging_of(ctx: Ctx, request: Request, binding: Binding) -> Paging:
    """The page a request asks for, as `Pager.paging` has it."""
    pager = ctx.twin.pagers.get(binding.operation)
    if pager is None:
        pager = ctx.twin.pagers[binding.operation] = Pager.of(binding.paging)
    return cast("Pager", pager).paging(ctx, request)


def _as_one(params: dict[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with each one that is declared in two spellings (`maxResults`, `MaxResults`) under the first."""
    out = dict(params)
    for key, others in rules["also"].items():
        for other in others:
            if out.get(other) not in (None, "") and out.get(rules[key]) in (None, ""):
                out[rules[key]] = out[other]
    return out


def was_sent(request: Request, name: str) -> bool:
    """Whether a query parameter was sent: its default is no wish of the caller."""
    if request.method not in ("GET", "get") or name not in request.query:
        return True
    raw = request.raw_query.decode("latin-1")
    return name in raw or name in unquote_plus(raw)


def _number(value: Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def _place(ctx: Ctx, request: Request, style: str, name: str, value: Any) -> str | None:
    if value in (None, "") or not was_sent(request, name):
        return None
    if style == "cursor_id":
        return str(value)
    try:
        return decode_cursor(str(value))
    except ValueError:
        if any_cursor(ctx, request):
            return str(value)
        if "invalid_cursor" in ctx.twin.compiled.errors:
            raise ctx.error("invalid_cursor", cursor=value, param=name) from None
        raise ctx.invalid(request, [Violation("query", (name,), "format", "cursor", value)]) from None


def any_cursor(ctx: Ctx, request: Request) -> bool:
    """Whether a cursor that leads nowhere gets an empty page: the document takes any text and tells of no refusal."""
    errors = request.binding.errors if request.binding else {}
    return ctx.twin.fits_replies and "invalid" not in errors and "default" not in errors


def encode_cursor(key: str) -> str:
    """An opaque cursor that stands after the record with this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The key in an opaque cursor. Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(f"{cursor!r} is no cursor") from error


def link_header(paging: Paging, request: Request, ids: list[str], has_more: bool, base_url: str) -> str:
    """RFC 8288 links to the next and the previous page; empty when there is neither."""
    links = []
    following = paging.next(request, "url", ids, has_more, base_url)
    if following:
        links.append(f'<{following}>; rel="next"')
    before = paging.previous(request, "url", ids, base_url)
    if before:
        links.append(f'<{before}>; rel="prev"')
    return ", ".join(links)
