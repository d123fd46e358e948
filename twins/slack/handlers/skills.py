"""slackbot.skills.*, admin.slackbot.skills.*: skills of Slackbot, which are canvases, and who has them on.

Sources: https://docs.slack.dev/reference/methods/slackbot.skills.info and its neighbours (create, library.add,
admin.slackbot.skills.publish, …setAutoEnabled); what may be sent is as @slack/web-api types it. Imports: call,
canvaskit, enterprises, paging, handlers.canvases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twins.slack import canvaskit, enterprises
from twins.slack.call import Call, method
from twins.slack.failing import fail, fail_with, missing_argument
from twins.slack.handlers import canvases
from twins.slack.paging import page

LONGEST = {"display_name": 255, "description": 400, "example_prompt": 200}
CATEGORIES = frozenset((
    "communication", "customer_support", "data_and_analytics", "engineering", "other", "product_management",
    "productivity", "professional_development", "project_management", "sales", "system", "team_management",
))  # fmt: skip
AUDIENCES = ("everyone", "named_entities", "no_one")
MOST_SKILLS, MOST_GROUPS = 50, 100
SORTS = {"asc": False, "desc": True}
Skill = Mapping[str, Any]


def _access(call: Call, skill: Skill) -> str:
    """What the caller may do with a skill: that of its canvas; empty when he does not see it."""
    if skill["user"] == call.user:
        return "owner"
    canvas = call.ctx.store.find("canvas", str(skill["id"])) or {}
    given = str((canvas.get("access") or {}).get(call.user, ""))
    return given or ("read" if skill["published"] and skill["team"] in enterprises.teams(call.ctx, call.team) else "")


def _seen(call: Call) -> dict[str, Any]:
    """The skill that is spoken of. Raises `skill_not_found`, also for one that the caller may not see."""
    found = call.ctx.store.find("skill", call.args.need("skill_id"))
    if found is None or not _access(call, found):
        raise fail("skill_not_found")
    return found


def _shown(call: Call, skill: Skill, *, whole: bool = False) -> dict[str, Any]:
    names = ("id", "type", "display_name", "name", "description", "category", "example_prompt", "mcp_servers")
    found = {name: skill[name] for name in names}
    if whole:
        canvas = call.ctx.store.get("canvas", str(skill["id"]))
        found["instructions"] = canvaskit.markdown(canvas["sections"])
    return {**found, "creator_id": skill["user"], "access": _access(call, skill)}


def _properties(call: Call) -> dict[str, Any]:
    """What a call says of a skill. Raises `invalid_arguments` with what is too long or unknown."""
    found: dict[str, Any] = {name: call.args.text(name) for name in LONGEST if name in call.args.data}
    wrong = [
        f"must be less than {most + 1} characters [json-pointer:/{name}]"
        for name, most in LONGEST.items() if len(str(found.get(name) or "")) > most
    ]  # fmt: skip
    if "category" in call.args.data:
        found["category"] = call.args.text("category")
        if found["category"] and found["category"] not in CATEGORIES:
            wrong.append("must be a valid enum value [json-pointer:/category]")
    if "mcp_servers" in call.args.data:
        found["mcp_servers"] = call.args.json("mcp_servers", "invalid_arguments") or []
    if wrong:
        raise fail_with("invalid_arguments", wrong)
    return {name: value or None if name != "mcp_servers" else value for name, value in found.items()}


@method("slackbot.skills.create")
def create(call: Call) -> dict[str, Any]:
    """A skill of instructions, or of a canvas of one's own."""
    name, properties = call.args.need("display_name"), _properties(call)
    if ("instructions" in call.args) == ("canvas_id" in call.args):
        raise fail_with("invalid_arguments", ["exactly one of `instructions` or `canvas_id` is needed"])
    if "canvas_id" in call.args:
        canvas = canvases.canvas(call)
        if canvas["user"] != call.user:
            raise fail("access_denied")
    else:
        canvas = canvases.keep(call, name, call.args.text("instructions"))
    empty: dict[str, Any] = {"description": None, "category": None, "example_prompt": None, "mcp_servers": []}
    skill = {
        "id": canvas["id"], "type": "canvas", "name": None, "user": call.user, "team": call.team, "published": False,
        "audience": "no_one", "usergroup_ids": [], **empty, **properties,
    }  # fmt: skip
    call.ctx.store.insert("skill", skill)
    return {"skill": _shown(call, skill, whole=True)}


@method("slackbot.skills.info")
def info(call: Call) -> dict[str, Any]:
    """One skill, with its instructions."""
    return {"skill": _shown(call, _seen(call), whole=True)}


@method("slackbot.skills.update")
def update(call: Call) -> dict[str, Any]:
    """Other words; an empty text takes one away."""
    skill, properties = _seen(call), _properties(call)
    if _access(call, skill) not in ("owner", "write"):
        raise fail("access_denied")
    if "display_name" in properties and not properties["display_name"]:
        raise missing_argument("display_name")
    if "instructions" in call.args:
        parts = canvaskit.sections(call.args.text("instructions"), lambda: canvases.section_id(call))
        call.ctx.store.update("canvas", skill["id"], sections=parts)
    return {"skill": _shown(call, call.ctx.store.update("skill", skill["id"], **properties), whole=True)}


