"""Channels shared between workspaces, apps made by manifests, what admins assign, and things that end by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.twins.slack_bench import ana, bot, client, error, slack_server, twin
from twinkit.testing import TwinServer
from twinkit.testing.receiver import WebhookReceiver
from twinkit.testing.twin import Twin
from twins.slack import webhooks, world

__all__ = ["ana", "bot", "slack_server", "twin"]
SECOND = "T0SECOND001"
NOW = 1_767_614_400
TWO = {
    "team": [{"id": SECOND, "name": "Second"}],
    "user": [{"name": "kim", "team_id": SECOND}],
    "app": [{"id": "A0SECOND001", "name": "Second App", "team": SECOND}],
    "token": [{"token": "xoxp-kim", "user": "kim", "team": SECOND, "app": "A0SECOND001"}],
}


@pytest.fixture
def two(slack_server: TwinServer) -> Iterator[Twin]:
    made = slack_server.instance("slack", baseline=TWO)
    yield made
    slack_server.remove(made)


def test_a_channel_shared_between_workspaces(two: Twin) -> None:
    bot, ana, kim = (client(two, token) for token in (world.BOT_TOKEN, world.USER_TOKEN, "xoxb-second-app"))
    guest = two.records("user", name="kim")[0]["id"]
    assert error(bot.conversations_inviteShared, channel=world.GENERAL, emails="kim@twinkit.test") == (
        "cannot_share_mandatory_channel"
    )  # fmt: skip
    assert error(bot.conversations_inviteShared, channel=world.RANDOM, emails=["a@b.c", "d@e.f"]) == "too_many_emails"
    told = bot.conversations_inviteShared(channel=world.RANDOM, user_ids=guest)
    assert told["is_legacy_shared_channel"] is False
    invite = told["invite_id"]
    assert error(bot.conversations_acceptSharedInvite, invite_id=invite, channel_name="x") == "invite_from_same_org"
    assert error(kim.conversations_acceptSharedInvite, invite_id="I404", channel_name="x") == "invite_not_found"
    assert error(kim.conversations_info, channel=world.RANDOM) == "channel_not_found"
    shared = kim.conversations_acceptSharedInvite(invite_id=invite, channel_name="shared")
    assert (shared["channel_id"], shared["implicit_approval"]) == (world.RANDOM, True)
    assert error(kim.conversations_acceptSharedInvite, invite_id=invite, channel_name="x") == "invite_used"
    with WebhookReceiver(secret=world.SIGNING_SECRET, sign=webhooks.sign) as app:
        two.do("app", request_url=app.url, verify=False, events=["message.channels"])
        kim.chat_postMessage(channel=world.RANDOM, text="hello from outside")
        two.idle()
        (sent,) = (arrival.json for arrival in app.of())
    assert (sent["is_ext_shared_channel"], sent["team_id"]) == (True, world.TEAM)
    channel = ana.conversations_info(channel=world.RANDOM)["channel"]
    assert channel["is_ext_shared"] and channel["shared_team_ids"] == [world.TEAM, SECOND]
    (listed,) = bot.conversations_listConnectInvites()["invites"]
    assert (listed["direction"], listed["status"], len(listed["acceptances"])) == ("outgoing", "approved", 1)
    (other,) = bot.team_externalTeams_list()["organizations"]
    assert (other["team_id"], other["public_channel_count"]) == (SECOND, 1)
    allow = {"channel": world.RANDOM, "target_team": SECOND}
    assert bot.conversations_externalInvitePermissions_set(**allow, action="upgrade")["ok"]
    assert error(bot.conversations_externalInvitePermissions_set, **allow, action="x") == "invalid_action"
    bot.team_externalTeams_disconnect(target_team=SECOND)
    assert error(kim.conversations_info, channel=world.RANDOM) == "channel_not_found"
    assert error(bot.team_externalTeams_disconnect, target_team=SECOND) == "invalid_target_team"


def test_workspaces_see_nothing_of_each_other(two: Twin) -> None:
    bot, kim = client(two), client(two, "xoxp-kim")
    bot.chat_postMessage(channel=world.GENERAL, text="zebra crossing")
    file = bot.files_upload_v2(filename="zebra.txt", content="x", channel=world.GENERAL)["file"]["id"]
    assert client(two, world.USER_TOKEN).search_messages(query="zebra")["messages"]["total"] >= 1
    assert kim.search_messages(query="zebra")["messages"]["total"] == 0
    assert kim.search_files(query="zebra")["files"]["total"] == 0
    assert kim.files_list()["files"] == []
    assert error(kim.files_info, file=file) == "file_not_found"
    assert [each["name"] for each in kim.conversations_list()["channels"]] == ["general"]
    assert world.ANA not in [user["id"] for user in kim.users_list()["members"]]


def test_an_invite_that_is_declined(two: Twin) -> None:
    bot, kim = client(two), client(two, "xoxb-second-app")
    invite = bot.conversations_inviteShared(channel=world.RANDOM, emails="kim@twinkit.test")["invite_id"]
    kim.conversations_declineSharedInvite(invite_id=invite)
    assert error(kim.conversations_declineSharedInvite, invite_id=invite) == "inactive_invite"
    assert bot.conversations_listConnectInvites()["invites"][0]["status"] == "declined"


MANIFEST = {
    "display_information": {"name": "Deployer"},
    "features": {
        "bot_user": {"display_name": "deployer"},
        "slash_commands": [{"command": "/deploy", "description": "Deploy", "url": "http://127.0.0.1:1/x"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}, "redirect_urls": ["http://127.0.0.1:1/back"]},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"], "request_url": "http://127.0.0.1:1/x"}},
}


def test_apps_made_by_manifests(twin: Twin, bot: WebClient) -> None:
    web = client(twin, world.CONFIG_TOKEN)
    assert error(bot.apps_manifest_validate, manifest=MANIFEST) == "not_allowed_token_type"
    assert error(web.chat_postMessage, channel=world.GENERAL, text="x") == "not_allowed_token_type"
    assert web.apps_manifest_validate(manifest=MANIFEST)["ok"]
    made = web.apps_manifest_create(manifest=MANIFEST)
    assert sorted(made["credentials"]) == ["client_id", "client_secret", "signing_secret", "verification_token"]
    assert made["credentials"]["client_id"] in made["oauth_authorize_url"]
    id = made["app_id"]
    record = twin.record("app", id)
    assert (record["events"], list(record["commands"])) == (["app_mention"], ["/deploy"])
    assert web.apps_manifest_export(app_id=id)["manifest"] == MANIFEST
    more: dict[str, Any] = {**MANIFEST, "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "users:read"]}}}
    assert web.apps_manifest_update(app_id=id, manifest=more)["permissions_updated"] is True
    assert web.apps_manifest_update(app_id=id, manifest=more)["permissions_updated"] is False
    assert web.apps_manifest_export(app_id=world.APP)["manifest"]["display_information"]["name"] == "Twinkit App"
    assert web.apps_manifest_delete(app_id=id)["ok"]
    assert error(web.apps_manifest_export, app_id=id) == "invalid_app_id"
    fresh = WebClient(base_url=f"{twin.url}/api/").tooling_tokens_rotate(refresh_token="xoxe-1-any")
    assert client(twin, fresh["token"]).apps_manifest_export(app_id=world.APP)["ok"]
    twin.clock.advance(hours=13)
    assert error(client(twin, fresh["token"]).apps_manifest_export, app_id=world.APP) == "token_expired"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"display_information": {}}, "/display_information"),
    ({"display_information": {"name": "x" * 36}}, "/display_information/name"),
    ({"features": {"slash_commands": [{"command": "deploy"}]}}, "/features/slash_commands/0/command"),
    ({"settings": {"event_subscriptions": {"bot_events": ["app_mention"]}}}, "/settings/event_subscriptions"),
]


@pytest.mark.parametrize(("change", "pointer"), WRONG)
def test_manifests_that_do_not_do(twin: Twin, change: dict[str, Any], pointer: str) -> None:
    from slack_sdk.errors import SlackApiError

    with pytest.raises(SlackApiError) as caught:
        client(twin, world.CONFIG_TOKEN).apps_manifest_validate(manifest={**MANIFEST, **change})
    assert caught.value.response["error"] == "invalid_manifest"
    assert [each["pointer"] for each in caught.value.response["errors"]] == [pointer]


def test_what_admins_assign(ana: WebClient, bot: WebClient) -> None:
    role = {"role_id": "Rl0A", "entity_ids": world.TEAM}
    ana.admin_roles_addAssignments(**role, user_ids=[world.BEN, world.CHLOE])
    assert error(ana.admin_roles_addAssignments, **role, user_ids="U404") == "no_valid_users"
    assert error(ana.admin_roles_addAssignments, **role, user_ids=["U404", world.BEN]) == "failed_for_some_users"
    assigned = ana.admin_roles_listAssignments(role_ids="Rl0A")["role_assignments"]
    assert [each["user_id"] for each in assigned] == [world.BEN, world.CHLOE]
    ana.admin_roles_removeAssignments(**role, user_ids=world.BEN)
    assert len(ana.admin_roles_listAssignments()["role_assignments"]) == 1

    one, two = (ana.usergroups_create(name=name)["usergroup"]["id"] for name in ("One", "Two"))
    wall = {"primary_usergroup_id": one, "barriered_from_usergroup_ids": two}
    kinds = "im,mpim,call"
    assert error(ana.admin_barriers_create, **wall, restricted_subjects="im") == "invalid_restricted_subjects"
    barrier = ana.admin_barriers_create(**wall, restricted_subjects=kinds)["barrier"]
    assert barrier["primary_usergroup"] == {"id": one, "name": "One"}
    assert error(ana.admin_barriers_create, **wall, restricted_subjects=kinds) == "barrier_already_exists"
    assert len(ana.admin_barriers_list()["barriers"]) == 1
    ana.admin_barriers_delete(barrier_id=barrier["id"])
    assert error(ana.admin_barriers_delete, barrier_id=barrier["id"]) == "barrier_not_found"

    policy = {"policy_name": "email_password", "entity_type": "USER"}
    ana.admin_auth_policy_assignEntities(**policy, entity_ids=[world.BEN])
    assert ana.admin_auth_policy_getEntities(policy_name="email_password")["entities"][0]["entity_id"] == world.BEN
    assert error(ana.admin_auth_policy_getEntities, policy_name="x") == "policy_not_found"

    ana.admin_users_session_setSettings(user_ids=[world.BEN], duration=60)
    told = ana.admin_users_session_getSettings(user_ids=[world.BEN, world.ANA])
    assert told["session_settings"] == [{"user_id": world.BEN, "duration": 60}]
    assert told["no_settings_applied"] == [world.ANA]
    assert (
        ana.admin_conversations_bulkDelete(channel_ids=[world.RANDOM, "C404"])["not_added"][0]["channel_id"] == "C404"
    )
    assert error(bot.conversations_info, channel=world.RANDOM) == "channel_not_found"


def test_reminders_that_come_again(twin: Twin, ana: WebClient) -> None:
    ana.reminders_add(text="stand-up", time="every monday at 9am")
    for _ in range(3):
        twin.clock.advance(days=7)
    direct = next(each for each in ana.conversations_list(types="im")["channels"] if each["user"] == "USLACKBOT")
    said = ana.conversations_history(channel=direct["id"])["messages"]
    assert [message["text"] for message in said] == ["Reminder: stand-up."] * 3


def test_a_status_ends(twin: Twin, ana: WebClient) -> None:
    status = {"status_text": "lunch", "status_emoji": ":pizza:", "status_expiration": NOW + 600}
    ana.users_profile_set(profile=status)
    assert twin.events[-1].type == "user_status_changed"
    twin.clock.advance(minutes=5)
    assert ana.users_profile_get()["profile"]["status_text"] == "lunch"
    twin.clock.advance(minutes=6)
    profile = ana.users_profile_get()["profile"]
    assert (profile["status_text"], profile["status_expiration"]) == ("", 0)
