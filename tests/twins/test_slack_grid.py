"""Slack workspaces of one organisation, as admins see them; analytics; what admins find of a day."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import world
from twins.slack.acting import Slack

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
SECOND, ACME = "T0SECOND001", "E0ACME00001"


@pytest.fixture
def org(twin: Twin) -> Iterator[WebClient]:
    twin.create("team", id=SECOND, name="Second")
    twin.create("enterprise", id=ACME, name="Acme")
    yield client(twin, "xoxp-acme-org")


def test_who_is_in_an_organisation(twin: Twin, org: WebClient, bot: WebClient) -> None:
    told = org.auth_test()
    assert (told["team_id"], told["enterprise_id"], told["is_enterprise_install"]) == (ACME, ACME, True)
    assert (bot.auth_test()["enterprise_id"], bot.auth_test()["is_enterprise_install"]) == (ACME, False)
    assert bot.team_info()["team"]["enterprise_name"] == "Acme"
    assert bot.users_info(user=world.ANA)["user"]["enterprise_user"]["enterprise_id"] == ACME
    assert [team["id"] for team in org.admin_teams_list()["teams"]] == [world.TEAM, SECOND]
    sent = Slack(twin).user("ana").runs("/x")
    assert sent["id"] and twin.events[-1].data["body"]["enterprise_id"] == ACME


def test_channels_of_an_organisation(org: WebClient, ana: WebClient) -> None:
    channel = org.admin_conversations_create(name="across", is_private=False)["channel_id"]
    assert org.admin_conversations_getTeams(channel_id=channel)["team_ids"] == [world.TEAM]
    org.admin_conversations_setTeams(channel_id=channel, org_channel=True)
    assert org.admin_conversations_getTeams(channel_id=channel)["team_ids"] == [world.TEAM, SECOND]
    assert ana.conversations_info(channel=channel)["channel"]["is_org_shared"] is True
    org.admin_conversations_disconnectShared(channel_id=channel, leaving_team_ids=[SECOND])
    assert org.admin_conversations_getTeams(channel_id=channel)["team_ids"] == [world.TEAM]
    moved = org.admin_conversations_create(name="moved", is_private=False, team_id=world.TEAM)["channel_id"]
    org.admin_conversations_bulkMove(channel_ids=[moved], target_team_id=SECOND)
    names = [each["name"] for each in org.conversations_list(team_id=SECOND)["channels"]]
    assert names == ["general", "moved"]
    found = org.admin_conversations_search(query="moved")["conversations"]
    assert [each["id"] for each in found] == [moved]
    wide = org.admin_conversations_create(name="wide", is_private=False, org_wide=True)["channel_id"]
    assert ana.conversations_info(channel=wide)["channel"]["internal_team_ids"] == [world.TEAM, SECOND]


def test_a_workspace_of_its_own_is_no_organisation(ana: WebClient) -> None:
    where = {"channel_id": world.GENERAL, "target_team_ids": [world.TEAM]}
    assert error(ana.admin_conversations_setTeams, **where) == "not_an_enterprise"
    assert error(ana.admin_conversations_create, name="x", is_private=False) == "team_id_or_org_required"
    ana.admin_conversations_setConversationPrefs(channel_id=world.GENERAL, prefs={})


def test_what_was_done_in_a_day(twin: Twin, ana: WebClient, ben: WebClient) -> None:
    ben.chat_postMessage(channel=world.GENERAL, text="one")
    ben.chat_postMessage(channel=world.GENERAL, text="two")
    assert error(ana.admin_analytics_getFile, type="member", date="2026-01-05") == "file_not_yet_available"
    assert error(ana.admin_analytics_getFile, type="member", date="soon") == "invalid_date"
    assert error(ana.admin_analytics_getFile, type="dog", date="2026-01-05") == "invalid_type"
    twin.clock.advance(days=1)

    def rows(**asked: object) -> list[dict[str, object]]:
        data = ana.admin_analytics_getFile(**asked).data  # type: ignore[arg-type]
        assert isinstance(data, bytes)
        return [json.loads(line) for line in gzip.decompress(data).splitlines()]

    members = {str(row["user_id"]): row for row in rows(type="member", date="2026-01-05")}
    assert (members[world.BEN]["messages_posted_count"], members[world.ANA]["is_active"]) == (2, False)
    places = {str(row["channel_id"]): row for row in rows(type="public_channel", date="2026-01-05")}
    assert (places[world.GENERAL]["messages_posted_count"], places[world.GENERAL]["members_who_posted_count"]) == (2, 1)
    named = rows(type="public_channel", metadata_only=True)
    assert "general" in [row["name"] for row in named]
