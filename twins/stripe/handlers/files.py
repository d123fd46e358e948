"""Files: uploads as form data, their contents, links to them.

Source: https://docs.stripe.com/api/files, /file_links. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.stripe import accounts, errors, listing, lookup, pages, twin

CONTENTS = "file_contents"
"""Store name of the uploaded bytes (Latin-1 text), by file id."""
TYPES = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "text/csv": "csv",
    "text/plain": "txt",
}


@twin.handler("PostFiles")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Keep an uploaded file."""
    params = request.body or {}
    file = params.get("file")
    data = getattr(file, "data", None)
    if data is None:
        data = str(file or "").encode()
    name = (getattr(file, "filename", None) or "file").replace("\\", "/").rpartition("/")[2]
    kind = TYPES.get(str(getattr(file, "content_type", "")), name.rpartition(".")[2] or "txt")
    return keep(ctx, data, name, kind, params["purpose"])


def keep(ctx: Ctx, data: bytes, name: str, kind: str, purpose: str) -> dict[str, Any]:
    """Keep a file, uploaded or made by the service."""
    id = ctx.new_id("file")
    record: dict[str, Any] = {
        "id": id,
        "object": "file",
        "created": ctx.now,
        "expires_at": None,
        "filename": name,
        "links": listing.empty(f"/v1/file_links?file={id}"),
        "purpose": purpose,
        "size": len(data),
        "title": None,
        "type": kind,
        "url": f"{ctx.base_url}/v1/files/{id}/contents",
    }
    ctx.store.insert("file", record, created=ctx.micros)
    ctx.store.insert(CONTENTS, {"data": data.decode("latin-1")}, id=id)
    return record


@twin.page("GET", "/v1/files/{id}/contents")
def contents(ctx: Ctx, request: Request) -> Reply:
    """The uploaded bytes."""
    id = str(request.path["id"])
    kept = ctx.store.find(CONTENTS, id)
    if kept is None:
        raise errors.no_such("file", id)
    return Reply(200, kept["data"].encode("latin-1"), media_type="application/octet-stream")


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n"
)
MADE_UP_PDF = b"Stripe binary response"
"""What the service's own stateless stand-in answers; suites written for it compare it."""


@twin.handler("GetQuotesQuotePdf")
def quote_pdf(ctx: Ctx, request: Request) -> Reply:
    """A quote as a document without pages."""
    lookup.in_path(ctx, "quote", request.path["quote"], "quote")
    return Reply(200, MADE_UP_PDF if ctx.options.get("materialise") else PDF, media_type="application/pdf")


# links ---------------------------------------------------------------------------------------------------------------


def _expiry(ctx: Ctx, given: Any) -> int | None:
    """When a link is to end, in seconds. Raises 400 for a time that has passed."""
    if given == "now":
        return ctx.now
    at = lookup.unset(given)
    if at is not None and int(at) <= ctx.now:
        raise errors.invalid("The `expires_at` timestamp must be in the future.", "expires_at")
    return None if at is None else int(at)


def _linked(ctx: Ctx, file: str) -> None:
    """Show the links of a file in it."""
    found = listing.embedded(ctx, "file_link", [Filter("file", "=", file)], f"/v1/file_links?file={file}")
    links = {name: value for name, value in found.items() if name != "total_count"}
    if ctx.store.find("file", file) is not None:
        ctx.store.update("file", file, links=links)


@twin.handler("PostFileLinks")
def create_link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A link to a file that needs no key."""
    params = request.body or {}
    file = lookup.record(ctx, "file", params["file"], "file")
    id = ctx.new_id("file_link")
    expires = _expiry(ctx, params.get("expires_at"))
    record = {
        "id": id,
        "object": "file_link",
        "created": ctx.now,
        "expired": expires is not None and expires <= ctx.now,
        "expires_at": expires,
        "file": file["id"],
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "url": pages.address(ctx, f"/links/{id}"),
    }
    ctx.store.insert("file_link", record, created=ctx.micros)
    _ends(ctx, record)
    _linked(ctx, file["id"])
    return record


def _ends(ctx: Ctx, link: Mapping[str, Any]) -> None:
    if link["expires_at"] is not None and not link["expired"]:
        ctx.schedule("file_link_expires", {"link": link["id"]}, at=link["expires_at"])


@twin.handler("PostFileLinksLink")
@lookup.modelled
def update_link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change when a link ends, or its metadata. Raises 400 for one that has ended."""
    params = request.body or {}
    link = lookup.in_path(ctx, "file_link", request.path["link"], "link")
    changes = lookup.changed(link, params)
    if "expires_at" in params:
        if link["expired"]:
            raise errors.invalid("You cannot change the expiration of a link that has expired.", "expires_at")
        changes["expires_at"] = _expiry(ctx, params["expires_at"])
        changes["expired"] = params["expires_at"] == "now"
    changed = ctx.update("file_link", link["id"], changes, event="")
    _ends(ctx, changed)
    _linked(ctx, link["file"])
    return changed


@accounts.timer("file_link_expires")
def link_expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """A link has come to its end."""
    link = ctx.store.find("file_link", data["link"])
    if link is not None and link["expires_at"] is not None and link["expires_at"] <= ctx.now:
        ctx.update("file_link", link["id"], {"expired": True}, event="")
        _linked(ctx, link["file"])


@twin.page("GET", "/links/{link}")
def opened(ctx: Ctx, request: Request) -> Reply:
    """The file behind a link, to anyone who has its address."""
    link = pages.opened(ctx, request, "file_link", "link")
    kept = ctx.store.find(CONTENTS, link["file"])
    if link["expired"] or kept is None:
        return Reply(404, "This link has expired.", media_type="text/plain; charset=utf-8")
    return Reply(200, kept["data"].encode("latin-1"), media_type="application/octet-stream")
