"""What the app did to a twin, from recorded exchanges: calls refused, and writes sent more than once.

Reads what `twin record` wrote, what a twin's control plane answers (`/_twin/exchanges`), and the evidence of a trial
(`twin-<name>.json`). Imports: alert, clean, testing.recording.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from twinkit.errors import UsageError
from twinkit.factory.incidents import clean
from twinkit.factory.incidents.alert import METHODS, PATH, Alert, Misuse, Probe
from twinkit.files import read_text
from twinkit.testing.recording import Recording

MAX_BYTES = 64 * 1024 * 1024
MOST = 4
WRITES = ("POST", "PUT", "PATCH", "DELETE")
REFUSED = range(400, 500)
BUSY = (401, 408, 409, 423, 425, 429)
"""Refusals that say nothing against the request itself."""


def load(path: Path, twin: str = "") -> tuple[str, list[dict[str, Any]]]:
    """The twin's name and its exchanges as plain rows. Raises UsageError."""
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 2**20} MiB; cut the capture to what matters")
    text = read_text(path)
    if '"recording"' in text.partition("\n")[0]:
        recording = Recording.load(path)
        return twin or recording.twin, [_recorded(asdict(each)) for each in recording.exchanges]
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    rows = data.get("exchanges") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "method" in row for row in rows):
        raise UsageError(
            f"{path} is no capture: give a recording of `twin record`, the answer of a twin's /_twin/exchanges, or a "
            "trial's twin-<name>.json"
        )
    name = twin or path.stem.removeprefix("twin-")
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise UsageError("say which twin the capture is of: --twin NAME")
    return name, rows


def _recorded(row: dict[str, Any]) -> dict[str, Any]:
    body = row.get("body") or {}
    headers = {name.lower(): value for name, value in row["headers"].items()}
    return {
        "method": row["method"], "path": row["path"], "query": row["query"], "status": row["status"],
        "request": next(iter(body.values()), None) if isinstance(body, dict) else body, "reply": row.get("reply"),
        "key": headers.get("idempotency-key", ""),
    }  # fmt: skip


def misuses(twin: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Misuse, ...]:
    """What is wrong in a capture, the first of each kind and call. A fault the twin was told to show is not the app's.

    A repeated idempotency key, or a write that a twin says changed nothing, is a second try and no second call.
    """
    found: dict[tuple[Any, ...], Misuse] = {}
    sent: Counter[tuple[str, str, str]] = Counter()
    shapes: dict[tuple[str, str, str], str] = {}
    for row in rows:
        method, path, status = str(row.get("method")), str(row.get("path")).partition("?")[0], _status(row)
        if method not in METHODS or not PATH.fullmatch(path) or not status:
            continue
        shape = general(path)
        if status in REFUSED and status not in BUSY and not row.get("fault"):
            found.setdefault((method, shape, status), Misuse(twin, method, shape, status=status))
        if method in WRITES and status < 300 and row.get("changes") != []:
            body = json.dumps([row.get("request"), row.get("query") or "", row.get("key") or ""], sort_keys=True)
            mark = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()
            sent[method, path, mark] += 0 if row.get("key") and sent[method, path, mark] else 1
            shapes[method, path, mark] = shape
    for (method, path, mark), times in sent.items():
        if times > 1:
            shape = shapes[method, path, mark]
            found.setdefault((method, shape, "twice"), Misuse(twin, method, shape, times=times))
    return tuple(found.values())[:MOST]


def _status(row: Mapping[str, Any]) -> int:
    status = row.get("status")
    return status if isinstance(status, int) and 100 <= status <= 599 else 0


def general(path: str) -> str:
    """A path up to its first segment that looks like an id; the next run has another one there."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        if re.search(r"\d{3,}|_[A-Za-z0-9]{6,}$|^[0-9a-f-]{8,}$", part) or (part and len(part) > 24):
            return "/".join(parts[:place]) + "/*"
    return path


def attach(alert: Alert | None, path: Path, twin: str, probe: Probe | None, service: str) -> Alert:
    """An alert with what a capture shows; without an alert, one of the capture alone. Raises UsageError."""
    name, rows = load(path, twin)
    wrong = misuses(name, rows)
    if not wrong and alert is None:
        raise UsageError(
            f"nothing is wrong in {path}: no call was refused or sent twice; give the alert that it belongs to"
        )
    shown = {
        "capture": [_shown(row, name, wrong) for row in rows if _concerned(row, wrong)][:8] or "nothing wrong in it"
    }
    if alert is not None:
        return _with(alert, wrong, shown)
    title = "; ".join(told(each) for each in wrong[:2])
    key = json.dumps([name, sorted(told(each) for each in wrong), probe.plain_path if probe else ""])
    return Alert(
        "capture", f"capture:{key}", "firing", clean.plain(title), service, "high", evidence=shown, probe=probe,
        misuses=wrong,
    )  # fmt: skip


def _with(alert: Alert, wrong: tuple[Misuse, ...], shown: dict[str, Any]) -> Alert:
    from dataclasses import replace

    return replace(alert, misuses=wrong, evidence={**alert.evidence, **shown})


def told(misuse: Misuse) -> str:
    """One misuse in words, without how often."""
    what = f"is refused with {misuse.status}" if misuse.status else "is sent more than once"
    return f"{misuse.method} {misuse.path} to {misuse.twin} {what}"


def _concerned(row: Mapping[str, Any], wrong: Sequence[Misuse]) -> bool:
    call = row.get("method"), general(str(row.get("path")).partition("?")[0])
    return any(call == (each.method, each.path) for each in wrong)


def _shown(row: Mapping[str, Any], twin: str, wrong: Sequence[Misuse]) -> Any:
    kept = {name: row.get(name) for name in ("method", "path", "status", "request", "reply", "fault") if row.get(name)}
    return clean.data({"twin": twin, **{name: _parsed(value) for name, value in kept.items()}}, depth=0)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "{[" and len(value) < 100_000:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, str) and re.match(r"[\w%.\[\]-]{1,60}=[^\s<]*$", value[:2000]):
        return dict(parse_qsl(value[:2000], keep_blank_values=True))
    return value
