"""Several documents as one contract: what clashes is renamed or reported."""

from __future__ import annotations

from typing import Any

from twinkit.contract.union import unite


def contract(operations: list[tuple[str, str, str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    """A canonical contract of (method, path, id, reference) rows."""
    made = [{"method": m, "path": p, "id": i, "responses": [{"content": {"x": r}}]} for m, p, i, r in operations]
    return {"operations": made, "schemas": schemas, "security": [{"key": []}], "security_schemes": {}}


def test_what_clashes_is_renamed_or_reported() -> None:
    error, code = {"$ref": "#/components/schemas/Error"}, {"$ref": "#/components/schemas/Code"}
    first = contract(
        [("get", "/a", "list", error)], {"Error": {"properties": {"code": code}}, "Code": {"type": "string"}}
    )
    second = contract(
        [("get", "/b", "list", error), ("get", "/a", "other", error)],
        {"Error": {"properties": {"code": code}}, "Code": {"type": "integer"}, "New": error},
    )
    merged, findings = unite([("org-main.json", first), ("org-auth.json", second)])
    assert [(each["id"], each["path"]) for each in merged["operations"]] == [("list", "/a"), ("authList", "/b")]
    assert merged["operations"][1]["responses"][0]["content"]["x"] == {"$ref": "#/components/schemas/authError"}
    assert merged["operations"][1]["security"] == [{"key": []}]
    assert merged["schemas"]["Code"] == {"type": "string"}
    assert merged["schemas"]["authCode"] == {"type": "integer"}
    assert merged["schemas"]["authError"]["properties"]["code"] == {"$ref": "#/components/schemas/authCode"}
    assert merged["schemas"]["New"] == {"$ref": "#/components/schemas/authError"}
    assert [finding.code for finding in findings] == ["duplicate-operation", "duplicate-path"]
