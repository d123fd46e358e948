"""schemathesis as a second judge: it draws requests from the patched contracts and checks the replies against them.

A sample of operations of each twin; `SCHEMATHESIS_OPERATIONS=1000 SCHEMATHESIS_EXAMPLES=20` looks at all of them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import checks

from tests.serving import Served, serving
from twinkit.contract.patch import load_patched

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = int(os.environ.get("SCHEMATHESIS_OPERATIONS", "16"))
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
DOCUMENTS = {
    "stripe": ("stripe.json", "Bearer {secret_key}"),
    "slack": ("slack.json", "Bearer {bot_token}"),
    "okta": ("okta-management.json", "SSWS {api_token}"),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Served]]:
    """Three twins in one process."""
    with serving(*DOCUMENTS, "--seed", "7") as served:
        yield served


def sample(document: Path) -> list[Any]:
    """Some operations of a document, as schemathesis sees them."""
    schema = schemathesis.openapi.from_dict(load_patched(document).data)
    operations = [found.ok() for found in schema.get_all_operations()]
    return Random(SEED).sample(operations, min(OPERATIONS, len(operations)))


def undocumented(name: str, response: Any) -> bool:
    """Refusals that a document leaves out: Slack's have status 200, Okta's 400 is named for few operations."""
    if name == "slack":
        return not response.json()["ok"]
    return name == "okta" and response.status_code in (400, 401)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_replies_fit_the_document(servers: dict[str, Served], name: str) -> None:
    file, authorization = DOCUMENTS[name]
    served = servers[name]
    headers = {"Authorization": authorization.format_map(served.ready["credentials"])}
    problems: list[str] = []
    for operation in sample(ROOT / "openapi" / file):

        @settings(
            max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy())
        def judge(case: Any) -> None:
            response = case.call(base_url=served.url, headers=headers)
            try:
                case.validate_response(response, checks=CHECKS[:1] if undocumented(name, response) else CHECKS)
            except BaseExceptionGroup as group:
                problems.extend(f"{case.method} {case.path}: {failure}" for failure in group.exceptions)

        with contextlib.suppress(Unsatisfiable):  # a pattern of the document that no text fits
            judge()
    assert not problems, "\n\n".join(sorted(set(problems))[:10])
