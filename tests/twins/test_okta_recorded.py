"""What recordings of the service show that its document does not: defaults, links, orders, words."""

from __future__ import annotations

from typing import Any

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]


def test_an_app_says_its_mode_by_its_name(org: Org) -> None:
    made = org.ask("POST", "/api/v1/apps", {"name": "bookmark", "label": "B", "settings": {"app": {"url": "http://x"}}})
    assert (made["signOnMode"], made["universalLogout"]["status"]) == ("BOOKMARK", "UNSUPPORTED")
    assert made["credentials"]["signing"] == {}
    refused = org.refused("POST", "/api/v1/apps", {"name": "unknown", "label": "C"})
    assert refused[1:] == (
        "E0000001", "Api validation failed: signOnMode", ["signOnMode: The field cannot be left blank"])  # fmt: skip
    swa = org.ask("POST", "/api/v1/apps", {"name": "template_swa3field", "label": "S"})
    assert (swa["signOnMode"], swa["credentials"]["scheme"]) == ("BROWSER_PLUGIN", "EDIT_USERNAME_AND_PASSWORD")
    assert swa["_links"]["appLinks"][0]["href"].endswith("/3287")


def test_a_web_client_has_what_it_did_not_say(org: Org) -> None:
    client = {"application_type": "web", "grant_types": ["authorization_code", "refresh_token"],
              "redirect_uris": ["https://x.example.com/cb"], "response_types": ["code"]}  # fmt: skip
    made = org.ask("POST", "/api/v1/apps", {"label": "W", "signOnMode": "OPENID_CONNECT", "name": "oidc_client",
                                            "settings": {"oauthClient": client}})  # fmt: skip
    settings = made["settings"]["oauthClient"]
    assert settings["refresh_token"] == {"rotation_type": "STATIC"}
    assert (settings["wildcard_redirect"], settings["client_uri"], settings["logo_uri"]) == ("DISABLED", None, None)
    assert made["visibility"]["hide"] == {"iOS": True, "web": True}
    assert made["universalLogout"]["protocol"] == "GLOBAL_TOKEN_REVOCATION"
    kids = [each["kid"] for each in org.ask("GET", f"/api/v1/apps/{made['id']}/credentials/keys")]
    assert kids == [made["credentials"]["signing"]["kid"]]


def test_authenticators_have_settings_and_methods(org: Org) -> None:
    rows = {each["key"]: each for each in org.ask("GET", "/api/v1/authenticators")}
    assert rows["okta_email"]["settings"] == {"allowedFor": "any", "tokenLifetimeInMinutes": 5}
    assert rows["okta_verify"]["_links"]["enroll"]["href"] == f"{org.url}/idp/authenticators"
    assert "deactivate" not in rows["okta_password"]["_links"]
    changed = org.ask("PUT", f"/api/v1/authenticators/{rows['okta_email']['id']}",
                      {"key": "okta_email", "name": "Email", "settings": {"allowedFor": "recovery"}})  # fmt: skip
    assert changed["settings"] == {"allowedFor": "recovery", "tokenLifetimeInMinutes": 5}
    at = f"/api/v1/authenticators/{rows['okta_verify']['id']}/methods"
    assert [(each["type"], each["status"]) for each in org.ask("GET", at)] == [
        ("totp", "ACTIVE"), ("push", "INACTIVE"), ("signed_nonce", "INACTIVE")]  # fmt: skip
    assert org.refused("POST", f"{at}/totp/lifecycle/deactivate")[:2] == (403, "E0000107")
    assert org.ask("POST", f"{at}/push/lifecycle/activate")["status"] == "ACTIVE"
    assert org.ask("POST", f"{at}/totp/lifecycle/deactivate")["status"] == "INACTIVE"
    method = {"type": "push", "status": "ACTIVE", "settings": {"keyProtection": "HARDWARE"}}
    assert org.ask("PUT", f"{at}/push", method)["settings"]["algorithms"] == ["ES256", "RS256"]
    assert org.ask("GET", f"{at}/push")["settings"]["keyProtection"] == "HARDWARE"
    assert org.refused("GET", f"{at}/sms")[:2] == (404, "E0000007")
    always = org.refused("POST", "/api/v1/authenticators", {"key": "okta_email", "name": "Email"})
    assert (always[1], always[3]) == ("E0000001", ["The field has an invalid value"])


