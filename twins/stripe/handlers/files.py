"""Files: uploads as form data, their contents, links to them.

Source: https://docs.stripe.com/api/files, /file_links. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.stripe import errors, listing, lookup, twin

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
    id = ctx.new_id("file")
    record: dict[str, Any] = {
        "id": id,
        "object": "file",
        "created": ctx.now,
        "expires_at": None,
        "filename": name,
        "links": listing.empty(f"/v1/file_links?file={id}"),
        "purpose": params["purpose"],
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


@twin.handler("PostFileLinks")
def create_link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A link to a file that needs no key."""
    params = request.body or {}
    file = lookup.record(ctx, "file", params["file"], "file")
    id = ctx.new_id("file_link")
    expires = params.get("expires_at")
    record = {
        "id": id,
        "object": "file_link",
        "created": ctx.now,
        "expired": False,
        "expires_at": ctx.now if expires == "now" else lookup.unset(expires),
        "file": file["id"],
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "url": f"{ctx.base_url}/links/{id}",
    }
    ctx.store.insert("file_link", record, created=ctx.micros)
    return record
