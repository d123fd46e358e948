"""Which media type a reply is written in: what the caller accepts of what the operation documents.

A caller that accepts nothing of it gets `not_acceptable`; one that accepts JSON is given what there is, since clients
send `Accept: application/json` out of habit. Imports: behaviour (ctx, request), contract (model).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twinkit.behaviour.request import Request

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx


def negotiated(ctx: Ctx, request: Request, status: int) -> str | None:
    """The documented media type to use; None leaves it to the binding. Raises the twin's `not_acceptable`."""
    accept = request.headers.get("accept")
    if not accept or accept == "*/*" or request.operation is None:
        return None
    response = request.operation.response(status) or request.operation.success
    offered = tuple(response.content) if response is not None else ()
    if not offered:
        return None
    wanted = tuple(ranges(accept))
    if not wanted and ";q=0" not in accept.replace(" ", ""):
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


def ranges(accept: str) -> Iterator[str]:
    """The media ranges of an Accept header, the most wanted first; what is none, or has weight 0, is left out."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")):
        name, _, parameters = part.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 1.0
        if weight > 0 and "/" in name:
            weighted.append((-weight, place, name.strip().lower()))
    yield from (name for _, _, name in sorted(weighted))


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