def test_pages_of_a_brand(org: Org) -> None:
    brand = org.ask("POST", "/api/v1/brands", {"name": "Pages"}, status=201)
    assert "locale" not in brand and brand["defaultApp"]["appInstanceId"] is None
    at = f"/api/v1/brands/{brand['id']}/pages"
    assert org.ask("GET", f"{at}/sign-in/default")["widgetCustomizations"]["signInLabel"] == "Sign In"
    assert org.refused("GET", f"{at}/sign-in/customized")[:2] == (404, "E0000007")
    page = {"pageContent": "<html></html>", "widgetVersion": "*", "widgetCustomizations": {"widgetGeneration": "G3"}}
    kept = org.ask("PUT", f"{at}/sign-in/customized", page)
    assert (kept["widgetCustomizations"]["signInLabel"], kept["widgetCustomizations"]["widgetGeneration"]) == (
        None, "G3")  # fmt: skip
    assert org.ask("GET", f"{at}/sign-in?expand=customized")["_embedded"]["customized"] == kept
    org.ask("DELETE", f"{at}/sign-in/customized", status=204)
    assert org.refused("GET", f"{at}/sign-in/customized")[1] == "E0000007"
    assert org.ask("PUT", f"{at}/error/preview", {"pageContent": "<p>"}) == {"pageContent": "<p>"}
    assert org.ask("GET", f"{at}/sign-out/customized") == {"type": "OKTA_DEFAULT"}
    out = {"type": "EXTERNALLY_HOSTED", "url": "https://example.com/bye"}
    assert org.ask("PUT", f"{at}/sign-out/customized", out) == org.ask("GET", f"{at}/sign-out/customized") == out
    assert org.ask("GET", f"{at}/sign-in/widget-versions")[-2:] == ["^7", "*"]


def test_email_templates_come_twenty_a_page(org: Org) -> None:
    brand = org.ask("GET", "/api/v1/brands")[0]["id"]
    first = org.http.get(f"/api/v1/brands/{brand}/templates/email")
    assert (len(first.json()), first.json()[0]["name"]) == (20, "UserActivation")
    rest = org.http.get(first.links["next"]["url"]).json()
    assert {each["name"] for each in first.json()}.isdisjoint(each["name"] for each in rest)
    assert org.refused("GET", f"/api/v1/brands/{brand}/templates/email?after=nothing")[1] == "E0000029"


def test_a_new_authorization_server(org: Org) -> None:
    made = org.ask("POST", "/api/v1/authorizationServers", {"name": "S", "description": "d", "audiences": ["api://s"]},
                   status=201)  # fmt: skip
    assert made["issuerMode"] == "DYNAMIC"
    at = f"/api/v1/authorizationServers/{made['id']}"
    policy = {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "P", "description": "d", "priority": 1}
    assert org.ask("POST", f"{at}/policies", policy, status=201)["conditions"] == {"clients": {"include": []}}
    claim: dict[str, Any] = {"name": "driving", "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION",
                             "value": '"yes"'}  # fmt: skip
    org.ask("POST", f"{at}/claims", claim, status=201)
    rows = org.ask("GET", f"{at}/claims")
    names = [each["name"] for each in rows]
    assert names[:3] == ["sub", "address", "birthdate"] and names.index("driving") == names.index("birthdate") + 1
    assert {each["name"] for each in rows if each["system"] and each["alwaysIncludeInToken"]} == {
        "sub", "email", "name", "preferred_username"}  # fmt: skip
    missing = org.refused("GET", f"{at}/clients/0oanobody/tokens")
    assert missing[2] == "Not found: Resource not found: 0oanobody (PublicClientApp)"


