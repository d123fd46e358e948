"""Channels of records outside, connections to accounts outside, details of work objects. Imports: call, places.

Sources: https://docs.slack.dev/reference/methods/admin.conversations.linkObjects, /apps.user.connection.update,
/entity.presentDetails.
"""

from __future__ import annotations

from typing import Any

from twins.slack import modals, places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers import channels
from twins.slack.handlers.workspace_admin import admin

STATUSES = ("connected", "disconnected")


# channels of records -------------------------------------------------------------------------------------------------


def _channel(call: Call, id: str) -> dict[str, Any]:
    admin(call)
    found = call.ctx.store.find("channel", id)
    if found is None or found["team"] != call.team:
        raise fail("channel_not_found")
    return found


def _link(call: Call, channel: dict[str, Any], record: str) -> None:
    """Make a channel the one of a record."""
    call.args.need("salesforce_org_id")
    told = {"record_id": record, "record_type": "", "record_label": "", "record_label_plural": ""}
    properties = {**channel.get("properties", {}), "record_channel": told}
    call.ctx.store.update("channel", channel["id"], properties=properties)


@method("admin.conversations.createForObjects")
def create_for(call: Call) -> dict[str, Any]:
    """A channel for a record."""
    admin(call)
    record = call.args.need("object_id")
    name = places.check_name(f"record-{record.lower()}")
    if places.by_name(call.ctx, call.team, name) is not None:
        raise fail("name_taken")
    channel = places.new_channel(call.ctx, call.ctx.new_id("channel"), name, call.user, call.team)
    places.add(call.ctx, channel, [call.user])
    _link(call, channel, record)
    return {"channel_id": channel["id"]}


@method("admin.conversations.linkObjects")
def link(call: Call) -> dict[str, Any]:
    """Make a channel the one of a record."""
    _link(call, _channel(call, call.args.need("channel")), call.args.need("record_id"))
    return {}


@method("admin.conversations.unlinkObjects")
def unlink(call: Call) -> dict[str, Any]:
    """A channel with another name, of no record."""
    channel = _channel(call, call.args.need("channel"))
    name = places.check_name(call.args.need("new_name"))
    if places.by_name(call.ctx, call.team, name) is not None:
        raise fail("name_taken")
    kept = {key: value for key, value in channel.get("properties", {}).items() if key != "record_channel"}
    call.ctx.store.update("channel", channel["id"], properties=kept)
    channels.apply_name(call.ctx, call.ctx.store.get("channel", channel["id"]), name, call.user)
    return {}


@method("admin.conversations.bulkSetProperties")
def bulk_set(call: Call) -> dict[str, Any]:
    """Give several channels a property."""
    ids = call.args.need("channel_ids") and call.args.names("channel_ids")
    given = call.args.json("property", "invalid_arguments")
    if not isinstance(given, dict):
        raise missing_argument("property")
    for channel in [_channel(call, id) for id in ids]:
        properties = {**channel.get("properties", {}), **given}
        call.ctx.store.update("channel", channel["id"], properties=properties)
    return {"bulk_action_id": call.ctx.new_id("{upper:12}")}


# connections of people -----------------------------------------------------------------------------------------------


def _connect(call: Call, users: list[str], status: str) -> None:
    for user in users:
        if call.ctx.store.raw("user", user) is None:
            raise fail("user_not_found")
        id = f"{call.app} {user}"
        if call.ctx.store.find("connection", id) is None:
            call.ctx.store.insert("connection", {"id": id, "status": status})
        else:
            call.ctx.store.update("connection", id, status=status)


@method("apps.user.connection.update")
def update_connection(call: Call) -> dict[str, Any]:
    """Whether somebody is connected to the app's service."""
    status = call.args.need("status")
    if status not in STATUSES:
        raise fail("invalid_arguments")
    _connect(call, [call.args.need("user_id")], status)
    return {}


@method("apps.user.connection.bulkUpdate")
def update_connections(call: Call) -> dict[str, Any]:
    """The same for several."""
    for status in STATUSES:
        _connect(call, call.args.names(f"{status}_user_ids"), status)
    return {}


@method("apps.user.connection.requestAuth")
def request_auth(call: Call) -> dict[str, Any]:
    """Ask somebody to connect."""
    call.args.need("primary_provider")
    trigger = call.args.text("trigger_id")
    user = modals.exchange(call.ctx, trigger, call.app)["user"] if trigger else call.args.need("user_id")
    _connect(call, [str(user)], "requested")
    return {}


# work objects --------------------------------------------------------------------------------------------------------


@method("entity.presentDetails")
def present_details(call: Call) -> dict[str, Any]:
    """What somebody sees who opens a work object; kept by the trigger, in `entity`."""
    id = call.args.need("trigger_id")
    trigger = modals.exchange(call.ctx, id, call.app)
    error, metadata = call.args.json("error", "invalid_arguments"), call.args.json("metadata", "invalid_arguments")
    if not error and not metadata and not call.args.flag("user_auth_required"):
        raise missing_argument("metadata")
    call.ctx.store.insert("entity", {"id": id, "user": trigger["user"], "metadata": metadata, "error": error})
    return {}
