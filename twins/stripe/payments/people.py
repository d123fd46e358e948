"""Persons of connected accounts and what account sessions let them see. Pure.

Sources: https://docs.stripe.com/api/persons/object, https://docs.stripe.com/connect/testing (values that verify or
do not), https://docs.stripe.com/api/account_sessions/create. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAIN = ("email", "first_name", "last_name", "maiden_name", "phone", "political_exposure", "gender", "nationality")
FIELDS = ("dob.day", "dob.month", "dob.year", "email", "first_name", "last_name")
RELATIONS = (
    "authorizer",
    "director",
    "executive",
    "legal_guardian",
    "owner",
    "percent_ownership",
    "representative",
    "title",
)
UNVERIFIABLE = frozenset(("111111111", "1111"))
"""Numbers that identify nobody: https://docs.stripe.com/connect/testing#test-personal-id-numbers."""
VERIFYING = ("id_number", "ssn_last_4")


def relationship(current: Mapping[str, Any] | None, given: Any) -> dict[str, Any]:
    """What a person is to the account, every relation said."""
    told = given if isinstance(given, Mapping) else {}
    empty: dict[str, Any] = dict.fromkeys(RELATIONS, False)
    return {**empty, "percent_ownership": None, "title": None, **(current or {}), **told}


def value(record: Mapping[str, Any], path: str) -> Any:
    """What a record has at a dotted path, None where it has nothing."""
    found: Any = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found == "" else found


def missing(person: Mapping[str, Any]) -> list[str]:
    """What a person still has to provide: only who represents or owns the account is asked."""
    relation = person["relationship"]
    if not any(relation.get(name) for name in ("representative", "owner", "executive", "director")):
        return []
    return [path for path in FIELDS if value(person, path) is None]


def requirements(due: list[str]) -> dict[str, Any]:
    """The `requirements` hash of a person who has to provide `due`."""
    return {
        "alternatives": [],
        "currently_due": list(due),
        "errors": [],
        "eventually_due": list(due),
        "past_due": [],
        "pending_verification": [],
    }


def verification(person: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a person is who they say; `given` are the parameters with the numbers that are not shown."""
    before = person.get("verification") or {}
    numbers = [str(given[name]) for name in VERIFYING if given.get(name)]
    status, code, words = str(before.get("status") or "unverified"), before.get("details_code"), before.get("details")
    if any(number in UNVERIFIABLE for number in numbers):
        status, code = "unverified", "failed_keyed_identity"
        words = "Provided identity information could not be verified."
    elif not missing(person) and (numbers or status == "verified"):
        status, code, words = "verified", None, None
    empty = {"back": None, "details": None, "details_code": None, "front": None}
    return {
        "additional_document": before.get("additional_document") or dict(empty),
        "details": words,
        "details_code": code,
        "document": before.get("document") or dict(empty),
        "status": status,
    }


GRANTED = frozenset(
    (
        "capture_payments",
        "dispute_management",
        "edit_payout_schedule",
        "external_account_collection",
        "instant_payouts",
        "refund_management",
        "standard_payouts",
    )
)
"""Features of a component that are on where it is enabled and the request does not say."""


def components(known: Mapping[str, tuple[str, ...]], given: Mapping[str, Any]) -> dict[str, Any]:
    """`components` of an account session; `known` are the features of each component."""
    shown: dict[str, Any] = {}
    for name, features in known.items():
        asked = given.get(name)
        wanted: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
        on = bool(wanted.get("enabled"))
        chosen = wanted.get("features")
        said: Mapping[str, Any] = chosen if isinstance(chosen, Mapping) else {}
        shown[name] = {"enabled": on, "features": {f: said.get(f, on and f in GRANTED) for f in features}}
    return shown