def test_small_things(org: Org) -> None:
    zones = org.ask("GET", "/api/v1/zones")
    assert [(each["name"], each["usage"], each["system"]) for each in zones] == [
        ("BlockedIpZone", "BLOCKLIST", True), ("LegacyIpZone", "POLICY", True)]  # fmt: skip
    empty = org.refused("POST", "/api/v1/device-assurances", {"name": "A", "platform": "ANDROID"})
    assert empty[2:] == ("Api validation failed: deviceAssuranceMediated",
                         ["Please select at least one device condition before saving"])  # fmt: skip
    made = org.ask("POST", "/api/v1/device-assurances", {"name": "A", "platform": "ANDROID", "jailbreak": False})
    assert (made["resourceType"], made["resourceId"]) == ("DeviceAssurancePolicyEntity", made["id"])
    staged = org.user("staged@example.com", activate=False)
    assert staged["statusChanged"] == staged["created"] and staged["activated"] is None
    token = org.refused("GET", "/api/v1/apps/0oaTwinkitWebApp0001/tokens/none")
    assert token[2] == "Not found: Resource not found: 0oaTwinkitWebApp0001.none (OAuth2RefreshTokenTx)"
    assert org.refused("POST", "/api/v1/iam/resource-sets", {"description": "d"})[3] == [
        "label: Label must be specified"
    ]
    orn = "orn:okta:idp:00oTwinkitOktaOrg001:apps:oidc_client:0oaTwinkitWebApp0001"
    org.ask("POST", "/api/v1/iam/resource-sets", {"label": "Set", "description": "d", "resources": [orn]})
    resource = org.ask("GET", "/api/v1/iam/resource-sets/Set/resources")["resources"][0]
    assert resource["_links"]["self"]["href"] == f"{org.url}/api/v1/apps/0oaTwinkitWebApp0001"


def test_rate_limits_as_settings(org: Org) -> None:
    at = "/api/v1/rate-limit-settings"
    assert org.ask("GET", f"{at}/per-client") == {"defaultMode": "ENFORCE"}
    assert org.ask("PUT", f"{at}/warning-threshold", {"warningThreshold": 60}) == {"warningThreshold": 60}
    assert org.ask("GET", f"{at}/warning-threshold") == {"warningThreshold": 60}
    lockout = "/attack-protection/api/v1/user-lockout-settings"
    assert org.ask("GET", lockout) == {"preventBruteForceLockoutFromUnknownDevices": False}
    share = {"principalId": "00T1", "principalType": "SSWS_TOKEN"}
    made = org.ask("POST", "/api/v1/principal-rate-limits", share, status=201)
    assert (made["defaultPercentage"], made["defaultConcurrencyPercentage"]) == (50, 50)
    assert org.refused("POST", "/api/v1/principal-rate-limits", share)[1:3] == (
        "E0000001", "Api validation failed: principalRateLimitMediated")  # fmt: skip
    for query in ("", '?filter=principalId eq "00T1"'):
        assert "required attrbute filter" in org.refused("GET", f"/api/v1/principal-rate-limits{query}")[3][0]
    assert org.ask("GET", '/api/v1/principal-rate-limits?filter=principalType eq "SSWS_TOKEN"') == [made]
    changed = org.ask("PUT", f"/api/v1/principal-rate-limits/{made['id']}", {**share, "defaultPercentage": 20})
    assert changed["defaultPercentage"] == 20


