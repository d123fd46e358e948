"""search.* and emoji.list. Imports: queries, messages, handlers.files.

Source: https://docs.slack.dev/reference/methods/search.messages.
"""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import filekit, messages, places, queries
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.handlers.files import visible
from twins.slack.paging import encode, numbered

MOST = 10_000


def query_of(call: Call) -> queries.Query:
    """What is looked for. Raises `missing_query`."""
    text = call.args.text("query")
    if not text.strip():
        raise fail("missing_query")
    return queries.parse(text, call.ctx.now)


def found_messages(call: Call, query: queries.Query) -> list[dict[str, Any]]:
    """Messages that fit, in conversations the caller is in or may enter, newest first."""
    where = [Filter("text", "holds", word) for word in query.words]
    fitting = []
    channels: dict[str, dict[str, Any] | None] = {}
    for resource in ("message", "reply"):
        for row in call.ctx.store.select(resource, where):
            id = str(row.get("channel"))
            if id not in channels:
                channel = call.ctx.store.find("channel", id)
                channels[id] = channel if channel and places.visible(call, channel) else None
            place = channels[id]
            twice = resource == "message" and row.get("subtype") == "thread_broadcast"
            if place is not None and not twice and _fits(call, query, row, place):
                fitting.append({**row, "place": place})
    fitting.sort(key=lambda row: str(row["ts"]), reverse=call.args.text("sort_dir", "desc") != "asc")
    return fitting[:MOST]


def _fits(call: Call, query: queries.Query, row: dict[str, Any], place: dict[str, Any]) -> bool:
    writer = call.ctx.store.find("user", str(row.get("user") or "")) or {}
    names = {str(writer.get("id", "")).lower(), str(writer.get("name", "")).lower()}
    if query.author and query.author not in names and not (query.author == "me" and writer.get("id") == call.user):
        return False
    if query.channel and query.channel not in (place["id"].lower(), str(place["name"]).lower()):
        return False
    return queries.fits(query, row)


def _match(call: Call, query: queries.Query, row: dict[str, Any]) -> dict[str, Any]:
    place = row["place"]
    user = call.ctx.store.find("user", str(row.get("user") or "")) or {}
    channel = {
        "id": place["id"], "name": place["name"], "is_private": place["kind"] != "public", "is_mpim": False,
        "is_ext_shared": False, "is_org_shared": False, "is_pending_ext_shared": False, "is_shared": False,
        "pending_shared": [],
    }  # fmt: skip
    text = str(row.get("text", ""))
    if call.args.flag("highlight"):
        text = queries.marked(query, text)
    return {
        "channel": channel, "iid": call.ctx.new_id("{uuid}"), "permalink": messages.permalink(call.ctx, place, row),
        "team": place["team"], "text": text, "ts": row["ts"], "type": "message",
        "user": row.get("user", ""), "username": row.get("username") or user.get("name", ""),
    }  # fmt: skip


def _messages(call: Call) -> dict[str, Any]:
    query = query_of(call)
    rows = found_messages(call, query)
    shown, paging = numbered(call.args, rows, default=20, maximum=100)
    first = (paging["page"] - 1) * paging["count"] + 1
    pages = {
        "first": first, "last": first + len(shown) - 1, "page": paging["page"], "page_count": paging["pages"],
        "per_page": paging["count"], "total_count": len(rows),
    }  # fmt: skip
    return {
        "matches": [_match(call, query, row) for row in shown],
        "pagination": pages,
        "paging": paging,
        "total": len(rows),
    }


def _files(call: Call) -> dict[str, Any]:
    query = query_of(call)
    rows = []
    for file in call.ctx.store.select("file", order="newest"):
        text = f"{file['name']} {file['title']}".lower()
        if all(word in text for word in (*query.words, *query.phrases)) and visible(call, file):
            rows.append(filekit.shown(file))
    shown, paging = numbered(call.args, rows, default=20, maximum=100)
    return {"matches": shown, "paging": paging, "total": len(rows)}


@method("search.messages")
def search_messages(call: Call) -> dict[str, Any]:
    """Messages with these words; `from:`, `in:`, `before:`, `during:`, `has:` and so on narrow, and `"phrases"`."""
    return {"query": call.args.text("query"), "messages": _messages(call)}


@method("search.files")
def search_files(call: Call) -> dict[str, Any]:
    """Files with these words in their names."""
    return {"query": call.args.text("query"), "files": _files(call)}


@method("search.all")
def search_all(call: Call) -> dict[str, Any]:
    """Both."""
    return {
        "query": call.args.text("query"),
        "messages": _messages(call),
        "files": _files(call),
        "posts": {"matches": [], "total": 0},
    }


@method("emoji.list")
def emoji_list(call: Call) -> dict[str, Any]:
    """The workspace's own emoji."""
    rows = call.ctx.store.select("emoji", order="oldest")
    return {"emoji": {row["name"]: row["url"] for row in rows}, "cache_ts": f"{call.ctx.now}.000000"}


@method("admin.emoji.list")
def admin_emoji_list(call: Call) -> dict[str, Any]:
    """The same, with who added them."""
    rows = list(call.ctx.store.select("emoji", order="oldest"))
    limit = min(max(call.args.whole("limit", 100), 1), 1000)
    found = {
        row["name"]: {"url": row["url"], "date_created": row["created"], "uploaded_by": row["user"]}
        for row in rows[:limit]
    }
    following = encode("emoji", rows[limit]["name"]) if len(rows) > limit else ""
    return {"emoji": found, "response_metadata": {"next_cursor": following}}
