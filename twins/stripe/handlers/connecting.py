"""Connected accounts: made, changed, onboarded by a control call or in a browser, deleted; links to onboarding.

Source: https://docs.stripe.com/api/accounts, https://docs.stripe.com/api/account_links. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.stripe import accounts, errors, listing, lookup, twin, wire
from twins.stripe.handlers import payees, persons, simulation
from twins.stripe.payments import instruments, onboarding

STATE = "twinkit.account"
LINK = "twinkit.account_link"
LINK_LIFE = 300
ONBOARDING_ONLY = (
    "You cannot create `account_update` type Account Links for this account. Valid types for this account are "
    '["account_onboarding"].'
)
"""What accounts whose requirements the service collects are answered, as several integrations quote it."""
PLAIN = ("business_type", "default_currency", "email")
HASHES = ("business_profile", "settings", "tos_acceptance")

HIDDEN = {"id_number": "id_number_provided", "ssn_last_4": "ssn_last_4_provided", "tax_id": "tax_id_provided"}
"""Parameters that are kept to themselves → the property that says they are there."""


def own(ctx: Ctx, request: Request, id: str) -> dict[str, Any]:
    """An account the key may see. Raises 403."""
    found = ctx.store.find("account", id) or lookup.materialised(ctx, "account", id)
    if found is None:
        raise errors.account_unknown(wire.read_key(request.header("authorization"))[0], id)
    return found


def _shown(given: Mapping[str, Any], current: Any) -> dict[str, Any]:
    """Details of a company or a person as replies show them: secrets as `…_provided`."""
    shown = onboarding.merged(current, {name: value for name, value in given.items() if name not in HIDDEN})
    shown.update({said: True for name, said in HIDDEN.items() if given.get(name)})
    if "address" in given:
        shown["address"] = instruments.address(shown["address"])
    return dict(shown)


def _judged(ctx: Ctx, account: dict[str, Any], submitted: bool) -> dict[str, Any]:
    """An account with what it may do."""
    due = [] if submitted else onboarding.missing(account, _representative(ctx, account["id"]))
    judged = lookup.ordered({**account, **onboarding.standing(account, due, submitted)})
    state = ctx.store.find(STATE, account["id"]) or {}
    return {**judged, **onboarding.rejected(judged, state["rejected"])} if state.get("rejected") else judged


def _representative(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """The person who represents an account, None when nobody is known."""
    where = [Filter("account", "=", id), Filter("relationship.representative", "=", True)]
    return next(ctx.store.select("person", where, order="oldest"), None)


def _individual(ctx: Ctx, account: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The person that an account of one person is, kept among its persons."""
    known = _representative(ctx, account)
    person = known or persons.blank(ctx, account)
    relation = {"relationship": {**(given.get("relationship") or {}), "representative": True}}
    person = lookup.ordered(persons.filled(person, {**given, **relation}))
    if known is None:
        ctx.store.insert("person", person, created=ctx.micros)
    else:
        ctx.store.replace("person", person["id"], person)
    return person