@method("slackbot.skills.delete")
def delete(call: Call) -> dict[str, Any]:
    """Away with a skill of one's own, and its canvas."""
    skill = _seen(call)
    if _access(call, skill) != "owner":
        raise fail("access_denied")
    for resource in ("skill", "canvas", "file"):
        call.ctx.store.delete(resource, skill["id"])
    return {}


@method("slackbot.skills.list")
def list_skills(call: Call) -> dict[str, Any]:
    """The skills that the caller sees; with `filter: library`, those that are on for him."""
    wanted = call.args.text("category")
    library = call.args.text("filter") == "library"
    found = [
        skill for skill in call.ctx.store.select("skill", order="oldest")
        if _access(call, skill) and wanted in ("", skill["category"]) and (not library or _is_on(call, skill))
    ]  # fmt: skip
    shown, metadata = page(call.args, found, lambda row: str(row["id"]), "skill")
    return {"skills": [_shown(call, skill) for skill in shown], "response_metadata": metadata}


# the library ---------------------------------------------------------------------------------------------------------


def _is_on(call: Call, skill: Skill) -> bool:
    """Whether a skill is on for the caller: by his own choice, else by that of the organisation."""
    chosen = call.ctx.store.find("skill_choice", f"{call.user} {skill['id']}")
    if chosen is not None:
        return bool(chosen["on"])
    if skill["audience"] == "named_entities":
        groups = (call.ctx.store.find("subteam", id) for id in skill["usergroup_ids"])
        return any(call.user in group["users"] for group in groups if group)
    return bool(skill["audience"] == "everyone")


def _choose(call: Call, on: bool) -> dict[str, Any]:
    id = f"{call.user} {_seen(call)['id']}"
    if call.ctx.store.find("skill_choice", id) is None:
        call.ctx.store.insert("skill_choice", {"id": id, "on": on})
    else:
        call.ctx.store.update("skill_choice", id, on=on)
    return {}


@method("slackbot.skills.library.add")
def add(call: Call) -> dict[str, Any]:
    """Turn a skill on for oneself; once more does no harm."""
    return _choose(call, True)


@method("slackbot.skills.library.remove")
def remove(call: Call) -> dict[str, Any]:
    """Turn a skill off for oneself."""
    return _choose(call, False)


# the organisation ----------------------------------------------------------------------------------------------------


def _organised(call: Call) -> list[str]:
    """The workspaces of the caller's organisation. Raises `not_an_enterprise`, `not_an_admin`."""
    if enterprises.id_of(call.ctx, call.team) is None:
        raise fail("not_an_enterprise")
    if not call.is_admin:
        raise fail("not_an_admin")
    return enterprises.teams(call.ctx, call.team)


@method("admin.slackbot.skills.list")
def list_all(call: Call) -> dict[str, Any]:
    """The skills of an organisation."""
    args, teams = call.args, _organised(call)
    creators, category = args.names("creator_ids"), args.text("category")
    published, auto = args.text("publish_status"), args.text("auto_enabled_status")
    found = [
        skill for skill in call.ctx.store.select("skill", order="oldest")
        if skill["team"] in teams and (not creators or skill["user"] in creators)
        and category in ("", skill["category"])
        and published in ("", "published" if skill["published"] else "unpublished") and auto in ("", skill["audience"])
    ]  # fmt: skip
    if SORTS.get(args.text("sort_dir"), False):
        found.reverse()
    shown, metadata = page(args, found, lambda row: str(row["id"]), "skill")
    return {"skills": [_shown(call, skill) for skill in shown], "response_metadata": metadata}


def _set_published(call: Call, published: bool) -> dict[str, Any]:
    """Publish skills or take them back, one after the other; those that cannot be are named."""
    teams, ids = _organised(call), call.args.names("skill_ids")
    if not 1 <= len(ids) <= MOST_SKILLS:
        raise fail_with("invalid_arguments", [f"one to {MOST_SKILLS} items are needed [json-pointer:/skill_ids]"])
    failed = []
    for id in dict.fromkeys(ids):
        skill = call.ctx.store.find("skill", id)
        if skill is None or skill["team"] not in teams:
            failed.append({"skill_id": id, "error": "skill_not_found"})
        else:
            call.ctx.store.update("skill", id, published=published)
    return {"failed_skills": failed}


@method("admin.slackbot.skills.publish")
def publish(call: Call) -> dict[str, Any]:
    """Show skills, and their canvases, to a whole organisation."""
    return _set_published(call, True)


@method("admin.slackbot.skills.unpublish")
def unpublish(call: Call) -> dict[str, Any]:
    """Show them no more."""
    return _set_published(call, False)


@method("admin.slackbot.skills.setAutoEnabled")
def set_auto_enabled(call: Call) -> dict[str, Any]:
    """For whom a skill is on without his doing."""
    teams, audience = _organised(call), call.args.need("permission_type")
    groups = list(dict.fromkeys(call.args.names("usergroup_ids")))
    named = audience == "named_entities"
    if audience not in AUDIENCES or bool(groups) != named or len(call.args.names("usergroup_ids")) > MOST_GROUPS:
        raise fail("invalid_arguments")
    skill = call.ctx.store.find("skill", call.args.need("skill_id"))
    if skill is None or skill["team"] not in teams:
        raise fail("skill_not_found")
    call.ctx.store.update("skill", skill["id"], audience=audience, usergroup_ids=groups)
    return {}
