"""Faults and limits on pages outside the contract: the hosted pages, log-ins and uploads of each twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from twinkit.testing import Twin, TwinServer
from twins.slack import world

UPLOAD = "/upload/v1/none"
PAGES = {
    "stripe": ("GET", "/c/pay/cs_test_none", "/c/pay/*"),
    "slack": ("POST", UPLOAD, "/upload/**"),
    "okta": ("GET", "/activate", "/activate"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[TwinServer]:
    with TwinServer(*PAGES, clock="fixed:2026-01-05T12:00:00Z") as running:
        yield running


@pytest.fixture(params=sorted(PAGES))
def page(server: TwinServer, request: pytest.FixtureRequest) -> Iterator[tuple[Twin, str, str]]:
    """A private instance, and a page of it: its method and its path."""
    made = server.instance(request.param)
    yield made, *PAGES[request.param][:2]
    server.remove(made)


def rule(**given: Any) -> dict[str, Any]:
    return {"profile": "mine", "rules": [given]}


def test_a_rule_finds_a_page_by_its_path(page: tuple[Twin, str, str]) -> None:
    twin, method, path = page
    sound = httpx.request(method, twin.url + path).status_code
    with twin.failures(rule(when={"path": PAGES[twin.name][2], "calls": 1}, then={"status": 503, "body": "away"})):
        replies = [httpx.request(method, twin.url + path) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [503, sound]
    assert replies[0].text == "away" and "twin-fault" in replies[0].headers
    assert [bool(each.fault) for each in twin.exchanges[-3:]].count(True) == 1


def test_a_page_is_slow_or_breaks_off(page: tuple[Twin, str, str]) -> None:
    twin, method, path = page
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.request(method, twin.url + path, headers={"Twin-Fault": "network=empty"})
    slow = httpx.request(method, twin.url + path, headers={"Twin-Fault": '{"then": {"latency": "30ms"}}'})
    assert slow.elapsed.total_seconds() >= 0.03


def test_rules_about_operations_leave_pages_alone(page: tuple[Twin, str, str]) -> None:
    twin, method, path = page
    sound = httpx.request(method, twin.url + path).status_code
    with twin.failures(rule(when={"operation": "*a*"}, then={"error": "internal"})):
        assert httpx.request(method, twin.url + path).status_code == sound


def test_a_page_has_a_bucket_of_its_own(page: tuple[Twin, str, str]) -> None:
    """The caller of a page is its path; buckets of the API do not count it."""
    twin, method, path = page
    with twin.failures(rule(then={"rate_limit": {"limit": 2, "per": "1s", "by": ["principal"]}})):
        codes = [httpx.request(method, twin.url + path).status_code for _ in range(3)]
        assert (codes[2] == 429) and 429 not in codes[:2]
        twin.clock.advance(seconds=1)
        assert httpx.request(method, twin.url + path).status_code == codes[0]


def test_the_service_s_own_limits_of_the_api_do_not_count_pages(page: tuple[Twin, str, str]) -> None:
    twin, method, path = page
    with twin.failures(rule(then={"rate_limit": "twin"})):
        assert 429 not in {httpx.request(method, twin.url + path).status_code for _ in range(30)}


def test_rules_look_at_the_fields_of_a_page(server: TwinServer) -> None:
    twin = server.instance("slack")
    url = f"{twin.url}{world.WEBHOOK_PATH}"
    with twin.failures(rule(when={"request": {"text": {"contains": "bad"}, "bot": world.BOT}}, then={"status": 500})):
        assert httpx.post(url, json={"text": "good"}).status_code == 200
        assert httpx.post(url, json={"text": "bad"}).status_code == 500
        assert httpx.post(url, data={"payload": '{"text": "bad"}'}).status_code == 200
    server.remove(twin)


def test_faults_pass_the_twin_s_own_pages_by(server: TwinServer) -> None:
    twin = server.instance("slack")
    with twin.failures(rule(then={"error": "internal"})):
        assert httpx.get(f"{twin.url}/client").status_code == 200
        assert httpx.post(f"{twin.url}{UPLOAD}").status_code == 500
    server.remove(twin)


def test_a_service_s_bucket_of_a_path_counts_its_page(server: TwinServer) -> None:
    """Okta's log-in is a page of its own: https://developer.okta.com/docs/reference/rl-global-mgmt."""
    twin = server.instance("okta")
    with twin.failures(rule(then={"rate_limit": "twin"})):
        left = [
            httpx.post(f"{twin.url}/api/v1/authn", json={"username": "x", "password": "y"}).headers[
                "x-rate-limit-remaining"
            ]
            for _ in range(2)
        ]
    assert left == ["499", "498"]
    server.remove(twin)
