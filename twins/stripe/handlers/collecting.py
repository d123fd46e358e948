"""What the buyer fills in at Checkout: addresses, phone, names, tax ids, custom fields, consent, quantities, a code.

Sources: https://docs.stripe.com/payments/collect-addresses, /payments/checkout/phone-numbers, /custom-fields,
/customization/policies, /adjustable-quantity, /tax/checkout/tax-ids. The words of a page that misses something are the
twin's. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors, locating
from twins.stripe.billing import pricing
from twins.stripe.handlers import checkout, discounting, recurring, selling, tax_ids
from twins.stripe.payments import instruments

NAME, EMAIL, PHONE = "Jenny Rosen", "jenny@example.com", "+15555550100"
SHORT: Mapping[str, str] = {"country": "US", "postal_code": "94107"}
"""The address of a buyer who is asked for as little as possible."""
FULL: Mapping[str, str] = {
    "city": "San Francisco", "country": "US", "line1": "354 Oyster Point Blvd", "postal_code": "94080", "state": "CA",
}  # fmt: skip
HOME = "US"
USUAL = 99
"""The largest quantity of an adjustable item that names none."""
NO_CODE = "This code is invalid."


def _missing(what: str, param: str) -> Exception:
    return errors.invalid(f"The buyer has to fill in {what}.", param, "parameter_missing")


def billing(session: Mapping[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The billing address that the buyer gives. Raises 400 for one that is too short for the session."""
    whole = session["billing_address_collection"] == "required"
    found = instruments.address(buyer.get("address") or (FULL if whole else SHORT))
    if not found["country"] or (whole and not found["line1"]):
        raise _missing("a billing address", "address")
    return found


