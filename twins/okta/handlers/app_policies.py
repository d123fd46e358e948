"""Which policies an application follows, and which applications follow a policy; what a policy would decide.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Policy/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import assurance, errors, people, policies, twin
from twins.okta.handlers import applications
from twins.okta.times import iso

KINDS = ("ACCESS_POLICY", "PROFILE_ENROLLMENT")
"""Types of policies that applications are assigned to."""


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The policy of a request. Raises E0000007."""
    found = ctx.store.find("policy", request.path["policyId"])
    if found is None:
        raise errors.missing("policy", request.path["policyId"])
    return found


@twin.handler("assignApplicationPolicy")
def assign(ctx: Ctx, request: Request) -> Reply:
    """An application follows another policy. Raises E0000001 for a type that applications do not follow."""
    app, policy = applications.of(ctx, request), of(ctx, request)
    if policy["type"] not in KINDS:
        raise errors.validation("Policy", f"Policies of type {policy['type']} cannot be assigned to applications")
    mine = {**(app.get("~policies") or {}), policy["type"]: policy["id"]}
    ctx.store.update("application", app["id"], **{"~policies": mine}, lastUpdated=iso(ctx))
    return Reply(204)


def followers(ctx: Ctx, policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The applications that follow a policy."""
    rows = ctx.store.select("application", order="oldest") if policy["type"] in KINDS else iter(())
    return [app for app in rows if (assurance.policy_of(ctx, app, policy["type"]) or {}).get("id") == policy["id"]]


@twin.handler("listPolicyApps")
def list_apps(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The applications that follow a policy."""
    return [ctx.show("application", app) for app in followers(ctx, of(ctx, request))]


def mapping(ctx: Ctx, policy: str, app: str) -> dict[str, Any]:
    """That an application follows a policy, as replies show it."""
    base = f"{ctx.base_url}/api/v1"
    id = f"opm{app[3:]}"
    may = {"hints": {"allow": ["GET", "DELETE"]}}
    return {"id": id, "_links": {
        "self": {"href": f"{base}/policies/{policy}/mappings/{id}", **may},
        "application": {"href": f"{base}/apps/{app}"}, "policy": {"href": f"{base}/policies/{policy}"},
    }}  # fmt: skip


@twin.handler("listPolicyMappings")
def list_mappings(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """What follows a policy."""
    policy = of(ctx, request)
    return [mapping(ctx, policy["id"], app["id"]) for app in followers(ctx, policy)]


@twin.handler("mapResourceToPolicy")
def map_resource(ctx: Ctx, request: Request) -> None:
    """Refused, as the service does: applications are assigned at their own address."""
    of(ctx, request)
    raise errors.error("E0000001", "Policy mappings are no longer supported on this endpoint.")


@twin.handler("getPolicyMapping", "deletePolicyResourceMapping")
def one_mapping(ctx: Ctx, request: Request) -> Any:
    """One of them: looked at, or ended, after which the application follows the org's policy. Raises E0000007."""
    policy, wanted = of(ctx, request), request.path["mappingId"]
    app = next((each for each in followers(ctx, policy) if f"opm{each['id'][3:]}" == wanted), None)
    if app is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (PolicyMapping)")
    if request.method == "GET":
        return mapping(ctx, policy["id"], app["id"])
    rest = {type: id for type, id in (app.get("~policies") or {}).items() if id != policy["id"]}
    ctx.store.update("application", app["id"], **{"~policies": rest})
    return Reply(204)


# simulation ----------------------------------------------------------------------------------------------------------


@twin.handler("createPolicySimulation")
def simulate(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """Which policies and rules would decide for a person at an application, and which do not match."""
    found = []
    for wanted in request.body or ():
        app = ctx.store.find("application", str(wanted.get("appInstance")))
        if app is None:
            raise errors.missing("application", str(wanted.get("appInstance")))
        context = wanted.get("policyContext") or {}
        user = people.get(ctx, str((context.get("user") or {}).get("id") or ""))
        for type in wanted.get("policyTypes") or ("OKTA_SIGN_ON", "ACCESS_POLICY"):
            found.append(evaluation(ctx, app, user, context, str(type)))
    return found


def evaluation(
    ctx: Ctx, app: dict[str, Any], user: dict[str, Any], context: dict[str, Any], type: str
) -> dict[str, Any]:  # fmt: skip
    """What is decided under one type of policy."""

    def holds(name: str, rule: assurance.Record) -> bool:
        if name == "network":
            network = (rule.get("conditions") or {}).get("network") or {}
            zones, named = set(network.get("include") or ()), set((context.get("zones") or {}).get("ids") or ())
            return network.get("connection") != "ZONE" or not zones or bool(zones & named)
        if name == "riskScore":
            level = ((rule.get("conditions") or {}).get("riskScore") or {}).get("level", "ANY")
            return level in ("ANY", (context.get("risk") or {}).get("level", "LOW"))
        return assurance.CONDITIONS[name](ctx, rule, user)

    own = assurance.policy_of(ctx, app, type) if type in KINDS else None
    candidates = [own] if own else list(policies.applicable(ctx, type, user))
    matched: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for policy in candidates:
        rules = policies.ranked(ctx.store.select("policy_rule", parent=policy["id"]))
        decided = assurance.first(rules, holds) if not matched else None
        (matched if decided else others).append(judged(policy, [decided] if decided else rules, decided is not None))
    status = "MATCH" if matched else "NOT_MATCH"
    return {"policyType": [type], "status": status, "result": {"policies": matched}, "undefined": {"policies": []},
            "evaluated": {"policies": [*matched, *others]}}  # fmt: skip


def judged(policy: dict[str, Any], rules: list[dict[str, Any]], match: bool) -> dict[str, Any]:
    """A policy with rules, as a simulation shows them."""
    status = "MATCH" if match else "NOT_MATCH"
    rows = [{"id": each["id"], "name": each["name"], "status": status, "conditions": []} for each in rules]
    return {"id": policy["id"], "name": policy["name"], "status": status, "conditions": [], "rules": rows}
