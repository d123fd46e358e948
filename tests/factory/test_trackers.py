"""Trackers: one set of promises for all of them, and what is particular to each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import respx

from tests.factory.conftest import SPEC, write
from tests.factory.services import TOKEN, GitHub, Jira, Linear, Service
from twinkit.errors import UsageError
from twinkit.factory.config import Tracker as Settings
from twinkit.factory.finding import errors
from twinkit.factory.specs.lint import lint_specification
from twinkit.factory.specs.parse import parse_text
from twinkit.factory.trackers import adf
from twinkit.factory.trackers.base import Proposal, Tracker
from twinkit.factory.trackers.directory import DirectoryTracker
from twinkit.factory.trackers.github import GitHubTracker
from twinkit.factory.trackers.jira import JiraTracker
from twinkit.factory.trackers.linear import LinearTracker

Make = Callable[[], Tracker]


REMOTE: dict[str, tuple[type[Service], type[Any], dict[str, str]]] = {
    "github": (GitHub, GitHubTracker, {"project": "acme/shop", "url": "https://github.test"}),
    "jira": (Jira, JiraTracker, {"project": "SHOP", "url": "https://jira.test", "account": "me@x.test"}),
    "linear": (Linear, LinearTracker, {"project": "SHOP", "url": "https://linear.test"}),
}


@pytest.fixture
def services() -> Iterator[dict[str, Service]]:
    """The three services, where their trackers look for them."""
    made = {name: kind() for name, (kind, _, _) in REMOTE.items()}
    with respx.mock(assert_all_called=False) as router:
        for name, service in made.items():
            router.route(host=f"{name}.test").mock(side_effect=service)
        yield made


def remote(name: str, waits: list[float] | None = None, token: str = TOKEN, **more: Any) -> Any:
    _, kind, settings = REMOTE[name]
    wanted = Settings.model_validate({"kind": name, "token_variable": "TRACKER_TOKEN", **settings, **more})
    return kind(wanted, token, (waits if waits is not None else []).append)


@pytest.fixture(params=["directory", *REMOTE])
def make(request: pytest.FixtureRequest, tmp_path: Path, services: dict[str, Service]) -> Make:
    """Makes trackers that look at the same tickets, as several processes would."""
    if request.param == "directory":
        return lambda: DirectoryTracker(tmp_path / "tickets")
    return lambda: remote(request.param)


def test_every_tracker(make: Make) -> None:
    """Ready by priority, one claim, words said once, states, changes, bugs reported once."""
    tracker, other = make(), make()
    assert tracker.ready() == []
    low = tracker.report_bug("Low", "Body of low.", "low")
    high = tracker.report_bug(
        "High $(touch owned)", "---\ntype: bug\nservice: x\npriority: high\n---\n# High\n", "high"
    )
    twice = [tracker.report_bug("Once", "Body.", "critical", key="alert-7") for _ in range(2)]
    assert twice[0].id == twice[1].id
    assert [each.id for each in other.ready()] == [twice[0].id, high.id, low.id]
    found = other.get(high.id)
    assert (found.title, found.priority, found.status) == ("High $(touch owned)", "high", "ready")
    assert "type: bug" in found.body and "# High" in found.body and other.get(low.id).body.strip() == "Body of low."

    assert tracker.claim(high.id, "one") and tracker.claim(high.id, "one")
    assert not other.claim(high.id, "two")
    assert [each.id for each in other.ready()] == [twice[0].id, low.id]
    for _ in range(2):
        tracker.comment(high.id, "**Said**: once", key="k1")
    assert tracker.get(high.id).body == found.body
    proposal = Proposal("factory/high", "a" * 40, "main", "High", "Text")
    assert tracker.open_change(high.id, proposal) == tracker.open_change(high.id, proposal)
    for status in ("in review", "done"):
        tracker.transition(high.id, status)
        assert other.get(high.id).status == status
    tracker.transition(high.id, "rejected")
    assert not other.claim(high.id, "two") and high.id not in [each.id for each in other.ready()]
    tracker.transition(high.id, "ready")
    assert other.claim(high.id, "two") and not tracker.claim(high.id, "one")
    with pytest.raises(UsageError, match="nothing-like-it"):
        tracker.get("nothing-like-it")
    with pytest.raises(UsageError, match="status"):
        tracker.transition(high.id, "finished")


def test_of_four_processes_one_claims(tmp_path: Path) -> None:
    write(tmp_path, {"one.md": "---\nstatus: ready\n---\nBody\n"})
    code = "import sys, pathlib; from twinkit.factory.trackers.directory import DirectoryTracker as T; "
    code += "sys.stdin.read(); print(T(pathlib.Path(sys.argv[1])).claim('one', sys.argv[2]))"
    start = [sys.executable, "-c", code, str(tmp_path)]
    workers = [
        subprocess.Popen([*start, f"w{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    for each in workers:
        assert each.stdin
        each.stdin.close()
    got = [str(each.stdout and each.stdout.read()).strip() for each in workers]
    for each in workers:
        assert each.stdout and each.wait() == 0
        each.stdout.close()
    assert sorted(got) == ["False", "False", "False", "True"]
    assert f"claim: w{got.index('True')}" in (tmp_path / "one.md").read_text()


def test_tickets_as_people_write_them(tmp_path: Path) -> None:
    plain = "---\ntitle: Reset\npriority: critical\ntype: feature\nservice: accounts\n---\r\n# Reset\n## Goal\nx\n"
    write(tmp_path, {"a.md": plain, "b.md": "# Only a heading\n", "README.md": "not a ticket", "c.txt": "no"})
    tracker = DirectoryTracker(tmp_path)
    first, second = tracker.ready()
    assert (first.id, first.title, first.priority) == ("a", "Reset", "critical")
    assert first.body.startswith("---\ntype: feature\nservice: accounts\npriority: critical\n---\n# Reset")
    assert (second.id, second.title, second.slug) == ("b", "Only a heading", "b")
    tracker.comment("b", "Hello", "k")
    text = (tmp_path / "b.md").read_text()
    assert text.index("# Only a heading") < text.index("<!-- comments") < text.index("Hello")
    assert tracker.get("b").body == "# Only a heading\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nstatus: redy\n---\n", "make `status:` one of ready, claimed"),
        ("---\npriority: urgent\n---\n", "make `priority:` one of critical"),
        ("---\nstatsu: ready\n---\n", "did you mean"),
        ("---\nstatus: ready\n", "close the front matter"),
        ("---\nid: b\n---\n", "give it another `id:`"),
    ],
)
def test_what_is_wrong_with_a_ticket_is_said(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, {"a.md": "---\nid: b\n---\n", "t.md": text})
    with pytest.raises(UsageError, match=words):
        DirectoryTracker(tmp_path).ready()


@pytest.mark.parametrize("name", REMOTE)
def test_claims_of_strangers_are_text(services: dict[str, Service], name: str) -> None:
    """Who may comment can neither take a ticket, nor let it go, nor keep the factory from saying something."""
    tracker, other = remote(name), remote(name)
    id = tracker.report_bug("T", "Body").id
    services[name].stranger(1, "mine [factory:claim evil]")
    services[name].stranger(1, "[factory:said k]")
    assert tracker.claim(id, "one")
    services[name].stranger(1, "[factory:free one]")
    assert not other.claim(id, "two")
    before = len(services[name].comments)
    tracker.comment(id, "Words", "k")
    assert len(services[name].comments) == before + 1


@pytest.mark.parametrize("name", REMOTE)
def test_of_two_who_say_so_at_once_the_first_has_it(services: dict[str, Service], name: str) -> None:
    tracker, other = remote(name), remote(name)
    id = tracker.report_bug("T", "Body").id
    say = tracker._say
    tracker._say = lambda id, text: (other._say(id, "I begin.\n\n[factory:claim two]"), say(id, text))
    assert not tracker.claim(id, "one") and other.claim(id, "two")


@pytest.mark.parametrize("name", REMOTE)
def test_specifications_come_back_as_they_were_written(services: dict[str, Service], name: str) -> None:
    """Through Jira's document format too: what is in front matter, headings, lists and code."""
    text = SPEC.replace("200.\n", "200,\n  whoever asks.\n")
    found = remote(name).report_bug("Hello", text, key="alert/1")
    made, problems = parse_text(found.body, "specs/x.md")
    assert problems == [] and errors(lint_specification(made)) == []
    assert [each.text for each in made.constraints] == ["GET /hello MUST answer 200, whoever asks."]
    named = remote(name).report_bug("Named", "spec: specs/hello.md\n\nPlease.")
    assert (named.spec, found.spec) == ("specs/hello.md", "")


