"""Charges: what an attempt to be paid leaves behind, capture, and the older Charges API.

Source: https://docs.stripe.com/api/charges. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, RawJSON, Reply, Request
from twins.stripe import errors, facts, lookup, twin
from twins.stripe.facts import Facts
from twins.stripe.handlers import balances, disputes, payment_methods, radar, tokens, transferring
from twins.stripe.payments import declines, instruments, intents, ledger, methods, money, outcomes
from twins.stripe.payments.declines import Decline
from twins.stripe.payments.intents import Attempt, Situation

CAPTURE_WITHIN = 7 * ledger.DAY
COPIED = (
    "application_fee_amount",
    "description",
    "on_behalf_of",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)
"""Properties a charge takes from its intent or its request."""
EMPTY = (
    "application",
    "application_fee",
    "dispute",
    "failure_balance_transaction",
    "order",
    "review",
    "source",
    "source_transfer",
)
"""Properties a new charge has nothing to show for."""
DESCRIPTOR = "TWINKIT"


EXTENDED_WITHIN = 30 * ledger.DAY
PRESENT_WITHIN = 2 * ledger.DAY
"""How long an authorization lasts whose card was presented: https://docs.stripe.com/terminal/payments/collect-card-payment."""


def _details(
    ctx: Ctx, values: Mapping[str, Any], method: Mapping[str, Any], known: Facts, attempt: Attempt, captured: bool
) -> dict[str, Any]:
    amount = int(values["amount"])
    if known.bank:
        return instruments.bank_details(known.bank, method[known.bank.type], known.mandate or None)
    if known.card is None:
        return {str(method["type"]): {}, "type": method["type"]}
    authorized = attempt.trigger == "succeed"
    if known.present:
        return instruments.present_details(
            str(method["type"]),
            method[method["type"]],
            amount=amount,
            authorized=authorized,
            code=ctx.token("digits", 6),
            network_transaction=ctx.token("digits", 15),
            capture_before=ctx.now + PRESENT_WITHIN if authorized and not captured else None,
        )
    secure = instruments.three_d_secure(
        attempt.three_d_secure,
        challenged=known.card.authentication != "frictionless",
        transaction="10000000-0000-4000-8000-" + ctx.token("digits", 12),
    )
    held = authorized and not captured
    features = methods.features((values.get("payment_method_options") or {}).get("card") or {}, amount, held)
    within = EXTENDED_WITHIN if features["extended_authorization"]["status"] == "enabled" else CAPTURE_WITHIN
    return instruments.card_details(
        known.card,
        method["card"],
        amount=amount,
        authorized=authorized,
        code=ctx.token("digits", 6),
        network_transaction=ctx.token("digits", 15),
        capture_before=ctx.now + within if held else None,
        secure=secure,
        cvc=known.cvc,
        billing=method["billing_details"],
        features=features,
    )


def record_of(
    ctx: Ctx,
    values: Mapping[str, Any],
    method: Mapping[str, Any],
    attempt: Attempt,
    *,
    capture: bool,
    intent: str | None,
) -> dict[str, Any]:
    """The charge of one attempt, not stored yet; `values` is the intent or request with amount and currency."""
    known = facts.load(ctx, str(method["id"]))
    decline = decline_of(known, attempt)
    paid = attempt.trigger in ("succeed", "process") and decline is None
    pending = attempt.trigger == "process"
    captured = paid and (capture or pending)
    amount = int(values["amount"])
    risk = known.card.risk if known.card else "normal"
    bank = known.bank is not None
    id = ctx.new_id("py_3{alnum:23}" if bank else "charge")
    suffix = values.get("statement_descriptor_suffix")
    return {
        "id": id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if captured and not pending else 0,
        "amount_refunded": 0,
        **dict.fromkeys(EMPTY),
        **{name: values.get(name) for name in COPIED},
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": f"{DESCRIPTOR}* {suffix}"
        if suffix
        else values.get("statement_descriptor") or DESCRIPTOR,
        "captured": captured,
        "created": ctx.now,
        "currency": values["currency"],
        "customer": values.get("customer"),
        "destination": _destination(values),
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(values.get("metadata") or {}),
        "outcome": None if bank and pending else outcomes.outcome(decline, risk=risk, blocked=attempt.blocked),
        "paid": paid and not pending,
        "payment_intent": intent,
        "payment_method": method["id"],
        "payment_method_details": _details(ctx, values, method, known, attempt, captured),
        "radar_options": {},
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{id}" if paid else None,
        "refunded": False,
        "status": "pending" if pending else ("succeeded" if paid else "failed"),
    }


def _destination(values: Mapping[str, Any]) -> str | None:
    """The account that a destination charge goes to."""
    given = values.get("transfer_data")
    return given.get("destination") if isinstance(given, Mapping) else None


