"""The persons of connected accounts as records: a blank one, and one with what a request says of them.

Source: https://docs.stripe.com/api/persons. Imports: the kit's public names, the twin's pure rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.stripe import lookup
from twins.stripe.payments import instruments, people


def filled(person: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """A person with what a request says of them."""
    person = {**person, **lookup.changed(person, params, *people.PLAIN)}
    if "address" in params:
        person["address"] = instruments.address(params["address"] or None)
    if isinstance(params.get("dob"), Mapping):
        person["dob"] = {**person["dob"], **params["dob"]}
    if params.get("full_name_aliases"):
        person["full_name_aliases"] = list(params["full_name_aliases"])
    if "relationship" in params:
        person["relationship"] = people.relationship(person["relationship"], params["relationship"])
    for name, said in (
        ("id_number", "id_number_provided"),
        ("ssn_last_4", "ssn_last_4_provided"),
        ("id_number_secondary", "id_number_secondary_provided"),
    ):
        if params.get(name):
            person[said] = True
            person["ssn_last_4_provided"] = person["ssn_last_4_provided"] or name == "id_number"
    person["verification"] = people.verification(person, params)
    person["requirements"] = people.requirements(people.missing(person))
    return person


def blank(ctx: Ctx, account: str) -> dict[str, Any]:
    """A person of whom nothing is known yet."""
    return {
        "id": ctx.new_id("person"),
        "object": "person",
        "account": account,
        "address": instruments.address(None),
        "created": ctx.now,
        "dob": {"day": None, "month": None, "year": None},
        "email": None,
        "first_name": None,
        "full_name_aliases": [],
        "future_requirements": people.requirements([]),
        "id_number_provided": False,
        "last_name": None,
        "metadata": {},
        "phone": None,
        "relationship": people.relationship(None, None),
        "requirements": people.requirements([]),
        "ssn_last_4_provided": False,
        "verification": {},
    }
