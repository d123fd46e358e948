"""assistant.threads.*, assistant.search.*: what assistants show and look up. Imports: call, places, handlers.search.

Sources: https://docs.slack.dev/ai/developing-ai-apps, /reference/methods/assistant.search.context.
"""

from __future__ import annotations

from typing import Any

from twins.slack import messages, paging, places
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.handlers.search import found_messages, query_of

MOST = 20
MOST_PROMPTS = 4


@method("assistant.threads.setStatus", "assistant.threads.setTitle", "assistant.threads.setSuggestedPrompts")
def set_thread(call: Call) -> dict[str, Any]:
    """What an assistant's thread shows beside its messages."""
    channel, ts = call.args.need("channel_id"), call.args.text("thread_ts")
    place = places.find(call, channel)
    prompts = call.args.json("prompts", "invalid_arguments")
    if prompts is not None and (not isinstance(prompts, list) or len(prompts) > MOST_PROMPTS):
        raise fail("invalid_arguments")
    key = f"{channel} {ts}"
    changes = {name: call.args.data[name] for name in ("status", "title", "loading_messages") if name in call.args.data}
    if prompts is not None:
        changes["prompts"] = prompts
    if call.ctx.store.find("assistant_thread", key) is None:
        call.ctx.store.insert("assistant_thread", {"id": key})
    call.ctx.store.update("assistant_thread", key, **changes)
    if "title" in changes:
        _retitle(call, place, ts, str(changes["title"]))
    return {}


def _retitle(call: Call, place: dict[str, Any], ts: str, title: str) -> None:
    """Put the title into the message that the thread hangs on."""
    found = messages.find(call.ctx, place["id"], ts) if ts else None
    if found is not None and found[1].get("assistant_app_thread"):
        shown = {**found[1]["assistant_app_thread"], "title": title}
        messages.change(call.ctx, place, found[1], {"assistant_app_thread": shown, "text": title})


@method("assistant.search.context")
def context(call: Call) -> dict[str, Any]:
    """Messages that fit a question, newest first, in conversations that the caller sees."""
    query = query_of(call)
    kinds = call.args.names("channel_types") or ["public_channel"]
    if any(kind not in places.KINDS for kind in kinds):
        raise fail("invalid_arguments")
    wanted = [places.KINDS[kind] for kind in kinds]
    rows = [row for row in found_messages(call, query) if row["place"]["kind"] in wanted]
    first, last = call.args.whole("after", 0), call.args.whole("before", 0)
    rows = [row for row in rows if first <= int(row["ts"].partition(".")[0]) <= (last or int(9e9))]
    if not call.args.flag("include_bots"):
        rows = [row for row in rows if not row.get("bot_id")]
    shown, metadata = paging.page(
        call.args, rows, lambda row: f"{row['place']['id']} {row['ts']}", "context", default=MOST, maximum=MOST
    )
    return {"results": {"messages": [_result(call, row) for row in shown]}, "response_metadata": metadata}


def _result(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    place = row["place"]
    author = call.ctx.store.find("user", str(row.get("user") or "")) or {}
    found = {
        "author_user_id": row.get("user", ""), "author_name": author.get("real_name", ""), "team_id": place["team"],
        "channel_id": place["id"], "channel_name": place["name"], "message_ts": row["ts"], "content": row["text"],
        "is_author_bot": bool(row.get("bot_id")), "permalink": messages.permalink(call.ctx, place, row),
    }  # fmt: skip
    if call.args.flag("include_message_blocks"):
        found["blocks"] = row.get("blocks", [])
    return found


@method("assistant.search.info")
def search_info(call: Call) -> dict[str, Any]:
    """What the search of this workspace can do: words, not meanings."""
    return {"is_ai_search_enabled": False}
