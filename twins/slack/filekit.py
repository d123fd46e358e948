"""File records, their kinds, the bytes behind them. Imports: the kit's public names.

Source: https://docs.slack.dev/reference/objects/file-object.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from twinkit import Ctx

TYPES: dict[str, tuple[str, str, str]] = {
    "txt": ("text/plain", "text", "Plain Text"), "md": ("text/plain", "markdown", "Markdown (raw)"),
    "py": ("text/plain", "python", "Python"), "js": ("text/plain", "javascript", "JavaScript/JSON"),
    "json": ("text/plain", "json", "JSON"), "csv": ("text/csv", "csv", "CSV"), "html": ("text/html", "html", "HTML"),
    "png": ("image/png", "png", "PNG"), "jpg": ("image/jpeg", "jpg", "JPEG"), "jpeg": ("image/jpeg", "jpg", "JPEG"),
    "gif": ("image/gif", "gif", "GIF"), "pdf": ("application/pdf", "pdf", "PDF"),
    "zip": ("application/zip", "zip", "Zip"), "mp4": ("video/mp4", "mp4", "MPEG 4 Video"),
    "mp3": ("audio/mpeg", "mp3", "MP3"),
}  # fmt: skip
"""Ending → media type, filetype, name."""
OTHER = ("application/octet-stream", "binary", "Binary")
DOCUMENTS = {"Canvas": ("quip", "application/vnd.slack-docs"), "List": ("list", "application/vnd.slack-list")}
"""Name → filetype and media type of what the service itself makes."""
PREVIEW_LINES, PREVIEW_WIDTH = 5, 256
UNREAD = frozenset((
    "id", "created", "timestamp", "name", "title", "user", "user_team", "size", "is_external", "external_type",
    "public_url_shared", "display_as_bot", "username", "url_private", "url_private_download", "permalink",
    "permalink_public", "comments_count", "is_starred", "has_more_shares", "has_rich_preview", "file_access",
))  # fmt: skip
"""What is known of a file before it has been read."""


def new_file(ctx: Ctx, id: str, name: str, title: str, size: int, user: str, team: str) -> dict[str, Any]:
    """Store a file that nobody but its author sees."""
    mime, kind, pretty = TYPES.get(name.rpartition(".")[2].lower(), OTHER)
    domain = ctx.store.get("team", team)["domain"]
    base = f"{ctx.base_url}/files-pri/{team}-{id}"
    file = {
        "id": id, "created": ctx.now, "timestamp": ctx.now, "name": name, "title": title, "mimetype": mime,
        "filetype": kind, "pretty_type": pretty, "user": user, "user_team": team, "editable": mime == "text/plain",
        "size": size, "mode": "snippet" if mime == "text/plain" else "hosted", "is_external": False,
        "external_type": "", "is_public": False, "public_url_shared": False, "display_as_bot": False, "username": "",
        "url_private": f"{base}/{name}", "url_private_download": f"{base}/download/{name}",
        "permalink": f"https://{domain}.slack.com/files/{user}/{id}/{name}",
        "permalink_public": f"https://slack-files.com/{team}-{id}-{ctx.token('hex', 10)}", "comments_count": 0,
        "is_starred": False, "shares": {}, "channels": [], "groups": [], "ims": [], "has_more_shares": False,
        "has_rich_preview": False, "file_access": "visible", "team": team,
    }  # fmt: skip
    stored = read(ctx, id) if mime.startswith("image/") or file["mode"] == "snippet" else None
    shape = dimensions(stored) if stored and file["mode"] != "snippet" else None
    if shape:
        file.update(thumbnails(file, shape))
    elif stored:
        file.update(preview(file, stored.decode("utf-8", "replace")))
    ctx.store.insert("file", file, created=ctx.micros)
    return file


def new_document(ctx: Ctx, id: str, title: str, size: int, user: str, team: str, pretty: str = "Canvas") -> None:
    """Store the file that a canvas or a list is."""
    new_file(ctx, id, pretty.lower(), title, size, user, team)
    kind, mime = DOCUMENTS[pretty]
    ctx.store.update("file", id, mimetype=mime, filetype=kind, pretty_type=pretty, mode=kind, editable=True)


def preview(file: dict[str, Any], text: str) -> dict[str, Any]:
    """What a text's record has more than others: its first lines, and how many there are."""
    lines = text.splitlines()
    first = [line[:PREVIEW_WIDTH] for line in lines[:PREVIEW_LINES]]
    rows = "".join(f"<div><pre>{escape(line)}</pre></div>\n" for line in first)
    code = (
        f'<div class="CodeMirror cm-s-default CodeMirrorServer">\n<div class="CodeMirror-code">\n{rows}</div>\n</div>\n'
    )
    return {
        "edit_link": f"{file['permalink']}/edit", "preview": "\n".join(first), "preview_highlight": code,
        "lines": len(lines), "lines_more": max(len(lines) - PREVIEW_LINES, 0),
        "preview_is_truncated": len("\n".join(first)) < len("\n".join(lines)),
    }  # fmt: skip


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG; None for anything else."""
    if data.startswith(b"\x89PNG\r\n") and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def thumbnails(file: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """What an image's record has more than others: its size, and smaller pictures of it."""
    width, height = size
    base = f"{file['url_private'].rpartition('/')[0]}/{file['name'].rpartition('.')[0]}".replace(
        "files-pri", "files-tmb"
    )
    found: dict[str, Any] = {"original_w": width, "original_h": height, "image_exif_rotation": 1}
    for edge in (64, 80, 160):
        found[f"thumb_{edge}"] = f"{base}_{edge}.png"
    for edge in (360, 480, 720, 800, 960, 1024):
        if edge > 360 and max(width, height) <= edge:
            break
        scale = min(1.0, edge / max(width, height, 1))
        found[f"thumb_{edge}"] = f"{base}_{edge}.png"
        found[f"thumb_{edge}_w"], found[f"thumb_{edge}_h"] = round(width * scale), round(height * scale)
    return found


