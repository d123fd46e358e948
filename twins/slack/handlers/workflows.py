"""functions.*, workflows.step*, workflows.featured.*: what apps do in workflows. Imports: call, places.

Source: https://docs.slack.dev/reference/methods/functions.completeSuccess. A running step is a record of `execution`.
"""

from __future__ import annotations

from typing import Any

from twins.slack import places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument

MOST_FEATURED = 15


# custom steps --------------------------------------------------------------------------------------------------------


def _running(call: Call) -> dict[str, Any]:
    """The execution that is spoken of. Raises `function_execution_not_found`, `execution_not_in_running_state`."""
    found = call.ctx.store.find("execution", call.args.need("function_execution_id"))
    if found is None or found["app"] != call.app:
        raise fail("function_execution_not_found")
    if found["state"] != "running":
        raise fail("execution_not_in_running_state")
    return found


@method("functions.completeSuccess")
def complete_success(call: Call) -> dict[str, Any]:
    """A step is done, with these outputs."""
    execution = _running(call)
    if "outputs" not in call.args.data:
        raise missing_argument("outputs")
    outputs = call.args.json("outputs", "parameter_validation_failed")
    if not isinstance(outputs, dict):
        raise fail("parameter_validation_failed")
    call.ctx.store.update("execution", execution["id"], state="completed", outputs=outputs)
    return {}


@method("functions.completeError")
def complete_error(call: Call) -> dict[str, Any]:
    """A step failed, for a reason that its user is told."""
    execution = _running(call)
    call.ctx.store.update("execution", execution["id"], state="failed", error=call.args.need("error"))
    return {}


# steps of old --------------------------------------------------------------------------------------------------------


@method("workflows.stepCompleted", "workflows.stepFailed")
def step_done(call: Call) -> dict[str, Any]:
    """A step of a workflow of the old kind ended."""
    call.args.need("workflow_step_execute_id")
    return {}


@method("workflows.updateStep")
def update_step(call: Call) -> dict[str, Any]:
    """A step of a workflow is set up."""
    if not call.args.text("workflow_step_edit_id"):
        raise missing_argument("workflow_step_edit_id")
    return {}


# featured workflows --------------------------------------------------------------------------------------------------


def _featured(call: Call) -> tuple[str, list[str]]:
    channel = places.find(call, call.args.text("channel_id"))
    record = call.ctx.store.find("featured", channel["id"])
    return channel["id"], list(record["triggers"]) if record else []


def _keep(call: Call, channel: str, triggers: list[str]) -> None:
    if len(triggers) > MOST_FEATURED:
        raise fail("invalid_arguments")
    if call.ctx.store.find("featured", channel) is None:
        call.ctx.store.insert("featured", {"id": channel, "triggers": triggers})
    else:
        call.ctx.store.update("featured", channel, triggers=triggers)


def _triggers(call: Call) -> list[str]:
    found = call.args.names("trigger_ids")
    if not found:
        raise missing_argument("trigger_ids")
    if any(not trigger.startswith("Ft") for trigger in found):
        raise fail("invalid_arguments")
    return found


@method("workflows.featured.add")
def add_featured(call: Call) -> dict[str, Any]:
    """Feature workflows in a channel."""
    channel, known = _featured(call)
    _keep(call, channel, list(dict.fromkeys([*known, *_triggers(call)])))
    return {}


@method("workflows.featured.remove")
def remove_featured(call: Call) -> dict[str, Any]:
    """Feature them no more."""
    channel, known = _featured(call)
    gone = _triggers(call)
    _keep(call, channel, [trigger for trigger in known if trigger not in gone])
    return {}


@method("workflows.featured.set")
def set_featured(call: Call) -> dict[str, Any]:
    """Feature these and no others."""
    channel, _ = _featured(call)
    _keep(call, channel, call.args.names("trigger_ids"))
    return {}


@method("workflows.featured.list")
def list_featured(call: Call) -> dict[str, Any]:
    """What is featured where."""
    ids = call.args.names("channel_ids")
    if not ids:
        raise missing_argument("channel_ids")
    found = []
    for id in ids:
        record = call.ctx.store.find("featured", id)
        triggers = record["triggers"] if record else []
        found.append({"channel_id": id, "triggers": [{"id": each, "title": ""} for each in triggers]})
    return {"featured_workflows": found}