def decline_of(known: Facts, attempt: Attempt) -> Decline | None:
    """The reason of a declined attempt, None when it was not declined."""
    if attempt.trigger != "decline":
        return None
    table = declines.BANK_FAILURES if known.bank else declines.DECLINES
    return table[attempt.decline]


def store(ctx: Ctx, charge: dict[str, Any]) -> dict[str, Any]:
    """Keep a new charge and tell of it."""
    charge = lookup.ordered(charge)
    ctx.store.insert("charge", charge, created=ctx.micros)
    words = {"succeeded": "charge.succeeded", "failed": "charge.failed", "pending": "charge.pending"}
    ctx.emit(words[charge["status"]], charge)
    return charge


def settle(ctx: Ctx, charge: dict[str, Any], *, announce: bool, amount: int | None = None) -> dict[str, Any]:
    """Book a captured charge (`amount`: of one capture of several): fee, balance transaction. Returns the charge.

    `announce` tells with charge.updated.
    """
    known = facts.load(ctx, str(charge["payment_method"]))
    amount, currency = charge["amount_captured"] if amount is None else amount, charge["currency"]
    method = known.bank.type if known.bank else "card"
    country = known.card.country if known.card else None
    fee = ledger.processing_fee(amount, currency, method=method, country=country)
    at_once = bool(known.bank or (known.card and known.card.available_now))
    available = ledger.available_on(ctx.now, now_available=at_once, days=balances.delay(ctx))
    transaction = balances.post(
        ctx,
        amount=amount,
        currency=currency,
        type="payment" if known.bank else "charge",
        source=charge["id"],
        available=available,
        fees=[*transferring.own_fee(ctx, charge), ledger.fee_detail(fee, currency)],
        description=charge["description"],
    )
    changes = {"balance_transaction": transaction, **transferring.after_settling(ctx, charge, available)}
    return ctx.update("charge", charge["id"], changes, event="charge.updated" if announce else "")


def after_payment(ctx: Ctx, charge: dict[str, Any]) -> None:
    """What a test number brings about once it has paid: disputes and early fraud warnings."""
    known = facts.load(ctx, str(charge["payment_method"]))
    kinds = known.card.disputes if known.card else ((known.bank.dispute,) if known.bank and known.bank.dispute else ())
    for kind in kinds:
        disputes.open_dispute(ctx, charge["id"], kind, share=len(kinds))
    if known.card and known.card.fraud_warning:
        disputes.warn(ctx, charge)
    if (charge["outcome"] or {}).get("type") == "manual_review":
        radar.open_review(ctx, charge)


def capture_charge(
    ctx: Ctx, charge: dict[str, Any], amount: int, changes: Mapping[str, Any], *, final: bool = True
) -> dict[str, Any]:
    """Capture `amount` of an authorized charge; a `final` capture releases the rest."""
    whole = charge["amount_captured"] + amount
    changes = {**changes, "amount_captured": whole}
    if not final:
        part = ctx.update("charge", charge["id"], changes, event="")
        return settle(ctx, part, announce=True, amount=amount)
    changes["captured"] = True
    details = charge["payment_method_details"]
    if "card" in details:
        kept = {name: value for name, value in details["card"].items() if name != "capture_before"}
        changes["payment_method_details"] = {**details, "card": kept}
    rest = charge["amount"] - whole
    if rest > 0:
        changes["amount_refunded"] = rest
    captured = ctx.update("charge", charge["id"], changes, event="")
    captured = settle(ctx, captured, announce=False, amount=amount)
    ctx.emit("charge.captured", captured)
    return captured


# the older API -------------------------------------------------------------------------------------------------------


def expire(ctx: Ctx, id: str) -> None:
    """Release an authorization that nobody captured in time."""
    charge = ctx.store.get("charge", id)
    if charge["captured"] or charge["refunded"]:
        return
    changes = {"amount_refunded": charge["amount"], "refunded": True}
    ctx.emit("charge.expired", ctx.update("charge", id, changes, event=""))


def _of_card(ctx: Ctx, held: dict[str, Any]) -> dict[str, Any]:
    """The payment method that an older card is."""
    return {**payment_methods.of_held(ctx, held), "source": held}


