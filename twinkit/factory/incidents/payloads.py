"""Alertmanager, Sentry and plain JSON → alerts. Imports: alert, clean, errors.

Sources: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4 of the payload),
https://docs.sentry.io/organization/integrations/integration-platform/webhooks/ (issue-alerts, issues, metric-alerts).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from twinkit.errors import UsageError
from twinkit.factory.incidents import clean
from twinkit.factory.incidents.alert import Alert, Probe, moment, priority, probe, slug

MAX_BYTES = 1024 * 1024
MOST = 100
RELEASE = ("release", "commit", "revision", "sha", "git_sha", "version")
SERVICE = ("service", "app", "application", "job", "component", "namespace")
ROUTE = ("path", "route", "handler", "uri", "endpoint", "http_route")
STATUS = ("status", "code", "status_code", "http_status_code")
METRIC_STATES = {"critical": "critical", "warning": "medium", "resolved": "medium"}
STATES = ("firing", "resolved", "ok", "closed", "recovered", "open", "triggered")


def read(raw: bytes, resource: str = "") -> list[Alert]:
    """The alerts of one payload; `resource` is Sentry's header. Empty for news that is none. Raises UsageError."""
    if len(raw) > MAX_BYTES:
        raise UsageError(f"the alert is larger than {MAX_BYTES // 1024} KiB")
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError("the alert is no text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the alert is no JSON: {str(error)[:100]}") from None
    if isinstance(data, list):
        if not data or len(data) > MOST:
            raise UsageError(f"send one to {MOST} alerts, not {len(data)}")
        return [generic(_mapping(item)) for item in data]
    return _one(_mapping(data), resource)


def _one(data: Mapping[str, Any], resource: str) -> list[Alert]:
    if resource == "installation":
        return []
    inner = data.get("data")
    if isinstance(inner, Mapping) and (resource or {"event", "issue", "metric_alert"} & set(inner)):
        return sentry(str(data.get("action") or ""), inner)
    if isinstance(data.get("alerts"), list):
        return alertmanager(data)
    return [generic(data)]


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"the alert is {type(value).__name__}, not an object; see docs/factory.md for the forms")
    return value


