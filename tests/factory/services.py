"""Stand-ins for GitHub, Jira and Linear: the requests that trackers make, answered as the services document."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

Answer = tuple[int, Any]
TOKEN = "tok-0123456789"


class Service(ABC):
    """`queue` holds answers (status, headers, body) that come before the real ones; `seen` what was asked."""

    def __init__(self) -> None:
        self.queue: list[tuple[int, dict[str, str], Any]] = []
        self.seen: list[httpx.Request] = []
        self.issues: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.queue:
            status, headers, content = self.queue.pop(0)
            return httpx.Response(status, headers=headers, json=content)
        status, content = self.answer(request, json.loads(request.content or b"null"))
        return httpx.Response(status) if content is None else httpx.Response(status, json=content)

    @abstractmethod
    def answer(self, request: httpx.Request, body: Any) -> Answer:
        """Status and JSON."""

    def stranger(self, number: int, text: str) -> None:
        """A comment of somebody else."""
        self.comments.append({"issue": number, "id": len(self.comments) + 1, "text": text, "by": "stranger"})

    def own(self, number: int, text: Any) -> dict[str, Any]:
        self.comments.append({"issue": number, "id": len(self.comments) + 1, "text": text, "by": "me"})
        return self.comments[-1]

    def of(self, number: int) -> list[dict[str, Any]]:
        return [each for each in self.comments if each["issue"] == number]


class GitHub(Service):
    """https://docs.github.com/en/rest/issues"""

    def answer(self, request: httpx.Request, body: Any) -> Answer:
        path = request.url.path.removeprefix("/repos/acme/shop")
        query = dict(request.url.params)
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        if path == "/user":
            return 200, {"login": "me"}
        if path == "/issues" and request.method == "GET":
            wanted = [each for each in self.issues if each["state"] == query["state"]]
            if "labels" in query:
                wanted = [each for each in wanted if query["labels"] in [label["name"] for label in each["labels"]]]
            start = (int(query["page"]) - 1) * int(query["per_page"])
            return 200, wanted[start : start + int(query["per_page"])]
        if path == "/issues":
            return 201, self.create(body["title"], body["body"], body["labels"])
        if path == "/pulls" and request.method == "GET":
            return 200, [each for each in self.pulls if f"acme:{each['head']}" == query["head"]]
        if path == "/pulls":
            number = len(self.pulls) + 100
            self.pulls.append({**body, "html_url": f"https://github.test/acme/shop/pull/{number}"})
            return 201, self.pulls[-1]
        found = re.fullmatch(r"/issues/(\d+)(?:/(comments|labels)(?:/(.+))?)?", path)
        number = int(found[1]) if found else 0
        if not found or number > len(self.issues):
            return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}
        return self.of_issue(request.method, self.issues[number - 1], found[2] or "", unquote(found[3] or ""), body)

    def of_issue(self, method: str, issue: dict[str, Any], part: str, name: str, body: Any) -> Answer:
        number = issue["number"]
        if part == "comments" and method == "GET":
            shown = [{"id": e["id"], "body": e["text"], "user": {"login": e["by"]}} for e in self.of(number)]
            return 200, shown[:100]
        if part == "comments":
            return 201, self.own(number, body["body"])
        if part == "labels" and method == "POST":
            issue["labels"] += [{"name": each} for each in body["labels"]]
            return 200, issue["labels"]
        if part == "labels":
            issue["labels"] = [each for each in issue["labels"] if each["name"] != name]
            return 200, issue["labels"]
        if method == "PATCH":
            issue.update(body)
        return 200, issue

    def create(self, title: str, body: str, labels: list[str], **more: Any) -> dict[str, Any]:
        number = len(self.issues) + 1
        made = {
            "number": number, "title": title, "body": body, "state": "open", "labels": [{"name": n} for n in labels],
            "created_at": f"2031-01-01T00:00:{number:02}Z", "html_url": f"https://github.test/acme/shop/issues/{number}",
        }  # fmt: skip
        self.issues.append({**made, **more})
        return self.issues[-1]


