"""Dialogs and message buttons of the old kind: what may be in them, what people enter, what apps answer.

Sources: https://docs.slack.dev/legacy/legacy-dialogs and
https://docs.slack.dev/legacy/legacy-messaging/legacy-message-buttons. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, UsageError

MOST_ELEMENTS = 10
LONGEST: dict[str, int] = {"title": 24, "callback_id": 255, "submit_label": 24, "state": 3000}
TYPES = ("text", "textarea", "select")


def check(dialog: Any) -> list[str]:
    """What is wrong with a dialog; empty when nothing is."""
    if not isinstance(dialog, dict):
        return ["dialog must be an object"]
    wrong = [f"{name} is required" for name in ("title", "callback_id", "elements") if not dialog.get(name)]
    wrong += [
        f"{name} must be at most {most} characters" for name, most in LONGEST.items()
        if len(str(dialog.get(name) or "")) > most
    ]  # fmt: skip
    elements = dialog.get("elements")
    if not isinstance(elements, list) or len(elements) > MOST_ELEMENTS:
        return [*wrong, f"elements must be a list of at most {MOST_ELEMENTS}"]
    return wrong


def opened(ctx: Ctx, user: str) -> dict[str, Any] | None:
    """The dialog that somebody has open, if any."""
    return next(ctx.store.select("dialog", [Filter("user", "=", user), Filter("open", "=", True)]), None)


def filled(dialog: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What is submitted: what was entered, else what an element begins with. Raises UsageError."""
    known = [str(element["name"]) for element in dialog["elements"] if element.get("name")]
    wrong = [name for name in values if name not in known]
    if wrong:
        raise UsageError(f"the dialog has no element {wrong[0]!r} (elements: {', '.join(known)})")
    found: dict[str, Any] = {}
    for element in dialog["elements"]:
        name = str(element.get("name") or "")
        given = values.get(name, element.get("value"))
        if given in (None, "") and not element.get("optional"):
            raise UsageError(f"the element {name!r} has to be filled in")
        found[name] = None if given in (None, "") else str(given)
    return found


def answered(ctx: Ctx, event: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """Close the dialog, or keep it open with the errors that the app tells."""
    errors = answer.get("errors") if isinstance(answer, Mapping) else None
    if errors:
        return {"errors": {str(each.get("name")): each.get("error") for each in errors}}
    ctx.store.update("dialog", str(event["body"]["dialog_id"]), open=False)
    return {}


# buttons of attachments ----------------------------------------------------------------------------------------------


def old_actions(message: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(attachment, action) of everything of the old kind that can be used in a message."""
    attachments = message.get("attachments") or ()
    return [(attachment, action) for attachment in attachments for action in attachment.get("actions") or ()]


def old_names(message: Mapping[str, Any]) -> list[str]:
    """The names of these actions."""
    return [str(action.get("name")) for _, action in old_actions(message)]


def old_action(message: Mapping[str, Any], wanted: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The action with a name, text or value."""
    for attachment, action in old_actions(message):
        if wanted and wanted in (action.get("name"), action.get("text"), action.get("value")):
            return attachment, action
    return None


def used(old: tuple[dict[str, Any], dict[str, Any]], value: Any) -> dict[str, Any]:
    """What the payload says of the action that was used."""
    attachment, action = old
    done: dict[str, Any] = {"name": action.get("name"), "type": action.get("type", "button")}
    if done["type"] == "select":
        done["selected_options"] = [{"value": str(value)}]
    else:
        done["value"] = action.get("value", "")
    return {
        "actions": [done], "callback_id": attachment.get("callback_id", ""), "attachment_id": str(attachment["id"]),
    }  # fmt: skip
