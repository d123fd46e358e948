"""Incoming webhooks of the Slack twin: each documented error with its status, one message a second, and faults."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from tests.twins.slack_bench import ana, bot, slack_server, twin
from twinkit.testing import Twin
from twins.slack import world

__all__ = ["ana", "bot", "slack_server", "twin"]


@pytest.fixture
def url(twin: Twin) -> str:
    return f"{twin.url}{world.WEBHOOK_PATH}"


def said(bot: WebClient) -> dict[str, Any]:
    found: dict[str, Any] = bot.conversations_history(channel=world.GENERAL)["messages"][0]
    return found


def told(url: str, body: Any) -> tuple[int, str]:
    reply = httpx.post(url, content=body) if isinstance(body, bytes) else httpx.post(url, json=body)
    return reply.status_code, reply.text


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"payload", 400, "invalid_payload"),
        (b"[1]", 400, "invalid_payload"),
        ({}, 400, "no_text"),
        ({"text": ""}, 400, "no_text"),
        ({"text": "x", "attachments": [{"text": "a"}] * 101}, 400, "too_many_attachments"),
        ({"blocks": [{"type": "nope"}]}, 400, "invalid_blocks"),
        ({"text": "x", "thread_ts": "1.000001"}, 400, "thread_not_found"),
    ],
)
def test_what_is_wrong_with_a_message(url: str, body: Any, status: int, text: str) -> None:
    assert told(url, body) == (status, text)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        (f"/services/TNOBODY0001/{world.BOT}/x", 404, "no_team"),
        (f"/services/{world.TEAM}/X1/x", 404, "no_service_id"),
        (f"/services/{world.TEAM}/B0NOBODY001/x", 404, "no_service"),
        (f"/services/{world.TEAM}/{world.BOT}/wrong", 403, "invalid_token"),
    ],
)
def test_what_is_wrong_with_an_address(twin: Twin, path: str, status: int, text: str) -> None:
    assert told(twin.url + path, {"text": "x"}) == (status, text)


def test_what_is_wrong_with_the_place(twin: Twin, url: str, bot: WebClient, ana: WebClient) -> None:
    def at(channel: str) -> tuple[int, str]:
        twin.do("webhook", path=world.WEBHOOK_PATH, channel=channel)
        return told(url, {"text": "x"})

    assert at(world.OLD) == (410, "channel_is_archived")
    assert at("C0NOTHERE01") == (404, "channel_not_found")
    ana.admin_conversations_setConversationPrefs(channel_id=world.RANDOM, prefs={"who_can_post": f"user:{world.BEN}"})
    assert at(world.RANDOM) == (403, "action_prohibited")
    ana.admin_conversations_setConversationPrefs(channel_id=world.GENERAL, prefs={"who_can_post": f"user:{world.BEN}"})
    assert at(world.GENERAL) == (403, "posting_to_general_channel_denied")
    twin.do("webhook", path=world.WEBHOOK_PATH, user=world.BEN)
    assert told(url, {"text": "ben made it"}) == (200, "ok")
    twin.do("webhook", path=world.WEBHOOK_PATH, disabled=True)
    assert told(url, {"text": "x"}) == (404, "no_active_hooks")
    twin.do("webhook", path=world.WEBHOOK_PATH, remove=True)
    assert told(url, {"text": "x"}) == (404, "no_service")


def test_a_workspace_that_is_no_longer_active(twin: Twin, url: str, bot: WebClient) -> None:
    twin.do("team", disabled=True)
    assert told(url, {"text": "x"}) == (403, "team_disabled")
    assert bot.api_call("api.test")["ok"]
    refused = httpx.post(f"{twin.url}/api/auth.test", headers={"authorization": f"Bearer {world.BOT_TOKEN}"}).json()
    assert refused["error"] == "account_inactive"
    twin.do("team", disabled=False)
    assert told(url, {"text": "x"}) == (200, "ok")


def test_an_app_s_webhook_chooses_neither_channel_nor_name(url: str, bot: WebClient) -> None:
    body = {"text": "hi", "channel": "#random", "username": "Someone", "icon_emoji": ":ghost:"}
    assert told(url, body) == (200, "ok")
    assert (said(bot)["text"], said(bot)["username"], "icons" in said(bot)) == ("hi", "Twinkit App", False)


def test_a_custom_integration_chooses_its_channel_and_name(twin: Twin, bot: WebClient) -> None:
    hook = twin.do("webhook", custom=True)["url"]
    body = {"text": "hi", "username": "Someone", "icon_emoji": ":ghost:"}
    assert told(hook, body) == (200, "ok")
    assert (said(bot)["username"], said(bot)["icons"]) == ("Someone", {"emoji": ":ghost:"})
    assert told(hook, {**body, "channel": "#random"}) == (200, "ok")
    assert bot.conversations_history(channel=world.RANDOM)["messages"][0]["text"] == "hi"
    assert told(hook, {**body, "channel": "@ben"}) == (200, "ok")
    assert told(hook, {**body, "channel": "@nobody"}) == (400, "user_not_found")
    assert told(hook, {**body, "channel": "#nowhere"}) == (404, "channel_not_found")
    assert told(hook, {**body, "channel": "@eve"}) == (400, "user_not_found")


def test_one_message_a_second(twin: Twin, url: str, bot: WebClient) -> None:
    twin.failures({"profile": "limits", "rules": [{"then": {"rate_limit": "twin"}}]})
    hook = WebhookClient(url)
    assert [hook.send(text=str(number)).body for number in range(5)] == ["ok"] * 5
    refused = httpx.post(url, json={"text": "5"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {"retry_after": 1, "ok": False, "error": "rate_limited"}
    other = twin.do("webhook")["url"]
    assert told(other, {"text": "another hook"}) == (200, "ok")
    twin.clock.advance(seconds=1)
    assert hook.send(text="6").body == "ok"
    assert [message["text"] for message in bot.conversations_history(channel=world.GENERAL, limit=2)["messages"]] == [
        "6", "another hook",
    ]  # fmt: skip


def test_the_sdk_retries_a_webhook_that_is_refused(twin: Twin, url: str, bot: WebClient) -> None:
    rule = {"when": {"path": "/services/**", "calls": 1}, "then": {"error": "rate_limit"}}
    twin.failures({"profile": "first", "rules": [rule]})
    hook = WebhookClient(url, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)])
    assert hook.send(text="at last").body == "ok"
    assert said(bot)["text"] == "at last"


def test_faults_of_a_webhook_speak_its_language(twin: Twin, url: str, bot: WebClient) -> None:
    failed = httpx.post(url, json={"text": "x"}, headers={"Twin-Fault": "internal"})
    assert (failed.status_code, failed.text) == (500, "rollup_error")
    lost = {"Twin-Fault": "network=empty; at=after_commit"}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(url, json={"text": "kept"}, headers=lost)
    assert said(bot)["text"] == "kept"
