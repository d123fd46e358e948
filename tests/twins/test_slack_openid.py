"""Sign in with Slack: an id token that a client can check with the published key."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from slack_sdk import WebClient
from slack_sdk.oauth import OpenIDConnectAuthorizeUrlGenerator

from tests.twins.slack_bench import client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import world

__all__ = ["slack_server", "twin"]
BACK = "https://app.test/back"


def code(twin: Twin, nonce: str, back: str = BACK, more: str = "") -> str:
    """What the browser brings back when Ben agrees."""
    made = OpenIDConnectAuthorizeUrlGenerator(
        client_id=world.CLIENT_ID, redirect_uri=back, scopes=["openid", "email", "profile"]
    )
    query = urlsplit(made.generate(state="s", nonce=nonce)).query
    url = f"{twin.url}/openid/connect/authorize?{query}{more}"
    assert "openid" in httpx.get(url).text
    sent = httpx.post(url, data={"twin_user": "ben", "twin_answer": "allow"})
    found = parse_qs(urlsplit(sent.headers["location"]).query)
    assert found["state"] == ["s"]
    return found["code"][0]


def test_signing_in(twin: Twin) -> None:
    web = WebClient(base_url=f"{twin.url}/api/")
    secrets = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET}
    told = web.openid_connect_token(**secrets, code=code(twin, "n1"), redirect_uri=BACK)
    places = httpx.get(f"{twin.url}/.well-known/openid-configuration").json()
    key = jwt.PyJWK.from_dict(httpx.get(places["jwks_uri"]).json()["keys"][0])
    claims = jwt.decode(
        told["id_token"], key, algorithms=["RS256"], audience=world.CLIENT_ID, issuer="https://slack.com",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    assert (claims["sub"], claims["nonce"], claims["https://slack.com/team_id"]) == (world.BEN, "n1", world.TEAM)
    assert claims["email"] == "ben@twinkit.test"
    info = client(twin, told["access_token"]).openid_connect_userInfo()
    assert (info["sub"], info["https://slack.com/team_domain"]) == (world.BEN, "twinkit")
    again = code(twin, "n2")
    assert web.openid_connect_token(**secrets, code=again, redirect_uri=BACK)["ok"]
    assert error(web.openid_connect_token, **secrets, code=again, redirect_uri=BACK) == "invalid_code"


def test_signing_in_from_a_program(twin: Twin) -> None:
    twin.do("app", pkce=True)
    web, back, verifier = WebClient(base_url=f"{twin.url}/api/"), "http://localhost:8080/", "v" * 43
    given = {"client_id": world.CLIENT_ID, "client_secret": "", "redirect_uri": back}
    given["code"] = code(twin, "n1", back, f"&code_challenge={verifier}")
    assert error(web.openid_connect_token, **given, code_verifier="w" * 43) == "invalid_grant"
    told = web.openid_connect_token(**given, code_verifier=verifier)
    assert client(twin, told["access_token"]).openid_connect_userInfo()["sub"] == world.BEN
    assert told["refresh_token"]
