"""Users, groups and rules of the Okta twin, through HTTP and the vendor's Python SDK."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]
PASSWORD = "Correct-h0rse"


def test_the_sdk_walks_a_user_through_its_life(org: Org) -> None:
    from okta.models.create_user_request import CreateUserRequest

    async def work(client: Any) -> list[str]:
        profile = {"firstName": "Sam", "lastName": "Sdk", "email": "sam@example.com", "login": "sam@example.com"}
        body = CreateUserRequest.from_dict({"profile": profile, "credentials": {"password": {"value": PASSWORD}}})
        user, _, error = await client.create_user(body, activate=False)
        assert error is None, error
        seen = [user.status]

        async def step(call: Any, *arguments: Any) -> None:
            result = await call(*arguments)
            assert result[-1] is None, result[-1]
            found, _, error = await client.get_user(user.id)
            assert error is None
            seen.append(found.status)

        await step(client.activate_user, user.id)
        await step(client.suspend_user, user.id)
        await step(client.unsuspend_user, user.id)
        await step(client.expire_password, user.id)
        await step(client.deactivate_user, user.id)
        await step(client.activate_user, user.id)
        await step(client.deactivate_user, user.id)
        result = await client.delete_user(user.id)
        assert result[-1] is None
        result = await client.get_user(user.id)
        assert "E0000007" in str(result[-1]) or "E0000007" in str(vars(result[-1]))
        return [str(getattr(each, "value", each)) for each in seen]

    assert org.sdk(work) == [
        "STAGED", "ACTIVE", "SUSPENDED", "ACTIVE", "PASSWORD_EXPIRED", "DEPROVISIONED", "PROVISIONED", "DEPROVISIONED",
    ]  # fmt: skip


def test_the_sdk_pages_through_users_and_groups(org: Org) -> None:
    async def work(client: Any) -> tuple[int, int]:
        users, response, error = await client.list_users(limit=2)
        assert error is None, error
        assert len(users) == 2
        assert 'rel="next"' in str(response.headers)
        groups, _, error = await client.list_groups()
        assert error is None, error
        return len(users), len(groups)

    assert org.sdk(work)[1] >= 3


@pytest.mark.parametrize("key", ["id", "login", "short", "LOGIN"])
def test_a_user_is_found_by_id_login_and_shortname(org: Org, key: str) -> None:
    login = f"find.{key.lower()}{len(key)}{key.isupper()}@example.com".replace("True", "u").replace("False", "l")
    made = org.user(login)
    path = {"id": made["id"], "login": login, "short": login.partition("@")[0], "LOGIN": login.upper()}[key]
    assert org.ask("GET", f"/api/v1/users/{path}")["id"] == made["id"]


def test_a_wrong_status_has_its_own_error(org: Org) -> None:
    user = org.user("wrong@example.com")["id"]
    base = f"/api/v1/users/{user}"
    assert org.refused("POST", f"{base}/lifecycle/activate")[:3] == (
        403, "E0000016", "Activation failed because the user is already active",
    )  # fmt: skip
    assert org.refused("POST", f"{base}/lifecycle/unlock")[:2] == (403, "E0000032")
    assert org.refused("POST", f"{base}/lifecycle/reactivate")[:2] == (403, "E0000038")
    assert org.refused("POST", f"{base}/lifecycle/unsuspend")[:2] == (400, "E0000001")
    org.ask("POST", f"{base}/lifecycle/suspend")
    status, code, summary, causes = org.refused("POST", f"{base}/lifecycle/suspend")
    assert (status, code, summary) == (400, "E0000001", "Api validation failed: suspendUser")
    assert causes == ["Cannot suspend a user that is not active"]
    assert org.refused("POST", f"{base}/lifecycle/expire_password")[:2] == (403, "E0000038")


def test_credentials(org: Org) -> None:
    user = org.user("creds@example.com", password=PASSWORD)["id"]
    base = f"/api/v1/users/{user}/credentials"
    change = {"oldPassword": {"value": "Wrong-h0rse"}, "newPassword": {"value": "Another-h0rse1"}}
    assert org.refused("POST", f"{base}/change_password", change) == (
        403, "E0000014", "Update of credentials failed", ["Old Password is not correct"],
    )  # fmt: skip
    change["oldPassword"]["value"] = PASSWORD
    change["newPassword"]["value"] = "weak"
    status, code, _, causes = org.refused("POST", f"{base}/change_password", change)
    assert (status, code) == (403, "E0000014")
    assert causes[0].startswith("Password requirements were not met.")
    change["newPassword"]["value"] = PASSWORD
    assert org.refused("POST", f"{base}/change_password", change)[1] == "E0000014"
    change["newPassword"]["value"] = "Another-h0rse1"
    assert org.ask("POST", f"{base}/change_password", change)["provider"]["type"] == "OKTA"
    assert org.refused("POST", f"{base}/forgot_password?sendEmail=false")[1] == "E0000034"
    question = {
        "password": {"value": "Another-h0rse1"},
        "recovery_question": {"question": "Which?", "answer": "That one"},
    }
    org.ask("POST", f"{base}/change_recovery_question", question)
    assert "resetPasswordUrl" in org.ask("POST", f"{base}/forgot_password?sendEmail=false")
    answer: dict[str, Any] = {"password": {"value": "Third-h0rse22"}, "recovery_question": {"answer": "wrong"}}
    assert org.refused("POST", f"{base}/forgot_password_recovery_question", answer)[1] == "E0000014"
    answer["recovery_question"]["answer"] = "that ONE"
    org.ask("POST", f"{base}/forgot_password_recovery_question", answer)


@pytest.mark.parametrize(
    ("query", "body", "code", "cause"),
    [
        ("", {"profile": {"login": "x"}}, "E0000001", "firstName: The field cannot be left blank"),
        ("", {"profile": {"login": "bob.baker@example.com", "email": "b@example.com", "firstName": "a",
                          "lastName": "b"}}, "E0000001",
         "login: An object with this field already exists in the current organization"),
        ("?activate=true&nextLogin=changePassword", {"profile": {"login": "n@example.com", "email": "n@example.com",
                                                                  "firstName": "a", "lastName": "b"}}, "E0000124", ""),
        ("", {}, "E0000001", "profile: The field cannot be left blank"),
    ],
)  # fmt: skip
def test_a_user_that_cannot_be_made(org: Org, query: str, body: Any, code: str, cause: str) -> None:
    _, found, _, causes = org.refused("POST", f"/api/v1/users{query}", body)
    assert found == code
    assert not cause or cause in causes


def test_search_filter_and_q(org: Org) -> None:
    for number in range(3):
        org.user(f"dept{number}@example.com", department="Search", lastName=f"Zed{number}")
    found = org.ask("GET", '/api/v1/users?search=profile.department eq "search"&sortBy=profile.lastName&sortOrder=desc')
    assert [user["profile"]["lastName"] for user in found] == ["Zed2", "Zed1", "Zed0"]
    assert len(org.ask("GET", '/api/v1/users?filter=profile.login eq "dept1@example.com"')) == 1
    assert len(org.ask("GET", "/api/v1/users?q=zed")) == 3
    assert org.refused("GET", "/api/v1/users?search=status is 1")[:2] == (400, "E0000031")
    assert org.refused("GET", '/api/v1/users?filter=profile.department eq "x"')[1] == "E0000031"
    assert org.refused("GET", '/api/v1/users?q=a&filter=status eq "ACTIVE"')[1] == "E0000033"


def test_who_is_not_let_in(org: Org) -> None:
    reply = org.plain.get("/api/v1/users")
    assert (reply.status_code, reply.json()["errorCode"]) == (403, "E0000005")
    reply = org.plain.get("/api/v1/users", headers={"authorization": "SSWS nonsense"})
    assert (reply.status_code, reply.json()["errorSummary"]) == (401, "Invalid token provided")
    reply = org.plain.get("/api/v1/users", headers={"authorization": "Bearer nonsense"})
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_errors_of_the_wire(org: Org) -> None:
    assert org.refused("GET", "/api/v1/nothing")[:2] == (404, "E0000008")
    assert org.refused("PATCH", "/api/v1/users")[:2] == (405, "E0000022")
    reply = org.http.post("/api/v1/users", content=b"{", headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "E0000003")
    reply = org.http.post("/api/v1/users", content=b"a=1", headers={"content-type": "text/csv"})
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "E0000021")
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= set(reply.headers)
    with org.http.stream("GET", "/api/v1/users", headers={"twin-fault": "rate_limit"}) as reply:
        reply.read()
        assert (reply.status_code, reply.json()["errorCode"]) == (429, "E0000047")


def test_groups_members_and_rules(org: Org) -> None:
    user = org.user("member@example.com", department="Rules")["id"]
    group = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Testers", "description": "x"}})["id"]
    assert org.refused("POST", "/api/v1/groups", {"profile": {"name": "testers"}})[3] == [
        "name: An object with this field already exists in the current organization"
    ]
    org.ask("PUT", f"/api/v1/groups/{group}/users/{user}", status=204)
    assert [each["id"] for each in org.ask("GET", f"/api/v1/groups/{group}/users")] == [user]
    assert group in [each["id"] for each in org.ask("GET", f"/api/v1/users/{user}/groups")]
    org.ask("DELETE", f"/api/v1/groups/{group}/users/{user}", status=204)
    rule = {
        "type": "group_rule",
        "name": "Rules department",
        "conditions": {"expression": {"type": "urn:okta:expression:1.0", "value": 'user.department == "Rules"'}},
        "actions": {"assignUserToGroups": {"groupIds": [group]}},
    }
    made = org.ask("POST", "/api/v1/groups/rules", rule)
    assert made["status"] == "INACTIVE"
    org.ask("POST", f"/api/v1/groups/rules/{made['id']}/lifecycle/activate", status=204)
    assert [each["id"] for each in org.ask("GET", f"/api/v1/groups/{group}/users")] == [user]
    org.ask("POST", f"/api/v1/users/{user}", {"profile": {"department": "Other"}})
    assert org.ask("GET", f"/api/v1/groups/{group}/users") == []
    assert org.refused("PUT", "/api/v1/groups/00gTwinkitEveryone01", {"profile": {"name": "No"}})[1] == "E0000111"
    assert org.refused("PUT", f"/api/v1/groups/00gTwinkitEveryone01/users/{user}")[1] == "E0000060"
    org.ask("DELETE", f"/api/v1/groups/{group}", status=204)
    assert org.refused("GET", f"/api/v1/groups/{group}")[2] == f"Not found: Resource not found: {group} (UserGroup)"
