"""The scenario parser accepts the plain form and refuses everything that would pass without being run."""

from __future__ import annotations

import string
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkit.factory.scenarios.importers import feature_to_markdown, spec_to_markdown
from twinkit.factory.scenarios.parse import parse_text
from twinkit.factory.scenarios.vault import load_vault

PLAIN = """# scenarios/password-reset.md
## Scenario: Expired token
Given a user requested a password reset 16 minutes ago
When they click the reset link
Then they see an error "This link has expired"
And their password is unchanged
"""
OK = "## Scenario: A\nWhen x\nThen y\n"


def codes(text: str) -> list[str]:
    return [finding.code for finding in parse_text(text, "a.md")[1]]


def test_the_plain_form_is_read_verbatim() -> None:
    scenarios, findings = parse_text(PLAIN, "scenarios/password-reset.md")
    assert not findings
    (scenario,) = scenarios
    assert scenario.id == "password-reset/expired-token"
    assert [(step.kind, step.text) for step in scenario.steps] == [
        ("given", "a user requested a password reset 16 minutes ago"),
        ("when", "they click the reset link"),
        ("then", 'they see an error "This link has expired"'),
        ("then", "their password is unchanged"),
    ]
    assert (scenario.settings.trials, scenario.settings.needed) == (3, 2)


def test_headings_need_no_hashes() -> None:
    text = (
        "Example: prose before the first scenario\n\nBackground:\n  Given a user\n\n"
        "Scenario Outline: Fees\n  When <a> is paid\n  Then the fee is <b>\n\n"
        "  Examples:\n    | a | b |\n    | 1 | - |\n    | 2 | 3 |\n\nScenario: B\nWhen x\nThen y\n"
    )
    scenarios, findings = parse_text(text, "a.md")
    assert not findings
    assert [each.id for each in scenarios] == ["a/fees-1", "a/fees-2", "a/b"]
    assert [step.text for step in scenarios[0].steps] == ["a user", "1 is paid", "the fee is -"]
    assert codes(text.replace("Scenario: B", "Scenaro: B")) and codes(text.replace("Examples:", "Examples: two"))


def test_a_dash_is_a_value_and_a_line_of_dashes_is_none() -> None:
    text = "## Scenario: A\nWhen x\n| name | value |\n|---|:--:|\n| reason | - |\n| other | 1 |\nThen y\n"
    (scenario,), findings = parse_text(text, "a.md")
    assert not findings
    assert scenario.steps[0].table == (("name", "value"), ("reason", "-"), ("other", "1"))


def test_everything_optional() -> None:
    text = """---
spec: password-reset
twins: [mail]
trials: 5
need: 3
---
# Title
Some prose about it.

## Background:
Given a user

@critical @covers:C2
## Scenario: A
~~~yaml config
twins: {okta: {failures: slow-network}, stripe: {webhooks: {delay: 2s, duplicate: 1}}, mail: {}}
seed: 41
~~~
> a quote
<!-- a comment
## Scenario: not this one -->
- Given x
  | a | b |
  |---|---|
  | 1 | 2 |
* When y
  \"\"\"json
  Then not a step
  # nor a heading

  \"\"\"
Then z

`@slow`
## Scenario Outline: O
When <a>
Then <b>
### Examples:
| a | b |
| - | - |
| 1 | 2 |
| 3 | 4 |
"""
    scenarios, findings = parse_text(text, "a.md")
    assert not findings
    first, *outline = scenarios
    assert first.critical and first.covers == ("C2",)
    assert [step.text for step in first.steps] == ["a user", "x", "y", "z"]
    assert first.steps[1].table == (("a", "b"), ("1", "2"))
    assert first.steps[2].doc == "Then not a step\n# nor a heading\n"
    assert first.settings.seed == 41 and first.settings.needed == 3
    assert set(first.settings.twins) == {"mail", "okta", "stripe"}
    assert first.settings.twins["stripe"].webhooks is not None
    assert first.settings.twins["stripe"].webhooks.delay == 2.0
    assert [each.id for each in outline] == ["a/o-1", "a/o-2"]
    assert outline[1].steps[2].text == "4" and outline[0].tags == ("@slow",)
    assert first.line == 14 and first.steps[3].line == 32


