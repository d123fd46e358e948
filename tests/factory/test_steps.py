"""Steps: expressions, tables, JSON paths, durations, snippets, and the clock shim of Python apps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.errors import UsageError
from twinkit.factory.durations import seconds
from twinkit.factory.environment.clock import AppClock
from twinkit.factory.environment.twin_client import kind_of
from twinkit.factory.environment.twins import plain
from twinkit.factory.errors import HarnessError
from twinkit.factory.scenarios.model import Step
from twinkit.factory.steps import jsonpath, requests
from twinkit.factory.steps.load import library, load_steps
from twinkit.factory.steps.table import Table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2s", 2),
        ("500ms", 0.5),
        ("16 minutes", 960),
        ("1h 30m", 5400),
        ("1 hour and 2 seconds", 3602),
        (3, 3),
        ("7", 7),
    ],
)
def test_durations(text: str | int, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-3", -3, True, "2s x", "s"])
def test_no_durations(text: str | int) -> None:
    with pytest.raises(UsageError, match="no duration"):
        seconds(text)


@given(JSON)
def test_json_paths_find_every_leaf(document: object) -> None:
    def leaves(node: object, path: str) -> list[tuple[str, object]]:
        if isinstance(node, dict):
            return [leaf for key, value in node.items() for leaf in leaves(value, f'{path}["{key}"]')]
        if isinstance(node, list):
            return [leaf for index, value in enumerate(node) for leaf in leaves(value, f"{path}[{index}]")]
        return [(path, node)]

    for path, value in leaves(document, "$"):
        assert jsonpath.get(document, path) == value


def test_json_paths() -> None:
    data = {"items": [{"id": 1}, {"id": 2}], "a": {"b-c": None}}
    assert jsonpath.get(data, "$.items[*].id") == [1, 2] and jsonpath.get(data, "items[-1].id") == 2
    assert jsonpath.has(data, "a.b-c") and not jsonpath.has(data, "a.x") and not jsonpath.has(data, "items.id")
    with pytest.raises(AssertionError, match="no field"):
        jsonpath.get(data, "$.nothing")
    with pytest.raises(ValueError, match="field path"):
        jsonpath.get(data, "$..x")


def test_tables() -> None:
    table = Table([["a", "1"], ["b.c", "true"], ["d", "x y"], ["e", '"7"']])
    assert table.pairs() == {"a": 1, "b.c": True, "d": "x y", "e": "7"}
    assert table.nested() == {"a": 1, "b": {"c": True}, "d": "x y", "e": "7"}
    assert Table([["n", "m"], ["1", "x"]]).records() == [{"n": 1, "m": "x"}]
    for broken in ([["a", "1"], ["a", "2"]], [["a"]]):
        with pytest.raises(ValueError, match="table"):
            Table(broken).pairs()


def test_outcomes_bind_to_outcomes_only() -> None:
    registry = library()
    assert registry.bind(Step("then", "Then", "I GET /x", 1)).state == "unbound"
    assert registry.bind(Step("when", "When", "the response status is 200", 1)).state == "unbound"
    assert registry.bind(Step("given", "Given", "I GET /x", 1)).state == "bound"
    needs = registry.bind(Step("then", "Then", "the response has:", 1))
    assert needs.state == "unbound" and "add the table" in needs.problem


def test_snippets_define_what_they_are_for(tmp_path: Path) -> None:
    registry = library()
    step = Step("then", "Then", 'they see "it\'s {gone}" 3 times', 1, (("a", "b"),))
    (tmp_path / "steps").mkdir()
    text = "from twinkit.factory.steps import then\n" + registry.snippet(step)
    (tmp_path / "steps" / "own.py").write_text(text)
    assert load_steps(tmp_path).bind(step).state == "bound"


def test_no_two_library_steps_fit_the_same_words() -> None:
    registry = library()
    words = {"{method}": "GET", "{path}": "/x", "{int}": "2", "{string}": '"x"', "{value}": "1", "{jsonpath}": "$.a"}
    words |= {
        "{twin}": "stripe",
        "{resource}": "customer",
        "{count}": "no",
        "{duration}": "2s",
        "{word}": "down",
        "{statuses}": "4xx",
        "{comparison}": "at least",
        "{float}": "2",
        "{times}": "once",
        "{}": "x",
    }
    for definition in registry.definitions:
        text = definition.expression
        for parameter, example in words.items():
            text = text.replace(parameter, example)
        text = re.sub(r"\(([^)]*)\)", r"\1", text)
        text = re.sub(r"\b(\w+)(?:/\w+)+\b", r"\1", text) if "/x" not in text else text.replace("is/are/was/were", "is")
        alike = [each for each in registry.definitions if (each.kind == "then") == (definition.kind == "then")]
        found = [each.expression for each in alike if each.match(text, registry.types) is not None]
        assert found == [definition.expression], text


def test_the_clock_of_python_apps(tmp_path: Path) -> None:
    clock = AppClock("python", tmp_path)
    clock.advance(86_400)
    code = (
        "import time, datetime, sys; from datetime import datetime as d, date\n"
        "now = d.now(datetime.UTC); assert isinstance(now, d) and isinstance(now, datetime.datetime)\n"
        "print(int(time.time()), int(now.timestamp()), int(d.now().timestamp()), time.strftime('%Y', time.gmtime()))\n"
        "assert date.today() == d.fromtimestamp(time.time()).date()\n"
        "assert time.time_ns() // 10**9 - int(time.time()) < 2\n"
        "assert time.strftime('%d') == time.ctime()[8:10].replace(' ', '0') == d.today().strftime('%d')\n"
        "assert type(d.now()) is d and d.fromtimestamp(0) <= d.now(), 'the class is the one that C code knows'\n"
        "class Strict(date, metaclass=type('Meta', (type,), {})): pass\n"
        "assert type(Strict.today()) is Strict and isinstance(d.utcnow(), d)\n"
    )
    env = {**clock.env(), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    begin = Path(clock.file).stat().st_mtime
    assert all(abs(int(word) - begin - 86_400) < 20 for word in done.stdout.split()[:3])
    assert env["PYTHONPATH"] == str(tmp_path), "nothing that leads to the factory"
    with pytest.raises(HarnessError, match="cannot be moved"):
        AppClock("none", tmp_path).advance(1)


def test_what_the_app_sent_reads_alike_as_json_form_and_query() -> None:
    wanted = {"items[0][price]": "p1", "metadata.age": 7, "live": True}
    form = {"request": "items[0][price]=p1&metadata[age]=7&live=true", "query": ""}
    sent = {"request": {"items": [{"price": "p1"}], "metadata": {"age": 7}, "live": True}, "query": "page=2"}
    for exchange in (form, sent, {**sent, "request": json.dumps(sent["request"])}):
        assert requests.fits(requests.fields(exchange), wanted)
        assert not requests.fits(requests.fields(exchange), {"metadata.age": 8})
        assert not requests.fits(requests.fields(exchange), {"metadata.name": None})
    assert requests.fits(requests.fields(sent), {"page": 2})
    assert not requests.fits(requests.fields(sent), {"live": 1}), "JSON has kinds"


def test_the_kind_of_a_delivery() -> None:
    bodies = {
        '{"type": "invoice.paid"}': "invoice.paid",
        '{"type": "event_callback", "event": {"type": "message"}}': "message",
        "payload=%7B%22type%22%3A%22block_actions%22%7D": "block_actions",
        "command=%2Fdeploy&text=x": "/deploy",
        "nothing": "",
    }
    assert {body: kind_of({"request_body": body}) for body in bodies} == bodies


def test_credentials_tell_nothing_and_differ_by_trial() -> None:
    ready = {"env": {"KEY": "sk_test_twinkit"}, "credentials": {"secret_key": "sk_test_twinkit", "bot_token": "xoxb-1"}}
    one, other = plain(ready, 1), plain(ready, 2)
    assert one["env"]["KEY"] == one["credentials"]["secret_key"] != other["credentials"]["secret_key"]
    assert one == plain(ready, 1) and "twin" not in one["env"]["KEY"] and one["credentials"]["bot_token"] == "xoxb-1"
