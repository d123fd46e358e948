"""Statements of Slack's pages, and of the tests its own SDKs run against it, that a twin easily gets wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing import Twin
from twins.slack import world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL, RANDOM = world.GENERAL, world.RANDOM
DIVIDER = {"type": "divider"}
VIDEO = {
    "type": "video", "title": {"type": "plain_text", "text": "V"}, "video_url": "https://example.com/v",
    "thumbnail_url": "https://example.com/t.png", "alt_text": "a",
}  # fmt: skip


def told(call: Any, **arguments: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = call(**arguments).data
    except SlackApiError as refused:
        found = refused.response.data
    return found


@pytest.mark.parametrize(
    ("text", "more", "kept"),
    [
        ("see www.example.com.", {}, "see <http://www.example.com|www.example.com>."),
        ("see www.example.com", {"parse": "none"}, "see www.example.com"),
        ("http://www.example.com", {}, "<http://www.example.com>"),
        ("#general @here", {"link_names": True}, f"<#{GENERAL}|general> <!here>"),
        ("#general @here", {}, "#general @here"),
    ],
)
def test_addresses_and_names_in_a_text(bot: WebClient, text: str, more: dict[str, Any], kept: str) -> None:
    """https://docs.slack.dev/messaging/formatting-message-text."""
    assert bot.chat_postMessage(channel=GENERAL, text=text, **more)["message"]["text"] == kept


@pytest.mark.parametrize("beside", [{"title": "t"}, {"text": "t"}, {"fields": []}, {"callback_id": "c"}])
def test_blocks_of_an_attachment_stand_alone(bot: WebClient, beside: dict[str, Any]) -> None:
    refused = told(bot.chat_postMessage, channel=RANDOM, text="x", attachments=[{"blocks": [DIVIDER], **beside}])
    assert (refused["error"], refused["response_metadata"]["messages"]) == (
        "invalid_attachments", ["[ERROR] invalid_keys"],
    )  # fmt: skip
    assert bot.chat_postMessage(channel=RANDOM, text="x", attachments=[{"color": "#0f0", "blocks": [DIVIDER]}])["ok"]


def test_a_message_for_later_has_a_text(twin: Twin, bot: WebClient) -> None:
    at = twin.clock.now + 600
    body = {"channel": RANDOM, "post_at": at, "blocks": [DIVIDER]}
    refused = told(bot.api_call, api_method="chat.scheduleMessage", json=body)
    assert (refused["error"], refused["response_metadata"]["messages"]) == (
        "invalid_arguments", ["[ERROR] missing required field: text"],
    )  # fmt: skip
    assert bot.chat_scheduleMessage(**body, text="fallback")["ok"]


def test_who_may_embed_videos(twin: Twin, bot: WebClient) -> None:
    assert bot.chat_postMessage(channel=GENERAL, text="x", blocks=[VIDEO])["ok"]
    limited = client(twin, world.LIMITED_TOKEN)
    assert error(limited.chat_postMessage, channel=GENERAL, text="x", blocks=[VIDEO]) == "invalid_blocks"


def test_canvases_and_lists_are_files(bot: WebClient) -> None:
    content = {"type": "markdown", "markdown": "# One"}
    canvas = bot.canvases_create(title="Plan", document_content=content)["canvas_id"]
    file = bot.files_info(file=canvas)["file"]
    assert (file["title"], file["filetype"], file["mimetype"]) == ("Plan", "quip", "application/vnd.slack-docs")
    change = {"operation": "insert_at_end", "document_content": {"type": "markdown", "markdown": "two"}}
    bot.canvases_edit(canvas_id=canvas, changes=[change])
    assert bot.files_info(file=canvas)["file"]["size"] == len("# One\ntwo")
    bot.canvases_delete(canvas_id=canvas)
    assert error(bot.files_info, file=canvas) == "file_deleted"
    made = bot.api_call("slackLists.create", json={"name": "Backlog"})["list_id"]
    assert bot.files_info(file=made)["file"]["pretty_type"] == "List"


@pytest.mark.parametrize("method", ["canvases.create", "canvases.edit"])
def test_a_canvas_is_markdown(bot: WebClient, method: str) -> None:
    content = {"type": "html", "markdown": "x"}
    body = {"document_content": content, "canvas_id": "F1", "changes": [{"document_content": content}]}
    refused = told(bot.api_call, api_method=method, json=body)
    assert refused["error"] == "invalid_arguments" and "html" in refused["detail"]


def test_nobody_is_in_an_archived_channel(ana: WebClient) -> None:
    channel = ana.conversations_create(name="over")["channel"]["id"]
    ana.conversations_archive(channel=channel)
    assert ana.conversations_info(channel=channel)["channel"]["is_member"] is False
    ana.conversations_unarchive(channel=channel)
    assert ana.conversations_info(channel=channel)["channel"]["is_member"] is True


def test_bots_say_that_they_are_there(bot: WebClient) -> None:
    assert bot.api_call("users.setActive")["ok"]