@pytest.mark.parametrize(
    ("text", "code", "advice"),
    [
        (PLAIN.replace("Then", "Than"), "SCEN201", "write `Then` for `Than`"),
        (PLAIN.replace("Then", "then"), "SCEN201", "write `Then` for `then`"),
        (PLAIN.replace("And their", "Their"), "SCEN201", "became no step"),
        (PLAIN.replace("When they", "Wehn they"), "SCEN201", "`When`"),
        (OK + "## Senario: B\nWhen x\nThen y\n", "SCEN202", "## Scenario:"),
        (OK + "## scenario: B\nWhen x\nThen y\n", "SCEN202", "## Scenario:"),
        ("# Scenarios: B\nWhen x\nThen y\n", "SCEN202", "## Scenario:"),
        (OK + "## Notes\n", "SCEN202", "became no scenario"),
        ("Given x\n" + OK, "SCEN203", "under a heading"),
        ("# nothing\n", "SCEN205", "at least one"),
        ("", "SCEN205", "at least one"),
        ("---\nlanguage: xx\n---\n" + OK, "SCEN206", "language"),
        ("## Scenario:\nWhen x\nThen y\n", "SCEN220", "title"),
        (OK + OK, "SCEN221", "another title"),
        ("## Scenario: A\n", "SCEN222", "add steps"),
        ("## Scenario Outline: A\nWhen x\nThen y\n", "SCEN223", "Examples"),
        ("## Scenario Outline: A\nWhen <a>\nThen y\n### Examples:\n| a |\n", "SCEN223", "Examples"),
        ("## Scenario: A\nGiven x\nWhen y\n", "SCEN224", "add a Then"),
        ("## Scenario Outline: A\nWhen <b>\nThen y\n### Examples:\n| a |\n| 1 |\n", "SCEN225", "column"),
        ("---\nsepc: x\n---\n" + OK, "SCEN210", "did you mean 'spec'"),
        ("---\nneed: 4\ntrials: 3\n---\n" + OK, "SCEN211", "lower `need:`"),
        ("---\ntrials: 0\n---\n" + OK, "SCEN211", "trials"),
        ("---\ntimeout: soon\n---\n" + OK, "SCEN211", "duration"),
        ("---\ntwins: 3\n---\n" + OK, "SCEN211", "twins"),
        ("## Scenario: A\n```yaml config\nsede: 4\n```\nWhen x\nThen y\n", "SCEN210", "did you mean 'seed'"),
        ("## Scenario: A\n```yaml config\ntwins: {s: {fialures: x}}\n```\nWhen x\nThen y\n", "SCEN210", "failures"),
        ("## Scenario: A\n```yaml cofnig\nseed: 4\n```\nWhen x\nThen y\n", "SCEN212", "```yaml config"),
        ("## Scenario: A\n```yaml config\nseed: 4\nWhen x\nThen y\n", "SCEN213", "close the config fence"),
        ("## Scenario: A\n```yaml config\nseed: [\n```\nWhen x\nThen y\n", "SCEN214", "correct the YAML"),
        ('## Scenario: A\nWhen x\n"""\nThen y\n', "SCEN215", "close the doc string"),
        ("<!-- gone\n" + OK, "SCEN216", "close the comment"),
        ("```yaml config\nseed: 4\n```\n" + OK, "SCEN217", "under its scenario"),
        ("---\nspec: x\n" + OK, "SCEN204", "close the front matter"),
        ("---\na: &a [x]\nb: *a\n---\n" + OK, "SCEN204", "aliases"),
        ("---\nspec: a\nspec: b\n---\n" + OK, "SCEN204", "only once"),
        ("---\n" + "spec: " + "[" * 40 + "]" * 40 + "\n---\n" + OK, "SCEN204", "nest"),
        ("---\nspec: " + "x" * 70_000 + "\n---\n" + OK, "SCEN204", "64 KiB"),
        ("---\n- a\n---\n" + OK, "SCEN204", "key: value"),
    ],
)  # fmt: skip
def test_refused(text: str, code: str, advice: str) -> None:
    found = parse_text_findings(text)
    assert code in [finding.code for finding in found], found
    assert any(advice in finding.message for finding in found), [finding.message for finding in found]


def parse_text_findings(text: str) -> list:  # type: ignore[type-arg]
    from twinkit.factory.errors import LintError

    try:
        return parse_text(text, "a.md")[1]
    except LintError as error:
        return error.findings


