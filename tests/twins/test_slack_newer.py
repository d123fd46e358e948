"""Slack's newer families: canvases by section, agents' channels, requested invites, steps and workflows, objects."""

from __future__ import annotations

import json
from typing import Any

from slack_sdk import WebClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import canvaskit, world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL


def ask(web: WebClient, method: str, /, **arguments: Any) -> dict[str, Any]:
    """The reply to a method that the SDK may not know."""
    told = web.api_call(method, json=arguments).data
    assert isinstance(told, dict)
    return told


def refused(web: WebClient, method: str, /, **arguments: Any) -> str:
    return error(web.api_call, api_method=method, json=arguments)


def paper(text: str) -> dict[str, str]:
    return {"type": "markdown", "markdown": text}


def test_canvases_are_changed_by_section(bot: WebClient) -> None:
    canvas = bot.canvases_create(title="Plan", document_content=paper("# Plan\n\n## Now\n- one\n- two"))["canvas_id"]

    def section(**criteria: Any) -> list[str]:
        return [each["id"] for each in bot.canvases_sections_lookup(canvas_id=canvas, criteria=criteria)["sections"]]

    def text() -> str:
        return str(ask(bot, "canvases.getContent", canvas_id=canvas)["markdown"])

    (now,) = section(section_types=["h2"])
    assert len(section(section_types=["any_header"])) == 2 and section(contains_text="NOW") == [now]
    changes = [
        {"operation": "insert_after", "section_id": now, "document_content": paper("- zero")},
        {"operation": "replace", "section_id": section(contains_text="two")[0], "document_content": paper("- 2")},
        {"operation": "delete", "section_id": section(contains_text="one")[0]},
    ]
    for change in changes:
        bot.canvases_edit(canvas_id=canvas, changes=[change])
    assert text() == "# Plan\n## Now\n- zero\n- 2"
    gone = {"operation": "delete", "section_id": "temp:C:none"}
    assert error(bot.canvases_edit, canvas_id=canvas, changes=[gone]) == "canvas_editing_failed"
    bot.canvases_edit(canvas_id=canvas, changes=[{"operation": "replace", "document_content": paper("new")}])
    assert text() == "new"
    parts = canvaskit.sections("a\nb", iter("12").__next__)
    assert canvaskit.markdown(canvaskit.changed(parts, {"operation": "delete", "section_id": "1"}, str)) == "b"


def test_a_channel_of_an_agent(bot: WebClient) -> None:
    channel = ask(bot, "agents.conversations.create", name="session-1", session_id="s1")["channel_id"]
    assert bot.conversations_info(channel=channel)["channel"]["properties"]["agent_session"]["title"] == "session-1"
    shown = ask(bot, "agents.conversations.setView", channel_id=channel, type="canvas", view_key="k", content="# One")
    again = ask(bot, "agents.conversations.setView", channel_id=channel, view_key="k", content="# One\ntwo")
    assert (again["view_id"], again["content_version"]) == (shown["view_id"], 2)
    read = ask(bot, "agents.conversations.getCanvas", channel=channel, canvas_id=shown["canvas_id"])
    assert read["content"] == "# One\ntwo"
    written = ask(
        bot, "agents.conversations.setCanvasContent", channel=channel, canvas_id=shown["canvas_id"], content="# One\nx"
    )
    assert written["sections_changed_count"] == 1
    (listed,) = ask(bot, "agents.conversations.listViews", channel_id=channel)["views"]
    assert listed["view_key"] == "k"
    commands = [{"name": name, "description": f"to {name}"} for name in ("stop", "go")]
    assert ask(bot, "agents.conversations.setCommands", channel_id=channel, commands=commands)["command_count"] == 2
    ask(bot, "agents.conversations.setProperties", channel_id=channel, code_channel={"repo": "x"})
    assert ask(bot, "agents.sessions.setStatus", channel_id=channel, status="processing", title="T")["title"] == "T"
    assert ask(bot, "agents.sessions.rename", channel_id=channel, title="U")["title"] == "U"
    ask(bot, "agents.conversations.removeView", channel_id=channel, view_key="k")
    assert refused(bot, "agents.conversations.removeView", channel_id=channel, view_key="k") == "view_not_found"
    ask(bot, "agents.conversations.archive", channel_id=channel)
    assert refused(bot, "agents.conversations.archive", channel_id=channel) == "already_archived"


def test_what_agents_are_refused(bot: WebClient) -> None:
    channel = ask(bot, "agents.conversations.create", name="session-2")["channel_id"]
    general = {"channel_id": GENERAL}

    def told(name: str, **arguments: Any) -> str:
        return refused(bot, f"agents.{name}", **{"channel_id": channel, **arguments})

    for name in ("archive", "listViews", "setProperties", "setView"):
        assert told(f"conversations.{name}", **general) == "not_agent_channel"
    assert told("conversations.setProperties") == "no_properties_provided"
    assert told("conversations.setProperties", status="working") == "invalid_status"
    assert told("conversations.setProperties", title="x" * 201) == "invalid_title"
    ask(bot, "agents.conversations.setProperties", channel_id=channel, title="Other", status="suspended")
    session = bot.conversations_info(channel=channel)["channel"]["properties"]["agent_session"]
    assert (session["title"], session["status"]) == ("Other", "suspended")
    each = [{"name": f"c{number}", "description": "x"} for number in range(11)]
    assert told("conversations.setCommands", commands=each) == "too_many_commands"
    assert told("conversations.setCommands", commands=[each[0], each[0]]) == "duplicate_command"
    assert told("conversations.setCommands", commands=[{"name": "x"}]) == "invalid_commands"
    assert told("conversations.removeView") == "invalid_arguments"
    assert told("sessions.setStatus", status="working") == "invalid_status"
    assert told("sessions.setStatus", status="active", thread_ts="1.2") == "thread_ts_not_allowed"
    assert told("sessions.setStatus", status="active", **general) == "thread_ts_required"
    thread = {**general, "thread_ts": bot.chat_postMessage(channel=GENERAL, text="x")["ts"]}
    assert told("sessions.rename", title="x", **thread) == "session_not_found"
    assert ask(bot, "agents.sessions.setStatus", status="active", title="T", **thread)["title"] == "T"
    assert ask(bot, "agents.sessions.setStatus", status="closed", title="U", **thread)["title"] == "T"
    assert ask(bot, "agents.sessions.rename", title="V", **thread)["title"] == "V"