def test_what_of_an_app_is_asked_for(org: Org) -> None:
    web = "0oaTwinkitWebApp0001"
    wrong = org.refused("GET", "/api/v1/apps?expand=user/id,group/id")
    assert wrong[2:] == ("Api validation failed: RequestParams", ["Expand query is malformed."])
    user = org.user("expand@example.com")["id"]
    org.ask("POST", f"/api/v1/apps/{web}/users", {"id": user, "scope": "USER"})
    got = org.ask("GET", f"/api/v1/apps/{web}?expand=user/{user}")
    assert got["_embedded"]["user"]["id"] == user
    off = org.refused("GET", f"/api/v1/apps/{web}/features")
    assert off[1:] == ("E0000001", "Api validation failed: feature", ["Provisioning is not supported."])
    connection = {"profile": {"authScheme": "TOKEN", "token": "t"}, "baseUrl": "http://127.0.0.1:9"}
    org.http.post(f"/api/v1/apps/{web}/connections/default?activate=true", json=connection)
    assert [each["name"] for each in org.ask("GET", f"/api/v1/apps/{web}/features")] == [
        "USER_PROVISIONING", "INBOUND_PROVISIONING"]  # fmt: skip
    update = {"update": {"lifecycleDeactivate": {"status": "DISABLED"}}}
    changed = org.ask("PUT", f"/api/v1/apps/{web}/features/USER_PROVISIONING", update)
    assert changed["capabilities"]["update"]["lifecycleDeactivate"] == {"status": "DISABLED"}
    assert changed["capabilities"]["create"] == {"lifecycleCreate": {"status": "ENABLED"}}
    missing = org.refused("GET", f"/api/v1/apps/{web}/features/OTHER")
    assert missing[2] == "Not found: Resource not found: OTHER (PublicAppFeatureSetName)"


def test_who_comes_from_a_blocked_zone_gets_nothing(org: Org) -> None:
    zone = org.ask("GET", "/api/v1/zones")[0]
    body = {"type": "IP", "name": zone["name"], "usage": "BLOCKLIST",
            "gateways": [{"type": "CIDR", "value": "203.0.113.0/24"}]}  # fmt: skip
    org.ask("PUT", f"/api/v1/zones/{zone['id']}", body)
    answers = [org.http.get("/api/v1/users", headers={"x-forwarded-for": each}) for each in ("203.0.113.5", "8.8.8.8")]
    assert [each.status_code for each in answers] == [403, 200]


def test_who_gets_an_email(org: Org) -> None:
    at = f"/api/v1/brands/{org.ask('GET', '/api/v1/brands')[0]['id']}/templates/email/UserActivation"
    assert org.ask("GET", f"{at}/settings")["recipients"] == "ALL_USERS"
    assert org.ask("PUT", f"{at}/settings", {"recipients": "NO_USERS"})["recipients"] == "NO_USERS"
    shown = org.ask("GET", f"{at}?expand=settings,customizationCount")["_embedded"]
    assert (shown["settings"]["recipients"], shown["customizationCount"]) == ("NO_USERS", 0)
    assert len(org.ask("GET", "/api/v1/users/00uTwinkitBob0000002/factors/questions")) == 20


def test_an_activation_without_an_email_has_a_link(org: Org) -> None:
    user = org.user("linked@example.com", activate=False)["id"]
    link = org.ask("POST", f"/api/v1/users/{user}/lifecycle/activate?sendEmail=false")
    assert link["activationUrl"] == f"{org.url}/tokens/{link['activationToken']}/verify"
    assert org.ask("GET", f"/api/v1/users/{user}")["status"] == "ACTIVE"


def test_every_reply_is_headed_as_the_services_are(org: Org) -> None:
    known = org.plain.get("/.well-known/okta-organization")
    assert (known.json()["pipeline"], known.json()["_links"]["organization"]["href"]) == ("idx", org.url)
    for reply in (known, org.http.get("/api/v1/users/nobody")):
        heads = {name: reply.headers[name] for name in ("expires", "p3p", "x-xss-protection", "referrer-policy")}
        assert heads == {"expires": "0", "p3p": 'CP="HONK"', "x-xss-protection": "0",
                         "referrer-policy": "strict-origin-when-cross-origin"}  # fmt: skip
    assert "expires" not in org.plain.get("/oauth2/default/v1/keys").headers
