"""A twin of a small notes service."""

from twinkit import Ctx, Request, Twin

twin = Twin.load(__package__)


@twin.handler("archiveNote")
def archive(ctx: Ctx, request: Request) -> dict[str, object]:
    """Archive a note; archiving it twice is a conflict."""
    note = ctx.store.get("note", request.path["id"])  # raises not_found in the service's shape
    if note["archived"]:
        raise ctx.error("conflict", "note is already archived")
    note = ctx.store.update("note", note["id"], archived=True)
    ctx.emit("note.archived", note)
    return note
