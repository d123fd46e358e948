"""The vendor's Node SDKs and openid-client against the Okta twin, unmodified."""

from __future__ import annotations

from tests import node
from tests.twins.okta_org import TOKEN, Org, org, server

__all__ = ["org", "server"]
SERVICE = ("0oaTwinkitService004", "twinkit-service-client-secret-00000000004")
SDK = """
import okta from '@okta/okta-sdk-nodejs';
const client = new okta.Client({
  orgUrl: process.env.URL, token: process.env.TOKEN, testing: {disableHttpsCheck: true},
});
const login = 'node@example.com';
const profile = {firstName: 'No', lastName: 'De', email: login, login};
const user = await client.userApi.createUser({body: {profile, credentials: {password: {value: 'Correct-h0rse'}}}});
if (user.status !== 'ACTIVE') throw new Error(user.status);
await client.userApi.getUser({userId: login}).catch(() => client.userApi.getUser({id: login}));
const names = [];
const groups = await client.groupApi.listGroups({limit: 1});
await groups.each(group => { names.push(group.profile.name); });
if (names.length < 3) throw new Error(names.join());
console.log('ok');
"""
OPENID = """
import * as oidc from 'openid-client';
import Verifier from '@okta/jwt-verifier';
const issuer = new URL(process.env.ISSUER);
const config = await oidc.discovery(issuer, process.env.ID, process.env.SECRET, undefined, {
  execute: [oidc.allowInsecureRequests],
});
const tokens = await oidc.clientCredentialsGrant(config, {scope: 'api:read'});
const facts = await oidc.tokenIntrospection(config, tokens.access_token);
if (!facts.active) throw new Error('inactive');
const verifier = new Verifier({issuer: issuer.href, testing: {disableHttpsCheck: true}});
const jwt = await verifier.verifyAccessToken(tokens.access_token, 'api://default');
if (jwt.claims.cid !== process.env.ID) throw new Error(jwt.claims.cid);
await verifier.verifyAccessToken(tokens.access_token, 'api://other').then(
  () => { throw new Error('accepted'); }, () => {});
await oidc.tokenRevocation(config, tokens.access_token);
if ((await oidc.tokenIntrospection(config, tokens.access_token)).active) throw new Error('still active');
console.log('ok');
"""


def test_the_node_sdk(org: Org) -> None:
    modules = node.packages("@okta/okta-sdk-nodejs@8.1.0")
    assert "ok" in node.run(modules, SDK, env={"URL": org.url, "TOKEN": TOKEN}).stdout


def test_openid_client_and_the_node_verifier(org: Org) -> None:
    modules = node.packages("openid-client@6.8.9", "@okta/jwt-verifier@4.0.2")
    env = {"ISSUER": f"{org.url}/oauth2/default", "ID": SERVICE[0], "SECRET": SERVICE[1]}
    assert "ok" in node.run(modules, OPENID, env=env).stdout