def placed(ctx: Ctx, file: dict[str, Any], channel: dict[str, Any]) -> dict[str, Any]:
    """The file with a conversation among those it is shared in."""
    name = {"public": "channels", "private": "groups", "mpim": "groups", "im": "ims"}[channel["kind"]]
    stored = ctx.store.get("file", file["id"])
    where = [*stored[name], channel["id"]] if channel["id"] not in stored[name] else stored[name]
    return ctx.store.update(
        "file", file["id"], **{name: where, "is_public": bool(stored["is_public"] or name == "channels")}
    )


def shown(file: dict[str, Any]) -> dict[str, Any]:
    """A file as replies show it."""
    return {name: value for name, value in file.items() if name not in ("team", "preview_data")}


def pending(file: dict[str, Any]) -> dict[str, Any]:
    """A file as it is shown while the service still looks at what it is and puts it where it is shared.

    As recorded in https://github.com/slack-ruby/slack-ruby-client (files_upload_external_with_all_options.yml).
    """
    known = {name: value for name, value in shown(file).items() if name in UNREAD}
    blank = {"mimetype": "", "filetype": "", "pretty_type": "", "editable": False, "mode": "hosted", "shares": {}}
    where = {"is_public": False, "channels": [], "groups": [], "ims": [], "media_display_type": "unknown"}
    return {**known, **blank, **where}


def is_kind(file: dict[str, Any], kind: str) -> bool:
    """Whether a file is an image, a snippet, a pdf …"""
    if kind == "image":
        return str(file["mimetype"]).startswith("image/")
    return kind in (file["mode"], file["filetype"])


def keep(ctx: Ctx, id: str, data: bytes) -> None:
    """Keep the bytes of a file."""
    ctx.store.insert("content", {"id": id, "data": base64.b64encode(data).decode()})


def read(ctx: Ctx, id: str) -> bytes | None:
    """The bytes of a file."""
    found = ctx.store.find("content", id)
    return None if found is None else base64.b64decode(found["data"])
