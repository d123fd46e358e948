"""`factory init | lint | steps | vault`: writing specifications and scenarios.

Imports: factory, inside the functions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Common = Callable[..., None]


def add(sub: Any, common: Common) -> None:
    """Declare the sub-commands."""
    init = sub.add_parser("init", help="write AGENTS.md, factory.toml, specs/, a vault beside the project")
    init.add_argument("project", nargs="?", type=Path, default=Path(), help="its folder (%(default)s)")
    init.add_argument("--vault", type=Path, metavar="DIR", help="where scenarios go (../<project>-vault)")
    init.set_defaults(run=run_init)
    lint = sub.add_parser("lint", help="check specifications and scenarios")
    common(lint)
    lint.set_defaults(run=run_lint)
    steps = sub.add_parser("steps", help="list step definitions, or what is missing")
    common(steps)
    steps.add_argument("--missing", action="store_true", help="print definitions for steps that have none")
    steps.set_defaults(run=run_steps)
    vault = sub.add_parser("vault", help="seal or open a vault, import scenarios")
    vault.add_argument(
        "action",
        choices=("keygen", "seal", "unseal", "import"),
        help="make a key, encrypt or open a vault, turn a .feature or .spec file into scenarios",
    )
    vault.add_argument("source", type=Path, help="key file, vault folder or sealed file, or a file to import")
    vault.add_argument("target", type=Path, nargs="?", help="where to write")
    vault.add_argument("--key", type=Path, metavar="FILE", help="the key file")
    vault.set_defaults(run=run_vault)


def run_init(args: argparse.Namespace) -> int:
    """Write the worked example."""
    from twinkit.factory.setup import init

    project = args.project.resolve()
    vault = args.vault or project.parent / f"{project.name}-vault"
    written = init(project, vault)
    for path in written:
        print(f"wrote {path}")
    if not written:
        print("everything is there already")
    begin = "" if (project / ".git").exists() else "git init -b main && "
    print(f"\nNext: {begin}git add -A && git commit -m Start, then factory run --project {project} --vault {vault}")
    return 0


def run_lint(args: argparse.Namespace) -> int:
    """Findings, one per line; 2 when one is an error."""
    from twinkit.errors import UsageError
    from twinkit.factory.config import parse_config
    from twinkit.factory.finding import errors
    from twinkit.factory.scenarios.lint import lint_suite
    from twinkit.factory.scenarios.vault import load_vault
    from twinkit.factory.specs.lint import load_specifications
    from twinkit.factory.steps.load import load_steps
    from twinkit.files import read_text

    project = args.project.resolve()
    path = project / "factory.toml"
    folder = project / (parse_config(read_text(path)).specs if path.exists() else "specs")
    if not folder.is_dir() and args.vault is None:
        raise UsageError(f"{folder} does not exist; run `factory init`")
    specifications, findings = load_specifications(folder)
    count = len(specifications)
    scenarios = 0
    if args.vault is not None:
        suite = load_vault(args.vault.resolve())
        findings += lint_suite(suite, load_steps(args.vault.resolve()), specifications)
        scenarios = len(suite.scenarios)
    for finding in sorted(set(findings)):
        print(finding)
    print(f"{count} specifications, {scenarios} scenarios, {len(errors(findings))} errors")
    return 2 if errors(findings) else 0


def run_steps(args: argparse.Namespace) -> int:
    """Definitions, or snippets for what has none (2 when something is missing)."""
    from twinkit.factory.scenarios.vault import load_vault
    from twinkit.factory.steps.load import load_steps

    vault = args.vault.resolve() if args.vault else None
    registry = load_steps(vault)
    if not args.missing:
        for definition in sorted(registry.definitions, key=lambda each: (each.kind, each.expression)):
            print(f"{definition.kind:6} {definition.expression}")
        return 0
    if vault is None:
        from twinkit.errors import UsageError

        raise UsageError("say where the scenarios are: --vault DIR")
    seen: dict[str, None] = {}
    for scenario in load_vault(vault).scenarios:
        for binding in registry.bind_all(scenario.steps):
            if binding.state == "unbound":
                seen.setdefault(registry.snippet(binding.step))
    print("\n\n".join(seen) if seen else "every step has a definition")
    return 2 if seen else 0


def run_vault(args: argparse.Namespace) -> int:
    """Scenarios at rest, and scenarios from elsewhere."""
    from twinkit.errors import UsageError
    from twinkit.factory.scenarios.importers import feature_to_markdown, spec_to_markdown
    from twinkit.factory.wall import seal
    from twinkit.files import read_text

    if args.action == "keygen":
        print(seal.generate_key(args.source))
        return 0
    if args.target is None:
        raise UsageError("say where to write: a second path")
    if args.action == "import":
        text = read_text(args.source)
        convert = feature_to_markdown if args.source.suffix == ".feature" else spec_to_markdown
        args.target.write_text(convert(text), "utf-8")
        print(f"wrote {args.target}")
        return 0
    if args.key is None:
        raise UsageError("name the key file: --key FILE")
    if args.action == "seal":
        seal.seal(args.source, args.target, args.key)
    else:
        seal.unseal(args.source, args.target, args.key)
    print(f"wrote {args.target}")
    return 0
