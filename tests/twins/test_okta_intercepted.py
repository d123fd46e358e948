"""Official Okta SDKs with hard-coded hosts, unmodified, through `twin run --intercept`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import node
from tests.twins.test_stripe_intercepted import intercepted

PYTHON = """
import asyncio
import os
from okta.client import Client

async def work():
    client = Client({"orgUrl": "https://acme.okta.com", "token": os.environ["OKTA_CLIENT_TOKEN"]})
    users, reply, error = await client.list_users()
    assert error is None, error
    print("done", sorted(user.profile.email for user in users)[0])

asyncio.run(work())
"""
NODE = """
import okta from '@okta/okta-sdk-nodejs';
const client = new okta.Client({orgUrl: 'https://acme.okta.com', token: process.env.OKTA_CLIENT_TOKEN});
const found = [];
await (await client.userApi.listUsers()).each((user) => { found.push(user.profile.email); });
console.log('done', found.sort()[0]);
"""

VERIFIER = """
import asyncio, requests
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
from okta_jwt_verifier.exceptions import JWTValidationException

ISSUER = "https://acme.okta.com/oauth2/default"
WEB = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")
form = {"grant_type": "password", "scope": "openid", "username": "bob.baker@example.com",
        "password": "Twinkit-Passw0rd"}
tokens = requests.post(f"{ISSUER}/v1/token", data=form, auth=WEB, timeout=30).json()

async def refused(work):
    try:
        await work
    except JWTValidationException:
        return
    raise SystemExit("a wrong token was accepted")

async def work():
    good = AccessTokenVerifier(issuer=ISSUER, audience="api://default")
    await good.verify(tokens["access_token"])
    await IDTokenVerifier(issuer=ISSUER, client_id=WEB[0], audience="api://default").verify(tokens["id_token"])
    await refused(AccessTokenVerifier(issuer=ISSUER, audience="api://other").verify(tokens["access_token"]))
    head, body, signature = tokens["access_token"].split(".")
    await refused(good.verify(f"{head}.{body}.{signature[:-8]}AAAAAAAA"))

asyncio.run(work())
print("done")
"""
NODE_VERIFIER = """
import Verifier from '@okta/jwt-verifier';
const issuer = 'https://acme.okta.com/oauth2/default', id = '0oaTwinkitWebApp0001';
const form = {grant_type: 'password', scope: 'openid', username: 'bob.baker@example.com', password: 'Twinkit-Passw0rd'};
const basic = Buffer.from(`${id}:twinkit-web-client-secret-000000000000001`).toString('base64');
const reply = await fetch(`${issuer}/v1/token`, {
  method: 'POST', body: new URLSearchParams(form), headers: {authorization: `Basic ${basic}`},
});
const tokens = await reply.json();
const verifier = new Verifier({issuer});
const refused = (promise) => promise.then(() => { throw new Error('accepted'); }, () => {});
await verifier.verifyAccessToken(tokens.access_token, 'api://default');
await verifier.verifyIdToken(tokens.id_token, id);
await refused(verifier.verifyAccessToken(tokens.access_token, 'api://other'));
await refused(verifier.verifyIdToken(tokens.id_token, id, 'nonce'));
console.log('done');
"""


def test_okta_python(tmp_path: Path) -> None:
    pytest.importorskip("okta", reason="needs the okta package")
    script = tmp_path / "app.py"
    script.write_text(PYTHON)
    assert intercepted("okta", sys.executable, str(script)) == "done admin@example.com\n"


def test_okta_node() -> None:
    packages = node.packages("@okta/okta-sdk-nodejs@8.0.0")
    script = packages / "hard_coded.mjs"
    script.write_text(NODE)
    assert intercepted("okta", node.program("node"), str(script)) == "done admin@example.com\n"


def test_the_python_verifier_with_its_https_check(tmp_path: Path) -> None:
    pytest.importorskip("okta_jwt_verifier", reason="needs the okta-jwt-verifier package")
    script = tmp_path / "app.py"
    script.write_text(VERIFIER)
    assert intercepted("okta", sys.executable, str(script)) == "done\n"


def test_the_node_verifier_with_its_https_check() -> None:
    packages = node.packages("openid-client@6.8.9", "@okta/jwt-verifier@4.0.2")
    script = packages / "verifies.mjs"
    script.write_text(NODE_VERIFIER)
    assert intercepted("okta", node.program("node"), str(script)) == "done\n"
