"""The Identity Engine's pipeline of the Okta twin: through @okta/okta-auth-js, unmodified, in Node, and by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests import node
from tests.twins.okta_org import Org, org, server
from twins.okta import totp

__all__ = ["org", "server"]
AUTH_JS = "@okta/okta-auth-js@8.0.1"
SPA = "0oaTwinkitSpaApp0002"
BACK = "http://localhost:8080/callback"
BOB = "bob.baker@example.com"
PASSWORD = "Twinkit-Passw0rd"
START = """
import {OktaAuth} from '@okta/okta-auth-js';
const options = {
  issuer: process.env.ISSUER, clientId: '0oaTwinkitSpaApp0002', redirectUri: 'http://localhost:8080/callback',
  scopes: ['openid', 'profile', 'email', 'offline_access'], pkce: true,
  idx: {enableLegacyMode: true},
};
const auth = new OktaAuth(options);
const same = (found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(found));
};
const human = async (name, payload) => (await (await fetch(`${process.env.URL}/_twin/do/${name}`, {
  method: 'POST', body: JSON.stringify(payload), headers: {'content-type': 'application/json'},
})).json());
const username = process.env.USERNAME_, password = process.env.PASSWORD_;
"""


def run(org: Org, script: str, username: str = BOB, password: str = PASSWORD) -> None:
    """Run a script with okta-auth-js; it fails by throwing."""
    env = {"ISSUER": f"{org.url}/oauth2/default", "URL": org.url, "USERNAME_": username, "PASSWORD_": password}
    assert (
        "done"
        in node.run(node.packages(AUTH_JS), START + script + "\nconsole.log('done'); process.exit(0);", env=env).stdout
    )


def change(org: Org, type: str, path: list[str], value: Any) -> None:
    """Change one action of the default rule of a policy type."""
    policy = org.ask("GET", f"/api/v1/policies?type={type}")[0]
    rule = org.ask("GET", f"/api/v1/policies/{policy['id']}/rules")[0]
    place = rule["actions"]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    org.ask("PUT", f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)


def test_a_password_is_enough(org: Org) -> None:
    run(org, """
const wrong = await auth.idx.authenticate({username, password: 'wrong'});
same([wrong.status, wrong.messages[0].i18n.key, wrong.nextStep.name], ['PENDING', 'errors.E0000004', 'identify']);
const found = await auth.idx.authenticate({username, password});
same(found.status, 'SUCCESS');
auth.tokenManager.setTokens(found.tokens);
same(found.tokens.idToken.claims.preferred_username, username);
await auth.token.verify(found.tokens.idToken, {ignoreSignature: false});
const renewed = await auth.token.renewTokens();
if (renewed.accessToken.accessToken === found.tokens.accessToken.accessToken) throw new Error('not renewed');
same((await auth.token.getUserInfo(renewed.accessToken, renewed.idToken)).email, username);
await auth.revokeAccessToken(renewed.accessToken);
const stepwise = new OktaAuth({...options, idx: {}, storageManager: {transaction: {storageKey: 'other'}}});
await stepwise.idx.start();
same((await stepwise.idx.proceed({step: 'identify', identifier: username, credentials: {passcode: password}})).status,
     'SUCCESS');
""")  # fmt: skip


def test_steps_one_by_one_with_identifier_first_cancel_and_unknown_user(org: Org) -> None:
    change(org, "OKTA_SIGN_ON", ["signon", "primaryFactor"], "PASSWORD_IDP_ANY_FACTOR")
    run(org, """
let step = await auth.idx.start();
same([step.availableSteps[0].name, step.neededToProceed[0].value.map(each => each.name)],
     ['identify', ['identifier', 'rememberMe', 'stateHandle']]);
