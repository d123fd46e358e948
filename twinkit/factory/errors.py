"""Exceptions of the factory, split by whom they blame. Imports: twinkit.errors, finding.

FactoryError
├── LintError        specifications or scenarios cannot be trusted as written; exit code 2
├── IntegrityError   what was evaluated is not what was asked for; exit code 4
├── AppFailure       positive evidence against the code under test; a `fail` verdict
├── Leak             scenario text reached a place the coder can see; an `invalid` verdict
└── HarnessError     positive evidence against the evaluator, or none at all; an `error` verdict
"""

from __future__ import annotations

from collections.abc import Sequence

from twinkit.errors import TwinkitError
from twinkit.factory.finding import Finding


class FactoryError(TwinkitError):
    """Base of every exception the factory raises on purpose."""


class LintError(FactoryError):
    """Files that cannot be trusted as written. `findings` says what to do about each place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = list(findings)


class IntegrityError(FactoryError):
    """What was evaluated is not what was asked for: moved head, changed vault, changed protected file, edited
    ledger.
    """


class Leak(FactoryError):
    """Scenario text was found where the coder can read it. `scenario` is its id, empty for a canary of the vault."""

    def __init__(self, message: str, scenario: str = "") -> None:
        super().__init__(message)
        self.scenario = scenario


class AppFailure(FactoryError):
    """Positive evidence against the code under test. `kind`: assert, app_start, app_crash or app_timeout."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class HarnessError(FactoryError):
    """The evaluator could not decide. `kind`: twin_boot, harness, evaluator, port, disk or worker_lost."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Refused(HarnessError):
    """A twin's control plane, or the service it stands for, will not do what the evaluator asked."""
