"""Which media type a reply is written in: what the caller accepts of what the operation documents.

A caller that accepts nothing of it gets `not_acceptable`; one that accepts JSON is given what there is, since clients
send `Accept: application/json` out of habit, and so is one whose header cannot be read, since RFC 9110 (12.4.1) lets a
server take no notice of it. Imports: behaviour (ctx, request), contract (model).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twinkit.behaviour.request import Request

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE = rf"(?:\*/\*|(?!\*/){_TOKEN}/{_TOKEN})"
"""Compiled when a request first has media ranges, since that costs a start a millisecond."""
_WEIGHT = re.compile(r"0(?:\.\d*)?|1(?:\.0*)?", re.ASCII)


def negotiated(ctx: Ctx, request: Request, status: int) -> str | None:
    """The documented media type to use; None leaves it to the binding. Raises the twin's `not_acceptable`."""
    accept = request.headers.get("accept")
    if not accept or accept == "*/*" or request.operation is None:
        return None
    response = request.operation.response(status) or request.operation.success
    offered = tuple(response.content) if response is not None else ()
    if not offered:
        return None
    wanted = ranges(accept)
    if wanted is None:
        return None
    for range_ in wanted:
        if range_ == "*/*":
            return None
        for media in offered:
            if admits(range_, media):
                return None if "*" in media else media
        if range_.endswith(("json", "json-seq")):
            return None
    raise ctx.error("not_acceptable", f"{accept} is not available here; accept {', '.join(offered)}")


def ranges(accept: str) -> tuple[str, ...] | None:
    """The media ranges of an Accept header, the most wanted first, without those of weight 0; None for a header that is
    not made of media ranges.
    """
    weighted: list[tuple[float, int, str]] = []
    parts = [part for part in accept.split(",") if part.strip()]
    for place, part in enumerate(parts):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        if weight is None or not re.fullmatch(_RANGE, name, re.ASCII):
            return None
        if weight > 0:
            weighted.append((-weight, place, name.lower()))
    return tuple(name for _, _, name in sorted(weighted)) if parts else None


def _weight(parameters: Iterable[str]) -> float | None:
    """The weight among a media range's parameters, 1 unless given; None when what is given is no weight."""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            return float(value) if _WEIGHT.fullmatch(value.strip()) else None
    return 1.0


def admits(wanted: str, media: str) -> bool:
    """Whether a media range of an Accept header admits a documented media type (or range)."""
    name = media.partition(";")[0].strip().lower()
    if name == wanted or "*/*" in (name, wanted):
        return True
    kind, _, sub = name.partition("/")
    wanted_kind, _, wanted_sub = wanted.partition("/")
    if {wanted, name} == {"text/xml", "application/xml"}:
        return True
    return kind == wanted_kind and "*" in (sub, wanted_sub)
