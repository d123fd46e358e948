"""chat.startStream, appendStream, stopStream. Source: https://docs.slack.dev/reference/methods. Imports: messages."""

from __future__ import annotations

from typing import Any

from twins.slack import messages
from twins.slack.args import Args
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.handlers.chat import own, postable, target

LONGEST = 12_000


def piece(args: Args) -> str:
    """The next part of the text: markdown, or the texts of chunks. Raises `msg_too_long`."""
    text = args.text("markdown_text")
    for chunk in args.json("chunks", "invalid_chunks") or ():
        if isinstance(chunk, dict) and chunk.get("type") == "markdown_text":
            text += str(chunk.get("text", ""))
    if len(text) > LONGEST:
        raise fail("msg_too_long")
    return text


@method("chat.startStream")
def start(call: Call) -> dict[str, Any]:
    """Begin a reply that grows."""
    channel = postable(call, call.args.text("channel"))
    thread = call.args.text("thread_ts")
    if not thread:
        raise fail("invalid_arguments")
    if channel["kind"] != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            if name not in call.args:
                raise fail(f"missing_{name}")
    said = {**messages.author(call), "text": piece(call.args), "stream": True, "streaming_state": "in_progress"}
    done = messages.post(call.ctx, channel, said, thread_ts=thread)
    return {"channel": channel["id"], "ts": done["ts"]}


def _streaming(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    channel = target(call, call.args.text("channel"))
    message = messages.need(call.ctx, channel["id"], call.args.text("ts"))
    if not own(call, message):
        raise fail("message_not_owned_by_app")
    if not message.get("stream"):
        raise fail("message_not_in_streaming_state")
    return channel, message


@method("chat.appendStream")
def append(call: Call) -> dict[str, Any]:
    """Add to it."""
    channel, message = _streaming(call)
    text = piece(call.args)
    if not text and not call.args.json("chunks"):
        raise fail("no_text")
    messages.save(call.ctx, channel["id"], {**message, "text": message["text"] + text})
    return {"channel": channel["id"], "ts": message["ts"]}


@method("chat.stopStream")
def stop(call: Call) -> dict[str, Any]:
    """End it, with blocks under it where there are some."""
    channel, message = _streaming(call)
    changes: dict[str, Any] = {"text": message["text"] + piece(call.args), "stream": None}
    changes["streaming_state"] = "completed"
    blocks = call.args.json("blocks", "invalid_blocks_format")
    if blocks:
        changes["blocks"] = messages.checked_blocks(call.ctx, blocks)
    after = messages.change(call.ctx, channel, message, changes)
    return {"channel": channel["id"], "ts": after["ts"], "message": messages.shown(after)}
