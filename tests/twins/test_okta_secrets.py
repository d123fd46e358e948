"""Rotating the secret of an OAuth client of the Okta twin."""

from __future__ import annotations

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]
SERVICE = "0oaTwinkitService004"


def status_with(org: Org, secret: str) -> int:
    """What the token endpoint says to a secret."""
    fields = {"grant_type": "client_credentials", "scope": "api:read"}
    return org.plain.post("/oauth2/default/v1/token", data=fields, auth=(SERVICE, secret)).status_code


def test_two_secrets_work_until_the_old_one_is_switched_off(org: Org) -> None:
    base = f"/api/v1/apps/{SERVICE}/credentials/secrets"
    old = org.ask("GET", base)[0]
    new = org.ask("POST", base, {}, status=201)
    assert org.refused("POST", base, {})[1] == "E0000001"
    assert [status_with(org, each["client_secret"]) for each in (old, new)] == [200, 200]
    assert org.refused("DELETE", f"{base}/{old['id']}")[1] == "E0000107"
    org.ask("POST", f"{base}/{old['id']}/lifecycle/deactivate")
    assert [status_with(org, each["client_secret"]) for each in (old, new)] == [401, 200]
    org.ask("DELETE", f"{base}/{old['id']}", status=204)
    assert [each["id"] for each in org.ask("GET", base)] == [new["id"]]


def test_a_user_without_consents_has_none(org: Org) -> None:
    assert org.ask("GET", "/api/v1/users/bob.baker@example.com/grants") == []
    org.ask("DELETE", "/api/v1/users/bob.baker@example.com/grants", status=204)