@pytest.mark.parametrize("name", REMOTE)
def test_limits_of_rate_are_waited_for(services: dict[str, Service], name: str) -> None:
    waits: list[float] = []
    tracker = remote(name, waits)
    services[name].queue += [(429, {"retry-after": "7"}, {"message": "slow down"})]
    tracker.ready()
    assert waits == [7.0]
    services[name].queue += [(429, {"retry-after": "600"}, {})] * 9
    with pytest.raises(UsageError, match=r"limits the rate of requests.*again later"):
        tracker.ready()


def test_limits_in_the_services_own_ways(services: dict[str, Service]) -> None:
    """GitHub's 403s, of which only some are limits, and Linear's 400 with a code."""
    waits: list[float] = []
    tracker = remote("github", waits)
    second = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 30)}
    services["github"].queue += [
        (403, {}, second),
        (403, {}, second),
        (403, reset, {"message": "API rate limit exceeded"}),
    ]
    assert tracker.ready() == [] and waits[:2] == [60.0, 120.0] and 25 < waits[2] <= 30
    services["github"].queue += [(403, {}, {"message": "Resource not accessible by personal access token"})]
    with pytest.raises(UsageError, match=r"the token in \$TRACKER_TOKEN may not GET .* give it the permission"):
        tracker.ready()
    waits.clear()
    limited = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}
    at = {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": str(int((time.time() + 40) * 1000))}
    services["linear"].queue += [(400, at, limited)]
    assert remote("linear", waits).ready() == [] and 35 < waits[0] <= 40


@pytest.mark.parametrize("name", REMOTE)
def test_the_token_is_never_said(services: dict[str, Service], name: str) -> None:
    services[name].queue += [(500, {}, {"message": f"echo {TOKEN}", "errors": [{"message": TOKEN}]})]
    with pytest.raises(UsageError) as caught:
        remote(name).ready()
    assert TOKEN not in str(caught.value) and caught.value.__cause__ is None
    services[name].queue += [(401, {}, {"message": "Bad credentials"})]
    with pytest.raises(UsageError, match=r"does not take the token in \$TRACKER_TOKEN: make a new one"):
        remote(name).ready()
    with pytest.raises(UsageError, match="https://"):
        remote(name, url="http://example.com")


def test_what_is_wrong_with_a_place_is_said(services: dict[str, Service]) -> None:
    with pytest.raises(UsageError, match="as owner/name"):
        remote("github", project="shop")
    with pytest.raises(UsageError, match="no team with the key 'NOPE'"):
        remote("linear", project="NOPE").ready()
    with pytest.raises(UsageError, match=r"has no state 'Next' \(it has: backlog, todo"):
        remote("linear", statuses={"ready": "Next"}).ready()
    tracker = remote("jira", statuses={"in review": "Checking"})
    id = tracker.report_bug("T", "B").id
    with pytest.raises(UsageError, match=r"no way to the status 'Checking'.*it can go to: Backlog"):
        tracker.transition(id, "in review")
    with pytest.raises(UsageError, match="say where Jira is"):
        remote("jira", url="")


def test_github_pull_requests_are_no_tickets(services: dict[str, Service]) -> None:
    service = services["github"]
    assert isinstance(service, GitHub)
    service.create("A pull request", "", ["factory: ready"], pull_request={"url": "…"})
    for number in range(150):
        service.create(
            f"T{number}", "", ["factory: ready", "priority: critical"] if number == 149 else ["factory: ready"]
        )
    tickets = remote("github").ready()
    assert len(tickets) == 150 and tickets[0].title == "T149" and "A pull request" not in [t.title for t in tickets]


def test_documents_of_jira_are_read_as_people_write_them() -> None:
    def text(words: str, *marks: str) -> dict[str, Any]:
        return {"type": "text", "text": words, "marks": [{"type": each} for each in marks]}

    mention = {"type": "mention", "attrs": {"text": "@ann", "id": "1"}}
    paragraph = {"type": "paragraph", "content": [text("Ask "), mention, {"type": "hardBreak"}, text("GET /x", "code")]}
    panel = {"type": "panel", "content": [{"type": "paragraph", "content": [text("Note")]}]}
    numbered = {"type": "orderedList", "content": [{"type": "listItem", "content": [paragraph]}]}
    document = {"type": "doc", "version": 1, "content": [paragraph, panel, numbered, {"type": "rule"}]}
    assert adf.markdown(document) == "Ask @ann\n`GET /x`\n\nNote\n\n- Ask @ann\n  `GET /x`\n\n---\n"
    assert adf.markdown("plain") == "plain" and adf.markdown(None) == ""
