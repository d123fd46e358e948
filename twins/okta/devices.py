"""Which devices a person has, and whether one of them is what a sign-on rule or an assurance policy asks for.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/DeviceAssurance/. Imports: the kit's
public names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter

Record = Mapping[str, Any]
LOCKS = {"NONE": 0, "PASSCODE": 1, "BIOMETRIC": 2}


def of_user(ctx: Ctx, user: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The devices of a user, each with its link, in order of enrolment."""
    rows = ctx.store.select("device_user", [Filter("user", "=", user)], order="oldest")
    return [(ctx.store.get("device", row["device"]), row) for row in rows]


def passes(ctx: Ctx, user: str, wanted: Record) -> bool:
    """Whether a person has an active device that a rule's device condition takes."""
    policies = [
        ctx.store.find("device_assurance", str(id)) for id in (wanted.get("assurance") or {}).get("include") or ()
    ]
    for device, link in of_user(ctx, user):
        if device["status"] != "ACTIVE" or (wanted.get("managed") and link["managementStatus"] != "MANAGED"):
            continue
        if not policies or any(policy is not None and assured(policy, device["profile"], link) for policy in policies):
            return True
    return False


def assured(policy: Record, profile: Record, link: Record) -> bool:
    """Whether a device meets an assurance policy: platform, version, disk, lock, hardware, jailbreak."""
    if policy.get("platform") != profile.get("platform"):
        return False
    least = (policy.get("osVersion") or {}).get("minimum")
    if least and numbers(str(profile.get("osVersion") or "0")) < numbers(str(least)):
        return False
    disks = (policy.get("diskEncryptionType") or {}).get("include")
    if disks and profile.get("diskEncryptionType") not in disks:
        return False
    locks = (policy.get("screenLockType") or {}).get("include")
    if locks and LOCKS.get(str(link.get("screenLockType")), 0) < min(LOCKS.get(str(each), 0) for each in locks):
        return False
    if policy.get("secureHardwarePresent") and not profile.get("secureHardwarePresent"):
        return False
    return policy.get("jailbreak") is not False or not profile.get("integrityJailbreak")


def numbers(version: str) -> list[int]:
    """A version as its numbers."""
    return [int(each) for each in re.findall(r"\d+", version)]