def _inner(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(names: tuple[str, ...], *places: Mapping[str, Any]) -> Any:
    return next((place[name] for place in places for name in names if place.get(name)), "")


def alertmanager(data: Mapping[str, Any]) -> list[Alert]:
    """One alert per alert name in the group: a group without labels to group by holds different bugs."""
    if str(data.get("version") or "4") != "4":
        raise UsageError(f"Alertmanager's payload is version {str(data['version'])[:10]!r}; only version 4 is known")
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in data["alerts"]:
        each = _mapping(item)
        groups.setdefault(str(_inner(each.get("labels")).get("alertname") or "alert"), []).append(each)
    if not groups:
        raise UsageError("the notification holds no alerts")
    if len(groups) > MOST:
        raise UsageError(f"the notification holds more than {MOST} different alerts; group by alertname")
    return [_group(data, name, alerts) for name, alerts in groups.items()]


def _group(data: Mapping[str, Any], name: str, alerts: list[Mapping[str, Any]]) -> Alert:
    firing = [each for each in alerts if each.get("status") != "resolved"]
    first = (firing or alerts)[0]
    labels, notes = _inner(first.get("labels")), _inner(first.get("annotations"))
    title = name if name != "alert" else notes.get("summary") or name
    prints = tuple(f"alertmanager:{each['fingerprint']}" for each in alerts if each.get("fingerprint"))
    group = data.get("groupKey") or json.dumps(_inner(data.get("groupLabels")), sort_keys=True)
    evidence = {
        "alert": name, "summary": notes.get("summary") or notes.get("description"), "labels": labels,
        "description": notes.get("description"), "alerts in the group": len(alerts), "firing": len(firing),
        "value": first.get("valueString"), "query": first.get("generatorURL"), "runbook": notes.get("runbook_url"),
    }  # fmt: skip
    route = clean.standing(str(_first(ROUTE, labels, notes))[:2000])
    return Alert(
        "alertmanager", f"alertmanager:{group}:{name}", "firing" if firing else "resolved",
        clean.plain(title) or "alert", slug(_first(SERVICE, labels)), priority(labels.get("severity")),
        min((moment(each.get("startsAt")) for each in firing or alerts), default=0.0),
        max((moment(each.get("endsAt")) for each in alerts), default=0.0),
        clean.line(_first(RELEASE, labels, notes), 100), prints, _kept(evidence),
        probe(labels.get("method") or labels.get("verb"), route, None, _first(STATUS, labels)),
    )  # fmt: skip


def sentry(action: str, data: Mapping[str, Any]) -> list[Alert]:
    """An issue alert (`event`), news of an issue, or a metric alert."""
    if isinstance(data.get("event"), Mapping):
        return [_event(data["event"], data)]
    if isinstance(data.get("issue"), Mapping):
        return _issue(action, data["issue"])
    if isinstance(data.get("metric_alert"), Mapping):
        return [_metric(action, data["metric_alert"], data)]
    raise UsageError("Sentry's payload holds no event, issue or metric_alert")


def _event(event: Mapping[str, Any], data: Mapping[str, Any]) -> Alert:
    rows = event.get("tags") if isinstance(event.get("tags"), list) else []
    tags = {str(pair[0]): pair[1] for pair in rows or [] if isinstance(pair, list) and len(pair) == 2}
    issue = event.get("issue_id") or event.get("groupID") or event.get("event_id")
    if not issue:
        raise UsageError("Sentry's event has no issue_id; send an issue alert, not a raw event")
    request = _inner(event.get("request"))
    parts = str(event.get("url") or "").split("/")
    project = parts[parts.index("projects") + 2] if "projects" in parts[:-3] else ""
    evidence = {
        "rule": data.get("triggered_rule"), "title": event.get("title"), "culprit": event.get("culprit"),
        "exception": _exceptions(event), "level": event.get("level"), "release": event.get("release"),
        "environment": event.get("environment"), "request": _shown(request), "tags": tags,
        "issue": event.get("web_url") or event.get("issue_url"),
    }  # fmt: skip
    return Alert(
        "sentry", f"sentry:issue:{issue}", "firing",
        clean.plain(event.get("title")) or clean.plain(data.get("triggered_rule")) or "error",
        slug(_first(SERVICE, tags) or project), priority(event.get("level")), moment(event.get("datetime")), 0.0,
        clean.line(event.get("release") or _first(RELEASE, tags), 100), (), _kept(evidence), _request(request),
    )  # fmt: skip


def _exceptions(event: Mapping[str, Any]) -> list[Any]:
    """Type, value and the innermost frames of the app's own code; Sentry lists the newest frame last."""
    found: list[Any] = []
    values = _inner(event.get("exception")).get("values")
    for each in (values if isinstance(values, list) else [])[-2:]:
        frames = _inner(_inner(each).get("stacktrace")).get("frames")
        own = [frame for frame in frames if isinstance(frame, Mapping)] if isinstance(frames, list) else []
        own = [frame for frame in own if frame.get("in_app")] or own
        places = [f"{frame.get('filename')}:{frame.get('lineno')} in {frame.get('function')}" for frame in own[-3:]]
        found.append({"type": _inner(each).get("type"), "value": _inner(each).get("value"), "frames": places})
    return found


def _request(request: Mapping[str, Any], wanted: Any = 0, seen: Any = 500) -> Probe | None:
    target = request.get("url") or request.get("path")
    query = request.get("query_string") or request.get("query")
    if isinstance(query, list):
        query = "&".join("=".join(map(str, pair)) for pair in query if isinstance(pair, list) and len(pair) == 2)
    if isinstance(query, str) and query and "?" not in str(target):
        target = f"{target}?{query.lstrip('?')}"
    if not request.get("method"):
        return None
    body = next((request[name] for name in ("data", "body", "json") if request.get(name) is not None), None)
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            body = None
    body = body if isinstance(body, (Mapping, list)) else None
    return probe(request["method"], clean.standing(str(target)[:2000]), clean.replayable(body), seen, wanted)


def _shown(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("method", "url", "path", "query_string", "data", "body", "json")
            if request.get(name)}  # fmt: skip


def _issue(action: str, issue: Mapping[str, Any]) -> list[Alert]:
    status: dict[str, Literal["firing", "resolved"]] = {
        "created": "firing", "unresolved": "firing", "resolved": "resolved", "archived": "resolved",
        "ignored": "resolved",
    }  # fmt: skip
    if action not in status:
        return []
    if not issue.get("id"):
        raise UsageError("Sentry's issue has no id")
    names = ("shortId", "culprit", "level", "substatus", "count", "userCount", "firstSeen", "lastSeen", "web_url")
    evidence = {"title": issue.get("title"), **{name: issue.get(name) for name in names}}
    firing = status[action] == "firing"
    return [
        Alert(
            "sentry", f"sentry:issue:{issue['id']}", status[action], clean.plain(issue.get("title")) or "error",
            slug(_inner(issue.get("project")).get("slug")), priority(issue.get("level")),
            moment(issue.get("firstSeen")) if action == "created" else 0.0,
            0.0 if firing else moment(issue.get("lastSeen")),
            clean.line(_inner(issue.get("statusDetails")).get("inRelease") or "", 100), (), _kept(evidence),
        )
    ]  # fmt: skip


def _metric(action: str, metric: Mapping[str, Any], data: Mapping[str, Any]) -> Alert:
    if action not in METRIC_STATES:
        raise UsageError(f"Sentry's metric alert says {action[:20]!r}, not critical, warning or resolved")
    rule = _inner(metric.get("alert_rule"))
    title = data.get("description_title") or metric.get("title") or rule.get("name") or "metric alert"
    projects = metric.get("projects") or rule.get("projects") or []
    evidence = {
        "title": title, "description": data.get("description_text"), "aggregate": rule.get("aggregate"),
        "query": rule.get("query"), "link": data.get("web_url"),
    }  # fmt: skip
    return Alert(
        "sentry", f"sentry:metric:{rule.get('id') or metric.get('identifier') or title}",
        "resolved" if action == "resolved" else "firing",
        clean.plain(re.sub("^(Resolved|Critical|Warning): ", "", str(title))) or "metric alert",
        slug(projects[0] if isinstance(projects, list) and projects else ""), METRIC_STATES[action],
        moment(metric.get("date_started")), moment(metric.get("date_closed")), "", (), _kept(evidence),
    )  # fmt: skip


def generic(data: Mapping[str, Any]) -> Alert:
    """`title` and whatever else of the documented keys is there."""
    title = _first(("title", "summary", "message", "name"), data)
    if not isinstance(title, str) or not clean.plain(title):
        raise UsageError("the alert says nothing: give it a `title`; docs/factory.md lists the other keys")
    state = str(_first(("status", "state"), data) or "firing").lower()
    if state not in STATES:
        raise UsageError(f"the alert's status is {state[:20]!r}; say firing or resolved")
    service = slug(_first(SERVICE, data))
    key = _first(("fingerprint", "dedup_key", "key", "id"), data) or f"{service}:{title}"
    request, response, wanted = (_inner(data.get(name)) for name in ("request", "response", "expected"))
    known = (
        "description",
        "severity",
        "release",
        "commit",
        "request",
        "response",
        "expected",
        "details",
        "url",
        "labels",
    )
    evidence = {"title": title, **{name: data.get(name) for name in known}}
    return Alert(
        "json", f"json:{key}", "firing" if state in ("firing", "open", "triggered") else "resolved", clean.plain(title),
        service, priority(_first(("severity", "priority", "level"), data)),
        moment(_first(("started", "startsAt", "timestamp", "time"), data)),
        moment(_first(("ended", "endsAt"), data)), clean.line(_first(RELEASE, data), 100), (), _kept(evidence),
        _request(request, wanted.get("status"), response.get("status") or 500),
    )  # fmt: skip


def _kept(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {name: clean.data(value, name) for name, value in evidence.items() if value not in (None, "", [], {})}
