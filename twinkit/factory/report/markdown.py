"""Markdown for a pull request. Imports nothing of the kit."""

from __future__ import annotations

from typing import Any

MARKS = {"eligible": "✅", "not eligible": "❌", "undetermined": "⚠️", "integrity": "⛔"}


def cell(text: object) -> str:
    """Text that cannot break out of a table cell or become markup."""
    plain = str(text).replace("\\", "\\\\")
    for character in "|`*_<>[]":
        plain = plain.replace(character, f"\\{character}")
    return plain.replace("\n", " ").replace("\r", " ")[:300]


def render(report: dict[str, Any]) -> str:
    """The whole comment."""
    gate = report["gate"]
    low, high = gate["interval"]
    lines = [
        f"## {MARKS[gate['decision']]} {gate['decision'].capitalize()}",
        "",
        f"{gate['passed']} of {gate['total']} scenarios passed (needed: {gate['share'][0]}/{gate['share'][1]}; "
        f"95 % interval of the share {low:.0%} to {high:.0%}). Commit `{report['head'][:12]}`.",
        "",
        *[f"- {cell(reason)}" for reason in gate["reasons"]],
        "",
        "| scenario | outcome | trials | constraints |",
        "|---|---|---|---|",
    ]
    for row in report["scenarios"]:
        trials = f"{row['passes']}/{row['trials']}"
        covers = ", ".join(row["covers"])
        kind, about = f"{row['class']}{past(row)}", f"{cell(row['specification'])} {cell(covers)}"
        lines.append(f"| {cell(row['title'])} | {kind} | {trials} | {about} |")
    details = [each for row in report["scenarios"] for each in _details(row)]
    if details:
        lines += ["", "<details><summary>What was seen</summary>", "", *details, "", "</details>"]
    lines += ["", *_times(report)]
    return "\n".join(lines).rstrip() + "\n"


def past(row: dict[str, Any]) -> str:
    """Of a flaky scenario, how often it was so before; where on other trees too, the change is hardly to blame."""
    before = row.get("history")
    if not before or not before["runs"]:
        return ""
    return f", {before['flaky']} of {before['runs']} runs before (on {before['trees']} trees)"


def _details(row: dict[str, Any]) -> list[str]:
    bad = [each for each in row["attempts"] if each["verdict"] != "pass"]
    title = cell(row["title"])
    return [
        f"- {title}, trial {each['index'] + 1}, attempt {each['attempt']}: {each['verdict']} {each['kind']}"
        + (f" — {cell(each['message'])}" if each["message"] else "")
        for each in bad
    ]


def _times(report: dict[str, Any]) -> list[str]:
    parts = [f"{name} {seconds:.1f} s" for name, seconds in report["phases"].items() if name != "all"]
    return [f"Time: {', '.join(parts)}."] if parts else []
