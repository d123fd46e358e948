"""agents.conversations.*, agents.sessions.*: channels in which agents work. Imports: call, places, handlers.canvases.

Source: https://docs.slack.dev/reference/methods/agents.conversations.create and the pages beside it; replies as
@slack/web-api types them.
"""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import canvaskit, places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers import canvases, channels

STATUSES = ("active", "processing", "suspended", "closed")
MOST_COMMANDS = 10
LONGEST_TITLE = 200


def _channel(call: Call, name: str = "channel_id") -> dict[str, Any]:
    """A channel of an agent that the caller is in. Raises `not_agent_channel`, and what `places.inside` raises."""
    channel = places.inside(call, call.args.need(name))
    if not _of_session(channel):
        raise fail("not_agent_channel")
    return channel


def _of_session(channel: dict[str, Any]) -> bool:
    """Whether a channel was made for a session of an agent."""
    return "agent_session" in (channel.get("properties") or {})


@method("agents.conversations.create")
def create(call: Call) -> dict[str, Any]:
    """Make a channel for a session of an agent."""
    made = channels.create(call)
    if not isinstance(made, dict):
        raise fail("internal_error")
    id = str(made["channel"]["id"])
    session: dict[str, Any] = {"agent_bot_user_ids": [call.user], "status": "", "title": call.args.text("name")}
    if "origin_channel_id" in call.args:
        origin = {"channel_id": call.args.text("origin_channel_id"), "ts": call.args.text("origin_message_ts")}
        session["origin_link"] = origin
    call.ctx.store.update("channel", id, properties={"agent_session": session})
    return {"channel_id": id}


@method("agents.conversations.archive")
def archive(call: Call) -> dict[str, Any]:
    """The session is over."""
    channel = _channel(call)
    if channel["is_archived"]:
        raise fail("already_archived")
    channels.set_archived(call.ctx, channel, call.user, True)
    return {}


@method("agents.conversations.setProperties")
def set_properties(call: Call) -> dict[str, Any]:
    """What the channel tells of the session, and of the code or the resource that the agent works on."""
    channel = _channel(call)
    given = {name: call.args.json(name, "invalid_arguments") for name in ("code_channel", "agent_resource")}
    kept = {name: value for name, value in given.items() if isinstance(value, dict)}
    told = {name: call.args.text(name) for name in ("title", "status") if name in call.args}
    if not kept and not told:
        raise fail("no_properties_provided")
    if told.get("status", "active") not in STATUSES:
        raise fail("invalid_status")
    if len(told.get("title", "")) > LONGEST_TITLE:
        raise fail("invalid_title")
    properties = {**channel["properties"], **kept}
    properties["agent_session"] = {**properties["agent_session"], **told}
    call.ctx.store.update("channel", channel["id"], properties=properties)
    return {"channel_id": channel["id"]}


@method("agents.conversations.setCommands")
def set_commands(call: Call) -> dict[str, Any]:
    """What people can ask of the agent here."""
    channel = _channel(call)
    commands = call.args.json("commands", "invalid_arguments")
    if not isinstance(commands, list):
        raise missing_argument("commands")
    if any(not (isinstance(each, dict) and each.get("name") and each.get("description")) for each in commands):
        raise fail("invalid_commands")
    if len(commands) > MOST_COMMANDS:
        raise fail("too_many_commands")
    if len({each["name"] for each in commands}) < len(commands):
        raise fail("duplicate_command")
    call.ctx.store.update("channel", channel["id"], agent_commands=commands)
    return {"channel_id": channel["id"], "command_count": len(commands)}


# views ---------------------------------------------------------------------------------------------------------------


def _view(call: Call, channel: str) -> dict[str, Any] | None:
    """The view of a channel that the arguments name by id or key."""
    id, key = call.args.text("view_id"), call.args.text("view_key")
    rows = call.ctx.store.select("agent_view", [Filter("channel_id", "=", channel)], order="oldest")
    return next((row for row in rows if row["id"] == id or (key and row["view_key"] == key)), None)


