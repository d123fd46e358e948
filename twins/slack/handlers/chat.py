"""chat.*: posting, changing, deleting. Source: https://docs.slack.dev/reference/methods. Imports: messages, places."""

from __future__ import annotations

from typing import Any

from twins.slack import messages, people, places, postrules, stamps
from twins.slack.call import Call, method
from twins.slack.failing import fail


def target(call: Call, given: str, error: str = "channel_not_found") -> dict[str, Any]:
    """The conversation that a message goes to: an id, a name with or without #, or a person. Raises `error`."""
    store = call.ctx.store
    channel = store.find("channel", given)
    if channel is None and given[:1] in ("U", "W") and store.find("user", given) is not None:
        return places.direct(call.ctx, call.team, [call.user, given])
    if channel is None and given.startswith("@"):
        user = people.named(call.ctx, given)
        if user is not None:
            return places.direct(call.ctx, call.team, [call.user, str(user["id"])])
    if channel is None:
        channel = places.by_name(call.ctx, call.team, given.removeprefix("#"))
    if channel is None or not places.belongs(channel, call.team) or not places.sees(call.ctx, channel, call.user):
        raise fail(error)
    return channel


def postable(call: Call, given: str) -> dict[str, Any]:
    """A conversation that the caller may post to. Raises `is_archived`, `not_in_channel`, `restricted_action_…`."""
    if not given:
        raise fail("channel_not_found")
    channel = target(call, given)
    if channel["is_archived"]:
        raise fail("is_archived")
    if not places.is_member(call.ctx, channel["id"], call.user):
        public = channel["kind"] == "public" and call.is_bot and "chat:write.public" in call.scopes
        if not public:
            raise fail("not_in_channel")
    postrules.check(call, channel, call.args.text("thread_ts"))
    return channel


@method("chat.postMessage")
def post_message(call: Call) -> dict[str, Any]:
    """Say something."""
    args = call.args
    channel = postable(call, args.text("channel"))
    said = {**messages.dressed(call), **messages.composed(call)}
    thread = args.text("thread_ts")
    done = messages.post(call.ctx, channel, said, thread_ts=thread, broadcast=args.flag("reply_broadcast"))
    return {"channel": channel["id"], "ts": done["ts"], "message": messages.shown(done), **messages.cut(args)}


@method("chat.meMessage")
def me_message(call: Call) -> dict[str, Any]:
    """Say what one does."""
    channel = postable(call, call.args.text("channel"))
    if len(call.args.text("text")) > messages.MAX_TEXT:
        raise fail("msg_too_long")
    content = messages.composed(call)
    content.pop("blocks", None)
    done = messages.post(call.ctx, channel, {**messages.author(call), **content, "subtype": "me_message"})
    return {"channel": channel["id"], "ts": done["ts"]}


@method("chat.postEphemeral")
def post_ephemeral(call: Call) -> dict[str, Any]:
    """Say something that one person sees, once."""
    channel = postable(call, call.args.text("channel"))
    user = call.args.need("user")
    if places.membership(call.ctx, channel["id"], user) is None:
        raise fail("user_not_in_channel")
    said = {**messages.dressed(call), **messages.composed(call)}
    return {"message_ts": places.whisper(call.ctx, channel["id"], user, said), **messages.cut(call.args)}


@method("chat.update")
def update(call: Call) -> dict[str, Any]:
    """Change what one has said."""
    args = call.args
    channel = target(call, args.text("channel"))
    before = messages.need(call.ctx, channel["id"], args.text("ts"))
    if not own(call, before) or before.get("subtype") in ("channel_join", "channel_leave"):
        raise fail("cant_update_message")
    if before.get("stream"):
        raise fail("streaming_state_conflict")
    content = _changed(call, before)
    edited = {"user": call.user, "ts": stamps.new_ts(call.ctx)}
    after = messages.change(call.ctx, channel, before, {**content, "edited": edited})
    return {"channel": channel["id"], "ts": after["ts"], "text": after["text"], "message": messages.bare(after)}


def _changed(call: Call, before: dict[str, Any]) -> dict[str, Any]:
    """New content: what is not given stays, except that text alone takes the blocks away."""
    args = call.args
    given = {name for name in ("text", "blocks", "attachments", "markdown_text") if args.data.get(name) is not None}
    if not given:
        raise fail("no_text")
    if len(args.text("text")) > messages.MAX_TEXT:
        raise fail("msg_too_long")
    cleared: dict[str, Any] = {}
    for name in ("blocks", "attachments"):
        if name in given and not args.json(name):
            cleared[name] = None
    if cleared and "text" not in given:
        return {**cleared, "text": before.get("text", "")}
    content = messages.composed(call)
    if "text" not in given and "markdown_text" not in given:
        content["text"] = before.get("text", "")
    if "markdown_text" in given and "blocks" not in given:
        content["blocks"] = None
    return {**content, **cleared}


def own(call: Call, message: dict[str, Any]) -> bool:
    """Whether the caller wrote a message."""
    if call.is_bot:
        return message.get("bot_id") == call.bot
    return message.get("user") == call.user and not message.get("bot_id")


@method("chat.delete")
def delete(call: Call) -> dict[str, Any]:
    """Take back what one has said; an admin, what anybody has."""
    channel = target(call, call.args.text("channel"))
    message = messages.need(call.ctx, channel["id"], call.args.text("ts"))
    admin = not call.is_bot and call.is_admin
    if not own(call, message) and not admin:
        raise fail("cant_delete_message")
    messages.delete(call.ctx, channel, message)
    return {"channel": channel["id"], "ts": message["ts"]}


@method("chat.getPermalink")
def get_permalink(call: Call) -> dict[str, Any]:
    """The address of a message."""
    channel = places.find(call, call.args.text("channel"))
    message = messages.need(call.ctx, channel["id"], call.args.text("message_ts"))
    return {"channel": channel["id"], "permalink": messages.permalink(call.ctx, channel, message)}


@method("chat.unfurl")
def unfurl(call: Call) -> dict[str, Any]:
    """Put previews under the links of a message."""
    args = call.args
    unfurls = args.json("unfurls", "cannot_parse_attachment")
    asks = args.flag("user_auth_required") or args.text("user_auth_message") or args.text("user_auth_url")
    if not unfurls and not asks:
        raise fail("missing_unfurls")
    channel_id, ts = args.text("channel"), args.text("ts")
    if args.text("unfurl_id"):
        channel_id, _, ts = args.text("unfurl_id").partition(".")
    channel = target(call, channel_id)
    before = messages.need(call.ctx, channel["id"], ts, "cannot_unfurl_message")
    if not unfurls:
        return {}
    unknown = [url for url in unfurls if url.rstrip("/") not in str(before.get("text") or "")]
    if unknown:
        raise fail("cannot_unfurl_url")
    previews = [
        {"id": place, "from_url": url, "app_unfurl_url": url, "is_app_unfurl": True, "app_id": call.app, **preview}
        for place, (url, preview) in enumerate(unfurls.items(), 1)
    ]
    messages.change(call.ctx, channel, before, {"attachments": [*before.get("attachments", ()), *previews]})
    return {}
