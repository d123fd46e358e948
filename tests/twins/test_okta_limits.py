"""The Okta twin's rate limits: the published buckets in headers, and refusals where they are asked for."""

from __future__ import annotations

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]
BOB = "bob.baker@example.com"


def left(org: Org, method: str, path: str) -> tuple[int, int, int]:
    """Limit, remaining and reset as a reply tells them."""
    headers = org.http.request(method, path, json=None if method == "GET" else {}).headers
    return (
        int(headers["x-rate-limit-limit"]),
        int(headers["x-rate-limit-remaining"]),
        int(headers["x-rate-limit-reset"]),
    )


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("GET", "/api/v1/users", 600),
        ("POST", "/api/v1/users", 600),
        ("GET", f"/api/v1/users/{BOB}", 2000),
        ("POST", f"/api/v1/users/{BOB}", 600),
        ("GET", f"/api/v1/users/{BOB}/groups", 1200),
        ("GET", "/api/v1/groups", 500),
        ("GET", "/api/v1/groups/00gTwinkitEveryone01", 1000),
        ("GET", "/api/v1/groups/00gTwinkitEveryone01/users", 500),
        ("GET", "/api/v1/apps", 100),
        ("GET", "/api/v1/apps/0oaTwinkitWebApp0001", 500),
        ("GET", "/api/v1/apps/0oaTwinkitWebApp0001/users", 100),
        ("GET", "/api/v1/logs", 120),
        ("GET", "/api/v1/devices", 100),
        ("GET", "/api/v1/policies?type=PASSWORD", 1200),
        ("POST", "/api/v1/authn", 500),
        ("POST", "/api/v1/authn/factors/any/verify", 500),
        ("GET", "/oauth2/v1/clients", 100),
        ("POST", "/oauth2/v1/token", 2000),
        ("POST", "/oauth2/default/v1/introspect", 2000),
        ("POST", "/idp/idx/introspect", 2000),
        ("POST", "/idp/idx/identify", 1000),
    ],
)
def test_every_endpoint_shows_its_bucket(org: Org, method: str, path: str, limit: int) -> None:
    first, second = left(org, method, path), left(org, method, path)
    assert first[0] == second[0] == limit
    assert first[1] - second[1] == 1 or first[2] < second[2]


def test_the_count_begins_anew_with_the_minute(org: Org) -> None:
    left(org, "GET", "/api/v1/apps")
    _, _, reset = left(org, "GET", "/api/v1/apps")
    org.twin.clock.advance(seconds=60)
    limit, remaining, later = left(org, "GET", "/api/v1/apps")
    assert (remaining, later) == (limit - 1, reset + 60) or later == reset + 120


@pytest.mark.parametrize("path", ["/oauth2/v1/keys", "/oauth2/default/.well-known/openid-configuration"])
def test_public_metadata_is_not_limited(org: Org, path: str) -> None:
    reply = org.plain.get(path)
    assert reply.status_code == 200
    assert "x-rate-limit-limit" not in reply.headers


def test_a_bucket_that_is_empty_leaves_the_others(org: Org) -> None:
    rule = {"profile": "limits", "rules": [{"then": {"rate_limit": "twin"}}]}
    assert org.plain.post("/_twin/faults", json=rule).status_code == 200
    statuses = [org.http.get("/api/v1/apps/0oaTwinkitWebApp0001/users").status_code for _ in range(101)]
    assert (statuses[99], statuses[100]) == (200, 429)
    assert org.http.get("/api/v1/apps").status_code == 429
    reply = org.http.get("/api/v1/apps/0oaTwinkitWebApp0001")
    assert (reply.status_code, reply.headers["x-rate-limit-limit"]) == (200, "500")


def test_too_many_at_once_is_told_in_zeros(org: Org) -> None:
    rule = {"profile": "crowd", "rules": [{"then": {"error": "concurrent_limit"}}]}
    assert org.plain.post("/_twin/faults", json=rule).status_code == 200
    reply = org.http.get("/api/v1/users")
    assert (reply.status_code, reply.json()["errorCode"]) == (429, "E0000047")
    assert (reply.headers["x-rate-limit-limit"], reply.headers["x-rate-limit-remaining"]) == ("0", "0")
    assert int(reply.headers["x-rate-limit-reset"]) > 0