step = await auth.idx.proceed({username: 'nobody'});
same(step.messages[0].i18n.key, 'idx.unknown.user');
step = await auth.idx.proceed({username});
same([step.nextStep.name, step.nextStep.authenticator.key], ['challenge-authenticator', 'okta_password']);
step = await auth.idx.proceed({password: 'wrong'});
same([step.status, step.messages[0].i18n.key], ['PENDING', 'incorrectPassword']);
same((await auth.idx.cancel()).status, 'CANCELED');
step = await auth.idx.authenticate({username, password});
same(step.status, 'SUCCESS');
""")  # fmt: skip


def test_a_totp_factor_is_asked_for(org: Org) -> None:
    user = org.user("idxtotp@example.com", password=PASSWORD)["id"]
    base = f"/api/v1/users/{user}/factors"
    made = org.ask("POST", base, {"factorType": "token:software:totp", "provider": "GOOGLE"})
    secret = made["_embedded"]["activation"]["sharedSecret"]
    code = totp.code(secret, org.twin.clock.now // 30 - 1)
    org.ask("POST", f"{base}/{made['id']}/lifecycle/activate", {"passCode": code})
    change(org, "OKTA_SIGN_ON", ["signon", "requireFactor"], True)
    run(org, """
let step = await auth.idx.authenticate({username, password});
same([step.status, step.nextStep.name, step.nextStep.authenticator.key],
     ['PENDING', 'challenge-authenticator', 'google_otp']);
step = await auth.idx.proceed({verificationCode: '000000'});
same(step.messages[0].i18n.key, 'api.authn.error.PASSCODE_INVALID');
const {code} = await human('factor_code', {user: username, factorType: 'token:software:totp'}).then(x => x.result ?? x);
step = await auth.idx.proceed({verificationCode: code});
same(step.status, 'SUCCESS');
same(step.tokens.idToken.claims.amr, ['pwd', 'otp', 'mfa']);
""", "idxtotp@example.com")  # fmt: skip


def test_a_factor_is_enrolled_on_the_way_in(org: Org) -> None:
    org.user("idxenroll@example.com", password=PASSWORD)
    change(org, "OKTA_SIGN_ON", ["signon", "requireFactor"], True)
    run(org, """
let step = await auth.idx.authenticate({username, password});
same([step.nextStep.name, step.nextStep.canSkip ?? false], ['select-authenticator-enroll', false]);
step = await auth.idx.proceed({authenticator: 'okta_email'});
same([step.nextStep.name, step.nextStep.authenticator.key], ['enroll-authenticator', 'okta_email']);
const {code} = await human('factor_code', {user: username, factorType: 'email'}).then(x => x.result ?? x);
step = await auth.idx.proceed({verificationCode: code});
same(step.status, 'SUCCESS');
""", "idxenroll@example.com")  # fmt: skip


def test_a_forgotten_password(org: Org) -> None:
    org.user("idxforgot@example.com", password=PASSWORD)
    run(org, """
let step = await auth.idx.recoverPassword({username, authenticators: ['okta_email']});
same([step.status, step.nextStep.name], ['PENDING', 'challenge-authenticator']);
const {code} = await human('factor_code', {user: username, factorType: 'email'}).then(x => x.result ?? x);
step = await auth.idx.proceed({verificationCode: code});
same(step.nextStep.name, 'reset-authenticator');
step = await auth.idx.proceed({password: 'weak'});
same(step.messages[0].i18n.key, 'password.passwordRequirementsNotMet');
step = await auth.idx.proceed({password: 'Brand-n3w-pass'});
same(step.status, 'SUCCESS');
""", "idxforgot@example.com")  # fmt: skip


def test_an_expired_password(org: Org) -> None:
    user = org.user("idxexpired@example.com", password=PASSWORD)["id"]
    org.ask("POST", f"/api/v1/users/{user}/lifecycle/expire_password")
    run(org, """
let step = await auth.idx.authenticate({username, password});
same(step.nextStep.name, 'reenroll-authenticator');
step = await auth.idx.proceed({newPassword: 'Brand-n3w-pass'});
same(step.status, 'SUCCESS');
""", "idxexpired@example.com")  # fmt: skip
    assert org.ask("GET", f"/api/v1/users/{user}")["status"] == "ACTIVE"


def test_a_person_registers(org: Org) -> None:
    change(org, "PROFILE_ENROLLMENT", ["profileEnrollment", "unknownUserAction"], "REGISTER")
    run(org, """
