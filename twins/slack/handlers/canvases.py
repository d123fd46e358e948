"""canvases.*, slackLists.*: kept and given back, not rendered. Imports: call, canvaskit, filekit.

Source: https://docs.slack.dev/reference/methods/canvases.create.
"""

from __future__ import annotations

from typing import Any

from twins.slack import canvaskit, filekit, places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.paging import page


def canvas(call: Call) -> dict[str, Any]:
    """The canvas that is spoken of. Raises `canvas_not_found`."""
    return call.record("canvas", "canvas_id", "canvas_not_found")


def _content(call: Call) -> str:
    return _markdown(call.args.json("document_content", "invalid_arguments"))


def _markdown(document: Any) -> str:
    """The text of a `document_content`, which is markdown or nothing. Raises `invalid_arguments`."""
    if not isinstance(document, dict):
        return ""
    if document.get("type", "markdown") != "markdown":
        raise fail("invalid_arguments", detail=f"document_content.type {document['type']} is not supported")
    return str(document.get("markdown") or "")


def keep(call: Call, title: str, markdown: str, channel: str = "") -> dict[str, Any]:
    """A new canvas."""
    data: dict[str, Any] = {
        "id": call.ctx.new_id("canvas"), "title": title, "channel": channel, "user": call.user, "access": {},
        "sections": canvaskit.sections(markdown, lambda: section_id(call)),
    }  # fmt: skip
    call.ctx.store.insert("canvas", data)
    filekit.new_document(call.ctx, data["id"], title, len(markdown.encode()), call.user, call.team)
    if channel:
        filekit.placed(call.ctx, call.ctx.store.get("file", data["id"]), call.ctx.store.get("channel", channel))
    return data


def section_id(call: Call) -> str:
    """The id of a new section."""
    return f"temp:C:{call.ctx.token('alnum', 24)}"


def _new(call: Call, channel: str = "") -> dict[str, Any]:
    return {"canvas_id": keep(call, call.args.text("title"), _content(call), channel)["id"]}


@method("canvases.create")
def create(call: Call) -> dict[str, Any]:
    """A canvas of one's own."""
    return _new(call)


@method("conversations.canvases.create")
def create_in_channel(call: Call) -> dict[str, Any]:
    """The canvas of a channel; it has one."""
    channel = places.inside(call, call.args.text("channel_id"))
    if channel.get("properties", {}).get("canvas"):
        raise fail("channel_canvas_already_exists")
    made = _new(call, channel["id"])
    properties = {"canvas": {"file_id": made["canvas_id"], "is_empty": False, "quip_thread_id": ""}}
    call.ctx.store.update("channel", channel["id"], properties=properties)
    return made


@method("canvases.edit")
def edit(call: Call) -> dict[str, Any]:
    """Change its sections, one after the other, or its title."""
    changes = call.args.json("changes", "invalid_arguments")
    if not isinstance(changes, list) or not changes or not all(isinstance(change, dict) for change in changes):
        raise missing_argument("changes")
    for change in changes:
        _markdown(change.get("document_content"))
    found = canvas(call)
    parts, title = found["sections"], found["title"]
    for change in changes:
        if change.get("operation") == "rename":
            title = str((change.get("title_content") or {}).get("markdown", title))
            continue
        try:
            parts = canvaskit.changed(parts, change, lambda: section_id(call))
        except canvaskit.WrongChange as error:
            raise fail("canvas_editing_failed", detail=str(error)) from None
    call.ctx.store.update("canvas", found["id"], sections=parts, title=title)
    size = len(canvaskit.markdown(parts).encode())
    call.ctx.store.update("file", found["id"], title=title, size=size, updated=call.ctx.now, editor=call.user)
    return {}


@method("canvases.getContent")
def content(call: Call) -> dict[str, Any]:
    """What is in it."""
    return {"markdown": canvaskit.markdown(canvas(call)["sections"])}


@method("canvases.delete")
def delete(call: Call) -> dict[str, Any]:
    """Away with it."""
    id = canvas(call)["id"]
    call.ctx.store.delete("canvas", id)
    call.ctx.store.delete("file", id)
    return {}


