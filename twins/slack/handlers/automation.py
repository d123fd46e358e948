"""admin.functions.*, admin.workflows.*: custom steps of apps and workflows, as admins see them. Imports: call.

Sources: https://docs.slack.dev/reference/methods/admin.functions.list, /admin.workflows.search. Functions are those of
the apps' manifests; workflows are records of `workflow`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twinkit import Ctx, Request
from twins.slack import twin, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.handlers.workspace_admin import admin
from twins.slack.paging import page

KINDS = ("everyone", "app_collaborators", "named_entities", "no_one")


@twin.before("workflow", "create")
def complete(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """A workflow of which little was said."""
    whole = {
        "title": record["id"], "description": "", "callback_id": record["id"], "app_id": "", "team_id": "",
        "collaborators": [], "is_published": True, "source": "workflow_builder", "steps": [], "trigger_ids": [],
        "input_parameters": {}, "date_updated": ctx.now, "who_can_run": {"permission_type": "everyone"},
    }  # fmt: skip
    for name, value in whole.items():
        record.setdefault(name, value)


def functions(ctx: Ctx) -> Iterator[dict[str, Any]]:
    """The functions of every app, as https://docs.slack.dev/reference/methods/admin.functions.list shows them."""
    for app in webhooks.apps(ctx):
        for name, made in ((app.get("manifest") or {}).get("functions") or {}).items():
            yield {
                "id": f"Fn{app['id'][1:]}_{name}", "callback_id": name, "title": made.get("title", name),
                "description": made.get("description", ""), "type": "app", "app_id": app["id"],
                "input_parameters": _parameters(made.get("input_parameters")),
                "output_parameters": _parameters(made.get("output_parameters")),
                "date_created": ctx.now, "date_updated": ctx.now, "date_deleted": 0,
            }  # fmt: skip


def _parameters(given: Any) -> list[dict[str, Any]]:
    named = given.items() if isinstance(given, dict) else ()
    return [
        {
            "name": name, "type": each.get("type", "string"), "title": each.get("title", name),
            "description": each.get("description", ""), "is_required": bool(each.get("is_required")),
        }
        for name, each in named
    ]  # fmt: skip


@method("admin.functions.list")
def list_functions(call: Call) -> dict[str, Any]:
    """The functions of some apps."""
    admin(call)
    wanted = call.args.need("app_ids") and call.args.names("app_ids")
    rows = [row for row in functions(call.ctx) if row["app_id"] in wanted]
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "function")
    return {"functions": shown, "response_metadata": metadata}


def _held(call: Call, id: str) -> dict[str, Any]:
    return call.ctx.store.find("function_access", id) or {"id": id, "type": "everyone", "user_ids": []}


@method("admin.functions.permissions.lookup")
def lookup_functions(call: Call) -> dict[str, Any]:
    """Who may use which function."""
    admin(call)
    ids = call.args.need("function_ids") and call.args.names("function_ids")
    known = {row["id"] for row in functions(call.ctx)}
    found = {
        id: {"type": _held(call, id)["type"], "user_ids": _held(call, id)["user_ids"]} for id in ids if id in known
    }
    errors = {id: "function_not_found" for id in ids if id not in known}
    return {"permissions": {id: {"distribution": each} for id, each in found.items()}, "errors": errors}


@method("admin.functions.permissions.set")
def set_functions(call: Call) -> dict[str, Any]:
    """Set it."""
    admin(call)
    id, visibility = call.args.need("function_id"), call.args.need("visibility")
    if visibility not in KINDS:
        raise fail("invalid_arguments")
    if id not in {row["id"] for row in functions(call.ctx)}:
        raise fail("function_not_found")
    changes = {"type": visibility, "user_ids": call.args.names("user_ids")}
    if call.ctx.store.find("function_access", id) is None:
        call.ctx.store.insert("function_access", {"id": id, **changes})
    else:
        call.ctx.store.update("function_access", id, **changes)
    return {}


# workflows -----------------------------------------------------------------------------------------------------------


def _workflows(call: Call) -> list[dict[str, Any]]:
    """The workflows that the arguments name. Raises `workflow_not_found`."""
    admin(call)
    call.args.need("workflow_ids")
    found = [call.ctx.store.find("workflow", id) for id in call.args.names("workflow_ids")]
    if None in found:
        raise fail("workflow_not_found")
    return [row for row in found if row is not None]


@method("admin.workflows.search")
def search(call: Call) -> dict[str, Any]:
    """Workflows with a text in their title, of an app, with or without collaborators."""
    admin(call)
    args = call.args
    text, app, people = args.text("query").lower(), args.text("app_id"), args.names("collaborator_ids")
    rows = []
    for row in call.ctx.store.select("workflow", order="oldest"):
        fits = text in str(row["title"]).lower() and app in ("", row["app_id"])
        fits = fits and (not people or bool(set(people) & set(row["collaborators"])))
        fits = fits and args.text("source") in ("", row["source"])
        if fits and not (args.flag("no_collaborators") and row["collaborators"]):
            rows.append({name: value for name, value in row.items() if name != "who_can_run"})
    rows.sort(key=lambda row: str(row["title"]), reverse=args.text("sort_dir") == "desc")
    shown, metadata = page(args, rows, lambda row: str(row["id"]), "workflow", maximum=50)
    return {"workflows": shown, "total_found": len(rows), "response_metadata": metadata}


@method("admin.workflows.collaborators.add")
def add_collaborators(call: Call) -> dict[str, Any]:
    """More people who may change them."""
    for row in _workflows(call):
        people = list(dict.fromkeys([*row["collaborators"], *call.args.names("collaborator_ids")]))
        call.ctx.store.update("workflow", row["id"], collaborators=people)
    return {}


@method("admin.workflows.collaborators.remove")
def remove_collaborators(call: Call) -> dict[str, Any]:
    """Fewer."""
    gone = call.args.names("collaborator_ids")
    for row in _workflows(call):
        people = [user for user in row["collaborators"] if user not in gone]
        call.ctx.store.update("workflow", row["id"], collaborators=people)
    return {}


@method("admin.workflows.permissions.lookup")
def lookup_workflows(call: Call) -> dict[str, Any]:
    """Who may run them."""
    rows = _workflows(call)
    return {"permissions": {row["id"]: {"complete": True, "who_can_run": row["who_can_run"]} for row in rows}}


@method("admin.workflows.unpublish")
def unpublish(call: Call) -> dict[str, Any]:
    """Nobody runs them any more."""
    for row in _workflows(call):
        call.ctx.store.update("workflow", row["id"], is_published=False)
    return {}
