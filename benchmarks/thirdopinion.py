"""schemathesis on twins of random documents: `python benchmarks/thirdopinion.py FOLDER --sample 20 --seed 3`.

Each document is served by `twin serve`, and schemathesis sends what it makes up, good and bad. Prints its failures
counted by check. Statuses that a document does not mention are no failure here: most mention few of the errors that
their service gives, and bad input has to be answered somehow.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

CHECKS = (
    "not_a_server_error", "content_type_conformance", "response_schema_conformance", "negative_data_rejection",
    "positive_data_acceptance", "unsupported_method", "missing_required_header",
)  # fmt: skip


def judge(file: Path, given: argparse.Namespace, seconds: int) -> Counter[str]:
    """Failures of one document by check; prints one example of each."""
    serve = [sys.executable, "-m", "twinkit.cli.twin", "serve", "--openapi", str(file), "--port", "0", "--seed", "1"]
    process = subprocess.Popen([*serve, "--json", "--quiet"], stdout=subprocess.PIPE)
    assert process.stdout
    counts: Counter[str] = Counter()
    try:
        ready = json.loads(process.stdout.readline())
        url = _url(ready)
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "run.ndjson"
            command = [
                str(Path(sys.executable).with_name("schemathesis")), "run", str(file), "--url", url, "--checks",
                ",".join(CHECKS), "--max-examples", str(given.examples), "--phases", given.phases, "--no-shrink",
                "--seed", "1", "--max-failures", "60", "--max-time",
                str(seconds), *_credentials(file), "--report", "ndjson", "--report-ndjson-path",
                str(report), "--continue-on-failure", "--suppress-health-check", "all",
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=False)
            counts.update(_failures(file, report, done.stdout))
    except subprocess.TimeoutExpired:
        counts["timeout"] += 1
    finally:
        process.terminate()
        process.wait()
    return counts


def _credentials(file: Path) -> list[str]:
    """A header for every scheme that a header carries."""
    data = json.loads(file.read_text())
    schemes = data.get("securityDefinitions") or (data.get("components") or {}).get("securitySchemes") or {}
    names = {"Authorization": "Bearer token"}
    for scheme in schemes.values():
        if scheme.get("in") == "header" and isinstance(scheme.get("name"), str):
            names.setdefault(scheme["name"], "key")
        if scheme.get("type") == "basic" or scheme.get("scheme") == "basic":
            names["Authorization"] = "Basic YTpi"
    return [part for name, value in names.items() for part in ("--header", f"{name}: {value}")]


def _url(ready: dict[str, Any]) -> str:
    twins = ready.get("twins")
    first = next(iter(twins.values())) if isinstance(twins, dict) else twins[0] if twins else ready
    return str(first["url"])


def _failures(file: Path, report: Path, output: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    shown: set[str] = set()
    always = {part.partition(":")[0] for part in _credentials(file)}
    for line in report.read_text().splitlines() if report.exists() else ():
        for check in _checks(json.loads(line)):
            counts["checks"] += 1
            if check.get("status") == "failure":
                name = str(check.get("name"))
                failure = (check.get("failure_info") or {}).get("failure") or {}
                if name == "missing_required_header" and any(f"'{word}'" in str(failure) for word in always):
                    continue  # every request carries the credentials: it was not missing
                counts[name] += 1
                told = f"{failure.get('operation')}: {' '.join(str(failure.get('message')).split())}"
                if told not in shown and len(shown) < 12:
                    shown.add(told)
                    print(f"{file.name} {name} {told[:400]}")
    if not counts:
        print(f"{file.name}: {output[-300:]!r}")
        counts["nothing run"] += 1
    return counts


def _checks(event: Any) -> list[dict[str, Any]]:
    """Every check result in an event, wherever it is."""
    found: list[dict[str, Any]] = []
    waiting = [event]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "status" in node and "name" in node and node["name"] in CHECKS:
                found.append(node)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def main() -> int:
    """Judge a random sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=5, help="test cases per operation")
    parser.add_argument("--phases", default="coverage,fuzzing")
    parser.add_argument("--seconds", type=int, default=40, help="for each document")
    parser.add_argument("--largest", type=int, default=150_000, help="bytes")
    given = parser.parse_args()
    files = [given.folder] if given.folder.is_file() else sorted(given.folder.rglob("*.json"))
    files = [file for file in files if file.stat().st_size <= given.largest]
    totals: Counter[str] = Counter()
    for file in random.Random(given.seed).sample(files, min(given.sample, len(files))):
        totals["documents"] += 1
        totals.update(judge(file, given, given.seconds))
    for name, count in totals.most_common():
        print(f"{name:34} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
