"""Is there anything behind an eligible change? A specification that no scenario is about proves nothing. Pure.

Whoever may write tickets may write specifications; that all scenarios of other features pass says nothing of this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit.factory.specs.model import Specification


def unproven(specification: Specification, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why the scenarios of a report (`rows`) do not speak for this specification, or nothing."""
    mine = [row for row in rows if row["specification"] == specification.id]
    if not mine:
        return f"no scenario is about {specification.path}: write some, and evaluate it again"
    covered = {id for row in mine for id in row["covers"]}
    left = [each.id for each in specification.constraints if each.level.startswith("MUST") and each.id not in covered]
    if covered and left:
        return f"no scenario covers {', '.join(left)} of {specification.path}"
    return ""
