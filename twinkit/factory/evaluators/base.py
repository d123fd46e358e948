"""The evaluator's request, and what is believed of its answer. Imports: errors, command, model, replay.

Evidence has ids; a verdict must cite ids that exist and repeat the trial's nonce, which the app never saw, so text that
the app puts into its answers ("PASS") can never be a verdict.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from twinkit.factory.errors import HarnessError
from twinkit.factory.trial.plan import Plan

MAX_EVIDENCE = 200


def build_request(plan: Plan, steps: list[dict[str, Any]], world: Any, nonce: str) -> dict[str, Any]:
    """Scenario, steps run so far and numbered evidence: app answers and twin state. Plain JSON."""
    evidence: dict[str, Any] = {}
    for position, answer in enumerate(world.app.log[-MAX_EVIDENCE:], start=1):
        evidence[f"app-{position}"] = answer
    for name, twin in world.twins.items():
        for resource in twin.state():
            evidence[f"twin-{name}-{resource}"] = twin.records(resource)[:20]
    for position, step in enumerate(steps, start=1):
        evidence[f"step-{position}"] = {"text": step["text"], "state": step["state"]}
    script = [f"{step['word']} {step['text']}" for step in plan.steps]
    return {"format": 1, "nonce": nonce, "scenario": plan.title, "steps": script, "evidence": evidence}


def check_verdict(answer: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The verdict when it can be believed. Raises HarnessError (evaluator)."""

    def refuse(message: str) -> HarnessError:
        return HarnessError("evaluator", f"the evaluator's verdict is not believed: {message}")

    if not isinstance(answer, dict):
        raise refuse("it is no JSON object")
    if answer.get("nonce") != request["nonce"]:
        raise refuse("it does not carry the trial's nonce")
    verdict, cited = answer.get("verdict"), answer.get("evidence")
    if verdict not in ("pass", "fail"):
        raise refuse(f"verdict {verdict!r} is neither pass nor fail")
    if not isinstance(cited, list) or not cited:
        raise refuse("it cites no evidence")
    unknown = [id for id in cited if not isinstance(id, str) or id not in request["evidence"]]
    if unknown:
        raise refuse(f"it cites evidence that does not exist: {unknown[0]!r}")
    return {"verdict": verdict, "reason": str(answer.get("reason", ""))[:2000], "evidence": cited}


def judge(settings: dict[str, Any], plan: Plan, steps: list[dict[str, Any]], world: Any, relay: Any) -> dict[str, Any]:
    """Ask the configured evaluator.

    Raises HarnessError (evaluator); an app that fails under its probes raises AppFailure.
    """
    from twinkit.factory.evaluators.command import ask_command
    from twinkit.factory.evaluators.model import ask_model

    request = build_request(plan, steps, world, secrets.token_hex(8))
    replayed = _replay(settings, plan)
    if replayed is not None:
        answer = {**replayed, "nonce": request["nonce"]}
    elif settings.get("kind") == "command":
        answer = ask_command(settings, request)
    elif settings.get("kind") == "model":
        answer = ask_model(settings, request, world, relay)
    else:
        raise HarnessError("evaluator", f"unknown evaluator {settings.get('kind')!r}: choose command or model")
    verdict = check_verdict(answer, request)
    _record(settings, plan, verdict)
    return verdict


def _cassette(folder: str, plan: Plan) -> Path:
    return Path(folder) / f"{plan.id}.json"


def _replay(settings: dict[str, Any], plan: Plan) -> dict[str, Any] | None:
    folder = settings.get("replay")
    if not folder:
        return None
    try:
        return dict(json.loads(_cassette(folder, plan).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise HarnessError("evaluator", f"there is no recorded verdict for trial {plan.id}: {error}") from None


def _record(settings: dict[str, Any], plan: Plan, verdict: dict[str, Any]) -> None:
    folder = settings.get("record")
    if folder:
        path = _cassette(folder, plan)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(verdict, indent=1))