let step = await auth.idx.register({firstName: 'New', lastName: 'Person', email: 'bob.baker@example.com'});
same(step.messages[0].i18n.key, 'registration.error.notUniqueWithinOrg');
step = await auth.idx.register({firstName: 'New', lastName: 'Person', email: username});
same([step.status, step.nextStep.name], ['PENDING', 'select-authenticator-enroll']);
step = await auth.idx.proceed({authenticator: 'okta_email'});
const {code} = await human('factor_code', {user: username, factorType: 'email'}).then(x => x.result ?? x);
step = await auth.idx.proceed({verificationCode: code});
same(step.nextStep.name, 'select-authenticator-enroll');
step = await auth.idx.proceed({authenticator: 'okta_password'});
step = await auth.idx.proceed({password: 'Brand-n3w-pass'});
same([step.nextStep.name, step.nextStep.canSkip], ['select-authenticator-enroll', true]);
step = await auth.idx.proceed({skip: true});
same([step.status, step.tokens.idToken.claims.email], ['SUCCESS', username]);
""", "idxnew@example.com")  # fmt: skip
    assert org.ask("GET", "/api/v1/users/idxnew@example.com")["status"] == "ACTIVE"


def test_nobody_registers_where_the_policy_denies_it(org: Org) -> None:
    run(org, """
const step = await auth.idx.start();
same(step.enabledFeatures, ['recover-password']);
""")  # fmt: skip


def test_sign_in_with_credentials_then_tokens_without_a_prompt(org: Org) -> None:
    run(org, """
const transaction = await auth.signInWithCredentials({username, password});
same(transaction.status, 'SUCCESS');
const params = await auth.token.prepareTokenParams({responseType: 'code', sessionToken: transaction.sessionToken,
                                                    prompt: 'none'});
