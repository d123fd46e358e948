"""Staff sign in with Okta; the test is the person at the browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from shop.app import create_app
from shop.login import Login
from shop.payments import Payments

ORG = "https://acme.okta.com"
HOME = "http://localhost:8080"


@pytest.fixture
def office(okta_twin: Any) -> Iterator[TestClient]:
    """The shop with staff login."""
    given = okta_twin.credentials
    login = Login(ORG, given["web_client_id"], given["web_client_secret"], HOME)
    with TestClient(create_app(Payments("sk_test_shop", ""), login=login), base_url=HOME) as client:
        yield client


@pytest.fixture
def sign_in(office: TestClient, okta_twin: Any) -> Callable[..., httpx.Response]:
    """Follows the shop to Okta's page, fills the form in, and comes back; returns the last page."""

    def work(username: str = okta_twin.credentials["username"], password: str = "") -> httpx.Response:
        away = office.get("/login", follow_redirects=False).headers["location"]
        assert away.startswith(f"{ORG}/oauth2/default/v1/authorize")
        with httpx.Client() as browser:
            page = browser.get(away)
            action, transaction = (
                unescape(re.search(p, page.text)[1]) for p in (r'action="([^"]+)"', r'name="txn" value="([^"]+)"')
            )
            filled = {
                "txn": transaction,
                "username": username,
                "password": password or okta_twin.credentials["password"],
            }
            back = browser.post(action, data=filled)
        if back.status_code not in (302, 303):
            return back
        return office.get(back.headers["location"].removeprefix(HOME))

    return work


def test_a_person_signs_in(office: TestClient, sign_in: Any) -> None:
    page = sign_in()
    assert page.status_code == 200
    assert page.json()["email"] == "bob.baker@example.com"
    assert office.get("/me").json()["name"] == "Bob Baker"


def test_nobody_is_signed_in_at_first(office: TestClient) -> None:
    assert office.get("/me").status_code == 401


def test_signing_out(office: TestClient, sign_in: Any) -> None:
    sign_in()
    office.post("/logout")
    assert office.get("/me").status_code == 401


def test_a_wrong_password_stays_at_okta(office: TestClient, sign_in: Any, okta_twin: Any) -> None:
    page = sign_in(password="wrong")
    assert "txn" in page.text
    assert office.get("/me").status_code == 401
    okta_twin.assert_not_called("POST /oauth2/default/v1/token")


def test_a_suspended_person_stays_out(office: TestClient, sign_in: Any, okta_twin: Any) -> None:
    bob = okta_twin.record("user", "00uTwinkitBob0000002")
    reply = okta_twin.client.post(f"/api/v1/users/{bob.id}/lifecycle/suspend")
    assert reply.status_code == 200, reply.text
    sign_in()
    assert office.get("/me").status_code == 401


def test_a_forged_state_is_refused(office: TestClient, sign_in: Any) -> None:
    office.get("/login", follow_redirects=False)
    assert office.get("/authorization-code/callback?code=x&state=forged").status_code == 403


def test_an_outage_of_okta_is_told(office: TestClient, okta_twin: Any, sign_in: Any) -> None:
    with okta_twin.fail(status=500, body={"errorCode": "E0000009"}, operation="tokenCustomAS", times=None):
        assert sign_in().status_code == 503
    assert office.get("/me").status_code == 401
    assert sign_in().status_code == 200


def test_the_issuer_is_the_org(office: TestClient, okta_twin: Any, sign_in: Any) -> None:
    sign_in()
    (call, *_) = okta_twin.calls("getWellKnownOpenIDConfigurationCustomAS")
    assert call.reply["issuer"] == f"{ORG}/oauth2/default"
