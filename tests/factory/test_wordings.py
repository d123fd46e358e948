"""What people say instead of a built-in step's own words, how they count, and what a text says to who reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factory.conftest import TINY, Trial
from twinkit.factory.durations import seconds
from twinkit.factory.scenarios.model import Step
from twinkit.factory.steps.counts import count
from twinkit.factory.steps.load import library
from twinkit.factory.steps.registry import Binding
from twinkit.factory.steps.table import value
from twinkit.factory.steps.texts import hides, says
from twinkit.factory.steps.wordings import WORDINGS


def bound(kind: str, text: str) -> Binding:
    table = (("a", "1"),) if text.endswith(":") else ()
    return library().bind(Step(kind, kind.capitalize(), text, 1, table))  # type: ignore[arg-type]


def test_every_wording_means_one_step_and_is_none_itself() -> None:
    registry = library()
    for wording in WORDINGS:
        found = bound(wording.kind, wording.example)
        assert found.state == "bound", (wording.example, found.problem)
        own = [each for each in registry.definitions if (each.kind == "then") == (wording.kind == "then")]
        assert not any(each.match(wording.example, registry.types) for each in own), f"needless: {wording.example}"
        other = "when" if wording.kind == "then" else "then"
        assert bound(other, wording.example).state == "unbound", wording.example


def test_the_documentation_lists_every_wording() -> None:
    text = (Path(__file__).parents[2] / "docs" / "factory.md").read_text("utf-8")
    table = text.split("<!-- wordings:")[1].split("<!-- /wordings -->")[0]
    for wording in WORDINGS:
        definition = bound(wording.kind, wording.example).definition
        assert definition is not None
        assert f"| `{wording.example}` | `{definition.expression}` |" in table, wording.example
    assert table.count("\n| `") == len(WORDINGS)


@pytest.mark.parametrize(
    ("text", "expression", "arguments"),
    [
        ("nobody gets an email", "{count} email(s) is/are/was/were sent", ["0"]),
        ('"a@x.test" gets at most one email', "{count} email(s) is/are/was/were sent to {string}",
         ["at most 1", "a@x.test"]),
        ("stripe has no refunds", "the {twin} twin has {count} {resource}", ["stripe", "0", "refunds"]),
        ("the app did not call POST /v1/refunds on stripe", "the app called {method} {path} on {twin} {times}",
         ["POST", "/v1/refunds", "stripe", "0"]),
        ("the app called GET /v1/x on stripe at most twice", "the app called {method} {path} on {twin} {times}",
         ["GET", "/v1/x", "stripe", "at most 2"]),
        ("within 2 seconds they see \"Done\"", "eventually within {duration} {}", ["2.0", 'they see "Done"']),
        ("the request is refused with 403", "the (response )status (code )is {int}", ["403"]),
    ],
)  # fmt: skip
def test_what_they_mean(text: str, expression: str, arguments: list[str]) -> None:
    found = bound("then", text)
    assert found.definition is not None, found.problem
    assert (found.definition.expression, [str(each) for each in found.arguments]) == (expression, arguments)


@pytest.mark.parametrize(
    "text",
    ["bob has 3 orders in his list", "it has 2 customers", "the email works", "everything is fine", "they see it"],
)
def test_what_stays_unbound(text: str) -> None:
    assert bound("then", text).state in ("unbound", "bound") and "{twin}" not in str(bound("then", text).definition)


def test_an_unbound_step_names_its_nearest() -> None:
    assert "`the command prints {string}`" in bound("then", 'the command printed "x"').problem
    assert "there is" not in bound("then", "the moon is full of cheese and mice").problem


def test_what_a_vault_defines_goes_first() -> None:
    registry = library()

    def own(world: object, text: str) -> None:
        raise AssertionError

    registry.add("then", "they see {string}", own)
    found = registry.bind(Step("then", "Then", 'they see "x"', 1))
    assert found.definition is not None and found.definition.function is own


def test_counting() -> None:
    said = {
        "no": (0, 0), "one": (1, 1), "exactly two": (2, 2), "12": (12, 12), "at most one": (0, 1), "up to 3": (0, 3),
        "at least 2": (2, None), "never": (0, 0), "once": (1, 1), "at most twice": (0, 2), "3 times": (3, 3),
        "exactly one time": (1, 1), "no fewer than 4": (4, None), "a single": (1, 1),
    }  # fmt: skip
    assert {text: (count(text).least, count(text).most) for text in said} == said
    assert 2 in count("at least 2") and 1 not in count("at least 2") and 3 not in count("at most 2")
    assert count("at most 2").absence and not count("one").absence
    assert (seconds("an hour"), seconds("two days"), seconds("1h 30m")) == (3600, 172_800, 5400)


def test_references_in_lists_keep_their_kind() -> None:
    assert value('[${a}, "${b}", "x ${c}"]') == ["${a}", "${b}", "x ${c}"]
    assert value("[${a} ${b}]") == "[${a} ${b}]" and value("${a}") == "${a}"


def test_what_a_text_says() -> None:
    assert says('{"name": "Zo\\u00eb \\ud83d\\ude00 \\"x\\""}', "Zoë 😀") and says('{"a": "\\"x\\""}', '"x"')
    assert says("<p>Fish &amp; <b>chips</b>\n  are&nbsp;here</p>", "Fish & chips are here")
    assert says("<p>1 < 2</p>", "1 < 2") and not says("<script>var gone = 1</script>", "gone = 2")
    assert not hides("GET /?email=zoe%40x.test", "zoe@x.test") and not hides('{"n": "Zo\\u00eb"}', "Zoë")
    assert hides("100 % fine", "zoe") and not says("50%40x", "50@x")


RECEIVER = TINY + (
    "import time\nseen = []\n"
    "def f(m, p, b):\n"
    "    if p == '/hooks': time.sleep(0.2); seen.append(b); return 200, '{}'\n"
    "    if p == '/broken': print('ZeroDivisionError: division by zero', flush=True); return 500, 'sorry'\n"
    "    return 200, '{\"seen\": %d}' % len(seen)\n"
    "serve(f)\n"
)


def test_what_is_delivered_is_answered_before_the_next_step(trial: Trial) -> None:
    """Otherwise who is quicker decides: a good app fails, and one that counts a repeated event passes."""
    scenario = (
        "---\ntwins: {stripe: {webhooks: {to: /hooks, events: [customer.created]}}}\n---\n## Scenario: Hooks\n"
        "When stripe is asked POST /v1/customers with the form:\n  | email | a@x.test |\n"
        "Then GET /seen answers with:\n  | seen | 1 |\n"
        "When stripe delivers its last event once more\nThen GET /seen answers with:\n  | seen | %d |\n"
    )
    result = trial(RECEIVER, scenario % 2, twin_command=[])
    assert result.verdict == "pass", result.message
    assert trial(RECEIVER, scenario % 1, twin_command=[]).verdict == "fail"


def test_an_app_that_hangs_at_a_delivery_is_waited_for_once(trial: Trial) -> None:
    scenario = (
        "---\ntwins: {stripe: {webhooks: {to: /hooks, events: [customer.created]}}}\n---\n## Scenario: Hooks\n"
        "When stripe is asked POST /v1/customers with the form:\n  | email | a@x.test |\n"
        + "And an hour passes\n" * 4
        + "Then stripe has one customer\n"
    )
    app = RECEIVER.replace("time.sleep(0.2)", "time.sleep(3)")
    result = trial(app, scenario, twin_command=[], app={"clock": "file"})
    assert result.verdict == "pass", result.message
    assert result.seconds["steps"] < 8, "each of five steps would have waited for two seconds"


def test_the_log_says_why_an_answer_was_500(trial: Trial) -> None:
    result = trial(RECEIVER, "## Scenario: X\nWhen I open /broken\nThen the answer is 200\n")
    assert result.verdict == "fail" and "ZeroDivisionError" in result.message
    result = trial(RECEIVER, '## Scenario: X\nWhen I open /seen\nThen they see "nothing"\n')
    assert result.verdict == "fail" and "log" not in result.message


SENTENCES = {
    "the response status is not 500": True, "the response status is not 302": False, "the status is 3xx": True,
    "the status is 4xx": False, 'the response redirects to "/login"': True, 'they are redirected to "/"': False,
    'the response header "Location" contains "login"': True, 'the response header "Location" contains "out"': False,
    'the response header "Location" does not contain "secret"': True, 'the response header "None" contains "x"': False,
    'the response header "Location" does not contain "login"': False,
    "the response field total is at least 12.5": True, "the response field total is more than 12.5": False,
    "the response field text is below 20": True, "the response field text is less than 19.99": False,
    "the response field name is at most 3": False, "the response field odd is at most 3": False,
    'the response field list does not contain "c"': True, 'the response field list does not contain "a"': False,
    'the response field none does not contain "a"': False, "the response field list has 2 items": True,
    "the response field list has at least 3 items": False, "the response field list has no items": False,
    'the page shows "Zoë & Co"': True, 'the page never shows "Zoë"': False, "both responses have the status 302": True,
    "none of the responses has status 302": False, "at most one of the responses has the status 302": False,
}  # fmt: skip
JUDGED = """
    import json
    @then('each is judged as it should be')
    def judged(world):
        wrong = []
        for text, holds in json.loads(%r).items():
            try:
                world.run_then(text)
                found = True
            except AssertionError:
                found = False
            if found != holds:
                wrong.append(text)
        world.expect(not wrong, f"judged wrong: {wrong}")
