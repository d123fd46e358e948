"""Confirming an intent: one attempt, and everything that follows from how it ends.

Shared by PaymentIntents and SetupIntents, the control calls and the hosted authentication page. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Reply
from twins.stripe import accounts, errors, facts, wire
from twins.stripe.facts import Facts
from twins.stripe.handlers import charges, mandates, payment_methods, transferring
from twins.stripe.payments import banks, declines, intents, methods, outcomes
from twins.stripe.payments.intents import Attempt, Situation

NO_METHOD = "You cannot confirm this {kind} because it's missing a payment method. {hint}"
HINTS = {
    "payment_intent": (
        "You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again "
        "directly with a payment method or ConfirmationToken."
    ),
    "setup_intent": (
        "You can either update the SetupIntent with a payment method and then confirm it again, or confirm it again "
        "directly with a payment method or ConfirmationToken."
    ),
}
KINDS = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
AUTHENTICATION = "intent_authentication"
"""Store name of what a pending authentication was started with, by intent id."""


Listener = Callable[[Ctx, dict[str, Any], str], None]
LISTENERS: list[Listener] = []


def listen(function: Listener) -> Listener:
    """Call a function with every PaymentIntent that `succeeded`, `failed` or asks for `action`."""
    LISTENERS.append(function)
    return function


Capture = Callable[[Ctx, dict[str, Any]], None]
CAPTURES: list[Capture] = []


def capturing(function: Capture) -> Capture:
    """Call a function with every PaymentIntent that was authorized and is captured in full or for the last time."""
    CAPTURES.append(function)
    return function


Act = Callable[[Ctx, Mapping[str, Any], Mapping[str, Any]], "dict[str, Any] | None"]
ACTS: dict[str, Act] = {}


def acts(type: str) -> Callable[[Act], Act]:
    """Let a function say what a payment of this type asks of its customer; None: nothing, it is paid."""

    def register(function: Act) -> Act:
        ACTS[type] = function
        return function

    return register


def tell(ctx: Ctx, intent: dict[str, Any], outcome: str) -> None:
    """Tell the listeners what became of a PaymentIntent."""
    for listener in LISTENERS:
        listener(ctx, intent, outcome)


def confirm(ctx: Ctx, intent: dict[str, Any], params: Mapping[str, Any]) -> Reply | dict[str, Any]:
    """Try the payment method of a stored intent. A decline is a 402 reply that keeps what it wrote."""
    name = intent["object"]
    if not intent.get("payment_method"):
        hint = HINTS[name]
        if name == "payment_intent" and intent.get("customer"):
            hint = (
                f"To confirm the PaymentIntent with {intent['customer']}, specify a payment method attached to this "
                "customer along with the customer ID."
            )
        text = NO_METHOD.format(kind=KINDS[name], hint=hint)
        raise errors.wrong_state(intent, text)
    check_return(ctx, intent, params)
    method = payment_methods.resolve(ctx, intent["payment_method"])
    known = facts.load(ctx, method["id"])
    if known.used and not method.get("customer"):
        raise errors.invalid(payment_methods.USED, "payment_method")
    mandates.keep(ctx, intent, method, params)
    off_session = params.get("off_session") not in (None, "", False, "false")
    case = Situation(
        off_session=off_session,
        set_up=known.set_up,
        requested=_requested(intent),
        setup=name == "setup_intent",
    )
    result = attempt(known, case, str(method["type"]))
    act = ACTS.get(str(method["type"])) if name == "payment_intent" else None
    if act is not None:
        action = act(ctx, intent, params)
        if action is not None:
            return wait(ctx, intent, method, action)
    if result.trigger == "action" and params.get("error_on_requires_action"):
        result = Attempt("decline", "authentication_required")
    if result.trigger == "action":
        return ask(ctx, intent, method, known, params)
    return apply(ctx, intent, method, result, off_session=off_session)


RETURN_URL = (
    "A `return_url` must be specified because this {kind} is configured to automatically accept the payment methods "
    "enabled in the Dashboard, some of which may require a full page redirect to succeed. If you do not want to accept "
    "redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)


REDIRECTS = "intent_redirects"
"""Store name of the intents that asked for automatic payment methods with redirects.

