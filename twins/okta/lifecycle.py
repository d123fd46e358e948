"""The life of a user as a table: which operation leads from which status to which, and what is said to a wrong one.

Source: https://developer.okta.com/docs/concepts/user-profiles/ (user statuses) and the lifecycle operations of
https://developer.okta.com/docs/reference/api/users/#lifecycle-operations. Pure; imports the twin's errors.
"""

from __future__ import annotations

from typing import NamedTuple

from twinkit import ServiceError
from twins.okta import errors

STATUSES = (
    "STAGED",
    "PROVISIONED",
    "ACTIVE",
    "RECOVERY",
    "PASSWORD_EXPIRED",
    "LOCKED_OUT",
    "SUSPENDED",
    "DEPROVISIONED",
)
ALIVE = frozenset(STATUSES) - {"DEPROVISIONED"}


class Transition(NamedTuple):
    """One operation: from these statuses to that one (empty: the status stays); else this error."""

    sources: frozenset[str]
    target: str
    code: str
    field: str = ""
    cause: str = ""

    def refused(self) -> ServiceError:
        """What is said when the user is in another status."""
        causes = (self.cause,) if self.cause else ()
        return errors.error(self.code, *([self.field] if self.field else []), causes=causes)


def _from(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


TRANSITIONS: dict[str, Transition] = {
    "activate": Transition(_from("STAGED", "DEPROVISIONED"), "PROVISIONED", "E0000016"),
    "reactivate": Transition(_from("PROVISIONED"), "PROVISIONED", "E0000038"),
    "deactivate": Transition(ALIVE, "DEPROVISIONED", "E0000007"),
    "suspend": Transition(
        _from("ACTIVE"), "SUSPENDED", "E0000001", "suspendUser", "Cannot suspend a user that is not active"
    ),
    "unsuspend": Transition(
        _from("SUSPENDED"), "ACTIVE", "E0000001", "unsuspendUser", "Cannot unsuspend a user that is not suspended"
    ),
    "unlock": Transition(_from("LOCKED_OUT"), "ACTIVE", "E0000032", cause="The user is not locked out."),
    "reset_password": Transition(
        _from("ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "PROVISIONED", "LOCKED_OUT"), "RECOVERY", "E0000038"
    ),
    "expire_password": Transition(_from("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"), "PASSWORD_EXPIRED", "E0000038"),
    "forgot_password": Transition(_from("ACTIVE", "RECOVERY", "PASSWORD_EXPIRED"), "", "E0000034"),
    "change_password": Transition(
        _from("STAGED", "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "PROVISIONED"), "ACTIVE", "E0000035"
    ),
    "change_recovery_question": Transition(_from("STAGED", "ACTIVE", "RECOVERY", "PROVISIONED"), "", "E0000036"),
    "lock": Transition(_from("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"), "LOCKED_OUT", "E0000038"),
}


def move(operation: str, status: str) -> str:
    """The status after an operation. Raises the error of a wrong one."""
    transition = TRANSITIONS[operation]
    if status not in transition.sources:
        raise transition.refused()
    if operation == "change_password" and status == "STAGED":
        return status
    return transition.target or status


def created(activate: bool, password: bool, provider: str, expire: bool) -> str:
    """The status of a new user."""
    if not activate:
        return "STAGED"
    if provider in ("FEDERATION", "SOCIAL", "IMPORT"):
        return "ACTIVE"
    if not password:
        return "PROVISIONED"
    return "PASSWORD_EXPIRED" if expire else "ACTIVE"


_SIGNED_UP = (
    "suspend",
    "resetPassword",
    "forgotPassword",
    "expirePassword",
    "changeRecoveryQuestion",
    "resetFactors",
    "changePassword",
    "deactivate",
)
LINKS: dict[str, tuple[str, ...]] = {
    "STAGED": ("activate", "resetFactors"),
    "PROVISIONED": ("reactivate", "resetFactors", "resetPassword", "deactivate"),
    "ACTIVE": _SIGNED_UP,
    "RECOVERY": _SIGNED_UP,
    "PASSWORD_EXPIRED": _SIGNED_UP,
    "LOCKED_OUT": ("unlock", "resetPassword", "resetFactors", "deactivate"),
    "SUSPENDED": ("unsuspend", "resetFactors", "deactivate"),
    "DEPROVISIONED": ("activate", "resetFactors", "delete"),
}
"""Status → the links a user shows besides self, schema and type."""
PATHS = {
    "activate": ("POST", "/lifecycle/activate"),
    "reactivate": ("POST", "/lifecycle/reactivate"),
    "deactivate": ("POST", "/lifecycle/deactivate"),
    "suspend": ("POST", "/lifecycle/suspend"),
    "unsuspend": ("POST", "/lifecycle/unsuspend"),
    "unlock": ("POST", "/lifecycle/unlock"),
    "resetFactors": ("POST", "/lifecycle/reset_factors"),
    "resetPassword": ("POST", "/lifecycle/reset_password"),
    "expirePassword": ("POST", "/lifecycle/expire_password"),
    "forgotPassword": ("POST", "/credentials/forgot_password"),
    "changePassword": ("POST", "/credentials/change_password"),
    "changeRecoveryQuestion": ("POST", "/credentials/change_recovery_question"),
    "delete": ("DELETE", ""),
}
"""Link → method and path below the user."""
