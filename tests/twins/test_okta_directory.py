"""What the pages say of smaller parts of the directory: limits, names, schemas, sessions of identity sources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]

SOURCE = "/api/v1/identity-sources/0oaTwinkitSource0001/sessions"
ISAAC = {"externalId": "e1", "profile": {"userName": "isaac@example.com", "firstName": "Isaac", "lastName": "Brock",
                                         "email": "isaac@example.com", "homeAddress": "Kirkland"}}  # fmt: skip


def test_people_come_and_go_by_an_identity_source(org: Org) -> None:
    id = org.ask("POST", SOURCE)["id"]
    assert org.refused("POST", SOURCE)[:2] == (400, "E0000001")
    place = f"{SOURCE}/{id}"
    assert org.refused("POST", f"{place}/bulk-upsert")[1] == "E0000003"
    assert org.refused("POST", f"{place}/bulk-upsert", {"entityType": "USERS", "profiles": []})[1] == "E0000001"
    nameless = {"externalId": "e2", "profile": {"userName": "two@example.com"}}
    org.ask("POST", f"{place}/bulk-upsert", {"entityType": "USERS", "profiles": [ISAAC, nameless]}, status=202)
    assert org.http.get("/api/v1/users/isaac@example.com").status_code == 404
    assert org.ask("POST", f"{place}/start-import")["status"] == "TRIGGERED"
    assert org.refused("POST", f"{place}/start-import")[1] == org.refused("DELETE", place)[1] == "E0000001"
    user = org.ask("GET", "/api/v1/users/isaac@example.com")
    assert (user["status"], user["credentials"]["provider"]["type"]) == ("ACTIVE", "IMPORT")
    assert org.http.get("/api/v1/users/two@example.com").status_code == 404
    org.twin.clock.advance(seconds=60)
    assert org.ask("GET", place)["status"] == "COMPLETED" and org.ask("GET", SOURCE) == []
    id = org.ask("POST", SOURCE)["id"]
    changed = {**ISAAC, "profile": {"mobilePhone": "555"}}
    org.ask("POST", f"{SOURCE}/{id}/bulk-upsert", {"entityType": "USERS", "profiles": [changed]}, status=202)
    org.ask("POST", f"{SOURCE}/{id}/start-import")
    assert org.ask("GET", "/api/v1/users/isaac@example.com")["profile"]["mobilePhone"] == "555"
    org.twin.clock.advance(seconds=60)
    id = org.ask("POST", SOURCE)["id"]
    org.ask(
        "POST", f"{SOURCE}/{id}/bulk-delete", {"entityType": "USERS", "profiles": [{"externalId": "e1"}]}, status=202
    )
    org.ask("POST", f"{SOURCE}/{id}/start-import")
    assert org.ask("GET", f"/api/v1/users/{user['id']}")["status"] == "DEPROVISIONED"
    org.twin.clock.advance(seconds=60)
    id = org.ask("POST", SOURCE)["id"]
    org.ask("DELETE", f"{SOURCE}/{id}", status=204)
    assert org.ask("GET", f"{SOURCE}/{id}")["status"] == "CLOSED"
    id = org.ask("POST", SOURCE)["id"]
    org.twin.clock.advance(days=1)
    assert org.ask("GET", f"{SOURCE}/{id}")["status"] == "EXPIRED"


def test_keys_of_hooks(org: Org) -> None:
    made = org.ask("POST", "/api/v1/hook-keys", {"name": "One"})
    assert made["_embedded"]["kid"] == made["keyId"] and "_embedded" not in org.ask("GET", "/api/v1/hook-keys")[0]
    assert org.ask("GET", f"/api/v1/hook-keys/public/{made['keyId']}") == made["_embedded"]
    again = org.ask("PUT", f"/api/v1/hook-keys/{made['id']}", {"name": "Two"})
    assert (again["name"], again["keyId"]) == ("Two", made["keyId"])
    assert org.refused("GET", "/api/v1/hook-keys/public/none")[1] == "E0000007"
    for number in range(49):
        org.ask("POST", "/api/v1/hook-keys", {"name": f"k{number}"})
    assert org.refused("POST", "/api/v1/hook-keys", {"name": "more"})[1] == "E0000001"


def test_user_types(org: Org) -> None:
    place = "/api/v1/meta/types/user"
    made = org.ask("POST", f"{place}/", {"name": "contractor", "displayName": "C"})
    assert org.ask("GET", f"{place}/default")["default"] is True
    other = {"name": "other", "displayName": "D", "description": "x"}
    assert org.ask("PUT", f"{place}/{made['id']}", other)["name"] == "contractor"
    assert org.refused("POST", place, {"name": "1 bad", "displayName": "D"})[1] == "E0000001"
    org.ask("POST", "/api/v1/users?activate=false", {"type": {"id": made["id"]}, "profile": {
        "firstName": "A", "lastName": "B", "email": "t@example.com", "login": "t@example.com"}})  # fmt: skip
    reasons = []
    for id in (made["id"], "default"):
        reply = org.http.delete(f"{place}/{id}")
        assert (reply.status_code, reply.json()["errorCode"]) == (403, "E0000142")
        reasons.append(reply.json()["errorCauses"][0]["reason"])
    assert reasons == ["UNMET_REQUIREMENTS", "PROHIBITED"]
    for number in range(8):
        org.ask("POST", place, {"name": f"t{number}", "displayName": "T"})
    assert org.refused("POST", place, {"name": "eleventh", "displayName": "T"})[1] == "E0000001"


@pytest.mark.parametrize(("path", "body", "field"), [
    ("/api/v1/meta/schemas/user/linkedObjects", {
        side: {"name": name, "title": "x", "type": "USER"} for side, name in (("primary", "1a"), ("associated", "b"))},
     "primary.name"),
    ("/api/v1/groups", {"profile": {"name": "g", "shoe": "1"}}, "shoe"),
    ("/api/v1/groups", {"profile": {"name": "g", "description": "x" * 1025}}, "description"),
    ("/api/v1/zones", {"type": "IP", "name": "z", "gateways": [{"type": "RANGE", "value": "1.2.3.4.5-1.2.3.6"}]},
     "gateways"),
    ("/api/v1/apps/0oaTwinkitWebApp0001/federated-claims", {"name": "x"}, "expression"),
])  # fmt: skip
def test_what_is_refused(org: Org, path: str, body: dict[str, Any], field: str) -> None:
    assert org.refused("POST", path, body)[:3] == (400, "E0000001", f"Api validation failed: {field}")


def test_groups_are_held_to_their_schema(org: Org) -> None:
    size = {"title": "Size", "type": "integer", "minimum": 1}
    org.ask("POST", "/api/v1/meta/schemas/group/default", {"definitions": {"custom": {"properties": {"size": size}}}})
    assert org.refused("POST", "/api/v1/groups", {"profile": {"name": "Sized", "size": "big"}})[1] == "E0000001"
    made = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Sized", "size": 2}})
    assert made["profile"]["size"] == 2
    assert (
        org.refused("PUT", f"/api/v1/groups/{made['id']}", {"profile": {"name": "Sized", "size": 0}})[1] == "E0000001"
    )
    rule = {"type": "group_rule", "name": "R", "conditions": {"expression": {
        "value": 'user.title=="x"', "type": "urn:okta:expression:1.0"}},
        "actions": {"assignUserToGroups": {"groupIds": [made["id"]]}}}  # fmt: skip
    org.ask("POST", "/api/v1/groups/rules", rule)
    listed = org.ask("GET", "/api/v1/groups/rules?expand=groupIdToGroupNameMap")[0]
    assert listed["_embedded"]["groupIdToGroupNameMap"] == {made["id"]: "Sized"}


def test_log_streams_are_two_and_keep_their_settings(org: Org) -> None:
    body = {"type": "aws_eventbridge", "name": "One", "settings": {
        "eventSourceName": "s", "accountId": "123456789012", "region": "us-east-2"}}  # fmt: skip
    made = org.ask("POST", "/api/v1/logStreams", body)
    org.ask("POST", "/api/v1/logStreams", {**body, "name": "Two"})
    assert org.refused("POST", "/api/v1/logStreams", {**body, "name": "Three"})[1] == "E0000001"
    changed = org.ask("PUT", f"/api/v1/logStreams/{made['id']}", {"type": "aws_eventbridge", "name": "First"})
    assert (changed["name"], changed["settings"]["region"]) == ("First", "us-east-2")
    assert org.refused("GET", '/api/v1/logStreams?filter=status sw "A"')[1] == "E0000031"


def test_federated_claims(org: Org) -> None:
    place = "/api/v1/apps/0oaTwinkitWebApp0001/federated-claims"
    made = org.ask("POST", place, {"name": "role", "expression": "11"}, status=201)
    assert org.refused("POST", place, {"name": "role", "expression": "1"})[1] == "E0000001"
    changed = org.http.put(f"{place}/{made['id']}", json={"name": "role", "expression": "22"}).json()
    assert (changed["id"], changed["expression"]) == (made["id"], "22")
    org.ask("DELETE", f"{place}/{made['id']}", status=204)
    assert org.refused("GET", f"{place}/{made['id']}")[1] == "E0000007"


def test_an_org_has_no_pools_of_agents(org: Org) -> None:
    place = "/api/v1/agentPools/0oaNoPool/updates"
    assert org.ask("GET", "/api/v1/agentPools/") == org.ask("GET", place) == []
    causes = ["errors in the field: name", "errors in the field: agentType", "errors in the field: agentList"]
    assert org.refused("POST", place, {"enabled": True}) == (400, "E0000001", "Api validation failed: name", causes)
    assert org.refused("GET", f"{place}/settings")[2] == "Not found: Resource not found: 0oaNoPool (AppInstance)"
    assert org.refused("POST", f"{place}/1/pause")[1] == "E0000007"