@method("canvases.access.set", "canvases.access.delete")
def access(call: Call) -> dict[str, Any]:
    """Who may read or write it."""
    found = canvas(call)
    known = dict(found["access"])
    for id in (*call.args.names("user_ids"), *call.args.names("channel_ids")):
        known.pop(id, None)
        if "access_level" in call.args:
            known[id] = call.args.text("access_level")
    call.ctx.store.update("canvas", found["id"], access=known)
    return {}


@method("canvases.sections.lookup")
def lookup(call: Call) -> dict[str, Any]:
    """Its sections of some kinds, or with a text."""
    criteria = call.args.json("criteria", "invalid_arguments") or {}
    if not isinstance(criteria, dict):
        raise fail("invalid_arguments")
    kinds = criteria.get("section_types") or []
    if not isinstance(kinds, list) or any(each not in ("h1", "h2", "h3", "any_header") for each in kinds):
        raise fail("invalid_arguments")
    parts = canvaskit.found(canvas(call)["sections"], kinds, str(criteria.get("contains_text") or ""))
    return {"sections": [{"id": part["id"]} for part in parts]}


# lists ---------------------------------------------------------------------------------------------------------------


def _list(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("list", call.args.text("list_id") or call.args.text("id"))
    if found is None:
        raise fail("list_not_found")
    return found


def _item(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("list_item", call.args.text("id"))
    if found is None or found["list_id"] != _list_id(call):
        raise fail("row_not_found")
    return found


def _list_id(call: Call) -> str:
    return str(_list(call)["id"]) if "list_id" in call.args else ""


@method("slackLists.create")
def create_list(call: Call) -> dict[str, Any]:
    """A list with columns."""
    name = call.args.need("name")
    schema = call.args.json("schema", "invalid_arguments") or []
    id = call.ctx.new_id("list")
    call.ctx.store.insert("list", {"id": id, "name": name, "schema": schema, "user": call.user})
    filekit.new_document(call.ctx, id, name, 0, call.user, call.team, "List")
    return {"list_id": id, "list_metadata": {"schema": schema}}


@method("slackLists.update")
def update_list(call: Call) -> dict[str, Any]:
    """Another name."""
    call.ctx.store.update(
        "list", _list(call)["id"], **({"name": call.args.text("name")} if "name" in call.args else {})
    )
    return {}


@method("slackLists.items.create")
def create_item(call: Call) -> dict[str, Any]:
    """A row."""
    found = _list(call)
    item = {
        "id": call.ctx.new_id("list_item"), "list_id": found["id"], "date_created": call.ctx.now,
        "created_by": call.user, "updated_by": call.user,
        "fields": call.args.json("initial_fields", "invalid_arguments") or [],
    }  # fmt: skip
    call.ctx.store.insert("list_item", item, parent=found["id"])
    return {"item": item}


@method("slackLists.items.list")
def list_items(call: Call) -> dict[str, Any]:
    """All rows."""
    rows = list(call.ctx.store.select("list_item", parent=_list(call)["id"], order="oldest"))
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "item")
    return {"items": shown, "response_metadata": metadata}


@method("slackLists.items.info")
def item_info(call: Call) -> dict[str, Any]:
    """One row."""
    return {"record": _item(call), "list": _list(call)}


@method("slackLists.items.update")
def update_items(call: Call) -> dict[str, Any]:
    """Other cells."""
    found = _list(call)
    for cell in call.args.json("cells", "invalid_arguments") or []:
        item = call.ctx.store.find("list_item", str(cell.get("row_id", "")))
        if item is None or item["list_id"] != found["id"]:
            raise fail("row_not_found")
        kept = [field for field in item["fields"] if field.get("column_id") != cell.get("column_id")]
        fields = [*kept, {name: value for name, value in cell.items() if name != "row_id"}]
        call.ctx.store.update("list_item", item["id"], fields=fields, updated_by=call.user)
    return {}


@method("slackLists.items.delete")
def delete_item(call: Call) -> dict[str, Any]:
    """Away with one."""
    call.ctx.store.delete("list_item", _item(call)["id"])
    return {}


@method("slackLists.items.deleteMultiple")
def delete_items(call: Call) -> dict[str, Any]:
    """Away with several."""
    found = _list(call)
    for id in call.args.names("ids"):
        item = call.ctx.store.find("list_item", id)
        if item is not None and item["list_id"] == found["id"]:
            call.ctx.store.delete("list_item", id)
    return {}
