"""The canonical report and its renderings: JUnit, HTML, Markdown, SARIF. Public renderings name no scenario."""
