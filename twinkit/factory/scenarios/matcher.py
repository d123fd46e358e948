"""gherkin-official's Markdown matcher, taught to accept steps without bullets and tags without backticks.

The library alone reads a plain scenario to zero steps without complaint. Imports gherkin only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gherkin.gherkin_line import Cell
from gherkin.token import Token
from gherkin.token_matcher_markdown import GherkinInMarkdownTokenMatcher

BULLET = re.compile(r"^[-+*]\s+")
SEPARATOR = re.compile(r"^:?-+:?$")
TAG_LINE = re.compile(r"^(?:`?@[^\s`@]+`?\s*)+$")
TAG = re.compile(r"@[^\s`@]+")
SYNTHETIC = "# Feature: scenarios"
"""First line put in front of every document, so that the grammar never takes a scenario heading for the feature."""


class PlainMatcher(GherkinInMarkdownTokenMatcher):
    """Accepts `Given …` with or without a bullet, `@tag` lines with or without backticks, tables at any indent, and
    headings without their `##`.
    """

    def match_FeatureLine(self, token: Token) -> bool:
        """Only the line that was put in front."""
        if token.eof() or self.matched_feature_line or token.line.get_line_text().strip() != SYNTHETIC:
            return False
        self._set_token_matched(token, "FeatureLine", "scenarios", "Feature")
        self.matched_feature_line = True
        return True

    def match_ScenarioLine(self, token: Token) -> bool:
        """A heading, or the bare words `Scenario: …` and `Scenario Outline: …` at the start of a line."""
        return super().match_ScenarioLine(token) or self._bare(token, "ScenarioLine", self._scenario_words(), True)

    def match_BackgroundLine(self, token: Token) -> bool:
        """A heading, or `Background:` alone on a line."""
        return super().match_BackgroundLine(token) or self._bare(
            token, "BackgroundLine", self.dialect.background_keywords, False
        )

    def match_ExamplesLine(self, token: Token) -> bool:
        """A heading, or `Examples:` alone on a line."""
        return super().match_ExamplesLine(token) or self._bare(
            token, "ExamplesLine", self.dialect.examples_keywords, False
        )

    def _scenario_words(self) -> list[str]:
        """Without `Example`, which begins many a line of prose."""
        words = [*self.dialect.scenario_outline_keywords, *self.dialect.scenario_keywords]
        return [word for word in words if not word.startswith("Example")]

    def _bare(self, token: Token, kind: str, keywords: Iterable[str], titled: bool) -> bool:
        text = token.line.get_line_text().strip()
        for keyword in keywords:
            if text.startswith(f"{keyword}:") and bool(title := text[len(keyword) + 1 :].strip()) == titled:
                self._set_token_matched(token, kind, title, keyword, indent=token.line.indent)
                return True
        return False

    def match_StepLine(self, token: Token) -> bool:
        """A keyword at the start of the line, a bullet before it or not."""
        text = token.line.get_line_text()
        bullet = BULLET.match(text)
        lead = bullet.end() if bullet else 0
        for keyword in self._sorted_step_keywords:
            if keyword != "* " and text[lead:].startswith(keyword):
                types = self.keyword_types[keyword]
                rest = text[lead + len(keyword) :].strip()
                kind = types[0] if len(types) == 1 else "Unknown"
                indent = token.line.indent + lead
                self._set_token_matched(token, "StepLine", rest, keyword, keyword_type=kind, indent=indent)
                return True
        return False

    def match_TagLine(self, token: Token) -> bool:
        """A line of nothing but tags."""
        text = token.line.get_line_text().strip()
        if not TAG_LINE.match(text):
            return False
        items = [
            {"column": token.line.indent + found.start() + 1, "text": found.group(0)} for found in TAG.finditer(text)
        ]
        self._set_token_matched(token, "TagLine", items=items)  # type: ignore[arg-type]
        return True

    def match_TableRow(self, token: Token) -> bool:
        """A line that starts with a bar and is no separator."""
        if not token.line.startswith("|"):
            return False
        cells = token.line.table_cells
        if self._is_gfm_table_separator(cells):
            return False
        self._set_token_matched(token, "TableRow", keyword="|", items=cells)
        return True

    def _is_gfm_table_separator(self, table_cells: list[Cell]) -> bool:
        """Nothing but dashes in every cell. One cell of a dash is a value, and its row no separator."""
        return bool(table_cells) and all(SEPARATOR.match(cell["text"]) for cell in table_cells)

    def match_Comment(self, token: Token) -> bool:
        """The separator row of a Markdown table."""
        if token.line.startswith("|") and self._is_gfm_table_separator(token.line.table_cells):
            self._set_token_matched(token, "Comment", token.line.get_line_text(), indent=0)
            return True
        return False

    def match_Empty(self, token: Token) -> bool:
        """A blank line, and nothing else: other lines are for the audit."""
        if not token.line.is_empty():
            return False
        self._set_token_matched(token, "Empty", indent=0)
        return True