def test_yaml_bomb_is_refused_at_once() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30))
    begin = time.monotonic()
    found = parse_text_findings(f"---\nl0: &l0 [x]\n{levels}\n---\n{OK}")
    assert found[0].code == "SCEN204" and time.monotonic() - begin < 1


def test_windows_files_read_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "a.md").write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
    suite = load_vault(tmp_path)
    assert not suite.findings
    assert suite.scenarios[0].steps[3].text == "their password is unchanged"
    (folder / "b.md").write_bytes(b"## Scenario: \xff\n")
    assert [finding.code for finding in load_vault(tmp_path).findings] == ["SCEN200"]


def test_ten_thousand_scenarios() -> None:
    text = "# x\n" + "".join(f"## Scenario: s{n}\nGiven a\nWhen b\nThen c\n\n" for n in range(10_000))
    scenarios, findings = parse_text(text, "big.md")
    assert len(scenarios) == 10_000 and not findings


def test_feature_files_and_spec_tools(tmp_path: Path) -> None:
    feature = "# a comment\nFeature: F\n  Background:\n    Given u\n  @x\n"
    feature += "  Scenario: A\n    When b\n    Then c\n      | t |\n"
    scenarios, findings = parse_text(feature_to_markdown(feature), "f.feature")
    assert not findings and [step.text for step in scenarios[0].steps] == ["u", "b", "c"]
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "f.feature").write_text(feature.replace("Then", "Than"))
    assert [(finding.line, finding.code) for finding in load_vault(tmp_path).findings] == [
        (8, "SCEN201"),
        (9, "SCEN207"),
    ] or (load_vault(tmp_path).findings[0].code == "SCEN201")
    story = "### User Story 1\n1. **Given** a user, **When** they log in, **Then** they see the page.\n"
    scenarios, findings = parse_text(spec_to_markdown(story), "s.md")
    assert not findings and [step.text for step in scenarios[0].steps] == ["a user", "they log in", "they see the page"]
    delta = "#### Scenario: Valid login\n- **WHEN** they log in\n- **THEN** a session starts\n- **AND** it is logged\n"
    scenarios, findings = parse_text(spec_to_markdown(delta), "s.md")
    assert not findings and [step.kind for step in scenarios[0].steps] == ["when", "then", "then"]


def test_duplicate_ids_across_files(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / "scenarios" / folder).mkdir(parents=True)
        (tmp_path / "scenarios" / folder / "a.md").write_text(OK)
    assert [finding.code for finding in load_vault(tmp_path).findings] == ["SCEN232"]


words = st.text(alphabet=string.ascii_letters + "áß 0123456789,.!?'", min_size=1, max_size=30).map(
    lambda text: "x" + " ".join(text.split())
)


@given(given_=words, when=words, then=words, more=words, bullet=st.sampled_from(["", "- ", "* ", "  "]))
def test_every_well_formed_step_is_kept(given_: str, when: str, then: str, more: str, bullet: str) -> None:
    lines = [f"{bullet}Given {given_}", f"{bullet}When {when}", f"{bullet}Then {then}", f"{bullet}And {more}"]
    scenarios, findings = parse_text("## Scenario: T\n" + "\n".join(lines) + "\n", "a.md")
    assert not findings
    assert [step.text for step in scenarios[0].steps] == [given_, when, then, more]


@settings(max_examples=200)
@given(st.text(alphabet='GivenWhTtadB #|>`"~-@:<!\nxy{}[]', max_size=120))
def test_no_line_is_lost_silently(noise: str) -> None:
    """Whatever is inside a scenario became a step or a finding: prose never disappears."""
    scenarios, findings = parse_text(f"## Scenario: T\nWhen x\nThen y\n{noise}\nAnd the end\n", "a.md")
    if not findings:
        kept = {step.line for scenario in scenarios for step in scenario.steps}
        for number, line in enumerate(noise.split("\n"), start=4):
            stripped = line.strip()
            if stripped.startswith(("Given ", "When ", "Then ")) and not any(
                '"""' in noise or "```" in noise for _ in "x"
            ):
                inside = "<!--" in noise or "~~~" in noise
                assert number in kept or inside, (noise, line)
