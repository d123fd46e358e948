"""Specifications: what is read, what is refused, and advice that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factory.conftest import SPEC
from twinkit.factory.specs.lint import lint_specification, load_specifications
from twinkit.factory.specs.parse import parse_text


def findings(text: str) -> list[str]:
    specification, found = parse_text(text, "specs/hello.md")
    return [f"{each.code} {each.message}" for each in [*found, *lint_specification(specification)]]


def test_a_good_one_has_no_findings() -> None:
    specification, _ = parse_text(SPEC, "specs/hello.md")
    assert findings(SPEC) == []
    assert specification.id == "hello" and specification.title == "Hello"
    assert [(each.id, each.level, each.line) for each in specification.constraints] == [("C1", "MUST", 10)]
    assert specification.interfaces[0].path == "/hello" and specification.interfaces[0].codes == ("200",)


def test_interfaces_parse() -> None:
    text = SPEC.replace("`GET /hello → 200`", "`POST /a/{id} {email, name} -> 201, 4xx`")
    (interface,) = parse_text(text, "x.md")[0].interfaces
    assert (interface.method, interface.path, interface.fields, interface.codes) == (
        "POST", "/a/{id}", ("email", "name"), ("201", "4xx"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("priority: low\n", "", "SPEC104"),
        ("priority: low", "priority: urgent", "SPEC122"),
        ("priority: low", "priority: low\nprotcted: x", "SPEC103"),
        ("priority: low", "priority: low\nprotected: {a: 1}", "SPEC105"),
        ("## Goal\nSay hello.\n", "", "SPEC120"),
        ("Say hello.\n", "", "SPEC121"),
        ("## Non-goals", "## Nongoal", "SPEC107"),
        ("## Non-goals", "## Goal", "SPEC106"),
        ("MUST answer", "answers", "SPEC125"),
        ("answer 200.", "answer 200 quickly.", "SPEC126"),
        ("- [C1] GET", "- [C1] PUT /x MUST fail.\n- [C1] GET", "SPEC108"),
        ("`GET /hello → 200`", "`FETCH /hello`", "SPEC109"),
        ("`GET /hello → 200`", "`GET /hello → fine`", "SPEC110"),
        ("`GET /hello → 200`", "`GET /hello → 200`\n- `GET /hello → 201`", "SPEC127"),
        ("- [C1] GET", "".join(f"- [X{n}] It MUST be {n}.\n" for n in range(13)) + "- [C1] GET", "SPEC123"),
        ("Say hello.", "Say hello. " * 900, "SPEC124"),
    ],
)  # fmt: skip
def test_lint(old: str, new: str, code: str) -> None:
    assert old in SPEC
    assert code in [each.split()[0] for each in findings(SPEC.replace(old, new, 1))]


def test_constraints_get_stable_ids() -> None:
    text = SPEC.replace("- [C1] GET", "- A MUST hold,\n  over two lines.\n- [C9] B MUST hold.\n- GET")
    constraints = parse_text(text, "x.md")[0].constraints
    assert [each.id for each in constraints] == ["C1", "C9", "C3"]
    assert constraints[0].text == "A MUST hold, over two lines."


def test_across_files(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(SPEC.replace("priority: low", "priority: low\nid: same\ndepends: [nowhere]"))
    (tmp_path / "b.md").write_text(SPEC.replace("priority: low", "priority: low\nid: same"))
    (tmp_path / "c.md").write_bytes(b"\xff\xfe")
    codes = {each.code for each in load_specifications(tmp_path)[1]}
    assert codes == {"SPEC129", "SPEC130", "SPEC101"}
