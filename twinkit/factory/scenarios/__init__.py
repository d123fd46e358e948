"""Holdout scenarios: plain-English Markdown → frozen data, strictly. Never imported by coder-side packages."""
