"""Who may see a list and its export, settings and requests of apps.

Source: https://docs.slack.dev/reference/methods/slackLists.access.set and its neighbours. Imports: call, places.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from twins.slack import filekit
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.workspace_admin import admin
from twins.slack.paging import page

LEVELS = ("read", "write", "owner")


# lists ---------------------------------------------------------------------------------------------------------------


def _list(call: Call) -> dict[str, Any]:
    return call.record("list", "list_id", "invalid_arguments")


@method("slackLists.access.set", "slackLists.access.delete")
def access(call: Call) -> dict[str, Any]:
    """Who may read or write a list."""
    record = _list(call)
    entities = [*call.args.names("channel_ids"), *call.args.names("user_ids")]
    if not entities:
        raise missing_argument("user_ids")
    level = call.args.text("access_level")
    setting = (call.request.operation.id if call.request.operation else "").endswith("set")
    if setting and level not in LEVELS:
        raise fail("invalid_arguments")
    held = {id: known for id, known in record.get("access", {}).items() if id not in entities}
    if setting:
        held.update(dict.fromkeys(entities, level))
    call.ctx.store.update("list", record["id"], access=held)
    return {}


@method("slackLists.download.start")
def start_download(call: Call) -> dict[str, Any]:
    """Make a file of a list."""
    record = _list(call)
    rows = [row for row in call.ctx.store.select("list_item", order="oldest") if row.get("list_id") == record["id"]]
    out = io.StringIO()
    writer = csv.writer(out)
    names = [str(column.get("name") or column.get("key")) for column in record.get("schema") or ()]
    writer.writerow(["id", *names])
    for row in rows:
        cells = {str(each.get("column_id") or each.get("key")): each for each in row.get("fields") or ()}
        writer.writerow([row["id"], *(str(cells.get(name, {}).get("text", "")) for name in names)])
    job = call.ctx.new_id("LeJ{upper:10}")
    filekit.keep(call.ctx, job, out.getvalue().encode())
    call.ctx.store.insert("list_export", {"id": job, "list": record["id"]})
    return {"job_id": job}


@method("slackLists.download.get")
def get_download(call: Call) -> dict[str, Any]:
    """Where the file is."""
    record = _list(call)
    job = call.ctx.store.find("list_export", call.args.text("job_id"))
    if job is None or job["list"] != record["id"]:
        raise fail("invalid_arguments")
    return {"status": "COMPLETED", "download_url": f"{call.ctx.base_url}/list-exports/{job['id']}.csv"}


# apps, as admins see them --------------------------------------------------------------------------------------------


def _app(call: Call) -> dict[str, Any]:
    admin(call)
    if "app_id" not in call.args:
        raise missing_argument("app_id")
    return call.record("app", "app_id", "app_not_found")


@method("admin.apps.config.set")
def set_config(call: Call) -> dict[str, Any]:
    """Where an app's workflows may connect to."""
    app = _app(call)
    domains = call.args.json("domain_restrictions")
    config = dict(app.get("config") or {})
    if domains is not None:
        config["domain_restrictions"] = domains
    if "workflow_auth_strategy" in call.args:
        strategy = call.args.text("workflow_auth_strategy")
        if strategy not in ("builder_choice", "end_user_only"):
            raise fail("invalid_arguments")
        config["workflow_auth_strategy"] = strategy
    call.ctx.store.update("app", app["id"], config=config)
    return {}


@method("admin.apps.config.lookup")
def lookup_config(call: Call) -> dict[str, Any]:
    """What is set for which app."""
    admin(call)
    found = []
    for id in call.args.names("app_ids"):
        app = call.ctx.store.find("app", id)
        if app is None:
            raise fail("app_not_found")
        default = {"domain_restrictions": {"urls": [], "emails": []}, "workflow_auth_strategy": "builder_choice"}
        found.append({"app_id": id, **default, **(app.get("config") or {})})
    return {"configs": found}


@method("admin.apps.uninstall")
def uninstall(call: Call) -> dict[str, Any]:
    """Take an app out of the workspace."""
    app = _app(call)
    for token in list(call.ctx.store.select("token")):
        if token["app"] == app["id"] and token["team"] == call.team and token["token"] != call.token["token"]:
            call.ctx.store.update("token", token["token"], revoked=True)
    return {}


@method("admin.apps.requests.cancel")
def cancel_request(call: Call) -> dict[str, Any]:
    """Withdraw a request for an app."""
    admin(call)
    found = call.record("app_request", "request_id", "invalid_request_id")
    call.ctx.store.delete("app_request", found["id"])
    return {}


@method("admin.apps.clearResolution")
def clear_resolution(call: Call) -> dict[str, Any]:
    """An app is neither approved nor restricted any more."""
    app = _app(call)
    call.ctx.store.update("app", app["id"], resolution="")
    return {}


@method("admin.apps.activities.list")
def activities(call: Call) -> dict[str, Any]:
    """What apps logged, which is nothing here."""
    admin(call)
    none: list[dict[str, Any]] = []
    shown, metadata = page(call.args, none, str, "activity")
    return {"activities": shown, "response_metadata": metadata}
