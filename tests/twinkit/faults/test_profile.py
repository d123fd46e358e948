"""Profiles: what they say, what is wrong with them, and that the shipped ones and the documentation agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkit.cli.twin import main
from twinkit.errors import UsageError
from twinkit.faults import parse
from twinkit.faults.injector import Call, Injector
from twinkit.faults.model import NETWORK, SIGNATURES
from twinkit.faults.predicates import PREDICATES
from twinkit.faults.profile import check_profile, header_rule, load_profile, profile_names
from twinkit.paths import PACKAGE

WANTED = {
    "none", "flaky", "slow", "rate-limited", "outage", "brownout", "lost-replies", "card-declined", "lossy-webhooks",
    "shuffled-webhooks", "expired-tokens", "chaos",
}  # fmt: skip
DOCUMENT = PACKAGE.parent / "docs" / "failures.md"


def test_the_shipped_profiles_are_these_and_right() -> None:
    assert set(profile_names()) == WANTED
    for name in profile_names():
        profile = load_profile(name)
        assert profile.name == name
        assert profile.description
        assert all(rule.name for rule in profile.rules)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules:\n- when: {operaton: x}\n  then: {error: e}", "line 2: rules[0].when.operaton: unknown key"),
        ("rules:\n- then:\n    network: rset", "line 3: rules[0].then.network: 'rset' is no network fault"),
        ("rules:\n- then: {latency: soon}", "line 2: rules[0].then.latency: 'soon' is no duration"),
        ("rules:\n- then: {latency: {p50: 2s, p99: 1s}}", "`p50` is above zero and not above `p99`"),
        ("rules:\n- then: {latency: {uniform: [2s]}}", "`uniform` takes two durations"),
        ("rules:\n- then: {error: a, status: 500}", "one rule does one thing; this one has error and status"),
        ("rules:\n- then: {}", "nothing happens here"),
        ("rules:\n- when: {twin: a}", "a rule needs `then:`"),
        ("rules:\n- then: {error: a}\n  wen: {}", "unknown key 'wen'; did you mean 'when'?"),
        ("rules:\n- when: {probability: 2}\n  then: {error: a}", "a number from 0 to 1 is wanted; this is 2"),
        ("rules:\n- when: {calls: [0]}\n  then: {error: a}", "0 is no count of calls"),
        ("rules:\n- when: {event: x}\n  then: {error: a}", "`event` selects deliveries; `then` needs `delivery`"),
        ("rules:\n- when: {path: /x}\n  then: {delivery: {drop: true}}", "`path` looks at a call"),
        ("rules:\n- then: {delivery: {signature: stael}}", "did you mean 'stale'?"),
        ("rules:\n- then: {error: a, at: after}", "'after' is no moment (one of before, after_commit)"),
        ("rules:\n- when: {request: {amount: {abov: 3}}}\n  then: {error: a}", "did you mean 'above'?"),
        ("rules:\n- when: {request: {name: {matches: '('}}}\n  then: {error: a}", "no regular expression"),
        ("rules:\n- when: {state: {resource: a}}\n  then: {error: a}", "state needs `field`"),
        ("rules:\n- when: {window: {every: 3s}}\n  then: {error: a}", "`every` and `for` go together"),
        ("rules:\n- when: {window: {from: 3s, until: 2026-11-01}}\n  then: {error: a}", "both instants or"),
        ("rules:\n- then: {status: 99}", "a whole number from 100"),
        ("rules:\n- then: {network: reset, fields: {a: 1}}", "`fields` goes with `error`"),
        ("rules:\n- then: {rate_limit: {per: 1s}}", "rate_limit needs `limit`"),
        ("profile: x\nrules: 3", "rules are a list"),
        ("profile: x\nprofile: y\nrules: []", "line 2: key 'profile' stands here twice"),
        ("profile: x\n", "a profile has `rules:`"),
        ("rules:\n- then: {error: a\n", "not YAML"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_profile(text)
    assert message in str(caught.value)


def test_every_mistake_is_shown_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("profile: mine\nrules:\n  - when: {calls: no}\n    then: {network: rset}\n  - then: {latncy: 1s}\n")
    _, mistakes = check_profile(path)
    assert [mistake.line for mistake in mistakes] == [3, 4, 5, 5]


def test_the_command_checks_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("profile: mine\nrules:\n- then: {errr: x}\n")
    assert main(["failures", "check", str(path)]) == 1
    assert f"{path}:3: rules[0].then.errr: unknown key 'errr'; did you mean 'error'?" in capsys.readouterr().err
    path.write_text("profile: mine\nrules:\n- then: {error: rate_limit}\n")
    assert main(["failures", "check", str(path)]) == 0
    assert "nothing wrong" in capsys.readouterr().out
    path.write_bytes(b"\xff\xfe")
    assert main(["failures", "check", str(path)]) == 2
    assert "is no text in UTF-8" in capsys.readouterr().err


def test_the_command_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failures", "list"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == WANTED
    assert main(["failures", "show", "flaky"]) == 0
    assert "profile: flaky" in capsys.readouterr().out
    assert main(["failures", "show", "flakey"]) == 2
    assert "did you mean 'flaky'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("header", "kind", "at"),
    [
        ("rate_limit", "error", "before"),
        ("error=internal; at=after_commit", "error", "after"),
        ("network=reset", "network", "before"),
        ("network=reset; at=after_commit", "network", "after"),
        ("network=truncated", "network", "after"),
        ("status=503", "reply", "before"),
        ("latency=20ms", "pass", "before"),
        ('{"status": 500, "body": {"a": 1}}', "reply", "before"),
        ('{"when": {"calls": [1]}, "then": {"network": "empty"}}', "network", "before"),
    ],
)
def test_header_forms(header: str, kind: str, at: str) -> None:
    rule = header_rule(header)
    assert (rule.then.kind, rule.then.at) == (kind, at)


@pytest.mark.parametrize("header", ["network=rset", "{", '{"delivery": {"drop": true}}', "speed=3", '{"then": 3}'])
def test_bad_headers_are_refused(header: str) -> None:
    with pytest.raises(UsageError, match="Twin-Fault"):
        header_rule(header)


WORDS = st.sampled_from(sorted({
    *parse.PROFILE, *parse.RULE, *parse.WHEN, *parse.THEN, *parse.STATE, *parse.WINDOW, *parse.LATENCY, *parse.WIRE,
    *parse.RATE_LIMIT, *parse.DELIVERY, *PREDICATES, "nonsense",
}))  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 700) | st.floats(-1, 2) | WORDS
    | st.sampled_from([*NETWORK, *SIGNATURES, *parse.AT, "2s", "80ms", "2026-11-01T00:00:00Z", "1-2-x", "3-", "twin"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
WHENS = st.fixed_dictionaries({}, optional=dict.fromkeys(parse.WHEN, VALUES))
THENS = st.sampled_from(parse.THEN).flatmap(lambda key: VALUES.map(lambda value: {key: value}))
RULES = st.fixed_dictionaries({"then": THENS | VALUES}, optional={"name": VALUES, "when": WHENS})
CALL = Call("PostCharges", "POST", "/v1/charges", {"amount": "2000"}, now=5)


@given(VALUES | st.fixed_dictionaries({"profile": st.just("p"), "rules": st.lists(RULES, max_size=3)}))
@settings(deadline=None)
def test_any_document_is_a_profile_or_an_explained_mistake(data: Any) -> None:
    text = json.dumps(data)
    made = Injector(7, "stripe")
    try:
        made.add(load_profile("\n" + text))
    except UsageError as error:
        assert str(error)
        return
    for _ in range(3):
        made.decide(CALL)
        made.decide_delivery("charge.failed", "we_1", 5)
    assert Injector(7, "stripe").add(load_profile("\n" + text)) == load_profile("\n" + text)


@given(st.text(max_size=60) | RULES.map(json.dumps))
@settings(deadline=None)
def test_any_header_is_a_rule_or_an_explained_mistake(text: str) -> None:
    try:
        Injector(7, "stripe").decide(CALL, text)
    except UsageError as error:
        assert str(error)


def test_plain_data_is_a_profile_too() -> None:
    rule: dict[str, Any] = {"then": {"error": "rate_limit"}}
    assert load_profile(rule).rules == load_profile([rule]).rules
    assert load_profile({"profile": "x", "rules": [rule]}).name == "x"


def test_every_word_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    words = {
        *parse.PROFILE, *parse.RULE, *parse.WHEN, *parse.THEN, *parse.STATE, *parse.WINDOW, *parse.LATENCY,
        *parse.WIRE, *parse.RATE_LIMIT, *parse.DELIVERY, *parse.AT, *PREDICATES, *NETWORK, *SIGNATURES, *WANTED,
    }  # fmt: skip
    code = set(re.findall(r"\w[\w-]*", " ".join(re.findall(r"`([^`]+)`|```.*?```", text, re.DOTALL))))
    assert words - code == set()
