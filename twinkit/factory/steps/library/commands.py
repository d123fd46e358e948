"""Steps that run commands of the app, and read what it prints. Imports: collection, world."""

from __future__ import annotations

from twinkit.factory.errors import HarnessError
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.library.response import some_text
from twinkit.factory.steps.texts import hides, says
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.when("I run {string}")
def run(world: World, command: str) -> None:
    """A command of the app, such as a nightly job: in its folder, with its environment, until it ends."""
    world.run(str(world.fill(command)))


@STEPS.then("the command ends with code {int}")
def ended(world: World, code: int) -> None:
    """The exit code of the command that was run last."""
    actual, text = _last(world)
    world.expect(actual == code, f"the command ended with code {actual}, expected {code} (it printed: {text[-300:]!r})")


@STEPS.then("the command fails")
def failed(world: World) -> None:
    """Any exit code but 0."""
    actual, text = _last(world)
    world.expect(actual != 0, f"the command ended with code 0 (it printed: {text[-300:]!r})")


@STEPS.then("the command prints {string}")
def prints(world: World, text: str) -> None:
    """Anywhere in what the command wrote to its output, errors included."""
    wanted, (_, printed) = some_text(str(world.fill(text))), _last(world)
    world.expect(says(printed, wanted), f"the command did not print {wanted!r} (it printed: {printed[-300:]!r})")


@STEPS.then("the command does not print {string}")
def prints_not(world: World, text: str) -> None:
    """Nowhere in what the command wrote."""
    wanted, (_, printed) = some_text(str(world.fill(text))), _last(world)
    world.expect_absence(hides(printed, wanted), f"the command printed {wanted!r}")


@STEPS.then("the log of the app contains {string}")
def logs(world: World, text: str) -> None:
    """In what the app wrote to its standard output and errors; waited for."""
    wanted = some_text(str(world.fill(text)))
    world.patiently(lambda: world.expect(says(world.printed(), wanted), f"the app logged nothing with {wanted!r}"))


@STEPS.then("the log of the app does not contain {string}")
def logs_not(world: World, text: str) -> None:
    """Nowhere in what the app wrote so far: for secrets and personal data."""
    wanted = some_text(str(world.fill(text)))
    world.looks += 1
    world.expect_absence(hides(world.printed(), wanted), f"the log of the app contains {wanted!r}")


def _last(world: World) -> tuple[int, str]:
    if world.command is None:
        raise HarnessError("harness", "no command was run yet: put a When before this step")
    return world.command


define = STEPS.define