def shipping(session: Mapping[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the buyer wants it sent; None where the session does not ask. Raises 400."""
    asked = session["shipping_address_collection"]
    if not asked:
        return None
    allowed = asked["allowed_countries"]
    given = buyer.get("shipping") or {}
    address = given.get("address") or {**FULL, "country": "US" if "US" in allowed else allowed[0]}
    if not address.get("line1") or not address.get("country"):
        raise _missing("a shipping address", "shipping[address]")
    if address["country"] not in allowed:
        text = f"This session does not ship to {address['country']}, only to: {', '.join(allowed)}."
        raise errors.invalid(text, "shipping[address][country]")
    return {"address": instruments.address(address), "name": given.get("name") or buyer["name"]}


def chosen_shipping(ctx: Ctx, session: Mapping[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any] | None:
    """`shipping_cost` of the option that the buyer chooses, the one before where they choose none. Raises 400."""
    wanted = buyer.get("shipping_rate")
    if not wanted:
        return dict(session["shipping_cost"]) if session["shipping_cost"] else None
    for place, option in enumerate(session["shipping_options"]):
        rate = ctx.store.find("shipping_rate", option["shipping_rate"]) or {}
        if wanted in (option["shipping_rate"], rate.get("display_name")):
            return checkout.choice(session, place)
    raise errors.invalid(f"{wanted} is none of the session's shipping options.", "shipping_rate")


def _answer(field: Mapping[str, Any], given: Any) -> str | None:
    """What the buyer writes into a custom field. Raises 400 for what does not fit it."""
    key, inner = field["key"], field[field["type"]]
    value = given if given not in (None, "") else inner["default_value"]
    where = f"custom_fields[{key}]"
    if value is None:
        if not field["optional"]:
            raise _missing(f"the field `{key}`", where)
        return None
    text = str(value)
    if field["type"] == "dropdown" and text not in [option["value"] for option in inner["options"]]:
        raise errors.invalid(f"`{text}` is no option of the field `{key}`.", where)
    if field["type"] == "numeric" and not text.isdigit():
        raise errors.invalid(f"The field `{key}` takes digits only.", where)
    least, most = inner.get("minimum_length"), inner.get("maximum_length")
    if (least is not None and len(text) < least) or (most is not None and len(text) > most):
        raise errors.invalid(f"The field `{key}` takes {least or 0} to {most or 255} characters.", where)
    return text


def custom_fields(session: Mapping[str, Any], buyer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The session's custom fields, filled in."""
    given = buyer.get("custom_fields") or {}
    return [
        {**field, field["type"]: {**field[field["type"]], "value": _answer(field, given.get(field["key"]))}}
        for field in session["custom_fields"]
    ]


def asks_tax_id(ctx: Ctx, session: Mapping[str, Any]) -> bool:
    """Whether a session asks for a tax id: not a customer who has one."""
    if not (session.get("tax_id_collection") or {}).get("enabled"):
        return False
    return not (session["customer"] and locating.tax_ids(ctx, session["customer"]))


def ids(ctx: Ctx, session: Mapping[str, Any], buyer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tax id that the buyer gives. Raises 400 for one that has not the form of its type, and for more than one."""
    asked = session.get("tax_id_collection") or {}
    if not asks_tax_id(ctx, session):
        return []
    found = [{"type": str(each["type"]), "value": str(each["value"])} for each in buyer.get("tax_ids") or ()]
    if len(found) > 1:
        raise errors.invalid("The buyer can enter one tax id.", "tax_ids")
    for each in found:
        tax_ids.check(each["type"], each["value"])
    if asked.get("required") == "if_supported" and not found:
        raise _missing("a tax id", "tax_ids")
    return found


def names(session: Mapping[str, Any], buyer: Mapping[str, Any], taxed: bool) -> dict[str, Any]:
    """`business_name` and `individual_name` as the session collects them. Raises 400."""
    asked = session.get("name_collection") or {}
    found: dict[str, Any] = {"business_name": buyer.get("business_name") if taxed else None, "individual_name": None}
    for kind, default in (("business", None), ("individual", buyer["name"])):
        wanted = asked.get(kind) or {}
        if not wanted.get("enabled"):
            continue
        value = buyer.get(f"{kind}_name") or default
        if value is None and not wanted.get("optional"):
            raise _missing(f"a {kind} name", f"{kind}_name")
        found[f"{kind}_name"] = value
    return found


def consent(session: Mapping[str, Any], buyer: Mapping[str, Any], country: str) -> dict[str, Any] | None:
    """What the buyer agrees to; terms that have to be accepted are, unless the buyer says no. Raises 400.

    Nobody is asked about promotions outside the US: https://docs.stripe.com/payments/checkout/promotional-emails-consent.
    """
    asked = session["consent_collection"]
    if not asked:
        return None
    given = buyer.get("consent") or {}
    terms = asked["terms_of_service"] == "required"
    if terms and given.get("terms_of_service", "accepted") != "accepted":
        raise _missing("that the terms of service are accepted", "consent[terms_of_service]")
    asks = asked["promotions"] == "auto" and country == HOME
    promotions = given.get("promotions", "opt_out") if asks else None
    return {"promotions": promotions, "terms_of_service": "accepted" if terms else None}


def quantities(ctx: Ctx, rows: list[dict[str, Any]], buyer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items with the quantities that the buyer sets, by item id or place. Raises 400 for one that cannot be set."""
    given = buyer.get("quantities") or {}
    found = []
    for place, row in enumerate(rows):
        wanted = given.get(row["id"], given.get(str(place)))
        if wanted in (None, "") or int(wanted) == row["quantity"]:
            found.append(row)
            continue
        rule, where = row["adjustable_quantity"] or {}, f"quantities[{row['id']}]"
        least, most = int(rule.get("minimum") or 0), int(rule.get("maximum") or USUAL)
        if not rule.get("enabled"):
            raise errors.invalid(f"The quantity of {row['description']} is not adjustable.", where)
        if not least <= int(wanted) <= most:
            text = f"The quantity of {row['description']} has to be between {least} and {most}."
            raise errors.invalid(text, where)
        if int(wanted):
            amount = pricing.amount(row["price"], int(wanted), recurring.tiers_of(ctx, row["price"]))
            found.append({**row, "quantity": int(wanted), "amount_subtotal": amount})
    if not found and not buyer.get("optional_items"):
        raise errors.invalid("At least one item has to stay.", "quantities")
    return found


def added(ctx: Ctx, session: Mapping[str, Any], buyer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The optional items that the buyer takes, by price or place: a quantity each. Raises 400.

    https://docs.stripe.com/payments/checkout/optional-items
    """
    given, found = buyer.get("optional_items") or {}, []
    offered = session.get("optional_items") or []
    known = {key for place, row in enumerate(offered) for key in (row["price"], str(place))}
    for name in given:
        if name not in known:
            raise errors.invalid(f"{name} is none of the session's optional items.", f"optional_items[{name}]")
    for place, row in enumerate(offered):
        wanted = int(given.get(row["price"], given.get(str(place))) or 0)
        if not wanted:
            continue
        rule = row["adjustable_quantity"] or {}
        least, most = row["quantity"], row["quantity"]
        if rule.get("enabled"):
            least, most = int(rule.get("minimum") or 0), int(rule.get("maximum") or USUAL)
        if not least <= wanted <= most:
            text = f"The quantity has to be between {least} and {most}."
            raise errors.invalid(text, f"optional_items[{place}]")
        price = ctx.store.get("price", row["price"])
        found.append(selling.item(ctx, price, {"adjustable_quantity": row["adjustable_quantity"], "quantity": wanted}))
    return found


def discounts(ctx: Ctx, session: Mapping[str, Any], kept: list[str], buyer: Mapping[str, Any], worth: int) -> list[str]:
    """The session's discounts, those of the promotion code that the buyer types instead. Raises 400."""
    code = str(buyer.get("promotion_code") or "").strip()
    if not code:
        return kept
    if not session["allow_promotion_codes"]:
        raise errors.invalid("This session takes no promotion codes.", "promotion_code")
    active = ctx.store.select("promotion_code", [Filter("active", "=", True)])
    found = next((each for each in active if each["code"].lower() == code.lower()), None)
    if found is None:
        raise errors.invalid(NO_CODE, "promotion_code")
    customer = {"id": session["customer"]}
    return discounting.make(ctx, [{"promotion_code": found["id"]}], customer, ctx.now, amount=worth)


def phone(session: Mapping[str, Any], buyer: Mapping[str, Any]) -> str | None:
    """The phone number of the buyer, where the session asks for one."""
    if not session["phone_number_collection"]["enabled"]:
        return None
    return str(buyer.get("phone") or PHONE)


def updates(session: Mapping[str, Any], wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """What a completed session writes on a customer: all of it on a new one, what `customer_update` names on others."""
    details, sent = found["customer_details"], found["collected_information"]["shipping_details"]
    whole = {"address": details["address"], "name": details["business_name"] or details["name"]}
    phone = {"phone": details["phone"]} if details["phone"] else {}
    delivery = {"shipping": {"phone": None, **phone, **sent}} if sent else {}
    if not session["customer"]:
        return {**whole, **phone, **delivery}
    whole |= delivery
    return {**phone, **{name: value for name, value in whole.items() if wanted.get(name) == "auto"}}


def filled_in(buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a payload that say what the buyer does."""
    return {name: buyer[name] for name in FIELDS if buyer.get(name) not in (None, "", [], {})}


FIELDS = (
    "address", "business_name", "card", "consent", "custom_fields", "email", "individual_name", "name",
    "optional_items", "phone", "promotion_code", "quantities", "shipping", "shipping_rate", "tax_ids",
)  # fmt: skip
"""What a buyer can fill in."""
