"""docs/overlay.md is what the model says."""

from __future__ import annotations

from pathlib import Path

from twinkit.overlay.reference import PARTS, markdown

PAGE = Path(__file__).parents[3] / "docs" / "overlay.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m twinkit.overlay.reference > docs/overlay.md"


def test_every_key_is_there() -> None:
    page = markdown()
    for _, part, _ in PARTS:
        for name, field in part.model_fields.items():
            assert f"- `{field.alias or name}`" in page
