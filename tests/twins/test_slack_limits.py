"""The Slack twin's rate limits: each method's tier, the special limits, and those of apps outside the Marketplace."""

from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.twins.slack_bench import bot, slack_server, twin
from twinkit.faults.limits import read_limits
from twinkit.testing import Twin
from twins.slack import twin as slack
from twins.slack import world

__all__ = ["bot", "slack_server", "twin"]
LIMITS = read_limits(slack.compiled.options["rate_limits"])
UNNUMBERED = {"apps_event_authorizations_list", "assistant_search_context", "oauth_v2_access", "tooling_tokens_rotate"}


def tier(operation: str) -> list[str]:
    """The buckets that cover an operation, all of them."""
    return [bucket.name for bucket in LIMITS.buckets if bucket.covers(operation, "POST", "/x")]


@pytest.mark.parametrize(
    ("name", "methods"),
    {
        "posting": "chat.postMessage",
        "status": "assistant.threads.setStatus",
        "hundreds": "auth.test chat.getPermalink blocks.validate",
        "tier1": "admin.teams.create admin.apps.uninstall apps.manifest.update apps.uninstall rtm.connect apps.icon.set"
        " conversations.listConnectInvites team.externalTeams.disconnect agents.conversations.setCommands",
        "tier2": "conversations.list users.list conversations.create search.messages files.upload users.setPhoto"
        " reactions.remove pins.add admin.conversations.search chat.startStream conversations.acceptSharedInvite"
        " usergroups.update canvases.create",
        "tier3": "apps.connections.open conversations.history conversations.replies users.conversations reactions.add"
        " users.profile.set calls.add chat.update chat.delete files.list admin.teams.list team.info canvases.getContent"
        " conversations.approveSharedInvite openid.connect.userInfo apps.manifest.export agents.sessions.rename",
        "tier4": "users.info views.open conversations.members chat.postEphemeral files.completeUploadExternal"
        " admin.users.list admin.auth.policy.getEntities oauth.access assistant.threads.setTitle api.test",
    }.items(),
)
def test_methods_have_the_tier_of_their_page(name: str, methods: str) -> None:
    assert {method: tier(method.replace(".", "_")) for method in methods.split()} == {
        method: [name] for method in methods.split()
    }


def test_every_method_has_one_tier_but_those_whose_page_gives_no_number() -> None:
    operations = list(slack.index.operations())
    assert {name for name in operations if not tier(name)} == UNNUMBERED
    assert [name for name in operations if len(tier(name)) > 1] == []


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
def test_an_unlisted_app_reads_fifteen_messages_once_a_minute(twin: Twin, bot: WebClient, method: str) -> None:
    first = bot.chat_postMessage(channel=world.GENERAL, text="first")["ts"]
    for number in range(20):
        bot.chat_postMessage(channel=world.GENERAL, text=str(number))
        bot.chat_postMessage(channel=world.GENERAL, text=str(number), thread_ts=first)
    asked = {"channel": world.GENERAL, "limit": 200, **({"ts": first} if method.endswith("replies") else {})}
    parent = 1 if method.endswith("replies") else 0
    assert len(bot.api_call(method, params=asked)["messages"]) >= 21
    twin.do("app", unlisted=True)
    read = bot.api_call(method, params=asked)
    assert (len(read["messages"]), read["has_more"]) == (15 + parent, True)
    with pytest.raises(SlackApiError) as refused:
        bot.api_call(method, params=asked)
    response = refused.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "60")
    twin.clock.advance(seconds=60)
    assert len(bot.api_call(method, params={**asked, "limit": 3})["messages"]) == 3 + parent