"""


def test_sentences_about_answers(trial: Trial) -> None:
    body = '{"total": 12.5, "text": "19.99", "name": "x", "odd": NaN, "list": ["a", "b"], "who": "Zo\\u00eb & Co"}'
    app = TINY.replace("X\\r\\nContent", "X\\r\\nLocation: /login?next=1\\r\\nContent")
    app += f"serve(lambda m, p, b: (302, {body!r}))\n"
    scenario = "## Scenario: X\nWhen I GET /x twice\nThen each is judged as it should be\n"
    result = trial(app, scenario, steps=JUDGED % json.dumps(SENTENCES))
    assert result.verdict == "pass", result.message


def test_a_time_is_gone_on_to(trial: Trial) -> None:
    app = TINY.replace("import os", "import datetime, os") + (
        "serve(lambda m, p, b: (200, datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H')))\n"
    )
    text = '## Scenario: X\nGiven the time is "{}"\nWhen I GET /\nThen the response contains "2041-03-30 23"\n'
    settings = {"clock": "python", "start": ("python3", "app.py")}
    assert trial(app, text.format("2041-03-31T01:00:00+02:00"), app=settings).verdict == "pass"
    over = trial(app, text.format("2001-03-31T01:00:00Z"), app=settings)
    assert over.verdict == "error" and "is over" in over.message
    assert "which zone" in trial(app, text.format("2041-03-31T01:00:00"), app=settings).message