def _instrument(ctx: Ctx, params: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """(payment method, customer id) of a charge request."""
    source, customer = params.get("source") or params.get("card"), params.get("customer")
    owner = lookup.record(ctx, "customer", customer, "customer") if customer else None
    if isinstance(source, Mapping):
        card, exp = tokens.checked_card(ctx, source, "")
        return _of_card(ctx, tokens.card_token(ctx, card, exp, source)["card"]), customer
    if not source:
        if owner is None:
            raise errors.invalid("Must provide source or customer.", code="parameter_missing")
        source = owner.get("default_source")
        if not source:
            raise errors.declined("Cannot charge a customer that has no active card", "missing", param="card")
    if str(source).startswith("tok_"):
        token = tokens.use(ctx, str(source), "source")
        if token["type"] != "card":
            raise errors.invalid(f"The token {source} does not hold a card.", "source")
        return _of_card(ctx, token["card"]), customer
    method = payment_methods.of_source(ctx, str(source)) or ctx.store.find("payment_method", str(source))
    if method is None or (owner is not None and method.get("customer") not in (None, owner["id"])):
        if owner is not None:
            text = f"Customer {owner['id']} does not have a linked source with ID {source}."
            raise error_missing(text, "source")
        raise errors.no_such("token", str(source), "source", path=False)
    return method, customer


def error_missing(text: str, param: str) -> Exception:
    """404 resource_missing in other words."""
    return errors.error(404, text, code="missing", param=param)


@twin.handler("PostCharges")
def create(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Charge a token, card or customer at once."""
    params = request.body or {}
    for name in ("amount", "currency"):
        if params.get(name) in (None, ""):
            raise errors.missing(name)
    currency = check_currency(params["currency"])
    problem = money.amount_error(params["amount"], currency)
    if problem:
        raise errors.invalid(problem[1], "amount", problem[0])
    method, customer = _instrument(ctx, params)
    known = facts.load(ctx, str(method["id"]))
    attempt = legacy_attempt(known)
    values = {
        **params,
        "currency": currency,
        "customer": customer,
        "metadata": lookup.metadata({}, params.get("metadata")),
    }
    capture = params.get("capture", True)
    record = record_of(ctx, values, method, attempt, capture=capture, intent=None)
    charge = store(ctx, {**record, "source": method.get("source")})
    reason = decline_of(known, attempt)
    if reason is not None:
        error = outcomes.payment_error(reason, charge=charge["id"], payment_method=None)
        return Reply(402, {"error": error})
    if charge["captured"] and charge["status"] == "succeeded":
        charge = settle(ctx, charge, announce=False)
        after_payment(ctx, charge)
    elif charge["status"] == "pending":
        schedule_settlement(ctx, known, {"charge": charge["id"]})
    elif not charge["captured"]:
        ctx.schedule("authorization_expires", {"charge": charge["id"]}, after=CAPTURE_WITHIN)
    return charge


def legacy_attempt(known: Facts) -> Attempt:
    """An attempt through the Charges API, which cannot ask for authentication."""
    if known.bank:
        return intents.attempt_bank(known.bank, verified=True, setup=False)
    if known.card is None:
        return Attempt("succeed")
    return intents.attempt_card(known.card, Situation(off_session=True, set_up=True))


def schedule_settlement(ctx: Ctx, known: Facts, data: dict[str, Any]) -> None:
    """Let a payment that is processing settle when its test account says."""
    if known.bank and intents.settlement(known.bank) is not None:
        ctx.schedule("bank_settles", data, after=known.bank.delay)


def check_currency(value: str) -> str:
    """The currency in lower case. Raises 400 with the list of those there are."""
    currency = value.lower()
    if currency not in money.CURRENCIES:
        raise errors.bad_currency(value, money.CURRENCIES)
    return currency


@twin.handler("GetChargesCharge")
def retrieve(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """One charge."""
    return lookup.shown(ctx, "charge", request.path["charge"])


@twin.handler("PostChargesCharge")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what may be changed of a charge."""
    params = request.body or {}
    charge = lookup.in_path(ctx, "charge", request.path["charge"])
    changes = lookup.changed(charge, params, "description", "receipt_email", "shipping", "transfer_group", "customer")
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    if isinstance(params.get("fraud_details"), Mapping):
        changes["fraud_details"] = {**(charge.get("fraud_details") or {}), **params["fraud_details"]}
    return ctx.update("charge", charge["id"], changes, event="charge.updated")


@twin.handler("PostChargesChargeCapture")
def capture(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Capture a charge of the older API."""
    params = request.body or {}
    charge = lookup.in_path(ctx, "charge", request.path["charge"])
    if charge["captured"]:
        text = f"Charge {charge['id']} has already been captured."
        raise errors.invalid(text, code="charge_already_captured")
    if charge["payment_intent"] and not ctx.options.get("materialise"):
        text = (
            f"This uncaptured Charge was created by a PaymentIntent ({charge['payment_intent']}). You must capture the "
            "PaymentIntent instead. For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
        raise errors.invalid(text)
    if charge["status"] != "succeeded" or charge["refunded"]:
        raise errors.invalid(f"Charge {charge['id']} cannot be captured.", code="charge_expired_for_capture")
    amount = params.get("amount", charge["amount"])
    if amount > charge["amount"]:
        raise errors.invalid("Amount is greater than the authorized amount.", "amount", "amount_too_large")
    changes = lookup.given(
        params, "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"
    )
    captured = capture_charge(ctx, charge, amount, changes)
    after_payment(ctx, captured)
    return ctx.store.get("charge", charge["id"])
