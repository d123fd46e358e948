"""files.*: the external upload flow, the old one, sharing, listing. Source: https://docs.slack.dev/messaging/working-with-files.

Imports: filekit, messages, webhooks.
"""

from __future__ import annotations

from typing import Any

from twins.slack import filekit, messages, places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.chat import target
from twins.slack.paging import numbered

LARGEST = 1_073_741_824


@method("files.getUploadURLExternal")
def upload_url(call: Call) -> dict[str, Any]:
    """Where to send the bytes of a file."""
    name = call.args.need("filename")
    length = call.args.whole("length", 0)
    if length <= 0:
        raise missing_argument("length")
    if length > LARGEST:
        raise fail("file_upload_size_restricted")
    snippet = call.args.text("snippet_type")
    id = call.ctx.new_id("file")
    ticket = f"/upload/v1/{call.ctx.token('alnum', 40)}"
    data = {
        "id": ticket, "file": id, "name": name, "length": length, "user": call.user, "team": call.team, "done": False,
        "snippet_type": snippet, "alt_txt": call.args.text("alt_txt"),
    }  # fmt: skip
    call.ctx.store.insert("upload", data)
    return {"upload_url": f"{call.ctx.base_url}{ticket}", "file_id": id}


@method("files.completeUploadExternal")
def complete(call: Call) -> dict[str, Any]:
    """Make files of what was sent, and share them; the reply shows them before the service has looked into them."""
    wanted = call.args.json("files")
    if not isinstance(wanted, list) or not wanted:
        raise missing_argument("files")
    names = call.args.names("channels") or call.args.names("channel_id")
    channels = [target(call, name, "invalid_channel") for name in names]
    for channel in channels:
        if places.membership(call.ctx, channel["id"], call.user) is None:
            raise fail("posting_to_channel_denied")
    made = [_completed(call, each) for each in wanted]
    comment = call.args.text("initial_comment")
    blocks = call.args.json("blocks", "invalid_blocks_format")
    for channel in channels:
        made = share(call, made, channel, comment, call.args.text("thread_ts"), blocks)
    return {"files": [filekit.pending(file) for file in made]}


def _completed(call: Call, wanted: Any) -> dict[str, Any]:
    id = str(wanted.get("id", "")) if isinstance(wanted, dict) else ""
    upload = next((row for row in call.ctx.store.select("upload") if row["file"] == id), None)
    if upload is None or not upload["done"]:
        raise fail("file_not_found")
    call.ctx.store.delete("upload", upload["id"])
    title = str(wanted.get("title") or upload["name"])
    file = filekit.new_file(call.ctx, id, upload["name"], title, upload["size"], call.user, call.team)
    _told(call, "file_created", file)
    return file


def _told(call: Call, type: str, file: dict[str, Any]) -> None:
    event = {"file_id": file["id"], "user_id": call.user, "file": {"id": file["id"]}}
    webhooks.notify(call.ctx, call.team, type, event)


def share(
    call: Call, files: list[dict[str, Any]], channel: dict[str, Any], comment: str, thread: str, blocks: Any = None
) -> list[dict[str, Any]]:
    """Show files in a conversation with a message."""
    said = {**messages.author(call), "text": comment, "upload": True, "display_as_bot": False}
    if blocks:
        said["blocks"] = messages.checked_blocks(call.ctx, blocks)
    shown = [filekit.placed(call.ctx, file, channel) for file in files]
    said["files"] = [filekit.shown(file) for file in shown]
    done = messages.post(
        call.ctx, channel, {**said, "subtype": "file_share"} if not call.is_bot else said, thread_ts=thread
    )
    found = []
    for file in shown:
        kind = "public" if channel["kind"] == "public" else "private"
        shares = {**file["shares"], kind: {**file["shares"].get(kind, {}), channel["id"]: [{"ts": done["ts"]}]}}
        found.append(call.ctx.store.update("file", file["id"], shares=shares))
        event = {"file_id": file["id"], "user_id": call.user, "file": {"id": file["id"]}, "channel_id": channel["id"]}
        webhooks.notify(call.ctx, call.team, "file_shared", event, channel=channel["id"])
    return [filekit.shown(file) for file in found]


@method("files.upload")
def upload(call: Call) -> dict[str, Any]:
    """A file in one call, as it was done before."""
    given = call.args.data.get("file")
    content = getattr(given, "data", given) if given else call.args.text("content").encode()
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else bytes(content or b"")
    if not data:
        raise fail("no_file_data")
    name = call.args.text("filename") or getattr(given, "filename", "") or "-.txt"
    channels = [target(call, each, "invalid_channel") for each in call.args.names("channels")]
    id = call.ctx.new_id("file")
    filekit.keep(call.ctx, id, data)
    title = call.args.text("title") or name
    file = filekit.new_file(call.ctx, id, name, title, len(data), call.user, call.team)
    _told(call, "file_created", file)
    comment = call.args.text("initial_comment")
    for channel in channels:
        file = share(call, [file], channel, comment, call.args.text("thread_ts"))[0]
    return {"file": filekit.shown(call.ctx.store.get("file", id))}


