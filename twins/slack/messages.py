"""Messages: composing, posting, threads, changing, deleting, and the events all of this causes.

Sources: https://docs.slack.dev/messaging, /reference/events/message. Imports: blocks, places, stamps, webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from twinkit import Ctx, Filter
from twins.slack import blocks as kit
from twins.slack import people, places, richtext, stamps, webhooks
from twins.slack.args import Args
from twins.slack.call import Call
from twins.slack.failing import fail, fail_with

MAX_TEXT = 40_000
MAX_MARKDOWN = 12_000
MAX_ATTACHMENTS = 100
COLORS = {"good": "2eb886", "warning": "daa038", "danger": "a30200"}
"""Names of colours of attachments: https://docs.slack.dev/legacy/legacy-messaging/legacy-message-attachments."""
BESIDE_BLOCKS = frozenset((
    "pretext", "text", "title", "title_link", "fields", "actions", "callback_id", "attachment_type", "mrkdwn_in",
    "author_name", "author_link", "author_icon", "image_url", "thumb_url", "footer", "footer_icon",
))  # fmt: skip
"""What an attachment may not have beside blocks, empty or not: https://github.com/slackapi/java-slack-sdk/pull/416."""
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
LINK = re.compile(r"https?://[^\s|>]+")
EMPTY = re.compile(r"\s*\Z")


# composing -----------------------------------------------------------------------------------------------------------

TRUNCATED: dict[str, Any] = {
    "warning": "message_truncated",
    "response_metadata": {
        "warnings": ["message_truncated"],
        "messages": [
            "[WARN] Your message was truncated but still posted. The `text` field accepts up to 40,000 characters."
        ],
    },
}
"""What a reply says of a text that was cut: https://docs.slack.dev/changelog/2018-truncating-really-long-messages."""


def cut(call_args: Args) -> dict[str, Any]:
    """What the reply to a message says where its text was too long to be kept whole."""
    return TRUNCATED if len(call_args.text("text")) > MAX_TEXT else {}