def test_of_two_apps_the_later_has_the_command(twin: Twin) -> None:
    for name in ("First", "Second"):
        twin.load({"app": [{"name": name, "request_url": "http://127.0.0.1:1/", "commands": {"/ship": {}}}]})
    twin.do("runs", user="ana", command="/ship it")
    sent = [event for event in twin.events if event.type == "slash_command"]
    second = twin.records("app", name="Second")[0]["id"]
    assert [event.raw["body"]["api_app_id"] for event in sent] == [second]


def test_a_command_may_have_names_escaped(twin: Twin) -> None:
    """https://docs.slack.dev/interactivity/implementing-slash-commands."""
    twin.do("app", request_url="http://127.0.0.1:1/", verify=False, commands={"/todo": {"should_escape": True}})
    twin.do("runs", user="ana", command="/todo ask @ben and @nobody in #general or #leads about http://x.y #z")
    body = twin.events[-1].raw["body"]
    assert body["text"] == (
        f"ask <@{world.BEN}> and @nobody in <#{GENERAL}|general> or <#{world.LEADS}|> about <http://x.y> #z"
    )


def test_an_exchanged_token_ends_with_the_first_refresh(twin: Twin) -> None:
    """https://docs.slack.dev/authentication/using-token-rotation; of those that expire two are active."""
    own = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET}
    web = WebClient(base_url=f"{twin.url}/api/")
    first = web.oauth_v2_exchange(**own, token=world.MEMBER_TOKEN)
    assert error(web.oauth_v2_exchange, **own, token=world.MEMBER_TOKEN) == "token_already_exchanged"
    assert client(twin, world.MEMBER_TOKEN).auth_test()["ok"]
    tokens = [first]
    for _ in range(2):
        refresh = tokens[-1]["refresh_token"]
        tokens.append(web.oauth_v2_access(**own, grant_type="refresh_token", refresh_token=refresh))
        assert error(client(twin, world.MEMBER_TOKEN).auth_test) == "token_revoked"
    alive = [told(client(twin, token["access_token"]).auth_test).get("error") for token in tokens]
    assert alive == ["token_revoked", None, None]
    assert json.dumps(tokens[0].data).count("xoxe.xoxp-") == 1


def test_a_file_is_not_known_at_once(bot: WebClient) -> None:
    """As recorded by slack-ruby-client: the reply comes before the service has read and placed the file."""
    done = bot.files_upload_v2(filename="a.txt", content="hello", channel=GENERAL)["file"]
    assert (done["mimetype"], done["mode"], done["shares"], done["channels"]) == ("", "hosted", {}, [])
    file = bot.files_info(file=done["id"])["file"]
    assert (file["mimetype"], file["mode"], file["channels"]) == ("text/plain", "snippet", [GENERAL])


def test_little_is_told_of_who_has_gone(bot: WebClient) -> None:
    gone = bot.users_info(user=world.EVE)["user"]
    assert set(gone) == {"id", "team_id", "name", "deleted", "profile", "is_bot", "is_app_user", "updated"}
    slackbot = bot.users_info(user="USLACKBOT")["user"]["profile"]
    assert slackbot["always_active"] is True and "email" not in slackbot


def test_everybody_is_listed_where_no_limit_is_given(twin: Twin, bot: WebClient) -> None:
    """https://docs.slack.dev/reference/methods/users.list."""
    twin.load({"user": [{"name": f"person{number}"} for number in range(1000)]})
    everybody = bot.users_list()
    assert len(everybody["members"]) > 1000 and everybody["response_metadata"]["next_cursor"] == ""
    assert len(bot.users_list(limit=5000)["members"]) == 1000
    with twin.fail("limit_required", operation="users_list"):
        assert error(bot.users_list) == "limit_required"


def test_changes_of_a_group_are_counted(twin: Twin, ana: WebClient) -> None:
    group = ana.usergroups_create(name="Team", handle="team")["usergroup"]["id"]
    ana.usergroups_users_update(usergroup=group, users=[world.ANA, world.BEN])
    ana.usergroups_users_update(usergroup=group, users=[world.BEN])
    told_of = [event.raw["body"] for event in twin.events if event.type == "subteam_members_changed"]
    counts = [(body["added_users_count"], body["removed_users_count"]) for body in told_of]
    assert counts == [(2, 0), (0, 1)]


@pytest.mark.parametrize(
    ("users", "answer"),
    [({}, "missing_required_argument"), ({"users": ","}, "no_users_provided"), ({"users": ""}, None)],
)
def test_a_group_may_be_empty(ana: WebClient, users: dict[str, str], answer: str | None) -> None:
    group = ana.usergroups_create(name="Team")["usergroup"]["id"]
    found = told(ana.api_call, api_method="usergroups.users.update", data={"usergroup": group, **users})
    assert found.get("error") == answer
    assert answer or found["usergroup"]["users"] == []
