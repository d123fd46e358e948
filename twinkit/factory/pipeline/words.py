"""What is said on a ticket. Pure. Nothing of a scenario, of a token, or of what a command printed."""

from __future__ import annotations

from collections.abc import Sequence

ENDS = {
    "exhausted": "no attempt was eligible",
    "no progress": "the agent changed nothing more",
    "oscillation": "the agent came back to what it had before",
    "out of time": "the time was used up",
    "undetermined": "the evaluator could not decide; that is not the ticket's fault",
    "invalid": "the wall between coder and scenarios did not hold; the operator has to look",
}
AGAIN = "Make the ticket `ready` again when that is done."


def back(problems: Sequence[str]) -> str:
    """The ticket is no specification to work from."""
    shown = [each.replace("`", "'").replace("@", "(at)").replace("\n", " ")[:300] for each in problems[:20]]
    return "\n".join(["This ticket cannot be worked from yet:", "", *[f"- `{each}`" for each in shown], "", AGAIN])


def failed(status: str, report: str, words: str) -> str:
    """No change came of it."""
    parts = [f"No change: {ENDS.get(status, status)}.", words.strip(), report.strip(), AGAIN]
    return "\n\n".join(part for part in parts if part)


def proposed(where: str, head: str, mode: str, why: str, report: str) -> str:
    """A change is there for a person."""
    text = f"A change is there to be reviewed: {where} (commit `{head}`). Not merged: {why.rstrip('.')}."
    if mode == "SHADOW":
        text += " Judge it before you read the report: `factory ledger judge --blind`."
    return f"{text}\n\n{folded(report, mode)}"


def folded(report: str, mode: str) -> str:
    """The report; in SHADOW shut, because who judges blind must not have seen it."""
    if mode != "SHADOW":
        return report
    return f"<details><summary>The report</summary>\n\n{report.strip()}\n\n</details>\n"


def merged(head: str, target: str, deployed: str, report: str) -> str:
    """It is in."""
    return f"Merged: `{target}` is at `{head}`, which is what was evaluated. {deployed}".rstrip() + f"\n\n{report}"


def refused(head: str, target: str, problem: str) -> str:
    """It is in, and the deploy failed."""
    return (
        f"Merged: `{target}` is at `{head}`. The deploy failed: {problem}. The evaluator is trusted less from here on; "
        "what the command printed is in the state folder. Repair or revert by hand."
    )


def interrupted(head: str, target: str) -> str:
    """It is in, and nobody knows about the deploy."""
    return (
        f"Merged: `{target}` is at `{head}`. The deploy was begun and interrupted: nobody knows whether it took place, "
        "and it is not begun again. Look, and deploy by hand if it did not."
    )
