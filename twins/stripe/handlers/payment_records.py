"""Payment records: payments made outside of the account, reported attempt by attempt.

Sources: https://docs.stripe.com/api/payment-record, /api/payment-attempt-record, /payments/payment-records. The words
of what is refused are the twin's. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import charges

RECORD, ATTEMPT = "payment_record", "payment_attempt_record"
SUMS = ("authorized", "canceled", "failed", "guaranteed", "refunded")
STATES = "payment_attempt_state"
"""Store name of the state of attempts: `started`, `guaranteed`, `failed` or `canceled`."""
Listener = Callable[[Ctx, dict[str, Any]], None]
LISTENERS: list[Listener] = []
"""Called with a payment record whose latest attempt is guaranteed."""


def listen(function: Listener) -> Listener:
    """Register what follows from a payment that is guaranteed."""
    LISTENERS.append(function)
    return function


def _money(currency: str, value: int) -> dict[str, Any]:
    return {"currency": currency, "value": value}


def _sums(requested: Mapping[str, Any], state: str) -> dict[str, Any]:
    """The amounts of an attempt in a state: all of it is guaranteed, failed or canceled, or nothing yet."""
    currency, value = str(requested["currency"]), int(requested["value"])
    found = {f"amount_{name}": _money(currency, value if name == state else 0) for name in SUMS}
    return {"amount": _money(currency, value), **found, "amount_requested": _money(currency, value)}


def _shipping(given: Any) -> dict[str, Any] | None:
    if not given:
        return None
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "address": {**address, **(given.get("address") or {})},
        "name": given.get("name"),
        "phone": given.get("phone"),
    }


def _method(ctx: Ctx, given: Mapping[str, Any]) -> dict[str, Any]:
    """`payment_method_details`: a method that is there, or one described here. Raises 400."""
    type, known = given.get("type"), None
    if given.get("payment_method"):
        known = lookup.record(ctx, "payment_method", given["payment_method"], "payment_method_details[payment_method]")
    if known is not None and type is None:
        shown = {"billing_details": given.get("billing_details"), "payment_method": known["id"]}
        return {**shown, "type": known["type"]}
    type = type or "custom"
    details = given.get("custom") or {}
    custom = {"display_name": details.get("display_name"), "type": details.get("type")}
    shown = {"billing_details": given.get("billing_details"), "payment_method": given.get("payment_method")}
    return {**shown, "custom": custom, "type": type}


def _outcome(params: Mapping[str, Any]) -> str:
    """The state that a report brings an attempt to. Raises 400 for an outcome without its time."""
    outcome = params.get("outcome")
    if outcome is None:
        return "started"
    if not isinstance(params.get(outcome), Mapping):
        raise errors.missing(f"{outcome}[{outcome}_at]")
    return str(outcome)


def _attempt(ctx: Ctx, record: Mapping[str, Any], state: str) -> dict[str, Any]:
    """Keep a new attempt of a payment."""
    hidden = ("id", "object", "latest_payment_attempt_record")
    made = {name: value for name, value in record.items() if name not in hidden}
    made |= {"id": ctx.new_id(ATTEMPT), "object": ATTEMPT, "created": ctx.now, "payment_record": record["id"]}
    made |= _sums(record["amount_requested"], state)
    ctx.store.insert(ATTEMPT, lookup.ordered(made), created=ctx.micros)
    ctx.store.insert(STATES, {"state": state}, id=str(made["id"]))
    return made


def _told(ctx: Ctx, record: dict[str, Any], state: str) -> dict[str, Any]:
    if state == "guaranteed":
        for listener in LISTENERS:
            listener(ctx, record)
    return record


@twin.handler("PostPaymentRecordsReportPayment")
@lookup.modelled
def report(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A payment was made elsewhere, or is being made."""
    params = request.body or {}
    requested, state = params["amount_requested"], _outcome(params)
    charges.check_currency(requested["currency"])
    customer = params.get("customer_details") or {}
    if customer.get("customer"):
        lookup.record(ctx, "customer", customer["customer"], "customer_details[customer]")
    processor = params.get("processor_details") or {"type": "custom"}
    record = {
        "id": ctx.new_id(RECORD),
        "object": RECORD,
        **_sums(requested, state),
        "application": None,
        "created": ctx.now,
        "customer_details": {name: customer.get(name) for name in ("customer", "email", "name", "phone")}
        if customer
        else None,
        "customer_presence": params.get("customer_presence"),
        "description": params.get("description"),
        "latest_payment_attempt_record": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "payment_method_details": _method(ctx, params["payment_method_details"]),
        "processor_details": {"custom": processor.get("custom") or {"payment_reference": None}, "type": "custom"},
        "reported_by": "self",
        "shipping_details": _shipping(params.get("shipping_details")),
    }
    record["latest_payment_attempt_record"] = _attempt(ctx, record, state)["id"]
    record = lookup.ordered(record)
    ctx.store.insert(RECORD, record, created=ctx.micros)
    return _told(ctx, record, state)


