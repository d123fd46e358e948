"""JUnit XML for CI: one case per scenario; reruns of flaky ones as `flakyFailure`. Imports: junitparser."""

from __future__ import annotations

import re
from typing import Any

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from junitparser.xunit2 import FlakyFailure

CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def render(report: dict[str, Any]) -> str:
    """The whole document."""
    document = JUnitXml("factory")
    suite = TestSuite(clean(f"run {report['run']}"))
    for row in report["scenarios"]:
        suite.add_testcase(_case(row))
    gate = TestCase("gate", "factory")
    if report["gate"]["decision"] != "eligible":
        gate.result = [Failure(clean(" ".join(report["gate"]["reasons"]) or report["gate"]["decision"]))]
    suite.add_testcase(gate)
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    return document.tostring().decode("utf-8")  # type: ignore[no-any-return, no-untyped-call]


def _case(row: dict[str, Any]) -> TestCase:
    seconds = sum(float(each["seconds"].get("all", 0)) for each in row["attempts"])
    case = TestCase(clean(row["title"]), clean(row["specification"] or "scenarios"), round(seconds, 3))
    bad = [each for each in row["attempts"] if each["verdict"] != "pass"]
    words = [f"trial {each['index'] + 1}: {each['verdict']} {each['kind']} {each['message']}".strip() for each in bad]
    if row["outcome"] == "fail":
        case.result = [
            Failure(
                clean(
                    f"{row['passes']} of {row['trials']} trials passed, {row['need']} are needed\n" + "\n".join(words)
                )
            )
        ]
    elif row["outcome"] == "undetermined":
        case.result = [Error(clean("undetermined\n" + "\n".join(words)))]
    elif bad:
        for text in words:
            flaky = FlakyFailure(clean(text))
            case.append(flaky)  # type: ignore[no-untyped-call]
    return case
