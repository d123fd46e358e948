"""The rest of what an administrator of the Okta twin manages: schemas, linked objects, roles, keys, brands, the org.

Shapes are those of the recordings that the vendor's Python SDK ships with its own tests.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]
ADA, BOB = "00uTwinkitAdmin00001", "00uTwinkitBob0000002"
WEB = "0oaTwinkitWebApp0001"


def attribute(org: Org, name: str, **rule: Any) -> Any:
    """The user schema after an attribute was added, changed or (without a rule) removed."""
    body = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {name: rule or None}}}}
    return org.ask("POST", "/api/v1/meta/schemas/user/default", body)


def test_a_user_shows_emails_and_the_links_of_its_status_lists_only_itself(org: Org) -> None:
    user = org.user("links@example.com", secondEmail="second@example.com")
    assert user["credentials"]["emails"] == [
        {"value": "links@example.com", "status": "VERIFIED", "type": "PRIMARY"},
        {"value": "second@example.com", "status": "VERIFIED", "type": "SECONDARY"},
    ]
    always = {"self", "schema", "type", "resetFactors"}
    signed_up = {"suspend", "resetPassword", "forgotPassword", "expirePassword", "changeRecoveryQuestion",
                 "changePassword", "deactivate"}  # fmt: skip
    assert set(user["_links"]) == always | signed_up
    base = f"/api/v1/users/{user['id']}"
    for step, links in (("suspend", {"unsuspend", "deactivate"}), ("unsuspend", signed_up),
                        ("deactivate", {"activate", "delete"})):  # fmt: skip
        org.ask("POST", f"{base}/lifecycle/{step}")
        assert set(org.ask("GET", base)["_links"]) == always | links
    for listed in org.ask("GET", "/api/v1/users"):
        assert set(listed["_links"]) == {"self"}
    assert user["created"].endswith(".000Z")


def test_attributes_are_enforced(org: Org) -> None:
    person = {"firstName": "a", "lastName": "b", "login": "s@example.com", "email": "s@example.com"}

    def refused(**more: Any) -> str:
        return org.refused("POST", "/api/v1/users?activate=false", {"profile": {**person, **more}})[3][0]

    assert refused(shoeSize="44") == "shoeSize: The attribute is not defined in the schema"
    schema = attribute(org, "shoeSize", title="Shoe size", type="string", enum=["43", "44"], required=True,
                       unique="UNIQUE_VALIDATED")  # fmt: skip
    assert schema["definitions"]["custom"]["properties"]["shoeSize"]["mutability"] == "READ_WRITE"
    assert refused() == "shoeSize: The field cannot be left blank"
    assert refused(shoeSize="45").startswith("shoeSize: ")
    assert refused(shoeSize=44) == "shoeSize: Does not match required pattern"
    made = org.user("s@example.com", shoeSize="44")
    assert made["profile"]["shoeSize"] == "44"
    person |= {"login": "t@example.com", "email": "t@example.com"}
    assert refused(shoeSize="44").endswith("An object with this field already exists in the current organization")
    assert "shoeSize" not in attribute(org, "shoeSize")["definitions"]["custom"]["properties"]
    assert refused(firstName="x" * 51) == "firstName: The field is too long"


def test_schemas_of_groups_apps_and_types(org: Org) -> None:
    body = {"definitions": {"custom": {"properties": {"floor": {"title": "Floor", "type": "integer"}}}}}
    assert "floor" in org.ask("POST", "/api/v1/meta/schemas/group/default", body)["definitions"]["custom"]["properties"]
    made = org.ask("POST", "/api/v1/meta/types/user", {"name": "robot", "displayName": "Robot"})
    path = made["_links"]["schema"]["href"].removeprefix(org.url)
    org.ask("POST", path, body)
    assert "floor" not in org.ask("GET", "/api/v1/meta/schemas/user/default")["definitions"]["custom"]["properties"]
    robot = {"profile": {"firstName": "r", "lastName": "d", "login": "r2@example.com", "email": "r2@example.com",
                         "floor": 2}, "type": {"id": made["id"]}}  # fmt: skip
    assert org.ask("POST", "/api/v1/users", robot)["type"]["id"] == made["id"]
    app = org.ask("POST", f"/api/v1/meta/schemas/apps/{WEB}/default", body)
    assert set(app["definitions"]["custom"]["properties"]) == {"floor"}


def test_mappings_between_profiles(org: Org) -> None:
    found = org.ask("GET", f"/api/v1/mappings?sourceId={WEB}")
    assert [(each["source"]["id"], each["target"]["name"]) for each in found] == [(WEB, "user")]
    path = f"/api/v1/mappings/{found[0]['id']}"
    rule = {"expression": "appuser.title", "pushStatus": "PUSH"}
    assert org.ask("POST", path, {"properties": {"title": rule}})["properties"]["title"] == rule
    assert org.ask("GET", path)["properties"]["title"] == rule
    unknown = org.refused("POST", path, {"properties": {"nothing": rule}})
    assert unknown[1:] == ("E0000001", "Api validation failed: updateMapping", ["Invalid target field nothing"])


def test_linked_objects(org: Org) -> None:
    base = "/api/v1/meta/schemas/user/linkedObjects"
    body = {"primary": {"name": "manager", "title": "Manager", "description": "", "type": "USER"},
            "associated": {"name": "report", "title": "Report", "description": "", "type": "USER"}}  # fmt: skip
    made = org.ask("POST", base, body, status=201)
    assert made["_links"]["self"]["href"] == f"{org.url}{base}/manager"
    assert org.refused("POST", base, body)[:2] == (409, "E0000127")
    org.ask("PUT", f"/api/v1/users/{BOB}/linkedObjects/manager/{ADA}", status=204)
    boss = org.ask("GET", f"/api/v1/users/{BOB}/linkedObjects/manager")
    assert boss[0]["_links"]["self"]["href"].endswith(ADA)
    assert org.ask("GET", f"/api/v1/users/{ADA}/linkedObjects/report")[0]["_links"]["self"]["href"].endswith(BOB)
    org.ask("DELETE", f"{base}/report", status=204)
    assert org.refused("GET", f"{base}/manager")[2] == "Not found: Resource not found: manager (LinkedObjectProperty)"


def test_custom_roles_resource_sets_and_bindings(org: Org) -> None:
    body = {"label": "Readers", "description": "x", "permissions": ["okta.users.read"]}
    role = org.ask("POST", "/api/v1/iam/roles", body)
    assert org.refused("POST", "/api/v1/iam/roles", body)[3] == [
        "label: There is already an admin role with this name."
    ]
    path = f"/api/v1/iam/roles/{role['id']}/permissions"
    org.ask("POST", f"{path}/okta.apps.read", status=204)
    labels = [each["label"] for each in org.ask("GET", path)["permissions"]]
    assert labels == ["okta.apps.read", "okta.users.read"]
    assert org.ask("GET", "/api/v1/iam/roles/Readers")["id"] == role["id"]
    some = {"label": "Some", "description": "x", "resources": [f"{org.url}/api/v1/groups"]}
    found = org.ask("POST", "/api/v1/iam/resource-sets", some)
    assert set(found["_links"]) == {"bindings", "self", "resources"}
    base = f"/api/v1/iam/resource-sets/{found['id']}"
    members = {"role": role["id"], "members": [f"{org.url}/api/v1/users/{BOB}"]}
    org.ask("POST", f"{base}/bindings", members)
    assert [each["id"] for each in org.ask("GET", f"{base}/bindings")["roles"]] == [role["id"]]
    bound = org.ask("GET", f"{base}/bindings/{role['id']}/members")["members"]
    assert bound[0]["_links"]["self"]["href"].endswith(BOB)
    org.ask("DELETE", f"{base}/bindings/{role['id']}/members/{bound[0]['id']}", status=204)
    org.ask("DELETE", base, status=204)
    assert org.refused("GET", base)[2].endswith("(IAMPolicy)")


def test_what_an_administrator_role_reaches(org: Org) -> None:
    made = org.ask("POST", f"/api/v1/users/{BOB}/roles", {"type": "USER_ADMIN"}, status=201)["id"]
    base = f"/api/v1/users/{BOB}/roles/{made}/targets"
    org.ask("PUT", f"{base}/groups/00gTwinkitEngineer03", status=204)
    assert [each["profile"]["name"] for each in org.ask("GET", f"{base}/groups")] == ["Engineering"]
    assert org.refused("PUT", f"{base}/catalog/apps/oidc_client/{WEB}")[:2] == (400, "E0000091")
    assert org.refused("DELETE", f"{base}/groups/00gTwinkitEngineer03")[:2] == (400, "E0000001")
    org.ask("PUT", f"{base}/groups/00gTwinkitAdmins0002", status=204)
    org.ask("DELETE", f"{base}/groups/00gTwinkitEngineer03", status=204)
    assert [each["profile"]["name"] for each in org.ask("GET", f"{base}/groups")] == ["Admins"]


def test_roles_come_by_groups_and_bindings_and_to_clients(org: Org) -> None:
    user = org.user("roles@example.com")["id"]
    group = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Helpers"}})["id"]
    org.ask("PUT", f"/api/v1/groups/{group}/users/{user}", status=204)
    org.ask("POST", f"/api/v1/groups/{group}/roles", {"type": "HELP_DESK_ADMIN"}, status=201)
    role = org.ask(
        "POST", "/api/v1/iam/roles", {"label": "Reader", "description": "d", "permissions": ["okta.users.read"]}
    )
    held = org.ask("POST", "/api/v1/iam/resource-sets", {
        "label": "All", "description": "d", "resources": [f"{org.url}/api/v1/users"]})  # fmt: skip
    body = {"role": role["id"], "members": [f"{org.url}/api/v1/users/{user}"]}
    org.ask("POST", f"/api/v1/iam/resource-sets/{held['id']}/bindings", body)
    mine = org.ask("GET", f"/api/v1/users/{user}/roles")
    assert [(each["type"], each["assignmentType"]) for each in mine] == [
        ("CUSTOM", "USER"),
        ("HELP_DESK_ADMIN", "GROUP"),
    ]
    assert (mine[0]["label"], mine[0]["resource-set"]) == ("Reader", held["id"])
    assert user in [each["id"] for each in org.ask("GET", "/api/v1/iam/assignees/users")["value"]]
    wanted = {"type": "CUSTOM", "role": "Reader", "resource-set": "All"}
    assert org.refused("POST", f"/api/v1/users/{user}/roles", wanted)[1] == "E0000090"
    place = f"/api/v1/iam/resource-sets/{held['id']}/bindings/{role['id']}/members"
    assert [each["id"] for each in org.ask("GET", place)["members"]] == [mine[0]["id"]]
    org.ask("DELETE", f"/api/v1/users/{user}/roles/{mine[0]['id']}", status=204)
    assert org.ask("GET", place)["members"] == []
    client = "/oauth2/v1/clients/0oaTwinkitService004/roles"
    assert org.ask("POST", client, wanted)["assignmentType"] == "CLIENT"
    app = org.ask("POST", client, {"type": "APP_ADMIN"})["id"]
    org.ask("PUT", f"{client}/{app}/targets/catalog/apps/oidc_client", status=204)
    assert [each["name"] for each in org.ask("GET", f"{client}/{app}/targets/catalog/apps")] == ["oidc_client"]
    org.ask("DELETE", f"{client}/{app}", status=204)
    assert [each["type"] for each in org.ask("GET", client)] == ["CUSTOM"]
    assert org.refused("GET", "/oauth2/v1/clients/0oaNobody/roles")[1] == "E0000007"


def test_what_brands_and_themes_refuse(org: Org) -> None:
    brand = org.ask("GET", "/api/v1/brands")[0]
    place, body = f"/api/v1/brands/{brand['id']}", {"name": brand["name"]}
    assert org.refused("PUT", place, {**body, "customPrivacyPolicyUrl": "any"})[3] == [
        "customPrivacyPolicyUrl: Is not a valid URL. Valid example: http://www.okta.com"]  # fmt: skip
    policy = {"customPrivacyPolicyUrl": "https://example.com/privacy"}
    assert org.refused("PUT", place, {**body, **policy})[2] == "Api validation failed: agreeToCustomPrivacyPolicy"
    agreed = org.ask("PUT", place, {**body, **policy, "agreeToCustomPrivacyPolicy": True})
    assert agreed["customPrivacyPolicyUrl"] == policy["customPrivacyPolicyUrl"]
    theme = org.ask("GET", f"{place}/themes")[0]
    same = {name: value for name, value in theme.items() if name.endswith("Variant")}
    wrong = {**same, "primaryColorHex": "#16", "secondaryColorHex": "#ebebed"}
    causes = org.refused("PUT", f"{place}/themes/{theme['id']}", wrong)[3]
    assert causes == ["primaryColorHex: Invalid color hex: #16."]


def test_classification_and_risk_of_a_user(org: Org) -> None:
    user = f"/api/v1/users/{BOB}"
    assert org.ask("GET", f"{user}/classification")["type"] == "STANDARD"
    org.ask("PUT", f"{user}/classification", {"type": "LITE"})
    assert org.ask("GET", f"{user}/classification")["type"] == "LITE"
    assert org.ask("GET", f"{user}/risk")["riskLevel"] == "NONE"
    org.ask("PUT", f"{user}/risk", {"riskLevel": "HIGH"}, status=201)
    org.ask("PUT", f"{user}/risk", {"riskLevel": "LOW", "riskReason": "seen"})
    assert org.ask("GET", f"{user}/risk")["reason"] == "seen"


def test_signing_keys_and_certificate_requests(org: Org) -> None:
    from cryptography import x509

    base = f"/api/v1/apps/{WEB}/credentials"
    key = org.ask("POST", f"{base}/keys/generate?validityYears=2", status=201)
    read = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0]))
    assert (read.not_valid_after_utc - read.not_valid_before_utc).days == 730
    assert org.ask("GET", f"{base}/keys/{key['kid']}") == key
    other = "0oaTwinkitSpaApp0002"
    org.ask("POST", f"{base}/keys/{key['kid']}/clone?targetAid={other}", status=201)
    assert key["kid"] in [each["kid"] for each in org.ask("GET", f"/api/v1/apps/{other}/credentials/keys")]
    body = {"subject": {"countryName": "US", "commonName": "Twinkit"},
            "subjectAltNames": {"dnsNames": ["a.example.com"]}}  # fmt: skip
    made = org.ask("POST", f"{base}/csrs", body, status=201)
    assert x509.load_der_x509_csr(base64.b64decode(made["csr"])).is_signature_valid
    org.ask("DELETE", f"{base}/csrs/{made['id']}", status=204)
    assert org.refused("GET", f"{base}/csrs/{made['id']}")[1] == "E0000007"
    trusted = org.ask("POST", "/api/v1/idps/credentials/keys", {"x5c": key["x5c"]})
    assert trusted["n"] == key["n"]
    assert org.refused("POST", "/api/v1/idps/credentials/keys", {"x5c": key["x5c"]})[:2] == (409, "E0000096")


def test_the_orgs_own_settings(org: Org) -> None:
    assert org.ask("POST", "/api/v1/org", {"website": "https://new.example.com"})["website"].startswith("https://new")
    assert org.ask("PUT", "/api/v1/org/contacts/BILLING", {"userId": BOB})["userId"] == BOB
    hidden = org.ask("POST", "/api/v1/org/preferences/hideEndUserFooter")
    assert (hidden["showEndUserFooter"], set(hidden["_links"])) == (False, {"showEndUserFooter"})
    assert org.ask("POST", "/api/v1/org/privacy/oktaCommunication/optOut")["optOutEmailUsers"] is True
    assert org.ask("POST", "/api/v1/org/privacy/oktaSupport/grant")["support"] == "ENABLED"
    assert org.ask("POST", "/api/v1/threats/configuration", {"action": "block"})["action"] == "block"
    first, second, _ = org.ask("GET", "/api/v1/features")
    path = f"/api/v1/features/{second['id']}"
    assert [each["id"] for each in org.ask("GET", f"{path}/dependencies")] == [first["id"]]
    assert org.refused("POST", f"{path}/ENABLE")[:2] == (400, "E0000141")
    assert org.ask("POST", f"{path}/ENABLE?mode=force")["status"] == "ENABLED"
    turned = f"/api/v1/users/{ADA}/subscriptions/OKTA_UPDATE"
    org.http.post(f"{turned}/unsubscribe").raise_for_status()
    assert org.ask("GET", turned)["status"] == "unsubscribed"


def test_a_revoked_api_token_works_no_longer(org: Org) -> None:
    found = org.ask("GET", "/api/v1/api-tokens")
    assert [each["userId"] for each in found] == [ADA]
    org.ask("DELETE", f"/api/v1/api-tokens/{found[0]['id']}", status=204)
    assert org.refused("GET", "/api/v1/users")[:2] == (401, "E0000011")


def test_brands_themes_and_emails(org: Org) -> None:
    brand = org.ask("GET", "/api/v1/brands")[0]
    assert org.refused("DELETE", f"/api/v1/brands/{brand['id']}")[1] == "E0000200"
    made = org.ask("POST", "/api/v1/brands", {"name": "Second"}, status=201)
    assert org.refused("POST", "/api/v1/brands", {"name": "Second"})[1] == "E0000202"
    theme = org.ask("GET", f"/api/v1/brands/{made['id']}/themes")[0]
    path = f"/api/v1/brands/{made['id']}/themes/{theme['id']}"
    changed = {name: value for name, value in theme.items() if name.endswith(("Hex", "Variant"))}
    assert org.ask("PUT", path, {**changed, "primaryColorHex": "#000001"})["primaryColorHex"] == "#000001"
    base = f"/api/v1/brands/{made['id']}/templates/email/welcome/customizations"
    text = {"language": "de", "isDefault": True, "subject": "Hallo", "body": "<p>${activationLink}</p>"}
    german = org.ask("POST", base, text, status=201)["id"]
    assert org.refused("POST", base, text)[1] == "E0000183"
    assert org.refused("POST", base, {**text, "language": "fr"})[1] == "E0000182"
    org.ask("POST", base, {**text, "language": "fr", "isDefault": False}, status=201)
    assert org.refused("PUT", f"{base}/{german}", {**text, "isDefault": False})[1] == "E0000185"
    assert org.refused("DELETE", f"{base}/{german}")[1] == "E0000184"
    assert org.ask("GET", "/api/v1/domains")["domains"][0]["id"] == "default"


POLICIES = [
    ("OKTA_SIGN_ON", {"conditions": {"people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"},
                                     "authContext": {"authType": "ANY"}}}),
    ("PASSWORD", {"conditions": {"people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("type", "rule"), POLICIES)
def test_policies_and_rules_have_their_defaults(org: Org, type: str, rule: dict[str, Any]) -> None:
    policy = org.ask("POST", "/api/v1/policies", {"type": type, "name": "Mine", "description": "x"})
    assert (policy["priority"], policy["system"], policy["status"]) == (1, False, "ACTIVE")
    assert set(policy["_links"]) == {"self", "rules", "deactivate"}
    made = org.ask(
        "POST", f"/api/v1/policies/{policy['id']}/rules", {"name": "First", "type": type.removeprefix("OKTA_")}
    )
    assert made["conditions"] == rule["conditions"]
    if type == "PASSWORD":
        assert policy["settings"]["recovery"]["factors"]["okta_sms"] == {"status": "INACTIVE"}
        assert policy["settings"]["password"]["lockout"]["maxAttempts"] == 10
    else:
        assert made["actions"]["signon"]["session"]["maxSessionIdleMinutes"] == 720


def test_hooks_do_not_show_their_secret_and_link_to_what_can_be_done(org: Org) -> None:
    config = {"uri": "https://example.com/h", "authScheme": {"type": "HEADER", "key": "authorization", "value": "s"}}
    channel = {"type": "HTTP", "version": "1.0.0", "config": config}
    body = {"name": "E", "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]}, "channel": channel}
    hook = org.ask("POST", "/api/v1/eventHooks", body)
    shown = hook["channel"]["config"]
    assert (shown["method"], shown["authScheme"]) == ("POST", {"type": "HEADER", "key": "authorization"})
    assert set(hook["_links"]) == {"self", "verify", "deactivate"}
    off = org.ask("POST", f"/api/v1/eventHooks/{hook['id']}/lifecycle/deactivate")
    assert set(off["_links"]) == {"self", "delete", "activate"}
    assert org.refused("GET", "/api/v1/eventHooks/who1")[2] == "Not found: Resource not found: who1 (Webhook)"