An intent that never asked for them takes what the account has enabled, which redirects nowhere.
"""


def note_redirects(ctx: Ctx, intent: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Remember that a new intent asked for automatic payment methods that may redirect."""
    wanted = params.get("automatic_payment_methods")
    if isinstance(wanted, Mapping) and wanted.get("enabled") and wanted.get("allow_redirects") != "never":
        ctx.store.insert(REDIRECTS, {}, id=intent["id"])


def check_return(ctx: Ctx, intent: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise 400 when an intent may redirect and nothing says where to return."""
    if params.get("return_url") or params.get("use_stripe_sdk") or ctx.store.find(REDIRECTS, intent["id"]) is None:
        return
    kind = {"payment_intent": "Payment Intent", "setup_intent": "Setup Intent"}[str(intent["object"])]
    raise errors.invalid(RETURN_URL.format(kind=kind))


def attempt(known: Facts, case: Situation, type: str = "") -> Attempt:
    """One attempt with an instrument. Other payment methods than cards and debits may ask their customer to act."""
    if known.card:
        return intents.attempt_card(known.card, case)
    if known.bank:
        return intents.attempt_bank(known.bank, verified=known.verified, setup=case.setup)
    return Attempt("action" if methods.must_act(type) and not case.authenticated else "succeed")


def _requested(intent: Mapping[str, Any]) -> bool:
    options = (intent.get("payment_method_options") or {}).get("card") or {}
    return options.get("request_three_d_secure") in ("any", "challenge")


def ask(
    ctx: Ctx, intent: dict[str, Any], method: Mapping[str, Any], known: Facts, params: Mapping[str, Any]
) -> dict[str, Any]:
    """The customer has to act: authenticate, or verify the account."""
    if known.bank:
        arrival = ctx.now // 86_400 * 86_400 + 86_400
        action: dict[str, Any] = {
            "type": "verify_with_microdeposits",
            "verify_with_microdeposits": {
                "arrival_date": arrival,
                "hosted_verification_url": f"https://payments.stripe.com/microdeposit/{intent['id']}",
                "microdeposit_type": "descriptor_code",
            },
        }
    elif known.card is None and methods.must_act(str(method["type"])):
        page = authentication_page(ctx, intent, params)
        action = methods.next_action(str(method["type"]), page, ctx.now, params.get("return_url"))
    else:
        action = authentication(ctx, intent, params)
    return wait(ctx, intent, method, action)


def wait(ctx: Ctx, intent: dict[str, Any], method: Mapping[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    """The intent waits for its customer to do what `action` says."""
    changes = {"status": "requires_action", "next_action": action, "payment_method": method["id"]}
    error = "last_payment_error" if intent["object"] == "payment_intent" else "last_setup_error"
    changed = ctx.update(intent["object"], intent["id"], {**changes, error: None}, event="")
    ctx.emit(f"{intent['object']}.requires_action", changed)
    if intent["object"] == "payment_intent":
        tell(ctx, changed, "action")
    return changed


def authentication_page(ctx: Ctx, intent: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """The address of the page on which the customer acts; where they go from there is kept."""
    account = accounts.current(ctx)
    page = f"{ctx.base_url}/3d_secure_2/{intent['id']}" + (f"?account={account}" if account else "")
    note = {"return_url": params.get("return_url")}
    if ctx.store.find(AUTHENTICATION, intent["id"]) is None:
        ctx.store.insert(AUTHENTICATION, note, id=intent["id"])
    else:
        ctx.store.replace(AUTHENTICATION, intent["id"], note)
    return page


def authentication(ctx: Ctx, intent: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """`next_action` for 3D Secure: a redirect where a `return_url` was given, else for Stripe.js."""
    page = authentication_page(ctx, intent, params)
    if params.get("return_url") and not params.get("use_stripe_sdk"):
        return {"redirect_to_url": {"return_url": params["return_url"], "url": page}, "type": "redirect_to_url"}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": _fingerprint(ctx, intent, page)}


DIRECTORIES = {"visa": "A000000003", "mastercard": "A000000004", "amex": "A000000025"}
"""Brand of a card → its directory server of 3D Secure 2."""
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nVGhlIHR3aW4gaGFzIG5vIGRpcmVjdG9yeSBzZXJ2ZXI=\n-----END CERTIFICATE-----\n"


def _fingerprint(ctx: Ctx, intent: Mapping[str, Any], page: str) -> dict[str, Any]:
    """What Stripe.js is told, as recorded at https://github.com/pay-rails/pay; `stripe_js` is the page of the twin."""
    method = ctx.store.find("payment_method", str(intent["payment_method"])) or {}
    brand = str((method.get("card") or {}).get("brand") or "visa")
    secrets = {"algorithm": "RSA", "certificate": CERTIFICATE, "root_certificate_authorities": [CERTIFICATE]}
    return {
        "directory_server_encryption": {**secrets, "directory_server_id": DIRECTORIES.get(brand, DIRECTORIES["visa"])},
        "directory_server_name": brand,
        "merchant": accounts.current(ctx) or accounts.ACCOUNT,
        "one_click_authn": None,
        "server_transaction_id": ctx.new_id("{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"),
        "stripe_js": page,
        "three_d_secure_2_source": ctx.new_id("payatt_3{alnum:23}"),
        "three_ds_frontend_optimizations": "",
        "three_ds_method_url": "",
        "type": "stripe_3ds2_fingerprint",
    }


def apply(
    ctx: Ctx, intent: dict[str, Any], method: dict[str, Any], result: Attempt, *, off_session: bool = False
) -> Reply | dict[str, Any]:
    """Write what an attempt leads to."""
    known = facts.load(ctx, method["id"])
    method = payment_methods.check_card(ctx, method, known)
    if intent["object"] == "setup_intent":
        from twins.stripe.handlers import setup_intents

        return setup_intents.apply(ctx, intent, method, result)
    manual = manual_capture(intent, method)
    intent = transferring.grouped(ctx, intent)
    charge = charges.store(ctx, charges.record_of(ctx, intent, method, result, capture=not manual, intent=intent["id"]))
    if result.trigger == "decline":
        return declined(ctx, intent, method, known, result, charge)
    _keep_method(ctx, intent, method, known, off_session=off_session)
    changes: dict[str, Any] = {"latest_charge": charge["id"], "last_payment_error": None, "next_action": None}
    if result.trigger == "process":
        changes["status"] = intents.PAYMENT[intent["status"], "process"]
        changed = ctx.update("payment_intent", intent["id"], changes, event="")
        ctx.emit("payment_intent.processing", changed)
        charges.schedule_settlement(ctx, known, {"charge": charge["id"], "intent": intent["id"]})
        return changed
    if manual:
        changes["status"] = intents.PAYMENT[intent["status"], "authorize"]
        changes["amount_capturable"] = intent["amount"]
        changed = ctx.update("payment_intent", intent["id"], changes, event="")
        ctx.emit("payment_intent.amount_capturable_updated", changed)
        held = charge["payment_method_details"].get("card") or {}
        until = held.get("capture_before") or ctx.now + charges.CAPTURE_WITHIN
        ctx.schedule("authorization_expires", {"intent": intent["id"]}, at=until)
        return changed
    return succeed(ctx, intent, charge, changes)


def manual_capture(intent: Mapping[str, Any], method: Mapping[str, Any]) -> bool:
    """Whether a payment is only authorized: the intent says so, or its options for this type of method."""
    options = (intent.get("payment_method_options") or {}).get(method["type"]) or {}
    return (options.get("capture_method") or intent["capture_method"]) in ("manual", "manual_preferred")


def succeed(ctx: Ctx, intent: dict[str, Any], charge: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The intent is paid. With `automatic_async` its charge gets the balance transaction just afterwards."""
    done = {**changes, "status": intents.PAYMENT[intent["status"], "succeed"], "amount_received": intent["amount"]}
    later = intent["capture_method"] == "automatic_async"
    if not later:
        charge = charges.settle(ctx, charge, announce=False)
    charges.after_payment(ctx, charge)
    changed = ctx.update("payment_intent", intent["id"], done, event="")
    ctx.emit("payment_intent.succeeded", changed)
    if later:
        charges.settle(ctx, ctx.store.get("charge", charge["id"]), announce=True)
        wire.settled_later(ctx, charge["id"])
    tell(ctx, changed, "succeeded")
    return changed


def _keep_method(
    ctx: Ctx, intent: Mapping[str, Any], method: dict[str, Any], known: Facts, *, off_session: bool
) -> None:
    """Attach the payment method where the intent says so; otherwise it is used up."""
    future, customer = intent.get("setup_future_usage"), intent.get("customer")
    if future:
        known.set_up = known.set_up or future == "off_session"
        facts.save(ctx, method["id"], known)
        if customer and not method.get("customer"):
            attached = payment_methods.attach_to(ctx, method, customer, check=False)
            ctx.emit("payment_method.attached", attached)
    elif not method.get("customer") and method["id"].startswith("pm_"):
        known.used = True
        facts.save(ctx, method["id"], known)


def declined(
    ctx: Ctx, intent: dict[str, Any], method: dict[str, Any], known: Facts, result: Attempt, charge: dict[str, Any]
) -> Reply:
    """A decline: the failed charge and the error stay, the intent waits for another payment method."""
    reason = charges.decline_of(known, result)
    assert reason is not None
    error = outcomes.payment_error(reason, charge=charge["id"], payment_method=method)
    changes = {
        "latest_charge": charge["id"],
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "status": intents.PAYMENT[intent["status"], "decline"],
    }
    changed = ctx.update("payment_intent", intent["id"], changes, event="")
    ctx.emit("payment_intent.payment_failed", changed)
    tell(ctx, changed, "failed")
    return Reply(402, {"error": {**error, "payment_intent": changed}})


UNANSWERABLE = (None, "verify_with_microdeposits", "display_bank_transfer_instructions")
"""Kinds of next action that are not a page on which the customer agrees or not."""


def finish_authentication(ctx: Ctx, intent: dict[str, Any], *, succeeded: bool) -> dict[str, Any]:
    """The customer completed or failed the challenge. Returns the intent; raises 400 when none was asked."""
    action = intent.get("next_action") or {}
    if intent["status"] != "requires_action" or action.get("type") in UNANSWERABLE:
        text = f"{intent['id']} is not waiting for authentication: its status is {intent['status']}."
        raise errors.invalid(text, code=f"{intent['object']}_unexpected_state")
    method = payment_methods.resolve(ctx, intent["payment_method"])
    if not succeeded:
        return _authentication_failed(ctx, intent, method)
    known = facts.load(ctx, method["id"])
    case = Situation(authenticated=True, setup=intent["object"] == "setup_intent", set_up=known.set_up)
    apply(ctx, intent, method, attempt(known, case))
    return ctx.store.get(intent["object"], intent["id"])


def finish(ctx: Ctx, intent: dict[str, Any]) -> dict[str, Any]:
    """What an intent waited for has come: it is paid. Returns the intent."""
    apply(ctx, intent, payment_methods.resolve(ctx, intent["payment_method"]), Attempt("succeed"))
    return ctx.store.get(intent["object"], intent["id"])


def _authentication_failed(ctx: Ctx, intent: dict[str, Any], method: dict[str, Any]) -> dict[str, Any]:
    name = intent["object"]
    error = outcomes.payment_error(declines.AUTHENTICATION_FAILED[name], charge=None, payment_method=method)
    field = "last_payment_error" if name == "payment_intent" else "last_setup_error"
    changes = {field: error, "next_action": None, "payment_method": None, "status": "requires_payment_method"}
    changed = ctx.update(name, intent["id"], changes, event="")
    ctx.emit("payment_intent.payment_failed" if name == "payment_intent" else "setup_intent.setup_failed", changed)
    if name == "payment_intent":
        tell(ctx, changed, "failed")
    return changed


def verify(ctx: Ctx, intent: dict[str, Any], params: Mapping[str, Any]) -> Reply | dict[str, Any]:
    """Verify a bank account by microdeposits. Raises 400 for wrong values."""
    name = intent["object"]
    action = intent.get("next_action") or {}
    if action.get("type") != "verify_with_microdeposits":
        kind = KINDS[name]
        text = (
            f"This {kind} cannot be actioned on because it has a status of {intent['status']}. Only a {kind} with one "
            'of the following statuses may be actioned on: ["requires_action"].'
        )
        embedded: dict[str, Any] = {name: intent}
        raise errors.invalid(text, None, "intent_invalid_state", **embedded)
    found = banks.microdeposits(params.get("amounts"), params.get("descriptor_code"))
    if found == "mismatch":
        text = "The microdeposit values you entered do not match those sent to the bank account."
        code = "amounts" if params.get("amounts") else "descriptor_code"
        wrong = "payment_method_microdeposit_verification_amounts_mismatch"
        if code == "descriptor_code":
            wrong = "payment_method_microdeposit_verification_descriptor_code_mismatch"
        raise errors.invalid(text, code, wrong)
    if found == "attempts_exceeded":
        text = "You have exceeded the number of allowed verification attempts."
        raise errors.invalid(text, code="payment_method_microdeposit_verification_attempts_exceeded")
    if found == "timeout":
        text = "The microdeposit verification has timed out."
        raise errors.invalid(text, code="payment_method_microdeposit_verification_timeout")
    method = payment_methods.resolve(ctx, intent["payment_method"])
    known = facts.load(ctx, method["id"])
    known.verified = True
    facts.save(ctx, method["id"], known)
    return apply(ctx, intent, method, attempt(known, Situation(setup=name == "setup_intent")))


@accounts.timer("bank_settles")
def bank_settles(ctx: Ctx, data: dict[str, Any]) -> None:
    """A bank debit that was processing ends."""
    charge = ctx.store.get("charge", data["charge"])
    intent = ctx.store.find("payment_intent", data["intent"]) if data.get("intent") else None
    known = facts.load(ctx, charge["payment_method"])
    result = intents.settlement(known.bank) if known.bank else None
    if result is None or charge["status"] != "pending" or (intent and intent["status"] != "processing"):
        return
    if result.trigger == "decline":
        _bank_fails(ctx, intent, charge, known, result)
        return
    paid = {"status": "succeeded", "paid": True, "amount_captured": charge["amount"], "outcome": outcomes.outcome(None)}
    charge = ctx.update("charge", charge["id"], paid, event="")
    charge = charges.settle(ctx, charge, announce=False)
    ctx.emit("charge.succeeded", charge)
    if intent:
        done = {"status": "succeeded", "amount_received": intent["amount"]}
        changed = ctx.update("payment_intent", intent["id"], done, event="")
        ctx.emit("payment_intent.succeeded", changed)
        tell(ctx, changed, "succeeded")
    charges.after_payment(ctx, charge)


def _bank_fails(ctx: Ctx, intent: dict[str, Any] | None, charge: dict[str, Any], known: Facts, result: Attempt) -> None:
    reason = charges.decline_of(known, result)
    assert reason is not None
    failed = {
        "status": "failed",
        "paid": False,
        "captured": False,
        "failure_code": reason.code,
        "failure_message": reason.message,
        "outcome": outcomes.outcome(reason),
    }
    charge = ctx.update("charge", charge["id"], failed, event="")
    ctx.emit("charge.failed", charge)
    mandates.revoke(ctx, known)
    if intent is None:
        return
    method = payment_methods.resolve(ctx, charge["payment_method"])
    error = outcomes.payment_error(reason, charge=charge["id"], payment_method=method)
    changes = {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
    changed = ctx.update("payment_intent", intent["id"], changes, event="")
    ctx.emit("payment_intent.payment_failed", changed)
    tell(ctx, changed, "failed")


@accounts.timer("authorization_expires")
def authorization_expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody captured in time: the intent is canceled and the authorization released."""
    if "charge" in data:
        charges.expire(ctx, data["charge"])
        return
    intent = ctx.store.find("payment_intent", data["intent"])
    if intent is None or intent["status"] != "requires_capture":
        return
    charges.expire(ctx, intent["latest_charge"])
    changes = {"status": "canceled", "canceled_at": ctx.now, "cancellation_reason": "automatic", "amount_capturable": 0}
    ctx.emit("payment_intent.canceled", ctx.update("payment_intent", intent["id"], changes, event=""))