class Jira(Service):
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/"""

    WAYS = ("Backlog", "Selected for Development", "In Progress", "In Review", "Done")

    def answer(self, request: httpx.Request, body: Any) -> Answer:
        path, query = request.url.path.removeprefix("/rest/api/3"), dict(request.url.params)
        if not request.headers["authorization"].startswith("Basic "):
            return 401, {"errorMessages": ["Client must be authenticated to access this resource."]}
        if path == "/myself":
            return 200, {"accountId": "me"}
        if path == "/search/jql":
            return 200, self.search(body)
        if path == "/issue":
            number = len(self.issues) + 1
            fields = {**body["fields"], "status": {"name": "Backlog"}, "created": f"2031-01-01T00:00:{number:02}.000Z"}
            self.issues.append({"id": str(number), "key": f"SHOP-{number}", "fields": fields})
            return 201, {"id": str(number), "key": f"SHOP-{number}", "self": "…"}
        found = re.fullmatch(r"/issue/SHOP-(\d+)(?:/(\w+))?", path)
        if not found or int(found[1]) > len(self.issues):
            return 404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
        return self.of_issue(request.method, int(found[1]), found[2] or "", query, body)

    def of_issue(self, method: str, number: int, part: str, query: dict[str, str], body: Any) -> Answer:
        issue = self.issues[number - 1]
        if part == "transitions" and method == "GET":
            return 200, {
                "transitions": [{"id": str(i), "name": f"To {w}", "to": {"name": w}} for i, w in enumerate(self.WAYS)]
            }
        if part == "transitions":
            issue["fields"]["status"] = {"name": self.WAYS[int(body["transition"]["id"])]}
            return 204, None
        if part == "comment" and method == "GET":
            rows = [{"id": str(e["id"]), "body": e["text"], "author": {"accountId": e["by"]}} for e in self.of(number)]
            start = int(query["startAt"])
            return 200, {"comments": rows[start : start + 2], "total": len(rows), "startAt": start, "maxResults": 2}
        if part == "comment":
            assert body["body"]["type"] == "doc" and body["body"]["version"] == 1
            return 201, self.own(number, body["body"])
        return 200, issue

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        found = re.fullmatch(r'project = "SHOP" AND status (=|!=) "([^"]+)" ORDER BY created ASC', body["jql"])
        assert found
        same = found[1] == "="
        rows = [each for each in self.issues if (each["fields"]["status"]["name"] == found[2]) == same]
        start = int(body.get("nextPageToken", 0))
        last = start + 2 >= len(rows)
        return {
            "issues": rows[start : start + 2],
            "isLast": last,
            **({} if last else {"nextPageToken": str(start + 2)}),
        }

    def stranger(self, number: int, text: str) -> None:
        paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
        super().stranger(number, {"type": "doc", "version": 1, "content": [paragraph]})  # type: ignore[arg-type]


class Linear(Service):
    """https://linear.app/developers/graphql: the operations by their names; every field that is asked for is there."""

    STATES = ("Backlog", "Todo", "In Progress", "In Review", "Done")

    def answer(self, request: httpx.Request, body: Any) -> Answer:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return 401, {
                "errors": [{"message": "Authentication required", "extensions": {"code": "AUTHENTICATION_ERROR"}}]
            }
        name = re.match(r"(?:query|mutation) (\w+)", body["query"])
        assert name and body["query"].count("{") == body["query"].count("}")
        act: Callable[[dict[str, Any]], Answer] = getattr(self, f"do_{name[1].lower()}")
        return act(body["variables"])

    def do_viewer(self, given: dict[str, Any]) -> Answer:
        return 200, {"data": {"viewer": {"id": "me"}}}

    def do_team(self, given: dict[str, Any]) -> Answer:
        states = {"nodes": [{"id": f"state-{name}", "name": name} for name in self.STATES]}
        return 200, {"data": {"teams": {"nodes": [{"id": "team", "states": states}] if given["key"] == "SHOP" else []}}}

    def do_issues(self, given: dict[str, Any]) -> Answer:
        assert given["filter"]["team"] == {"key": {"eq": "SHOP"}}
        ((how, state),) = given["filter"]["state"]["id"].items()
        rows = [each for each in self.issues if (f"state-{each['state']['name']}" == state) == (how == "eq")]
        return 200, {"data": {"issues": self.page(rows, given)}}

    def page(self, rows: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
        start = int(given.get("after") or 0)
        more = start + 2 < len(rows)
        return {"nodes": rows[start : start + 2], "pageInfo": {"hasNextPage": more, "endCursor": str(start + 2)}}

    def issue(self, id: str) -> dict[str, Any] | None:
        return next((each for each in self.issues if id in (each["id"], each["identifier"])), None)

    def do_issue(self, given: dict[str, Any]) -> Answer:
        found = self.issue(given["id"])
        if found is None:
            return 200, {"data": None, "errors": [{"message": "Entity not found: Issue", "path": ["issue"]}]}
        return 200, {"data": {"issue": found}}

    def do_comments(self, given: dict[str, Any]) -> Answer:
        found = self.issue(given["id"])
        assert found
        rows = [
            {
                "id": str(e["id"]),
                "body": e["text"],
                "createdAt": f"2031-01-01T00:00:{e['id']:02}Z",
                "user": {"id": e["by"]},
            }
            for e in self.of(int(found["id"]))
        ]
        return 200, {"data": {"issue": {"comments": self.page(rows, given)}}}

    def do_say(self, given: dict[str, Any]) -> Answer:
        self.own(int(given["input"]["issueId"]), given["input"]["body"])
        return 200, {"data": {"commentCreate": {"success": True}}}

    def do_move(self, given: dict[str, Any]) -> Answer:
        found = self.issue(given["id"])
        assert found
        found["state"] = {"name": given["input"]["stateId"].removeprefix("state-")}
        return 200, {"data": {"issueUpdate": {"success": True}}}

    def do_create(self, given: dict[str, Any]) -> Answer:
        number, wanted = len(self.issues) + 1, given["input"]
        self.issues.append(
            {
                "id": str(number), "identifier": f"SHOP-{number}", "title": wanted["title"],
                "priority": wanted["priority"],
                "description": wanted["description"], "createdAt": f"2031-01-01T00:00:{number:02}Z", "url": "https://x.test",
                "state": {"name": wanted["stateId"].removeprefix("state-")},
            }
        )  # fmt: skip
        return 200, {"data": {"issueCreate": {"success": True, "issue": self.issues[-1]}}}
