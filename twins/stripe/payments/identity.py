"""What identity verification asks for, finds and shows. Pure.

Sources: https://docs.stripe.com/api/identity/verification_sessions/object, /verification_reports/object (shapes, error
codes), recordings of others. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "update": ("requires_input",),
    "cancel": ("requires_input",),
    "redact": ("requires_input", "verified", "canceled"),
}
"""Verb → statuses in which it is possible."""
ERRORS: Mapping[str, str] = {
    "consent_declined": "The user declined to be verified.",
    "country_not_supported": "The document was issued by a country that is not supported.",
    "device_not_supported": "The device has no camera.",
    "document_expired": "The document is expired.",
    "document_type_not_supported": "The document type is not supported.",
    "document_unverified_other": "The document could not be verified.",
    "id_number_mismatch": "The information provided could not be verified.",
    "selfie_face_mismatch": "The selfie did not match the document.",
    "selfie_unverified_other": "The selfie could not be verified.",
    "under_supported_age": "The user is under the supported age.",
}
"""Code of `last_error` → reason."""
NAME = {"first_name": "Jenny", "last_name": "Rosen"}
ADDRESS = {
    "city": "San Francisco",
    "country": "US",
    "line1": "1234 Main St.",
    "line2": None,
    "postal_code": "94111",
    "state": "CA",
}
BORN = {"day": 1, "month": 1, "year": 1990}


def options(type: str, given: Any) -> dict[str, Any]:
    """`options` of a session."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    if type == "verification_flow":
        return {}
    inner = told.get(type)
    return {type: dict(inner) if isinstance(inner, Mapping) else {}}


def checked(type: str, wanted: Mapping[str, Any], error: str, file: str) -> dict[str, Any]:
    """The checks of a report: a document and a selfie where one was asked for, or a number."""
    failed = {"code": error, "reason": ERRORS[error]} if error else None
    status = "unverified" if error else "verified"
    if type == "id_number":
        about = {"dob": None, **NAME, "id_number_type": "us_ssn"}
        return {"id_number": {**about, "error": failed, "status": status}}
    selfie_failed = error.startswith("selfie")
    document = {
        "address": dict(ADDRESS),
        "error": None if selfie_failed else failed,
        "expiration_date": None,
        "files": [file],
        **NAME,
        "issued_date": {"day": 1, "month": 12, "year": 2020},
        "issuing_country": "US",
        "status": "verified" if selfie_failed else status,
        "type": "driving_license",
    }
    found: dict[str, Any] = {"document": document}
    if (wanted.get("document") or {}).get("require_matching_selfie"):
        found["selfie"] = {
            "document": file,
            "error": failed if selfie_failed else None,
            "selfie": file,
            "status": "unverified" if selfie_failed else "verified",
        }
    return found


def outputs(type: str) -> dict[str, Any]:
    """`verified_outputs` of a session that verified its person."""
    number = "us_ssn" if type == "id_number" else None
    shown = {"address": dict(ADDRESS), "dob": dict(BORN), **NAME}
    return {**shown, "id_number": "000000000" if number else None, "id_number_type": number, "sex": None}
