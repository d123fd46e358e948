"""files.remote.*: files that live elsewhere. Imports: filekit, handlers.files.

Source: https://docs.slack.dev/reference/methods/files.remote.add.
"""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import filekit
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.chat import target
from twins.slack.handlers.files import share
from twins.slack.paging import page


def chosen(call: Call) -> dict[str, Any]:
    """The remote file that the arguments name. Raises `file_not_found`, `not_enough_params`, `too_many_params`."""
    id, external = call.args.text("file"), call.args.text("external_id")
    if id and external:
        raise fail("too_many_params")
    if not id and not external:
        raise fail("not_enough_params")
    where = [Filter("external_id", "=", external)]
    found = call.ctx.store.find("file", id) if id else next(call.ctx.store.select("file", where), None)
    if found is None or found["mode"] != "external":
        raise fail("file_not_found")
    return found


@method("files.remote.add")
def add(call: Call) -> dict[str, Any]:
    """A file that lives elsewhere."""
    external, url, title = (call.args.text(name) for name in ("external_id", "external_url", "title"))
    for name, value in (("external_id", external), ("external_url", url), ("title", title)):
        if not value:
            raise missing_argument(name)
    if not url.startswith(("http://", "https://")):
        raise fail("invalid_arguments")
    known = next(call.ctx.store.select("file", [Filter("external_id", "=", external)]), None)
    id = known["id"] if known else call.ctx.new_id("file")
    if known is None:
        filekit.new_file(call.ctx, id, title, title, 0, call.user, call.team)
    kind = call.args.text("filetype") or "remote"
    return {
        "file": filekit.shown(_describe(call, id, external_id=external, external_url=url, title=title, filetype=kind))
    }


def _describe(call: Call, id: str, **changes: Any) -> dict[str, Any]:
    fixed = {"mode": "external", "is_external": True, "external_type": "app", "app_id": call.app}
    if "external_url" in changes:
        fixed["url_private"] = changes["external_url"]
    return call.ctx.store.update("file", id, **fixed, **changes)


@method("files.remote.info")
def info(call: Call) -> dict[str, Any]:
    """One of them."""
    return {"file": filekit.shown(chosen(call))}


@method("files.remote.list")
def list_remote(call: Call) -> dict[str, Any]:
    """All of them, newest first."""
    rows = list(call.ctx.store.select("file", [Filter("mode", "=", "external")], order="newest"))
    place = call.args.text("channel")
    rows = [row for row in rows if not place or place in (*row["channels"], *row["groups"])]
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "file")
    return {"files": [filekit.shown(row) for row in shown], "response_metadata": metadata}


@method("files.remote.remove")
def remove(call: Call) -> dict[str, Any]:
    """Forget one."""
    call.ctx.store.delete("file", chosen(call)["id"])
    return {}


@method("files.remote.update")
def update(call: Call) -> dict[str, Any]:
    """Change what is said of one."""
    file = chosen(call)
    names = ("title", "filetype", "external_url")
    return {
        "file": filekit.shown(_describe(call, file["id"], **{n: call.args.text(n) for n in names if n in call.args}))
    }


@method("files.remote.share")
def share_remote(call: Call) -> dict[str, Any]:
    """Show one in conversations."""
    file = chosen(call)
    channels = [target(call, name) for name in call.args.names("channels")]
    if not channels:
        raise missing_argument("channels")
    for channel in channels:
        file = share(call, [file], channel, "", "")[0]
    return {"file": filekit.shown(call.ctx.store.get("file", file["id"]))}