const query = new URLSearchParams({
  client_id: params.clientId, redirect_uri: params.redirectUri, response_type: 'code', scope: params.scopes.join(' '),
  state: params.state, nonce: params.nonce, code_challenge: params.codeChallenge, prompt: 'none',
  code_challenge_method: params.codeChallengeMethod, sessionToken: transaction.sessionToken,
});
const reply = await fetch(`${process.env.ISSUER}/v1/authorize?${query}`, {redirect: 'manual'});
const code = new URL(reply.headers.get('location')).searchParams.get('code');
const {tokens} = await auth.token.exchangeCodeForTokens({...params, authorizationCode: code});
auth.tokenManager.setTokens(tokens);
same((await auth.tokenManager.getTokens()).idToken.claims.preferred_username, username);
await auth.token.verify(tokens.idToken, {nonce: params.nonce});
const failed = await auth.signInWithCredentials({username, password: 'wrong'}).catch(error => error);
same([failed.errorCode, failed.errorSummary], ['E0000004', 'Authentication failed']);
""")  # fmt: skip


# by hand --------------------------------------------------------------------------------------------------------------


def interact(org: Org, **more: str) -> Any:
    """The reply to an interact request of the single-page app."""
    fields = {"client_id": SPA, "scope": "openid", "redirect_uri": BACK, "state": "s", "code_challenge": "c" * 43,
              "code_challenge_method": "S256", **more}  # fmt: skip
    return org.plain.post("/oauth2/default/v1/interact", data={name: text for name, text in fields.items() if text})


def idx(org: Org, path: str, **body: Any) -> tuple[int, Any]:
    """Status and body of a step."""
    reply = org.plain.post(f"/idp/idx/{path}", json=body)
    assert reply.headers["content-type"] == "application/ion+json; okta-version=1.0.0"
    return reply.status_code, reply.json()


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": "0oaTwinkitService004"}, 401, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example.com/"}, 400, "invalid_request"),
        ({"code_challenge": ""}, 400, "invalid_request"),
        ({"code_challenge_method": "plain"}, 400, "invalid_request"),
        ({"scope": "openid nothing"}, 400, "invalid_scope"),
    ],
)
def test_what_does_not_begin(org: Org, more: dict[str, str], status: int, error: str) -> None:
    reply = interact(org, **more)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_handles_grow_old_and_wrong_steps_are_refused(org: Org) -> None:
    handle = interact(org).json()["interaction_handle"]
    _, first = idx(org, "introspect", interactionHandle=handle)
    assert [each["name"] for each in first["remediation"]["value"]] == ["identify"]
    assert first["remediation"]["value"][0]["href"] == f"{org.url}/idp/idx/identify"
    assert idx(org, "introspect", interactionHandle=handle)[1]["stateHandle"] == first["stateHandle"]
    status, refused = idx(org, "challenge/answer", stateHandle=first["stateHandle"], credentials={"passcode": "x"})
    assert (status, refused["messages"]["value"][0]["i18n"]["key"]) == (403, "errors.E0000079")
    status, gone = idx(org, "introspect", interactionHandle="nonsense")
    assert (status, gone["messages"]["value"][0]["i18n"]["key"]) == (401, "idx.session.expired")
    org.twin.clock.advance(seconds=7201)
    assert idx(org, "identify", stateHandle=first["stateHandle"], identifier=BOB)[0] == 401


def test_an_interaction_code_works_once_for_its_verifier_only(org: Org) -> None:
    from tests.twins.test_okta_oauth import CHALLENGE, VERIFIER

    handle = interact(org, code_challenge=CHALLENGE).json()["interaction_handle"]
    state = idx(org, "introspect", interactionHandle=handle)[1]["stateHandle"]
    _, done = idx(org, "identify", stateHandle=state, identifier=BOB, credentials={"passcode": PASSWORD})
    issue = done["successWithInteractionCode"]
    fields = {each["name"]: each.get("value") for each in issue["value"]}
    path = issue["href"].removeprefix(org.url)
    wrong = org.plain.post(path, data={**fields, "code_verifier": "x" * 43}).json()
    assert wrong["error_description"] == "PKCE verification failed."
    as_code = {"grant_type": "authorization_code", "code": fields["interaction_code"], "client_id": SPA,
               "redirect_uri": BACK, "code_verifier": VERIFIER}  # fmt: skip
    assert org.plain.post(path, data=as_code).json()["error"] == "invalid_grant"
    assert "id_token" in org.plain.post(path, data={**fields, "code_verifier": VERIFIER}).json()
    assert org.plain.post(path, data={**fields, "code_verifier": VERIFIER}).json()["error"] == "invalid_grant"


def test_a_warning_before_the_password_expires_can_be_skipped(org: Org) -> None:
    policy = org.ask("GET", "/api/v1/policies?type=PASSWORD")[0]
    policy["settings"]["password"]["age"] |= {"maxAgeDays": 10, "expireWarnDays": 5}
    org.ask("PUT", f"/api/v1/policies/{policy['id']}", policy)
    org.twin.clock.advance(seconds=6 * 86_400 + 3600)
    state = idx(org, "introspect", interactionHandle=interact(org).json()["interaction_handle"])[1]["stateHandle"]
    _, warned = idx(org, "identify", stateHandle=state, identifier=BOB, credentials={"passcode": PASSWORD})
    names = [each["name"] for each in warned["remediation"]["value"]]
    assert names == ["reenroll-authenticator-warning", "skip"]
    assert warned["currentAuthenticator"]["value"]["settings"]["daysToExpiry"] == 3
    assert "successWithInteractionCode" in idx(org, "skip", stateHandle=state)[1]


def test_a_rule_denies_by_network_and_a_user_must_be_assigned(org: Org) -> None:
    zone = {"type": "IP", "name": "Bad place", "gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}]}
    made = org.ask("POST", "/api/v1/zones", zone)["id"]
    policy = org.ask("GET", "/api/v1/policies?type=OKTA_SIGN_ON")[0]["id"]
    rule = {"name": "Not from there", "type": "SIGN_ON", "actions": {"signon": {"access": "DENY"}},
            "conditions": {"network": {"connection": "ZONE", "include": [made]}}}  # fmt: skip
    org.ask("POST", f"/api/v1/policies/{policy}/rules", rule)
    state = idx(org, "introspect", interactionHandle=interact(org).json()["interaction_handle"])[1]["stateHandle"]
    body = {"stateHandle": state, "identifier": BOB, "credentials": {"passcode": PASSWORD}}
    there = {"x-forwarded-for": "198.51.100.7"}
    reply = org.plain.post("/idp/idx/identify", json=body, headers=there)
    assert (reply.status_code, reply.json()["messages"]["value"][0]["i18n"]["key"]) == (403, "security.access_denied")
    primary = {"username": BOB, "password": PASSWORD}
    refused = org.plain.post("/api/v1/authn", json=primary, headers=there)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000085")
    org.ask("DELETE", f"/api/v1/apps/{SPA}/groups/00gTwinkitEveryone01", status=204)
    status, found = idx(org, "identify", **body)
    key = found["messages"]["value"][0]["i18n"]["key"]
    assert (status, key) == (403, "idx.error.user.not.assigned.to.app")