def content(call_args: Args, ctx: Ctx) -> dict[str, Any]:
    """Text, blocks, attachments and metadata of a message. Raises the documented errors for those that do not do."""
    text = call_args.text("text")
    found: dict[str, Any] = {"text": text}
    blocks = call_args.json("blocks", "invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise fail("invalid_blocks_format")
    if blocks:
        found["blocks"] = checked_blocks(ctx, blocks)
    attachments = call_args.json("attachments", "invalid_attachments")
    if attachments:
        found["attachments"] = _attachments(ctx, attachments)
    markdown = call_args.text("markdown_text")
    _together(found)
    if markdown:
        if blocks or found["text"]:
            raise fail("markdown_text_conflict")
        if len(markdown) > MAX_MARKDOWN:
            raise fail("msg_too_long")
        found["text"] = markdown
    text = found["text"] = found["text"][:MAX_TEXT]
    metadata = call_args.json("metadata", "invalid_metadata_format")
    if metadata:
        event = isinstance(metadata, dict) and {"event_type", "event_payload"} <= metadata.keys()
        if not event and not (isinstance(metadata, dict) and isinstance(metadata.get("entities"), list)):
            raise fail("invalid_metadata_format")
        found["metadata"] = metadata
    if EMPTY.match(found["text"]) and not blocks and not attachments:
        raise fail("no_text")
    if not markdown and not EMPTY.match(text):
        found["text"] = stored_text(ctx, call_args, text)
        if not blocks:
            mrkdwn = call_args.flag("mrkdwn", True) and call_args.text("parse") != "full"
            found["blocks"] = [richtext.block(found["text"], lambda: ctx.token("alnum", 5), mrkdwn=mrkdwn)]
    return found


def stored_text(ctx: Ctx, call_args: Args, text: str) -> str:
    """A text as messages show it: escaped, with its addresses linked, and names where the caller asks for them."""
    parse, link = call_args.text("parse"), call_args.flag("link_names")
    return richtext.stored(text, parse=parse, link_names=link, names=_names(ctx) if link or parse == "full" else None)


def _names(ctx: Ctx) -> richtext.Names:
    groups = {group["handle"]: group["id"] for group in ctx.store.select("subteam") if not group["date_delete"]}
    channels = {place["name"]: place["id"] for place in ctx.store.select("channel") if place["kind"] == "public"}
    return richtext.Names(groups, channels)


def _together(found: Mapping[str, Any]) -> None:
    """Refuse what blocks may not have together: a second table, more than 12,000 characters of markdown.

    https://docs.slack.dev/reference/block-kit/blocks/table-block, …/markdown-block.
    """
    every = [*found.get("blocks", ()), *(b for each in found.get("attachments", ()) for b in each.get("blocks") or ())]
    inner = [child for block in every for child in block.get("child_blocks") or ()]
    if sum(block["type"] in ("table", "data_table") for block in (*every, *inner)) > 1:
        raise fail_with("invalid_attachments", ["only_one_table_allowed"])
    if sum(len(block["text"]) for block in every if block["type"] == "markdown") > MAX_MARKDOWN:
        raise fail("msg_blocks_too_long")


def checked_blocks(ctx: Ctx, blocks: Any) -> list[Any]:
    """The blocks with ids. Raises `invalid_blocks` with the reasons."""
    wrong = [str(each) for each in kit.check_blocks(blocks)]
    if wrong:
        raise fail_with("invalid_blocks", wrong, errors=wrong)
    return kit.with_ids(blocks, lambda: ctx.token("alnum", 5))


def _attachments(ctx: Ctx, given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise fail("invalid_attachments")
    if len(given) > MAX_ATTACHMENTS:
        raise fail("too_many_attachments")
    done = []
    for place, item in enumerate(given, 1):
        made = {"id": place, **item}
        if made.get("blocks") and not BESIDE_BLOCKS.isdisjoint(item):
            raise fail_with("invalid_attachments", ["invalid_keys"])
        if made.get("blocks"):
            made["blocks"] = checked_blocks(ctx, made["blocks"])
        if not made.get("fallback"):
            made["fallback"] = made.get("text") or "[no preview available]"
        if made.get("color"):
            made["color"] = COLORS.get(str(made["color"]), str(made["color"]).removeprefix("#"))
        if isinstance(made.get("actions"), list):
            made["actions"] = [{"id": str(nth), **action} for nth, action in enumerate(made["actions"], 1)]
        done.append(made)
    return done


def author(call: Call) -> dict[str, Any]:
    """Who a message shows as its author."""
    found: dict[str, Any] = {"user": call.user, "type": "message"}
    if call.is_bot:
        found.update(people.voice(call.ctx.store.raw("bot", call.bot) or b"{}"))
    return {**found, "team": call.team}


def composed(call: Call) -> dict[str, Any]:
    """The content of what a caller says, who may embed videos only with `links.embed:write`. Raises `invalid_blocks`.

    https://docs.slack.dev/reference/block-kit/blocks/video-block.
    """
    found = content(call.args, call.ctx)
    if "links.embed:write" not in call.scopes and any(b["type"] == "video" for b in found.get("blocks", ())):
        raise fail("invalid_blocks")
    return found


def dressed(call: Call) -> dict[str, Any]:
    """The author, with another name and picture where the caller asks for them and may. Raises `missing_scope`."""
    found = author(call)
    args = call.args
    username, emoji, url = args.text("username"), args.text("icon_emoji"), args.text("icon_url")
    if not (username or emoji or url) or not call.is_bot:
        return found
    if "chat:write.customize" not in call.scopes:
        raise fail("missing_scope", needed="chat:write.customize", provided=",".join(call.token["scopes"]))
    found.pop("user")
    found.update({"subtype": "bot_message", "username": username or found["bot_profile"]["name"]})
    if emoji:
        found["icons"] = {"emoji": f":{emoji.strip(':')}:"}
    elif url:
        found["icons"] = {"image_48": url, "image_64": url}
    return found


# reading -------------------------------------------------------------------------------------------------------------


def key(channel: str, ts: str) -> str:
    """A message's place in the store."""
    return f"{channel} {ts}"


def find(ctx: Ctx, channel: str, ts: str) -> tuple[str, dict[str, Any]] | None:
    """(resource, message) of a timestamp; None when nothing was said then."""
    for resource in ("message", "reply"):
        found = ctx.store.find(resource, key(channel, ts))
        if found is not None:
            return resource, found
    return None


def need(ctx: Ctx, channel: str, ts: str, error: str = "message_not_found") -> dict[str, Any]:
    """The message of a timestamp. Raises `error`; a tombstone counts as nothing."""
    found = find(ctx, channel, ts)
    if found is None or found[1].get("subtype") == "tombstone":
        raise fail(error)
    return found[1]


def save(ctx: Ctx, channel: str, message: Mapping[str, Any]) -> None:
    """Write a changed message back, wherever it is shown."""
    for resource in ("message", "reply"):
        if ctx.store.find(resource, key(channel, str(message["ts"]))) is not None:
            ctx.store.replace(resource, key(channel, str(message["ts"])), message)


INNER = frozenset(("channel", "stream", "id"))
THREAD = frozenset(
    ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked", "subscribed")
)
"""Properties that only the store has, and those that a message has for its replies."""


def shown(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as replies show it."""
    return {name: value for name, value in message.items() if name not in INNER}


@lru_cache(maxsize=4096)
def glimpse(raw: bytes) -> tuple[orjson.Fragment, bool]:
    """A stored message as replies show it, and whether it looks other to some: it has a thread, or metadata."""
    message = orjson.loads(raw)
    fragment = orjson.Fragment(orjson.dumps(shown(message)))
    return fragment, bool(message.get("reply_count") or message.get("metadata"))


def bare(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as `chat.update` shows it: without its time and its thread."""
    return {name: value for name, value in message.items() if name not in INNER | THREAD and name != "ts"}


def seen_by(message: dict[str, Any], user: str, last_read: str) -> dict[str, Any]:
    """A message as somebody sees it: `subscribed` to its thread who wrote in it; no user for a bot's token."""
    if not message.get("reply_count"):
        return message
    subscribed = bool(user) and user in (message.get("user"), *message.get("reply_users", ()))
    return {**message, "subscribed": subscribed, **({"last_read": last_read} if subscribed else {})}


def unread(ctx: Ctx, channel: Mapping[str, Any], member: Mapping[str, Any]) -> dict[str, Any]:
    """What a member has not read: where he stopped, what came last, and how many came since."""
    store = ctx.store
    newest = store.list("message", parent=channel["id"], limit=1).ids
    latest = shown(store.get("message", newest[0])) if newest else None
    since = stamps.micros_of(member["last_read"])
    count = len(store.list("message", [Filter("@created", ">", since)], parent=channel["id"], limit=1000).ids)
    return {
        "last_read": member["last_read"], "latest": latest, "unread_count": count, "unread_count_display": count,
    }  # fmt: skip


# posting -------------------------------------------------------------------------------------------------------------


def post(
    ctx: Ctx, channel: dict[str, Any], message: dict[str, Any], *, thread_ts: str = "", broadcast: bool = False
) -> dict[str, Any]:
    """Store a message, keep its thread's counters, tell the apps. Returns it with its `ts`."""
    id = channel["id"]
    parent = _thread(ctx, id, thread_ts)
    said = {**message, "type": "message", "ts": stamps.new_ts(ctx), "channel": id}
    micros = stamps.micros_of(said["ts"])
    if parent is None:
        ctx.store.insert("message", said, id=key(id, said["ts"]), parent=id, created=micros)
    else:
        said.update({"thread_ts": parent["ts"], "parent_user_id": parent.get("user", "")})
        if broadcast:
            said.update({"subtype": "thread_broadcast", "root": _root(parent)})
        ctx.store.insert("reply", said, id=key(id, said["ts"]), parent=key(id, parent["ts"]), created=micros)
        _count_reply(ctx, id, parent, said)
        if broadcast:
            ctx.store.insert("message", said, id=key(id, said["ts"]), parent=id, created=micros)
    writer = str(said.get("user") or "")
    if writer and not said.get("bot_id") and places.is_member(ctx, id, writer):
        ctx.store.update("member", f"{id} {writer}", last_read=said["ts"])
    announce(ctx, channel, said)
    return said


def _root(parent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown(parent).items() if name != "root"}


def _thread(ctx: Ctx, channel: str, thread_ts: str) -> dict[str, Any] | None:
    """The parent of a thread; a reply's timestamp leads to its parent. Raises `thread_not_found`."""
    if not thread_ts:
        return None
    found = find(ctx, channel, thread_ts)
    if found is None:
        raise fail("thread_not_found")
    resource, message = found
    if resource == "reply" or message.get("subtype") == "thread_broadcast":
        return ctx.store.find("message", key(channel, message["thread_ts"]))
    return message


def _count_reply(ctx: Ctx, channel: str, parent: dict[str, Any], said: Mapping[str, Any]) -> None:
    users = list(parent.get("reply_users", ()))
    writer = str(said.get("user") or said.get("bot_id") or "")
    if writer and writer not in users:
        users.append(writer)
    parent.update(
        thread_ts=parent["ts"], reply_count=int(parent.get("reply_count", 0)) + 1, reply_users=users,
        reply_users_count=len(users), latest_reply=said["ts"], is_locked=False, subscribed=False,
    )  # fmt: skip
    save(ctx, channel, parent)


def announce(ctx: Ctx, channel: dict[str, Any], said: Mapping[str, Any]) -> None:
    """The events of a new message: `message.*`, and `app_mention` for each bot it names."""
    place = {"channel": channel["id"], "channel_type": places.event_kind(channel), "event_ts": said["ts"]}
    team = channel["team"]
    webhooks.notify(ctx, team, "message", {**shown(said), **place}, channel=channel["id"])
    text = str(said.get("text") or "")
    for user in dict.fromkeys(MENTION.findall(text)) if "<@" in text else ():
        bot = people.find(ctx, user) if ctx.store.find("user", user) else {}
        app = bot.get("profile", {}).get("api_app_id") if bot.get("is_bot") else None
        if app and user != said.get("user") and channel["kind"] != "im":
            event = {**shown(said), "channel": channel["id"], "event_ts": said["ts"]}
            webhooks.notify(ctx, team, "app_mention", event, channel=channel["id"], app=str(app))
    _share_links(ctx, channel, said)
    if said.get("metadata"):
        _tell_metadata(ctx, channel, "posted", said, {"metadata": said["metadata"]})


def _tell_metadata(
    ctx: Ctx, channel: dict[str, Any], what: str, said: Mapping[str, Any], more: Mapping[str, Any]
) -> None:
    """https://docs.slack.dev/reference/events/message_metadata_posted, `…_updated`, `…_deleted`."""
    event = {
        "app_id": said.get("app_id", ""), "bot_id": said.get("bot_id", ""), "user_id": said.get("user", ""),
        "team_id": channel["team"], "channel_id": channel["id"], "message_ts": said["ts"], "event_ts": said["ts"],
        **more,
    }  # fmt: skip
    webhooks.notify(ctx, channel["team"], f"message_metadata_{what}", event, channel=channel["id"])


def _share_links(ctx: Ctx, channel: dict[str, Any], said: Mapping[str, Any]) -> None:
    """Tell each app of the links to its domains, whether its bot is in the conversation or not."""
    urls = () if said.get("bot_id") else LINK.findall(str(said.get("text") or ""))
    for app in webhooks.apps(ctx) if urls else ():
        links = [{"url": url, "domain": url.split("/")[2]} for url in dict.fromkeys(urls)]
        links = [link for link in links if _unfurls(app, link["domain"])]
        bot = webhooks.bot_user(ctx, app["id"], channel["team"]) if links else ""
        if not bot:
            continue
        event = {
            "user": said.get("user", ""), "channel": channel["id"], "message_ts": said["ts"], "event_ts": said["ts"],
            "links": links, "source": "conversations_history", "unfurl_id": f"{channel['id']}.{said['ts']}",
            "is_bot_user_member": places.is_member(ctx, channel["id"], bot),
        }  # fmt: skip
        if said.get("thread_ts"):
            event["thread_ts"] = said["thread_ts"]
        webhooks.notify(ctx, channel["team"], "link_shared", event, app=app["id"])


def _unfurls(app: Mapping[str, Any], domain: str) -> bool:
    """Whether a domain, or one above it, is among those an app unfurls."""
    host = domain.partition(":")[0]
    return any(each == "*" or host == each or host.endswith(f".{each}") for each in app.get("unfurl_domains") or ())


def system(ctx: Ctx, channel: dict[str, Any], subtype: str, user: str, text: str, **more: Any) -> dict[str, Any]:
    """A message of the service itself, such as `channel_join`."""
    home = {} if subtype.endswith(("_topic", "_purpose")) else {"team": channel["team"]}
    return post(ctx, channel, {"subtype": subtype, "user": user, "text": text, **home, **more})


# changing ------------------------------------------------------------------------------------------------------------


def change(ctx: Ctx, channel: dict[str, Any], before: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a message and tell the apps. Properties set to None go away."""
    after = {name: value for name, value in {**before, **changes}.items() if value is not None}
    save(ctx, channel["id"], after)
    _hidden(ctx, channel, "message_changed", {"message": shown(after), "previous_message": shown(before)})
    if after.get("metadata") and after["metadata"] != before.get("metadata"):
        kept = {"metadata": after["metadata"], "previous_metadata": before.get("metadata") or {}}
        _tell_metadata(ctx, channel, "updated", after, kept)
    return after


def delete(ctx: Ctx, channel: dict[str, Any], message: dict[str, Any]) -> None:
    """Delete a message; one with replies leaves a tombstone, a reply is taken off its thread's counters."""
    id = channel["id"]
    if int(message.get("reply_count", 0)):
        kept = ("ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply")
        stone = {name: message[name] for name in kept if name in message}
        stone.update(
            type="message", subtype="tombstone", text="This message was deleted.", user="USLACKBOT", hidden=True
        )
        save(ctx, id, stone)
    else:
        for resource in ("message", "reply"):
            if ctx.store.find(resource, key(id, message["ts"])) is not None:
                ctx.store.delete(resource, key(id, message["ts"]))
        if message.get("thread_ts") and message["thread_ts"] != message["ts"]:
            _uncount(ctx, id, message)
    if ctx.store.find("pin", key(id, message["ts"])) is not None:
        ctx.store.delete("pin", key(id, message["ts"]))
    _hidden(ctx, channel, "message_deleted", {"deleted_ts": message["ts"], "previous_message": shown(message)})
    if message.get("metadata"):
        gone = {"previous_metadata": message["metadata"], "deleted_ts": message["ts"]}
        _tell_metadata(ctx, channel, "deleted", message, gone)


def _uncount(ctx: Ctx, channel: str, reply: Mapping[str, Any]) -> None:
    parent = ctx.store.find("message", key(channel, str(reply["thread_ts"])))
    if parent is None:
        return
    place = key(channel, parent["ts"])
    count = int(parent["reply_count"]) - 1
    if count > 0:
        newest = ctx.store.list("reply", parent=place, sort="@created", limit=1).ids[0].partition(" ")[2]
        writer = reply.get("user") or reply.get("bot_id")
        users = [user for user in parent["reply_users"] if user != writer or _wrote(ctx, place, reply)]
        parent.update(reply_count=count, reply_users=users, reply_users_count=len(users), latest_reply=newest)
    elif parent.get("subtype") == "tombstone":
        ctx.store.delete("message", place)
        return
    else:
        parent = {name: value for name, value in parent.items() if name not in THREAD}
    save(ctx, channel, parent)


def _wrote(ctx: Ctx, place: str, reply: Mapping[str, Any]) -> bool:
    """Whether the writer of a reply has others in the thread."""
    name = "user" if reply.get("user") else "bot_id"
    return bool(ctx.store.list("reply", [Filter(name, "=", reply[name])], parent=place, limit=1).ids)


def _hidden(ctx: Ctx, channel: dict[str, Any], subtype: str, more: Mapping[str, Any]) -> None:
    ts = stamps.new_ts(ctx)
    event = {
        "subtype": subtype, "hidden": True, "channel": channel["id"], "channel_type": places.event_kind(channel),
        "ts": ts, "event_ts": ts, **more,
    }  # fmt: skip
    webhooks.notify(ctx, channel["team"], "message", event, channel=channel["id"])


def permalink(ctx: Ctx, channel: dict[str, Any], message: Mapping[str, Any]) -> str:
    """The address of a message."""
    team = ctx.store.get("team", channel["team"])
    link = f"https://{team['domain']}.slack.com/archives/{channel['id']}/p{str(message['ts']).replace('.', '')}"
    thread = message.get("thread_ts")
    if thread and thread != message["ts"]:
        link += f"?thread_ts={thread}&cid={channel['id']}"
    return link
