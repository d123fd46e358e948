"""SARIF 2.1.0: failed constraints, anchored to lines of the specification. Imports nothing of the kit.

Written by hand: a result per violated constraint, never a word of a scenario, so it may be shown to the coder.
"""

from __future__ import annotations

from typing import Any

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: dict[str, Any], lines: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The document. `lines` maps specification id → constraint id → line."""
    results: list[dict[str, Any]] = []
    rules: dict[str, dict[str, Any]] = {}
    for row in report["scenarios"]:
        if row["outcome"] == "pass" or not row["specification_path"]:
            continue
        level = "error" if row["outcome"] == "fail" else "warning"
        for constraint in row["covers"] or [""]:
            rule = f"{row['specification']}/{constraint}" if constraint else row["specification"]
            rules[rule] = {"id": rule, "shortDescription": {"text": f"Constraint {rule}"}}
            line = lines.get(row["specification"], {}).get(constraint, 1)
            text = f"{rule} does not hold" if level == "error" else f"{rule} could not be decided"
            place = {
                "artifactLocation": {"uri": row["specification_path"], "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": max(1, line)},
            }
            result = {"ruleId": rule, "level": level, "message": {"text": text}}
            if result not in [{key: each[key] for key in result} for each in results]:
                results.append({**result, "locations": [{"physicalLocation": place}]})
    driver = {"name": "factory", "rules": list(rules.values())}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
