"""Patches: which nodes a JSONPath selects, and what update and remove do to them."""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.contract.jsonpath import select
from twinkit.contract.patch import apply_patch, load_patched, read_patch
from twinkit.errors import UsageError

DATA: dict[str, Any] = {
    "openapi": "3.0.0",
    "paths": {
        "/a": {
            "get": {
                "operationId": "getA",
                "tags": ["x"],
                "parameters": [{"name": "p", "in": "query"}, {"name": "q", "in": "path"}],
            }
        },
        "/b.c": {"post": {"operationId": "postB", "deprecated": True}},
    },
    "list": [1, 2, {"x": 3}],
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$", [DATA]),
        ("$.openapi", ["3.0.0"]),
        ("$['paths']['/b.c'].post.operationId", ["postB"]),
        ('$["paths"]["/b.c"]["post"]["operationId"]', ["postB"]),
        ("$.paths.*.*.operationId", ["getA", "postB"]),
        ("$..operationId", ["getA", "postB"]),
        ("$.list[0]", [1]),
        ("$.list[-1].x", [3]),
        ("$.list[0,1]", [1, 2]),
        ("$.list[*]", [1, 2, {"x": 3}]),
        ("$.paths.*.get.parameters[?(@.name=='p')].in", ["query"]),
        ("$.paths.*.get.parameters[?@.name == 'p' || @.in == 'path'].name", ["p", "q"]),
        ("$.paths.*.get.parameters[?@.name == 'p' && @.in == 'path'].name", []),
        ("$.paths.*[?@.deprecated].operationId", ["postB"]),
        ("$.paths.*[?(!@.deprecated)].operationId", ["getA"]),
        ("$.paths.*[?@.deprecated==true].operationId", ["postB"]),
        ("$.paths[?@.get.operationId=='getA'].get.tags", [["x"]]),
        ("$.list[?@.x > 2].x", [3]),
        ("$.nothing.at.all", []),
    ],
)
def test_select(path: str, values: list[Any]) -> None:
    assert [node[0] for node in select(DATA, path)] == values


@pytest.mark.parametrize(
    "path", ["", "paths", "$paths", "$.a[", "$.a[?x]", "$.a[b]", "$.", "$.a[?@.b == c]", "$.a[1 2]"]
)
def test_unreadable(path: str) -> None:
    with pytest.raises(UsageError):
        select(DATA, path)


@given(st.text(alphabet="$.[]*?@='\"ab&|!()<>,0-", max_size=20))
def test_any_path(path: str) -> None:
    with contextlib.suppress(UsageError):
        select(DATA, "$" + path)


def test_actions() -> None:
    data = copy.deepcopy(DATA)
    actions = [
        {"target": "$.paths", "update": {"/new": {"get": {"operationId": "getNew"}}}},
        {"target": "$.paths['/a'].get", "update": {"tags": ["y"], "deprecated": True}},
        {"target": "$.paths['/a'].get.parameters", "update": {"name": "r", "in": "query"}},
        {"target": "$.paths.*.get.parameters[?@.in=='query']", "remove": True},
        {"target": "$.paths['/b.c']", "remove": True},
        {"target": "$.nowhere", "update": {}},
        {"target": "$.list"},
        "no action",
    ]
    findings = apply_patch(data, {"overlay": "1.0.0", "actions": actions})
    assert [finding.code for finding in findings] == ["patch-without-target", "invalid-action", "invalid-action"]
    get = {"operationId": "getA", "tags": ["x", "y"], "parameters": [{"name": "q", "in": "path"}], "deprecated": True}
    assert data["paths"] == {"/a": {"get": get}, "/new": {"get": {"operationId": "getNew"}}}


def test_patch_beside_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"openapi": "3.0.0", "paths": {}}')
    (tmp_path / "a.patch.yaml").write_text("overlay: 1.0.0\nactions:\n  - target: $.paths\n    update: {/x: {}}\n")
    assert load_patched(tmp_path / "a.json").data["paths"] == {"/x": {}}
    (tmp_path / "b.yaml").write_text("a: 1\n")
    with pytest.raises(UsageError, match="not a patch"):
        read_patch(tmp_path / "b.yaml")
