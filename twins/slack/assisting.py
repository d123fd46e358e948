"""The human's side, continued: controls that open an app's assistant and run its steps in workflows.

Sources: https://docs.slack.dev/reference/events/assistant_thread_started, /function_executed. Imports: human, messages.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, UsageError
from twins.slack import messages, people, places, twin, webhooks
from twins.slack.gestures import Data
from twins.slack.human import app_of, person, place

TITLE = "New Assistant Thread"


@twin.control("opens_assistant")
def opens_assistant(ctx: Ctx, data: Data) -> Any:
    """`user` opens the app's assistant while looking at `channel`; with `thread_ts`, looks at another one."""
    user = person(ctx, data)
    app = app_of(ctx, data)
    bot = next((b for b in ctx.store.select("bot") if b["app_id"] == app["id"] and not b["deleted"]), None)
    if bot is None:
        raise UsageError(f"the app {app['id']} has no bot")
    direct = places.direct(ctx, user["team_id"], [bot["user_id"], user["id"]])
    seen = place(ctx, data, user)
    ts = str(data.get("thread_ts") or "")
    kind = "assistant_thread_context_changed" if ts else "assistant_thread_started"
    if not ts:
        said = {
            "subtype": "assistant_app_thread", "user": bot["user_id"], "text": TITLE, "bot_id": bot["id"],
            "app_id": app["id"], "team": user["team_id"], "bot_profile": people.bot_profile(bot),
            "assistant_app_thread": {"title": TITLE, "title_blocks": [], "artifacts": []},
        }  # fmt: skip
        ts = messages.post(ctx, direct, said)["ts"]
    thread = {
        "user_id": user["id"], "channel_id": direct["id"], "thread_ts": ts,
        "context": {"channel_id": seen["id"], "team_id": user["team_id"], "enterprise_id": None},
    }  # fmt: skip
    webhooks.notify(ctx, user["team_id"], kind, {"assistant_thread": thread}, channel=direct["id"], app=app["id"])
    return {"channel": direct["id"], "thread_ts": ts}


@twin.control("runs_step")
def runs_step(ctx: Ctx, data: Data) -> Any:
    """A workflow of `user` comes to the app's step `callback_id`, with `inputs`; how it ended is in `execution`."""
    user = person(ctx, data)
    app = app_of(ctx, data)
    name = str(data.get("callback_id") or "")
    if not name:
        raise UsageError("which step? callback_id is missing")
    inputs = data.get("inputs") or {}
    id, workflow = ctx.new_id("Fx{upper:10}"), ctx.new_id("Wx{upper:10}")
    token = next((t for t in ctx.store.select("token") if t["app"] == app["id"] and t["kind"] == "bot"), None)
    ctx.store.insert(
        "execution", {"id": id, "app": app["id"], "callback_id": name, "state": "running", "user": user["id"]}
    )
    event = {
        "function": {
            "id": ctx.new_id("Fn{upper:10}"), "callback_id": name, "title": name, "description": "", "type": "app",
            "input_parameters": _parameters(inputs), "output_parameters": [], "app_id": app["id"],
            "date_created": ctx.now, "date_updated": ctx.now, "date_deleted": 0,
        },
        "inputs": inputs, "function_execution_id": id, "workflow_execution_id": workflow,
        "bot_access_token": token["token"] if token else "",
    }  # fmt: skip
    webhooks.notify(ctx, user["team_id"], "function_executed", event, app=app["id"])
    return {"id": id}


def _parameters(inputs: Any) -> list[dict[str, Any]]:
    if not isinstance(inputs, dict):
        raise UsageError("inputs is an object")
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return [
        {
            "type": kinds.get(type(value), "object"), "name": name, "title": name, "description": "",
            "is_required": True,
        }
        for name, value in inputs.items()
    ]  # fmt: skip
