"""Connected accounts: what one looks like, what it still has to provide and what that allows. Pure.

Sources: https://docs.stripe.com/api/accounts/object, https://docs.stripe.com/connect/accounts, replies recorded by
others. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twins.stripe.payments import people

CONTROLLERS: Mapping[str, tuple[str, str, str, str]] = {
    "standard": ("account", "stripe", "stripe", "full"),
    "express": ("application_express", "application", "stripe", "express"),
    "custom": ("application_custom", "application", "application", "none"),
}
"""Type → who pays fees, who bears losses, who collects requirements, which dashboard."""
EUROZONE = "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(EUROZONE.split(), "eur"),
    "AE": "aed", "AU": "aud", "BR": "brl", "CA": "cad", "CH": "chf", "CZ": "czk", "DK": "dkk", "GB": "gbp", "HK": "hkd",
    "HU": "huf", "IN": "inr", "JP": "jpy", "LI": "chf", "MX": "mxn", "MY": "myr", "NO": "nok", "NZ": "nzd", "PL": "pln",
    "RO": "ron", "SE": "sek", "SG": "sgd", "TH": "thb", "US": "usd",
}  # fmt: skip
PROFILE = (
    "annual_revenue", "estimated_worker_count", "mcc", "name", "product_description", "support_address",
    "support_email", "support_phone", "support_url", "url",
)  # fmt: skip
LISTS = ("currently_due", "eventually_due", "past_due")


def controller(type: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Who answers for an account: by its type, or as the request says."""
    fees, losses, collection, dashboard = CONTROLLERS.get(type or "standard", CONTROLLERS["standard"])
    if type is None and given:
        fees = (given.get("fees") or {}).get("payer") or "account"
        losses = (given.get("losses") or {}).get("payments") or "stripe"
        collection = given.get("requirement_collection") or "stripe"
        dashboard = (given.get("stripe_dashboard") or {}).get("type") or "full"
    return {
        "fees": {"payer": fees},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
        "type": "application",
    }


def settings(country: str, name: str | None) -> dict[str, Any]:
    """The settings of a new account."""
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "always"},
        "payments": {
            "statement_descriptor": None,
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2 if country == "US" else 7, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }


def merged(current: Any, given: Any) -> Any:
    """A value after an update: hashes merge to any depth, an empty string is null."""
    if isinstance(given, Mapping):
        base = current if isinstance(current, Mapping) else {}
        return {**base, **{name: merged(base.get(name), value) for name, value in given.items()}}
    return None if given == "" else given


def _needed(account: Mapping[str, Any]) -> list[str]:
    """Everything an account of this country and kind of business has to provide."""
    person = "individual" if account.get("business_type") == "individual" else "representative"
    fields = ["dob.day", "dob.month", "dob.year", "email", "first_name", "last_name"]
    home = account["country"] == "US"
    if not home:
        fields += ["address.city", "address.line1", "address.postal_code", "phone"]
    wanted = ["business_profile.mcc", "business_profile.url", "business_type", "external_account"]
    wanted += [f"{person}.{field}" for field in fields]
    if account.get("business_type") == "company":
        wanted += ["company.name"]
    if home:
        wanted += ["settings.payments.statement_descriptor"]
    return sorted([*wanted, "tos_acceptance.date", "tos_acceptance.ip"])


def _there(account: Mapping[str, Any], path: str, representative: Mapping[str, Any] | None) -> bool:
    if path == "external_account":
        return bool(account["external_accounts"]["data"])
    head, _, rest = path.partition(".")
    if head == "representative":
        return representative is not None and people.value(representative, rest) is not None
    if path == "business_profile.url" and account["business_profile"].get("product_description"):
        return True
    value: Any = account
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value not in (None, "")


def missing(account: Mapping[str, Any], representative: Mapping[str, Any] | None = None) -> list[str]:
    """What an account still has to provide, by name; what its representative lacks is named after that person."""
    due = [path for path in _needed(account) if not _there(account, path, representative)]
    if representative is None:
        return due
    head = "representative."
    return sorted(f"{representative['id']}.{path[len(head) :]}" if path.startswith(head) else path for path in due)


def rejected(account: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """What a platform's rejection of an account changes: https://docs.stripe.com/api/account/reject."""
    return {
        "capabilities": dict.fromkeys(account["capabilities"], "inactive"),
        "charges_enabled": False,
        "payouts_enabled": False,
        "requirements": {**account["requirements"], "disabled_reason": f"rejected.{reason}"},
    }


def requirements(due: list[str], country: str) -> dict[str, Any]:
    """The `requirements` hash of an account that has to provide `due`."""
    instead = [
        {
            "alternative_fields_due": ["business_profile.product_description"],
            "original_fields_due": ["business_profile.url"],
        }
    ]
    return {
        "alternatives": instead if country == "US" and "business_profile.url" in due else [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": "requirements.past_due" if due else None,
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": [],
    }


def standing(account: Mapping[str, Any], due: list[str], submitted: bool) -> dict[str, Any]:
    """What an account may do: its capabilities, what is enabled and what is due."""
    ready = not due
    capabilities = dict.fromkeys(account["capabilities"], "active" if ready else "inactive")
    return {
        "capabilities": capabilities,
        "charges_enabled": ready and any(name != "transfers" for name in capabilities),
        "details_submitted": submitted or ready,
        "payouts_enabled": ready,
        "requirements": requirements(due, account["country"]),
    }


def new_account(params: Mapping[str, Any], id: str, created: int) -> dict[str, Any]:
    """The values of a new account, before what it may do is known."""
    type = params.get("type")
    country = str(params.get("country") or "US").upper()
    control = params.get("controller")
    wanted = params.get("capabilities")
    named = wanted if isinstance(wanted, Mapping) else {}
    requested = [name for name, value in named.items() if isinstance(value, Mapping) and value.get("requested")]
    if not named and (type or "standard") in ("standard", "express"):
        requested = ["card_payments", "transfers"]
    profile = {**dict.fromkeys(PROFILE), **merged({}, params.get("business_profile") or {})}
    url = f"/v1/accounts/{id}"

    def nothing(name: str) -> dict[str, Any]:
        return {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": f"{url}/{name}"}

    account: dict[str, Any] = {
        "id": id,
        "object": "account",
        "business_profile": profile,
        "business_type": params.get("business_type") or None,
        "capabilities": dict.fromkeys(sorted(requested), "inactive"),
        "controller": controller(type, control if isinstance(control, Mapping) else {}),
        "country": country,
        "created": created,
        "default_currency": params.get("default_currency") or CURRENCIES.get(country, "usd"),
        "email": params.get("email") or None,
        "external_accounts": nothing("external_accounts"),
        "future_requirements": {**requirements([], country)},
        "metadata": {},
        "settings": merged(settings(country, profile["name"]), params.get("settings") or {}),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None, **dict(params.get("tos_acceptance") or {})},
        "type": "none" if type is None and control else type or "standard",
    }
    if account["controller"]["stripe_dashboard"]["type"] == "express":
        account["login_links"] = nothing("login_links")
    return account
