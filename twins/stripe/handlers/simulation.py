"""What a test does instead of a human or the network: control calls, and the page that stands for a bank's challenge.

Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from twinkit import Ctx, Reply, Request, UsageError
from twins.stripe import accounts, guards, pages, twin
from twins.stripe.handlers import balances, confirming, disputes, payouts, refunds


def wanted(ctx: Ctx, payload: Any, name: str) -> str:
    """What a control call names, in the account it names. Raises UsageError when it names none."""
    if not isinstance(payload, Mapping) or not payload.get(name):
        raise UsageError(f"say which one, such as {{{name!r}: …}}")
    accounts.enter(ctx, payload.get("account"))
    return str(payload[name])


def _named(ctx: Ctx, payload: Any, name: str) -> dict[str, Any]:
    id = wanted(ctx, payload, name)
    return ctx.store.get(name, id)


def _of_page(ctx: Ctx, request: Request) -> dict[str, Any]:
    pages.enter(ctx, request)
    return _intent(ctx, str(request.path["intent"]))


def _intent(ctx: Ctx, id: str) -> dict[str, Any]:
    resource = "setup_intent" if id.startswith("seti_") else "payment_intent"
    return ctx.store.get(resource, id)


@twin.control("complete_3ds")
def complete_3ds(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The customer passes the challenge: `{"intent": "pi_… or seti_…"}`. Answers the intent."""
    return confirming.finish_authentication(ctx, _intent(ctx, wanted(ctx, payload, "intent")), succeeded=True)


@twin.control("fail_3ds")
def fail_3ds(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The customer fails the challenge: `{"intent": "pi_… or seti_…"}`. Answers the intent."""
    return confirming.finish_authentication(ctx, _intent(ctx, wanted(ctx, payload, "intent")), succeeded=False)


@twin.control("open_dispute")
def open_dispute(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The cardholder disputes a charge: `{"charge": "ch_…", "kind": "fraudulent"}`. Answers the dispute."""
    return disputes.open_dispute(ctx, wanted(ctx, payload, "charge"), str(payload.get("kind") or "fraudulent"))


@twin.control("decide_dispute")
def decide_dispute(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The issuer decides: `{"dispute": "du_…", "outcome": "win" | "lose"}`. Answers the dispute."""
    dispute = _named(ctx, payload, "dispute")
    return disputes.move(ctx, dispute, str(payload.get("outcome") or "win"))


@twin.control("fail_refund")
def fail_refund(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The bank returns a refund: `{"refund": "re_…"}`. Answers the refund."""
    return refunds.move(ctx, _named(ctx, payload, "refund"), "fail")


@twin.control("fail_payout")
def fail_payout(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The bank returns a payout: `{"payout": "po_…", "code": "account_closed"}`. Answers the payout."""
    payout = _named(ctx, payload, "payout")
    return payouts.fail(ctx, payout, str(payload.get("code") or "could_not_process"), "The bank returned the payout.")


@twin.control("add_funds")
def add_funds(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """Put money into the available balance: `{"amount": 5000, "currency": "usd"}`. Answers the balance."""
    amount, currency = int(wanted(ctx, payload, "amount")), str(payload.get("currency") or "usd")
    balances.post(ctx, amount=amount, currency=currency, type="topup", source=ctx.new_id("topup"))
    return balances.balance(ctx)


@twin.control("restrict_key")
def restrict_key(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """Let a key do no more than what is named: `{"key": "rk_test_…", "permissions": {"charges": "read"}}`."""
    key = wanted(ctx, payload, "key")
    kept = {"permissions": dict(payload.get("permissions") or {})}
    if ctx.store.find(guards.PERMISSIONS, key) is None:
        ctx.store.insert(guards.PERMISSIONS, kept, id=key)
    else:
        ctx.store.replace(guards.PERMISSIONS, key, kept)
    return kept


PAGE = """<!doctype html><meta charset="utf-8"><title>3D Secure 2 Test Page</title>
<h1>3D Secure 2 Test Page</h1><p>{text}</p>
<form method="post"><button name="result" value="complete" id="test-source-authorize-3ds">Complete</button>
<button name="result" value="fail" id="test-source-fail-3ds">Fail</button></form>
"""


@twin.page("GET", "/3d_secure_2/{intent}")
def challenge(ctx: Ctx, request: Request) -> Reply:
    """The bank's challenge, with a button to pass and one to fail it."""
    intent = _of_page(ctx, request)
    text = f"Authenticate {pages.escape(intent['id'])}: its status is {pages.escape(intent['status'])}."
    return Reply(200, PAGE.format(text=text), media_type="text/html; charset=utf-8")


@twin.page("POST", "/3d_secure_2/{intent}")
def decided(ctx: Ctx, request: Request) -> Reply:
    """The customer's decision; sends the browser back to the `return_url`."""
    intent = _of_page(ctx, request)
    passed = b"result=fail" not in request.raw
    changed = confirming.finish_authentication(ctx, intent, succeeded=passed)
    note = ctx.store.find(confirming.AUTHENTICATION, intent["id"]) or {}
    name = intent["object"]
    if not note.get("return_url"):
        return Reply(200, PAGE.format(text=f"Done: {changed['status']}."), media_type="text/html; charset=utf-8")
    fields = {
        name: intent["id"],
        f"{name}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if passed else "failed",
    }
    mark = "&" if "?" in note["return_url"] else "?"
    return Reply(302, None, {"location": f"{note['return_url']}{mark}{urlencode(fields)}"})
