"""A real browser completes the Okta twin's pages: sign-in, consent, errors, form_post, signing out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import pytest

from tests import browser
from tests.twins.okta_org import Org, org, server
from twins.okta import totp
from twins.okta.oauth import jwt

__all__ = ["org", "server"]
WEB = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")
SPA = "0oaTwinkitSpaApp0002"
BOB = "bob.baker@example.com"
PASSWORD = "Twinkit-Passw0rd"
VERIFIER = "v" * 43
CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the module."""
    with browser.opened() as made:
        yield made


@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    """The client application: a server that answers every call-back. Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = b"<h1>Back at the client</h1>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


class Tab:
    """A page without cookies, for an org whose single-page app lives at the client's address."""

    def __init__(self, org: Org, client: str, chromium: Any, **options: Any) -> None:
        self.org, self.client = org, client
        app = org.ask("GET", f"/api/v1/apps/{SPA}")
        app["settings"]["oauthClient"] |= {"redirect_uris": [f"{client}/callback"],
                                           "post_logout_redirect_uris": [f"{client}/"]}  # fmt: skip
        org.ask("PUT", f"/api/v1/apps/{SPA}", app)
        self.page = chromium.new_context(**options).new_page()
        self.page.set_default_timeout(20_000)

    def ask(self, **more: str) -> None:
        """Open an authorize request of the single-page app."""
        fields = {"client_id": SPA, "response_type": "code", "scope": "openid profile", "state": "s-1", "nonce": "n-1",
                  "redirect_uri": f"{self.client}/callback", "code_challenge": CHALLENGE,
                  "code_challenge_method": "S256", **more}  # fmt: skip
        query = urlencode({name: value for name, value in fields.items() if value})
        self.page.goto(f"{self.org.url}/oauth2/default/v1/authorize?{query}")

    def sign_in(self, password: str = PASSWORD) -> None:
        """Fill in the password and send the form."""
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def returned(self) -> dict[str, str]:
        """The parameters the client got."""
        self.page.get_by_role("heading", name="Back at the client").wait_for()
        parts = urlparse(self.page.url)
        return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}

    def tokens(self, code: str) -> Any:
        """What the code is worth."""
        fields = {"grant_type": "authorization_code", "client_id": SPA, "code": code, "code_verifier": VERIFIER,
                  "redirect_uri": f"{self.client}/callback"}  # fmt: skip
        reply = self.org.plain.post("/oauth2/default/v1/token", data=fields)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture
def tab(org: Org, client: str, chromium: Any) -> Iterator[Tab]:
    """A page for one test."""
    made = Tab(org, client, chromium)
    yield made
    made.page.context.close()


def test_a_person_is_picked_mistypes_and_signs_in_with_pkce(tab: Tab) -> None:
    tab.ask()
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Sign in to Single-page app"
    tab.page.get_by_role("button", name="Bob Baker").click()
    assert tab.page.get_by_label("Username").input_value() == BOB
    tab.sign_in("wrong")
    assert tab.page.get_by_role("alert").inner_text() == "Unable to sign in"
    assert tab.page.get_by_label("Username").input_value() == BOB
    tab.sign_in()
    found = tab.returned()
    assert found["state"] == "s-1"
    assert "id_token" in tab.tokens(found["code"])


def test_a_session_answers_without_a_page_until_login_is_prompted(tab: Tab) -> None:
    tab.ask(login_hint=BOB)
    assert tab.page.get_by_label("Username").input_value() == BOB
    tab.sign_in()
    tab.returned()
    tab.ask(prompt="none", state="again")
    assert tab.returned()["state"] == "again"
    tab.ask(prompt="login", login_hint=BOB)
    tab.sign_in()
    assert "code" in tab.returned()


def test_errors_come_back_to_the_client(tab: Tab) -> None:
    tab.ask(prompt="none")
    found = tab.returned()
    assert (found["error"], found["state"]) == ("login_required", "s-1")
    tab.ask(redirect_uri="https://elsewhere.example.com/")
    assert "must be a Login redirect URI" in tab.page.locator("main").inner_text()


def test_form_post_and_fragment(tab: Tab) -> None:
    tab.ask(response_mode="form_post", login_hint=BOB)
    with tab.page.expect_request(f"{tab.client}/**") as sent:
        tab.sign_in()
    assert sent.value.method == "POST"
    assert parse_qs(sent.value.post_data)["state"] == ["s-1"]
    tab.returned()
    tab.ask(response_type="id_token token", code_challenge="", code_challenge_method="")
    assert {"id_token", "access_token", "token_type"} <= set(tab.returned())
    assert "#" in tab.page.url