@method("agents.conversations.setView")
def set_view(call: Call) -> dict[str, Any]:
    """Show something beside the channel, or something else where it was shown."""
    channel = _channel(call)
    found = _view(call, channel["id"])
    kind = call.args.text("type") or (found["type"] if found else "canvas")
    content = call.args.text("content")
    canvas = call.args.text("canvas_id") or (found["canvas_id"] if found else "")
    if kind == "canvas" and not canvas:
        canvas = canvases.keep(call, call.args.text("name"), content, channel["id"])["id"]
    elif kind == "canvas" and content:
        _write(call, canvas, content)
    record = {
        "channel_id": channel["id"], "type": kind, "view_key": call.args.text("view_key"), "canvas_id": canvas,
        "label": call.args.text("name"), "content": content, "file_id": canvas,
        "blocks": call.args.json("blocks", "invalid_blocks_format"), "date_added": call.ctx.now,
        "content_version": found["content_version"] + 1 if found else 1,
    }  # fmt: skip
    if found is None:
        record["id"] = call.ctx.new_id("view")
        call.ctx.store.insert("agent_view", record)
    else:
        record["id"] = found["id"]
        call.ctx.store.update("agent_view", found["id"], **record)
    told = ("canvas_id", "channel_id", "content_version", "file_id", "type")
    return {**{name: record[name] for name in told}, "view_id": record["id"]}


@method("agents.conversations.listViews")
def list_views(call: Call) -> dict[str, Any]:
    """What is shown, oldest first."""
    where = [Filter("channel_id", "=", _channel(call)["id"])]
    names = ("view_key", "file_id", "label", "content_version", "date_added")
    rows = call.ctx.store.select("agent_view", where, order="oldest")
    return {"views": [{"view_id": row["id"], **{name: row[name] for name in names}} for row in rows]}


@method("agents.conversations.removeView")
def remove_view(call: Call) -> dict[str, Any]:
    """Show it no longer."""
    channel = _channel(call)
    if bool(call.args.text("view_id")) == bool(call.args.text("view_key")):
        raise fail("invalid_arguments")
    found = _view(call, channel["id"])
    if found is None:
        raise fail("view_not_found")
    call.ctx.store.delete("agent_view", found["id"])
    return {"channel_id": channel["id"], "view_id": found["id"]}


@method("agents.conversations.getCanvas")
def get_canvas(call: Call) -> dict[str, Any]:
    """A canvas of the channel, as markdown."""
    _channel(call, "channel")
    found = canvases.canvas(call)
    return {
        "canvas_id": found["id"], "title": found["title"], "content": canvaskit.markdown(found["sections"]),
        "comments": [], "has_more_comments": False,
    }  # fmt: skip


@method("agents.conversations.setCanvasContent")
def set_canvas(call: Call) -> dict[str, Any]:
    """Write a canvas of the channel anew."""
    _channel(call, "channel")
    found = canvases.canvas(call)
    content = call.args.need("content")
    return {"canvas_id": found["id"], "sections_changed_count": _write(call, found["id"], content)}


def _write(call: Call, canvas: str, content: str) -> int:
    """Put a text into a canvas; how many of its sections are others now."""
    record = call.ctx.store.find("canvas", canvas)
    if record is None:
        raise fail("canvas_not_found")
    before = [part["text"] for part in record["sections"]]
    parts = canvaskit.sections(content, lambda: f"temp:C:{call.ctx.token('alnum', 24)}")
    call.ctx.store.update("canvas", canvas, sections=parts)
    return len([part for part in parts if part["text"] not in before])


# sessions ------------------------------------------------------------------------------------------------------------


def _place(call: Call) -> tuple[str, bool]:
    """Where a session is: its record's id, and whether the channel is its own.

    Raises `thread_ts_required`, `thread_ts_not_allowed`, and what `places.inside` raises.
    """
    channel = places.inside(call, call.args.need("channel_id"))
    thread = call.args.text("thread_ts")
    own = _of_session(channel)
    if own and thread:
        raise fail("thread_ts_not_allowed")
    if not own and not thread:
        raise fail("thread_ts_required")
    return f"{channel['id']} {thread}".strip(), own


def _session(call: Call, id: str, **changes: Any) -> dict[str, Any]:
    """The session after a change."""
    if call.ctx.store.find("agent_session", id) is None:
        call.ctx.store.insert("agent_session", {"id": id, "title": "", "status": ""})
    found: dict[str, Any] = call.ctx.store.update("agent_session", id, **changes)
    return found


@method("agents.sessions.rename")
def rename(call: Call) -> dict[str, Any]:
    """Another title."""
    title = call.args.need("title")
    id, own = _place(call)
    if not own and call.ctx.store.find("agent_session", id) is None:
        raise fail("session_not_found")
    return {"title": _session(call, id, title=title)["title"]}


@method("agents.sessions.setStatus")
def set_status(call: Call) -> dict[str, Any]:
    """What the agent is about; a session begins with it, and has its title from then on."""
    status = call.args.need("status")
    if status not in STATUSES:
        raise fail("invalid_status")
    id, _ = _place(call)
    new = call.ctx.store.find("agent_session", id) is None
    title = {"title": call.args.text("title")} if new and "title" in call.args else {}
    found = _session(call, id, status=status, **title)
    return {"agent_status": found["status"], "status": found["status"], "title": found["title"]}
