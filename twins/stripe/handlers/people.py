"""Persons and capabilities of connected accounts, and what embedded components may show of one.

Source: https://docs.stripe.com/api/persons, /capabilities, /account_sessions. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.handlers import connecting, persons
from twins.stripe.payments import onboarding, people

RELATIONS = ("director", "executive", "legal_guardian", "owner", "representative")
SESSION_LIFE = 3600
CAPABILITY = "twinkit.capability"
"""Store name of when capabilities were asked for, by account and name."""
NO_COMPONENT = "You must enable at least one component in the `components` parameter."


def _tell(ctx: Ctx, account: str, type: str, record: dict[str, Any], previous: dict[str, Any] | None = None) -> None:
    """Tell of a part of an account, in the account's own name."""
    with accounts.acting(ctx, account):
        ctx.emit(type, record, previous=previous)


def _account(ctx: Ctx, request: Request) -> dict[str, Any]:
    return connecting.own(ctx, request, request.path["account"])


def _person(ctx: Ctx, request: Request) -> dict[str, Any]:
    account, id = _account(ctx, request), request.path["person"]
    found = lookup.in_path(ctx, "person", id, "person")
    if found["account"] != account["id"]:
        raise errors.no_such("person", id, "person")
    return found


@twin.handler("PostAccountsAccountPersons", "PostAccountsAccountPeople")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A person of an account, who fills what the account has to provide of them."""
    account = _account(ctx, request)
    person = lookup.ordered(persons.filled(persons.blank(ctx, account["id"]), request.body or {}))
    ctx.store.insert("person", person, created=ctx.micros)
    _tell(ctx, account["id"], "person.created", person)
    connecting.judge(ctx, account["id"])
    return person


@twin.handler("GetAccountsAccountPersons", "GetAccountsAccountPeople")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The persons of an account, of a relation where one is given."""
    where = [Filter("account", "=", _account(ctx, request)["id"])]
    wanted = request.query.get("relationship")
    for name in RELATIONS:
        if isinstance(wanted, Mapping) and name in wanted:
            where.append(Filter(f"relationship.{name}", "=", wanted[name] in (True, "true")))
    return listing.page(ctx, request, "person", where)


@twin.handler("GetAccountsAccountPersonsPerson", "GetAccountsAccountPeoplePerson")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One person."""
    return _person(ctx, request)


@twin.handler("PostAccountsAccountPersonsPerson", "PostAccountsAccountPeoplePerson")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a person."""
    before = _person(ctx, request)
    after = lookup.ordered(persons.filled(dict(before), request.body or {}))
    ctx.store.replace("person", after["id"], after)
    previous = {name: value for name, value in before.items() if after.get(name) != value}
    if previous:
        _tell(ctx, after["account"], "person.updated", after, previous)
    connecting.judge(ctx, after["account"])
    return after


@twin.handler("DeleteAccountsAccountPersonsPerson", "DeleteAccountsAccountPeoplePerson")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Remove a person from an account."""
    person = _person(ctx, request)
    ctx.store.delete("person", person["id"])
    _tell(ctx, person["account"], "person.deleted", person)
    connecting.judge(ctx, person["account"])
    return {"id": person["id"], "object": "person", "deleted": True}


# capabilities ---------------------------------------------------------------------------------------------------------


def _known(ctx: Ctx) -> Mapping[str, Any]:
    """The capabilities there are."""
    operation = ctx.twin.index.operation("PostAccounts")
    schema = next(iter(operation.body.content.values())) if operation.body else {}
    node: Any = ctx.twin.index.resolve(schema)
    named: Any = ctx.twin.index.resolve(node["properties"]["capabilities"])
    return dict(named["properties"])


def _shown(ctx: Ctx, account: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A capability of an account as replies show it."""
    status = (account.get("capabilities") or {}).get(name)
    asked = ctx.store.find(CAPABILITY, f"{account['id']}/{name}")
    due = account["requirements"]["currently_due"] if status else []
    needed = onboarding.requirements(list(due), account["country"])
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": onboarding.requirements([], account["country"]),
        "requested": status is not None,
        "requested_at": (asked or {}).get("at", account["created"]) if status else None,
        "requirements": {**needed, "disabled_reason": "requirements.fields_needed" if due else None},
        "status": status or "unrequested",
    }


@twin.handler("GetAccountsAccountCapabilities")
@lookup.modelled
def capabilities(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What an account asked to be able to do."""
    account = _account(ctx, request)
    rows = [_shown(ctx, account, name) for name in sorted(account.get("capabilities") or ())]
    return {"object": "list", "data": rows, "has_more": False, "url": request.url_path}


@twin.handler("GetAccountsAccountCapabilitiesCapability")
@lookup.modelled
def capability(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One capability, also one that nobody asked for."""
    account, name = _account(ctx, request), request.path["capability"]
    if name not in _known(ctx):
        raise errors.no_such("capability", name, "capability")
    return _shown(ctx, account, name)


@twin.handler("PostAccountsAccountCapabilitiesCapability")
@lookup.modelled
def request_capability(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for a capability, or no longer."""
    account, name, params = _account(ctx, request), request.path["capability"], request.body or {}
    if name not in _known(ctx):
        raise errors.no_such("capability", name, "capability")
    before = _shown(ctx, account, name)
    if "requested" in params:
        key = f"{account['id']}/{name}"
        if params["requested"] and ctx.store.find(CAPABILITY, key) is None:
            ctx.store.insert(CAPABILITY, {"at": ctx.now}, id=key)
        elif not params["requested"] and ctx.store.find(CAPABILITY, key) is not None:
            ctx.store.delete(CAPABILITY, key)
        account = connecting.judge(ctx, account["id"], {"capabilities": {name: {"requested": params["requested"]}}})
    after = _shown(ctx, account, name)
    previous = {field: value for field, value in before.items() if after[field] != value}
    if previous:
        _tell(ctx, account["id"], "capability.updated", after, previous)
    return after


# embedded components --------------------------------------------------------------------------------------------------


def _components(ctx: Ctx) -> dict[str, tuple[str, ...]]:
    """The components an account session can enable, with their features."""
    resolve: Any = ctx.twin.index.resolve
    whole: Any = ctx.twin.index.schema("account_session")
    found = {}
    for name, node in resolve(whole["properties"]["components"])["properties"].items():
        features = resolve(resolve(node)["properties"].get("features", {}))
        found[name] = tuple(features.get("properties", {}))
    return found


@twin.handler("PostAccountSessions")
@lookup.modelled
def session(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A secret with which a page shows components of an account."""
    params = request.body or {}
    account = connecting.own(ctx, request, params["account"])
    asked = params.get("components")
    shown = people.components(_components(ctx), asked if isinstance(asked, Mapping) else {})
    if not any(component["enabled"] for component in shown.values()):
        raise errors.invalid(NO_COMPONENT, "components")
    return {
        "object": "account_session",
        "account": account["id"],
        "client_secret": f"accs_secret__{ctx.token('alnum', 60)}",
        "components": shown,
        "expires_at": ctx.now + SESSION_LIFE,
        "livemode": False,
    }