def test_consent_is_denied_then_allowed_and_kept(org: Org, tab: Tab) -> None:
    app = org.ask("GET", f"/api/v1/apps/{SPA}")
    app["settings"]["oauthClient"]["consent_method"] = "REQUIRED"
    org.ask("PUT", f"/api/v1/apps/{SPA}", app)
    asked = {"scope": "openid api:write", "login_hint": BOB}
    tab.ask(**asked)
    tab.sign_in()
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Single-page app would like to access:"
    tab.page.get_by_role("button", name="Don't Allow").click()
    assert tab.returned()["error"] == "access_denied"
    tab.ask(**asked)
    tab.page.get_by_role("button", name="Allow Access").click()
    assert tab.tokens(tab.returned()["code"])["scope"] == "openid api:write"
    tab.ask(**asked)
    assert "code" in tab.returned()


def test_a_second_factor_is_set_up_then_asked_for(org: Org, tab: Tab) -> None:
    policy = org.ask("GET", "/api/v1/policies?type=OKTA_SIGN_ON")[0]["id"]
    rule = org.ask("GET", f"/api/v1/policies/{policy}/rules")[0]
    rule["actions"]["signon"]["requireFactor"] = True
    org.ask("PUT", f"/api/v1/policies/{policy}/rules/{rule['id']}", rule)
    tab.ask(login_hint=BOB)
    tab.sign_in()
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Set up security methods"
    tab.page.get_by_role("button", name="Google Authenticator").click()
    secret = tab.page.locator("main p").first.inner_text().rpartition(" ")[2]
    tab.page.get_by_label("Enter code").fill("000000")
    tab.page.get_by_role("button", name="Verify").click()
    assert tab.page.get_by_role("alert").inner_text() == "Invalid code. Try again."
    tab.page.get_by_label("Enter code").fill(totp.code(secret, org.twin.clock.now // totp.STEP))
    tab.page.get_by_role("button", name="Verify").click()
    assert "code" in tab.returned()
    tab.page.context.clear_cookies()
    org.twin.clock.advance(seconds=60)
    tab.ask(login_hint=BOB)
    tab.sign_in()
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Verify with Google Authenticator"
    tab.page.get_by_label("Enter code").fill(totp.code(secret, org.twin.clock.now // totp.STEP))
    tab.page.get_by_role("button", name="Verify").click()
    assert "mfa" in jwt.read(tab.tokens(tab.returned()["code"])["id_token"])[1]["amr"]


def test_an_expired_password_is_changed(org: Org, tab: Tab) -> None:
    org.ask("POST", f"/api/v1/users/{BOB}/lifecycle/expire_password")
    tab.ask(login_hint=BOB)
    tab.sign_in()
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Your Okta password has expired"
    tab.page.get_by_label("New password").fill("weak")
    tab.page.get_by_role("button", name="Verify").click()
    assert "Password requirements were not met" in tab.page.get_by_role("alert").inner_text()
    tab.page.get_by_label("New password").fill("Brand-n3w-pass")
    tab.page.get_by_role("button", name="Verify").click()
    assert "code" in tab.returned()


def test_signing_out_returns_to_the_client_and_ends_the_session(org: Org, tab: Tab) -> None:
    tab.ask(login_hint=BOB)
    tab.sign_in()
    hint = tab.tokens(tab.returned()["code"])["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": f"{tab.client}/", "state": "bye"}
    tab.page.goto(f"{org.url}/oauth2/default/v1/logout?{urlencode(query)}")
    assert tab.returned() == {"state": "bye"}
    tab.ask(prompt="none")
    assert tab.returned()["error"] == "login_required"


def test_a_device_is_activated(org: Org, tab: Tab) -> None:
    fields = {"client_id": "0oaTwinkitNative0003", "scope": "openid"}
    asked = org.plain.post("/oauth2/default/v1/device/authorize", data=fields).json()
    tab.page.goto(asked["verification_uri_complete"])
    tab.page.get_by_label("Username").fill(BOB)
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Next").click()
    assert tab.page.get_by_role("status").inner_text() == "Device activated"


def test_the_pages_work_with_the_keyboard_and_without_scripts(org: Org, client: str, chromium: Any) -> None:
    tab = Tab(org, client, chromium, java_script_enabled=False, color_scheme="dark")
    tab.ask()
    tab.page.wait_for_selector("input:focus")
    tab.page.keyboard.type(BOB)
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type(PASSWORD)
    tab.page.keyboard.press("Enter")
    assert "code" in tab.returned()
    tab.page.context.close()