def one(call: Call, id: str) -> dict[str, Any]:
    """A file the caller may see. Raises `file_not_found`, `file_deleted`."""
    found = call.ctx.store.find("file", id)
    if found is None:
        raise fail("file_deleted" if call.ctx.store.was_deleted("file", id) else "file_not_found")
    if not visible(call, found):
        raise fail("file_not_found")
    return found


def visible(call: Call, file: dict[str, Any]) -> bool:
    """Whether the caller may see a file: an own one, or one in a conversation that is seen."""
    if file["user"] == call.user:
        return True
    everywhere = (call.ctx.store.find("channel", id) for id in (*file["channels"], *file["groups"], *file["ims"]))
    return any(channel is not None and places.visible(call, channel) for channel in everywhere)


@method("files.info")
def info(call: Call) -> dict[str, Any]:
    """One file."""
    file = one(call, call.args.text("file"))
    paging = {"count": 100, "total": 0, "page": 1, "pages": 0}
    return {"file": filekit.shown(file), "comments": [], "paging": paging, "response_metadata": {"next_cursor": ""}}


KINDS = {
    "all": "", "spaces": "space", "snippets": "snippet", "images": "image", "gdocs": "gdoc", "zips": "zip",
    "pdfs": "pdf",
}  # fmt: skip


@method("files.list")
def list_files(call: Call) -> dict[str, Any]:
    """Files, newest first."""
    args = call.args
    if "user" in args and call.ctx.store.find("user", args.text("user")) is None:
        raise fail("user_not_found")
    kinds = args.names("types")
    if any(kind not in KINDS for kind in kinds):
        raise fail("unknown_type")
    first, last = args.whole("ts_from", 0), args.whole("ts_to", 0)
    found = []
    for file in call.ctx.store.select("file", order="newest"):
        place = args.text("channel")
        fits = not place or place in (*file["channels"], *file["groups"], *file["ims"])
        fits = fits and (not args.text("user") or file["user"] == args.text("user"))
        fits = fits and file["created"] >= first and (not last or file["created"] <= last)
        fits = fits and (not kinds or "all" in kinds or any(filekit.is_kind(file, KINDS[kind]) for kind in kinds))
        if fits and file["mode"] != "external" and visible(call, file):
            found.append(filekit.shown(file))
    shown, paging = numbered(args, found)
    return {"files": shown, "paging": paging}


@method("files.delete")
def delete(call: Call) -> dict[str, Any]:
    """Take a file away; its author and admins may."""
    file = one(call, call.args.text("file"))
    if file["user"] != call.user and not call.is_admin:
        raise fail("cant_delete_file")
    call.ctx.store.delete("file", file["id"])
    _bury(call, file)
    webhooks.notify(call.ctx, call.team, "file_deleted", {"file_id": file["id"]})
    return {}


def _bury(call: Call, file: dict[str, Any]) -> None:
    """Leave a tombstone in each message that showed a file."""
    stone = {"id": file["id"], "mode": "tombstone"}
    for shares in file["shares"].values():
        for place, shown in shares.items():
            channel = call.ctx.store.find("channel", place)
            for share in shown if channel is not None else ():
                found = messages.find(call.ctx, place, share["ts"])
                if found is not None and channel is not None:
                    files = [stone if each["id"] == file["id"] else each for each in found[1].get("files", ())]
                    messages.change(call.ctx, channel, found[1], {"files": files})


@method("files.sharedPublicURL")
def make_public(call: Call) -> dict[str, Any]:
    """An address for everybody."""
    file = one(call, call.args.text("file"))
    if file["public_url_shared"]:
        raise fail("already_public")
    after = call.ctx.store.update("file", file["id"], public_url_shared=True)
    _told(call, "file_public", file)
    return {"file": filekit.shown(after)}


@method("files.revokePublicURL")
def make_private(call: Call) -> dict[str, Any]:
    """No address for everybody any more."""
    file = one(call, call.args.text("file"))
    return {"file": filekit.shown(call.ctx.store.update("file", file["id"], public_url_shared=False))}


@method("files.comments.delete")
def delete_comment(call: Call) -> dict[str, Any]:
    """Comments on files are no more."""
    one(call, call.args.text("file"))
    raise fail("comment_not_found")