def test_invites_that_are_asked_for(twin: Twin, ana: WebClient, bot: WebClient) -> None:
    asked = [twin.do("requests_invite", user="ben", channel=GENERAL, email=f"{n}@out.test")["id"] for n in range(3)]
    made = bot.conversations_create(name="shared")["channel"]["id"]
    listed = ask(bot, "conversations.requestSharedInvite.list")["invite_requests"]
    assert [each["id"] for each in listed] == asked and listed[0]["inviting_user"]["id"] == world.BEN
    invite = ask(bot, "conversations.requestSharedInvite.approve", invite_id=asked[0], channel_id=made)["invite_id"]
    assert invite in [each["invite"]["id"] for each in bot.conversations_listConnectInvites()["invites"]]
    ask(bot, "conversations.requestSharedInvite.deny", invite_id=asked[1])
    assert refused(bot, "conversations.requestSharedInvite.deny", invite_id=asked[1]) == "invalid_action"
    assert len(ask(bot, "conversations.requestSharedInvite.list")["invite_requests"]) == 1
    more = ask(bot, "conversations.requestSharedInvite.list", include_denied=True)["invite_requests"]
    assert [each["id"] for each in more] == asked[1:]


def test_steps_and_workflows_as_admins_see_them(twin: Twin, ana: WebClient) -> None:
    config = client(twin, world.CONFIG_TOKEN)
    step = {"title": "Double", "description": "", "input_parameters": {"n": {"type": "integer", "is_required": True}}}
    manifest = {"display_information": {"name": "Steps"}, "functions": {"double": step}}
    app = config.apps_manifest_create(manifest=json.dumps(manifest))["app_id"]
    (found,) = ana.admin_functions_list(app_ids=[app])["functions"]
    assert (found["callback_id"], found["input_parameters"][0]["is_required"]) == ("double", True)
    ana.admin_functions_permissions_set(function_id=found["id"], visibility="named_entities", user_ids=[world.BEN])
    told = ana.admin_functions_permissions_lookup(function_ids=[found["id"], "Fn0"])
    distribution = told["permissions"][found["id"]]["distribution"]
    assert distribution == {"type": "named_entities", "user_ids": [world.BEN]}
    assert told["errors"] == {"Fn0": "function_not_found"}
    flow = twin.create("workflow", title="On call")["id"]
    ana.admin_workflows_collaborators_add(workflow_ids=[flow], collaborator_ids=[world.BEN, world.CHLOE])
    ana.admin_workflows_collaborators_remove(workflow_ids=[flow], collaborator_ids=[world.BEN])
    ana.admin_workflows_unpublish(workflow_ids=[flow])
    (row,) = ana.admin_workflows_search(query="call")["workflows"]
    assert (row["collaborators"], row["is_published"]) == ([world.CHLOE], False)
    assert ana.admin_workflows_permissions_lookup(workflow_ids=[flow])["permissions"][flow]["complete"] is True
    assert error(ana.admin_workflows_unpublish, workflow_ids=["Wf0"]) == "workflow_not_found"


def test_channels_of_records(twin: Twin, ana: WebClient, bot: WebClient) -> None:
    where = {"object_id": "001ABC", "salesforce_org_id": "00D1"}
    channel = ask(ana, "admin.conversations.createForObjects", **where)["channel_id"]
    told = ana.conversations_info(channel=channel)["channel"]["properties"]["record_channel"]
    assert told["record_id"] == "001ABC"
    ask(ana, "admin.conversations.unlinkObjects", channel=channel, new_name="plain")
    assert "properties" not in ana.conversations_info(channel=channel)["channel"]
    ask(ana, "admin.conversations.linkObjects", channel=channel, record_id="2", salesforce_org_id="00D1")
    ask(ana, "admin.conversations.bulkSetProperties", channel_ids=[channel], property={"is_dormant": True})
    assert ana.conversations_info(channel=channel)["channel"]["properties"]["is_dormant"] is True
    ask(bot, "apps.user.connection.update", user_id=world.BEN, status="connected")
    assert twin.record("connection", f"{world.APP} {world.BEN}")["status"] == "connected"
    assert refused(bot, "apps.user.connection.update", user_id="U0", status="connected") == "user_not_found"
    trigger = twin.do("shortcut", user="ana", callback_id="x")["trigger_id"]
    ask(bot, "entity.presentDetails", trigger_id=trigger, metadata={"entity_type": "task"})
    assert twin.record("entity", trigger)["metadata"] == {"entity_type": "task"}
    assert refused(bot, "entity.presentDetails", trigger_id=trigger, metadata={}) == "exchanged_trigger_id"