def judge(ctx: Ctx, id: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Judge an account anew once a part of it has changed, and tell what that changes."""
    account, state = ctx.store.get("account", id), ctx.store.find(STATE, id)
    if state is None:
        return account
    filled = {**_filled(ctx, account, params or {}), "external_accounts": payees.shown(ctx, id)}
    if filled["business_type"] == "individual":
        filled["individual"] = _representative(ctx, id) or filled.get("individual")
    return _changed(ctx, account, _judged(ctx, filled, state["submitted"]))


def _filled(ctx: Ctx, account: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """An account with what a request says of it."""
    account = {**account, **lookup.given(params, *PLAIN)}
    for name in HASHES:
        if isinstance(params.get(name), Mapping):
            account[name] = onboarding.merged(account[name], params[name])
    if isinstance(params.get("company"), Mapping):
        account["company"] = _shown(params["company"], account.get("company"))
    if isinstance(params.get("individual"), Mapping):
        account["individual"] = _individual(ctx, account["id"], params["individual"])
    wanted = params.get("capabilities")
    for name, value in wanted.items() if isinstance(wanted, Mapping) else ():
        asked = isinstance(value, Mapping) and value.get("requested")
        if asked:
            account["capabilities"] = {**account["capabilities"], name: "inactive"}
        elif asked is False:
            account["capabilities"] = {key: kept for key, kept in account["capabilities"].items() if key != name}
    if params.get("external_account"):
        payees.add(ctx, account, params["external_account"], default=True)
        account["external_accounts"] = payees.shown(ctx, account["id"])
    account["metadata"] = lookup.metadata(account["metadata"], params.get("metadata"))
    return account


@twin.handler("PostAccounts")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A connected account that still has to provide what its country asks for."""
    params = request.body or {}
    if params.get("type") and params.get("controller"):
        raise errors.exclusive("type", "controller")
    account = onboarding.new_account(params, ctx.new_id("account"), ctx.now)
    account = _judged(ctx, _filled(ctx, account, params), False)
    ctx.store.insert("account", account, created=ctx.micros)
    ctx.store.insert(STATE, {"id": account["id"], "submitted": False}, created=ctx.micros)
    return account


@twin.handler("GetAccounts")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The connected accounts, not the platform."""
    where = [Filter("id", "!=", accounts.ACCOUNT), *listing.ranges(request.query, "created")]
    return listing.page(ctx, request, "account", where)


@twin.handler("GetAccountsAccount")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One account."""
    return own(ctx, request, request.path["account"])


def _changed(ctx: Ctx, account: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Keep an account as it is now and tell of it, in its own name."""
    ctx.store.replace("account", account["id"], after)
    previous = {name: value for name, value in account.items() if after.get(name) != value}
    if previous:
        with accounts.acting(ctx, account["id"]):
            ctx.emit("account.updated", after, previous=previous)
    return after


@twin.handler("PostAccountsAccount")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an account; what it may do follows from what it has provided."""
    account = own(ctx, request, request.path["account"])
    state = ctx.store.find(STATE, account["id"])
    if state is None:
        return _changed(ctx, account, onboarding.merged(account, request.body or {}))
    after = _judged(ctx, _filled(ctx, account, request.body or {}), state["submitted"])
    return _changed(ctx, account, after)


@twin.handler("DeleteAccountsAccount")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete an account."""
    account = own(ctx, request, request.path["account"])
    ctx.store.delete("account", account["id"])
    return {"id": account["id"], "object": "account", "deleted": True}


@twin.handler("PostAccountsAccountReject")
@lookup.modelled
def reject(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Reject an account as suspicious: it can do nothing any more. https://docs.stripe.com/api/account/reject."""
    account = own(ctx, request, request.path["account"])
    ctx.store.update(STATE, account["id"], rejected=(request.body or {})["reason"])
    return judge(ctx, account["id"])


@twin.handler("PostAccountsAccountUnreject")
@lookup.modelled
def unreject(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take a rejection back."""
    account = own(ctx, request, request.path["account"])
    ctx.store.update(STATE, account["id"], rejected=None)
    return judge(ctx, account["id"])


# onboarding -----------------------------------------------------------------------------------------------------------


def onboard(ctx: Ctx, account: dict[str, Any]) -> dict[str, Any]:
    """The owner of an account provides everything that is due."""
    with accounts.acting(ctx, None):
        if ctx.store.find(STATE, account["id"]) is None:
            return account
        ctx.store.update(STATE, account["id"], submitted=True)
        return _changed(ctx, account, _judged(ctx, account, True))


@twin.control("onboard_account")
def onboard_account(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The owner of an account completes onboarding: `{"account": "acct_…"}`. Answers the account."""
    return onboard(ctx, lookup.in_path(ctx, "account", simulation.wanted(ctx, payload, "account"), "account"))


@twin.handler("PostAccountLinks")
@lookup.modelled
def link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A link to onboarding, good for five minutes and one visit."""
    params = request.body or {}
    account = own(ctx, request, params["account"])
    if params.get("type") == "account_update" and account["controller"]["requirement_collection"] == "stripe":
        raise errors.invalid(ONBOARDING_ONLY, "type")
    for name in ("refresh_url", "return_url"):
        if not params.get(name):
            raise errors.missing(name)
    id = ctx.token("alnum", 12)
    kept = {
        "id": id,
        "account": account["id"],
        "expires_at": ctx.now + LINK_LIFE,
        "refresh_url": params.get("refresh_url"),
        "return_url": params.get("return_url"),
    }
    ctx.store.insert(LINK, kept, created=ctx.micros)
    return {
        "object": "account_link",
        "created": ctx.now,
        "expires_at": kept["expires_at"],
        "url": f"{ctx.base_url}/setup/e/{account['id']}/{id}",
    }


@twin.handler("PostAccountsAccountLoginLinks")
@lookup.modelled
def login(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A link to the Express Dashboard."""
    account = own(ctx, request, request.path["account"])
    if not account["details_submitted"]:
        raise errors.invalid("Cannot create a login link for an account that has not completed onboarding.")
    address = f"https://connect.stripe.com/express/{account['id']}/{ctx.token('alnum', 12)}"
    return {"object": "login_link", "created": ctx.now, "url": address}


PAGE = """<!doctype html><meta charset="utf-8"><title>Onboarding</title><h1>{id}</h1>
<form method="post"><button id="submit">Provide everything</button></form>
"""


def _followed(ctx: Ctx, request: Request) -> tuple[dict[str, Any], str | None]:
    """(the link a page was opened by, where to send the visitor instead when it has expired)."""
    kept = lookup.in_path(ctx, LINK, str(request.path["link"]))
    return kept, None if ctx.now < kept["expires_at"] else str(kept["refresh_url"] or "/")


@twin.page("GET", "/setup/e/{account}/{link}")
def page(ctx: Ctx, request: Request) -> Reply:
    """The hosted page of onboarding."""
    kept, elsewhere = _followed(ctx, request)
    if elsewhere:
        return Reply(303, None, {"location": elsewhere})
    return Reply(200, PAGE.format(id=kept["account"]), media_type="text/html; charset=utf-8")


@twin.page("POST", "/setup/e/{account}/{link}")
def submit(ctx: Ctx, request: Request) -> Reply:
    """The owner provides everything and goes back to the platform."""
    kept, elsewhere = _followed(ctx, request)
    if elsewhere is None:
        onboard(ctx, ctx.store.get("account", kept["account"]))
        elsewhere = str(kept["return_url"] or "/")
    return Reply(303, None, {"location": elsewhere})