def _found(ctx: Ctx, request: Request) -> tuple[dict[str, Any], str]:
    """(record, state of its latest attempt) of a request."""
    record = lookup.in_path(ctx, RECORD, request.path["id"])
    return record, str(ctx.store.get(STATES, record["latest_payment_attempt_record"])["state"])


@twin.handler("PostPaymentRecordsIdReportPaymentAttempt")
@lookup.modelled
def attempt(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The payment is tried again, all attempts before having failed or been canceled."""
    params, (record, before) = request.body or {}, _found(ctx, request)
    if before not in ("failed", "canceled"):
        raise errors.invalid(f"A new attempt cannot be reported while the latest one is {before}.")
    state = _outcome(params)
    changes = {**lookup.changed(record, params, "description"), **_sums(record["amount_requested"], state)}
    if isinstance(params.get("payment_method_details"), Mapping):
        changes["payment_method_details"] = _method(ctx, params["payment_method_details"])
    if params.get("shipping_details"):
        changes["shipping_details"] = _shipping(params["shipping_details"])
    made = _attempt(ctx, {**record, **changes}, state)
    changes["latest_payment_attempt_record"] = made["id"]
    return _told(ctx, ctx.update(RECORD, record["id"], changes, event=""), state)


def _end(ctx: Ctx, request: Request, state: str) -> dict[str, Any]:
    """The latest attempt has come to an end. Raises 400 where it had before."""
    params, (record, before) = request.body or {}, _found(ctx, request)
    if before != "started":
        raise errors.invalid(f"The latest payment attempt of this payment record is already {before}.")
    latest = record["latest_payment_attempt_record"]
    ctx.store.replace(STATES, latest, {"state": state})
    sums = _sums(record["amount_requested"], state)
    ctx.update(ATTEMPT, latest, sums, event="")
    changes = {**lookup.changed(record, params), **sums}
    return _told(ctx, ctx.update(RECORD, record["id"], changes, event=""), state)


@twin.handler("PostPaymentRecordsIdReportPaymentAttemptGuaranteed")
@lookup.modelled
def guaranteed(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The money is sure to come."""
    return _end(ctx, request, "guaranteed")


@twin.handler("PostPaymentRecordsIdReportPaymentAttemptFailed")
@lookup.modelled
def failed(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The latest attempt has failed."""
    return _end(ctx, request, "failed")


@twin.handler("PostPaymentRecordsIdReportPaymentAttemptCanceled")
@lookup.modelled
def canceled(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The latest attempt was given up."""
    return _end(ctx, request, "canceled")


@twin.handler("PostPaymentRecordsIdReportPaymentAttemptInformational")
@lookup.modelled
def informational(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What else is known of the payment."""
    params, (record, _) = request.body or {}, _found(ctx, request)
    changes = lookup.changed(record, params, "description")
    given = params.get("customer_details")
    if isinstance(given, Mapping):
        known = record["customer_details"] or dict.fromkeys(("customer", "email", "name", "phone"))
        changes["customer_details"] = {**known, **given}
    if "shipping_details" in params:
        changes["shipping_details"] = _shipping(params["shipping_details"])
    ctx.update(ATTEMPT, record["latest_payment_attempt_record"], changes, event="")
    return ctx.update(RECORD, record["id"], changes, event="")


@twin.handler("PostPaymentRecordsIdReportRefund")
@lookup.modelled
def refund(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Money that was guaranteed went back, all that is left of it unless an amount is named."""
    params, (record, state) = request.body or {}, _found(ctx, request)
    if state != "guaranteed":
        raise errors.invalid("Only a payment record whose latest attempt is guaranteed can be refunded.")
    if not isinstance(params.get("refunded"), Mapping):
        raise errors.missing("refunded[refunded_at]")
    done, whole = record["amount_refunded"], record["amount_guaranteed"]["value"]
    left = whole - done["value"]
    asked = params.get("amount") or {"currency": done["currency"], "value": left}
    if asked["currency"] != done["currency"]:
        raise errors.invalid(f"The payment was made in {done['currency']}.", "amount[currency]")
    if not 0 < asked["value"] <= left:
        text = f"Refund amount ({asked['value']}) is greater than what is left of the payment ({left})."
        raise errors.invalid(text, "amount[value]")
    changes = {
        **lookup.changed(record, params),
        "amount_refunded": _money(done["currency"], done["value"] + asked["value"]),
    }
    ctx.update(ATTEMPT, record["latest_payment_attempt_record"], changes, event="")
    return ctx.update(RECORD, record["id"], changes, event="")


@twin.handler("GetPaymentAttemptRecords")
@lookup.modelled
def attempts(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The attempts of a payment record."""
    record = lookup.record(ctx, RECORD, request.query.get("payment_record"), "payment_record")
    return listing.page(ctx, request, ATTEMPT, [Filter("payment_record", "=", record["id"])])


@twin.handler("GetPaymentRecords")
@lookup.modelled
def records(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Payment records, of a time."""
    query = request.query
    where = []
    if query.get("created_after"):
        where.append(Filter("created", ">", int(query["created_after"])))
    if query.get("created_before"):
        where.append(Filter("created", "<", int(query["created_before"])))
    return listing.page(ctx, request, RECORD, where)
