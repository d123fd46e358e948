"""Skills of Slackbot: canvases that people write and share, turn on for themselves, and organisations publish."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.twins.slack_bench import ana, ben, bot, client, slack_server, twin
from twinkit.testing import Twin
from twins.slack import world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
WORDS = {"display_name": "Daily priorities", "instructions": "# Purpose\nSuggest three things."}


def call(web: WebClient, method: str, **arguments: Any) -> dict[str, Any]:
    """The reply, whether it is ok or not."""
    try:
        found: dict[str, Any] = web.api_call(method, json=arguments).data
    except SlackApiError as refused:
        found = refused.response.data
    return found


def make(web: WebClient, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = call(web, "slackbot.skills.create", **{**WORDS, **more})["skill"]
    return found


def refused(web: WebClient, method: str, **arguments: Any) -> str:
    return str(call(web, method, **arguments).get("error"))


def names(found: dict[str, Any]) -> list[str]:
    return [skill["display_name"] for skill in found["skills"]]


def test_a_skill_is_a_canvas(ana: WebClient) -> None:
    skill = make(ana, category="productivity", description="d", example_prompt="Run {skill} for today")
    assert (skill["type"], skill["access"], skill["name"], skill["category"]) == (
        "canvas",
        "owner",
        None,
        "productivity",
    )
    assert ana.files_info(file=skill["id"])["file"]["filetype"] == "quip"
    change = {"operation": "insert_at_end", "document_content": {"type": "markdown", "markdown": "Be brief."}}
    ana.canvases_edit(canvas_id=skill["id"], changes=[change])
    told = call(ana, "slackbot.skills.info", skill_id=skill["id"])["skill"]
    assert told["instructions"] == "# Purpose\nSuggest three things.\nBe brief."
    own = ana.canvases_create(title="Mine", document_content={"type": "markdown", "markdown": "x"})["canvas_id"]
    assert make(ana, instructions=None, canvas_id=own)["id"] == own


@pytest.mark.parametrize(
    "arguments",
    [
        {**WORDS, "display_name": ""},
        {**WORDS, "display_name": "x" * 256},
        {**WORDS, "description": "x" * 401},
        {**WORDS, "example_prompt": "x" * 201},
        {**WORDS, "category": "fun"},
        {"display_name": "neither"},
        {**WORDS, "canvas_id": "F1"},
    ],
)
def test_what_a_skill_may_not_be(ana: WebClient, arguments: dict[str, Any]) -> None:
    assert refused(ana, "slackbot.skills.create", **arguments) == "invalid_arguments"


def test_who_sees_and_changes_a_skill(ana: WebClient, ben: WebClient, bot: WebClient) -> None:
    id = make(ana)["id"]
    assert refused(bot, "slackbot.skills.info", skill_id=id) == "not_allowed_token_type"
    for method in ("info", "update", "delete", "library.add", "library.remove"):
        assert refused(ben, f"slackbot.skills.{method}", skill_id=id) == "skill_not_found"
    ana.canvases_access_set(canvas_id=id, access_level="read", user_ids=[world.BEN])
    assert call(ben, "slackbot.skills.info", skill_id=id)["skill"]["access"] == "read"
    assert refused(ben, "slackbot.skills.update", skill_id=id, display_name="x") == "access_denied"
    ana.canvases_access_set(canvas_id=id, access_level="write", user_ids=[world.BEN])
    changed = call(ben, "slackbot.skills.update", skill_id=id, display_name="Ours", description="", instructions="new")
    skill = changed["skill"]
    assert (skill["display_name"], skill["description"], skill["instructions"]) == ("Ours", None, "new")
    assert refused(ben, "slackbot.skills.create", display_name="x", canvas_id=id) == "access_denied"
    assert refused(ben, "slackbot.skills.delete", skill_id=id) == "access_denied"
    assert call(ana, "slackbot.skills.delete", skill_id=id)["ok"]
    assert refused(ana, "slackbot.skills.info", skill_id=id) == "skill_not_found"
    assert refused(ana, "canvases.getContent", canvas_id=id) == "canvas_not_found"


def test_the_library_is_one_s_own(ana: WebClient, ben: WebClient) -> None:
    one, two = make(ana, display_name="one"), make(ana, display_name="two", category="sales")
    ana.canvases_access_set(canvas_id=one["id"], access_level="read", user_ids=[world.BEN])
    assert names(call(ana, "slackbot.skills.list")) == ["one", "two"]
    assert names(call(ben, "slackbot.skills.list")) == ["one"]
    assert names(call(ana, "slackbot.skills.list", category="sales")) == ["two"]
    for _ in range(2):
        assert call(ana, "slackbot.skills.library.add", skill_id=two["id"])["ok"]
    assert names(call(ana, "slackbot.skills.list", filter="library")) == ["two"]
    assert names(call(ben, "slackbot.skills.list", filter="library")) == []
    call(ana, "slackbot.skills.library.remove", skill_id=two["id"])
    assert names(call(ana, "slackbot.skills.list", filter="library")) == []
    first = call(ana, "slackbot.skills.list", limit=1)
    rest = call(ana, "slackbot.skills.list", cursor=first["response_metadata"]["next_cursor"])
    assert (names(first), names(rest)) == (["one"], ["two"])


@pytest.fixture
def org(twin: Twin) -> WebClient:
    twin.create("enterprise", name="Acme")
    return client(twin, "xoxp-acme-org")


def test_an_organisation_publishes_skills(org: WebClient, ana: WebClient, ben: WebClient) -> None:
    one, two = make(ana, display_name="one"), make(ana, display_name="two")
    assert refused(ben, "slackbot.skills.info", skill_id=one["id"]) == "skill_not_found"
    done = call(org, "admin.slackbot.skills.publish", skill_ids=[one["id"], one["id"], "F404"])
    assert done["failed_skills"] == [{"skill_id": "F404", "error": "skill_not_found"}]
    assert call(ben, "slackbot.skills.info", skill_id=one["id"])["skill"]["access"] == "read"
    assert names(call(org, "admin.slackbot.skills.list", publish_status="published")) == ["one"]
    assert names(call(org, "admin.slackbot.skills.list", sort_dir="desc")) == ["two", "one"]
    everyone = {"skill_id": one["id"], "permission_type": "everyone"}
    assert call(org, "admin.slackbot.skills.setAutoEnabled", **everyone)["ok"]
    assert names(call(ben, "slackbot.skills.list", filter="library")) == ["one"]
    call(ben, "slackbot.skills.library.remove", skill_id=one["id"])
    assert names(call(ben, "slackbot.skills.list", filter="library")) == []
    assert call(org, "admin.slackbot.skills.unpublish", skill_ids=[one["id"]])["failed_skills"] == []
    assert names(call(ben, "slackbot.skills.list")) == [] and two["access"] == "owner"


def test_a_skill_that_is_on_for_a_group(org: WebClient, ana: WebClient, ben: WebClient) -> None:
    id = make(ana)["id"]
    group = ana.usergroups_create(name="Team", handle="team")["usergroup"]["id"]
    ana.usergroups_users_update(usergroup=group, users=[world.BEN])
    call(org, "admin.slackbot.skills.publish", skill_ids=[id])
    about = {"skill_id": id, "permission_type": "named_entities"}
    assert refused(org, "admin.slackbot.skills.setAutoEnabled", **about) == "invalid_arguments"
    assert call(org, "admin.slackbot.skills.setAutoEnabled", **about, usergroup_ids=[group])["ok"]
    assert names(call(ben, "slackbot.skills.list", filter="library")) == ["Daily priorities"]
    assert names(call(ana, "slackbot.skills.list", filter="library")) == []


def test_only_organisations_have_a_catalogue(twin: Twin, ana: WebClient) -> None:
    assert refused(ana, "admin.slackbot.skills.publish", skill_ids=["F1"]) == "missing_scope"
    twin.load(
        {"token": [{"token": "xoxp-skills", "user": "ana", "scopes": ["admin.skills:write", "admin.users:read"]}]}
    )
    admin = client(twin, "xoxp-skills")
    assert refused(admin, "admin.slackbot.skills.publish", skill_ids=["F1"]) == "not_an_enterprise"
    assert refused(admin, "admin.users.unsupportedVersions.export") == "not_an_enterprise"


@pytest.mark.parametrize("ids", [[], ["F1"] * 51])
def test_one_to_fifty_skills_at_a_time(org: WebClient, ids: list[str]) -> None:
    assert refused(org, "admin.slackbot.skills.publish", skill_ids=ids) == "invalid_arguments"


def test_slackbot_brings_the_export(twin: Twin, org: WebClient, ana: WebClient) -> None:
    assert org.api_call("admin.users.unsupportedVersions.export")["ok"]
    direct = ana.conversations_open(users="USLACKBOT")["channel"]["id"]
    file = ana.conversations_history(channel=direct)["messages"][0]["files"][0]
    head = {"authorization": f"Bearer {world.USER_TOKEN}"}
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(file["url_private"], headers=head).content))
    assert archive.namelist() == ["unsupported_versions.csv"]
