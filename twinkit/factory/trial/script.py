"""Runs the steps of one scenario and keeps what was seen. Imports: steps, verdict, errors.

After each action the app may answer what the twins deliver to it, so that nothing depends on who was quicker.
A Then that looked at a twin is looked at once more when things have settled, before the next action and at the end: an
app that does the forbidden a moment after it answered is found out.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

from twinkit.factory.errors import AppFailure, HarnessError
from twinkit.factory.steps.asserting import Counter
from twinkit.factory.steps.registry import Binding
from twinkit.factory.steps.world import World
from twinkit.factory.trial.verdict import Evidence

REFUSALS = frozenset({404, 405})


class TimeUp(BaseException):
    """The scenario's time is over. Not an Exception, so that no step can swallow it."""


class Script:
    """The bound steps of a trial on their world; `steps` has state, seconds and message of each that ran."""

    def __init__(
        self, bindings: Sequence[Binding], world: World, evidence: Evidence, *, timeout: float, settle: float,
        starved: Callable[[float], bool] = lambda seconds: False, held_up: Callable[[], float] = lambda: 0.0,
    ) -> None:  # fmt: skip
        self.bindings = bindings
        self.world = world
        self.evidence = evidence
        self.timeout = timeout
        self.pause = settle
        self.starved = starved
        self.held_up = held_up
        self.steps: list[dict[str, Any]] = []
        self.line = 0
        self._seen: list[Binding] = []

    def run(self) -> None:
        """Every step in order. Raises AppFailure, HarnessError and whatever a broken step raises."""
        for binding in self.bindings:
            if binding.state != "bound":
                continue
            if binding.step.kind != "then":
                self.settle()
            self._step(binding)
        self.settle()

    def settle(self) -> None:
        """Wait a moment, then look again at what was seen since the last action. Raises AppFailure."""
        seen, self._seen = self._seen, []
        if not seen:
            return
        self._wait()
        counts = self.world.expectations, self.world.absences
        for binding in seen:
            self.line = binding.step.line
            try:
                binding.call(self.world)
            except AssertionError as error:
                text = f"{binding.step.word} {binding.step.text}"
                message = f"{text}: it held at first, and {self.pause:g} s later no longer: {error}"
                record = {"text": text, "line": self.line, "state": "fail", "message": message, "seconds": self.pause}
                self.steps.append(record)
                raise AppFailure("assert", message) from None
        self.world.expectations, self.world.absences = counts

    def _wait(self) -> None:
        """The pause, longer by the time that the app was ready to go on and was not run: twenty times at most."""
        begin, before = time.monotonic(), self.held_up()
        while True:
            passed = time.monotonic() - begin
            left = self.pause - (passed - max(0.0, self.held_up() - before))
            if left <= 0 or passed >= 20 * self.pause:
                return
            time.sleep(min(left, self.pause))

    def _step(self, binding: Binding) -> None:
        step, world = binding.step, self.world
        self.line = step.line
        record: dict[str, Any] = {
            "text": f"{step.word} {step.text}",
            "line": step.line,
            "state": "error",
            "message": "",
        }
        self.steps.append(record)
        begin = time.monotonic()
        before = _Before(world)
        try:
            outcome = binding.call(world)
            if inspect.isawaitable(outcome) or inspect.isgenerator(outcome):
                raise HarnessError("harness", f"write the step as a plain function: {step.text}")
            before.check_nothing_swallowed(step.text)
            record["state"] = "pass"
        except AssertionError as error:
            record.update(state="fail", message=str(error) or "an assertion failed")
            raise AppFailure("assert", f"{step.word} {step.text}: {record['message']}{self._broken()}") from None
        except TimeUp:
            self._time_up(record, step.text)
        except AppFailure as error:
            record.update(state="fail", message=str(error))
            raise
        except Exception as error:
            record["message"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            record["seconds"] = round(time.monotonic() - begin, 4)
        if step.kind == "then":
            self._count(binding, before)
        else:
            world.hear()

    def _broken(self) -> str:
        """Where the app's last answer was that it is broken: the last line of its log, which often says why."""
        asked = self.world.app.log[-1:]
        lines = [line.strip() for line in self.world.printed().splitlines() if line.strip()]
        if not asked or asked[0]["status"] != 500 or not lines:
            return ""
        return f"; the last line of the app's log: {lines[-1][:300]!r}"

    def _time_up(self, record: dict[str, Any], text: str) -> None:
        record["message"] = f"no end in {self.timeout:g} s"
        if self.world.app.waiting and not self.starved(self.timeout):
            record["state"] = "fail"
            raise AppFailure("app_timeout", f"the app did not answer {self.world.app.waiting} in time") from None
        raise HarnessError("harness", f"the step did not end in {self.timeout:g} s: {text}") from None

    def _count(self, binding: Binding, before: _Before) -> None:
        if self.world.expectations == before.expectations:
            if Counter.evaluated > before.evaluated:
                self.world.expectations += 1
            else:
                self.evidence.silent.append(binding.step.text)
        if before.only_looked():
            self._seen.append(binding)

    def only_absence(self) -> str:
        """Why what was expected proves nothing: nothing was to be there, and the app refused everything."""
        world = self.world
        if not world.expectations or world.expectations != world.absences:
            return ""
        statuses = [int(each["status"]) for each in world.app.log]
        statuses += [status for twin in world.twins.values() for status in twin.answered()]
        if all(status in REFUSALS or status >= 500 for status in statuses):
            return "only absence was asserted, and the app knew none of the requests; assert what it answers as well"
        return ""


class _Before:
    """What was counted before a step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.expectations = world.expectations
        self.evaluated = Counter.evaluated
        self.failures = len(world.app.failures)
        self.answers, self.looks, self.moves = world.app.answers, world.looks, world.moves
        world.unheld = Counter.unheld = ""

    def check_nothing_swallowed(self, text: str) -> None:
        """A step that went on after a failure. Raises the app's failure, else HarnessError."""
        if len(self.world.app.failures) > self.failures:
            raise self.world.app.failures[self.failures]
        unheld = self.world.unheld or Counter.unheld
        if unheld:
            raise HarnessError("harness", f"the step went on after an expectation that did not hold: {text}: {unheld}")

    def only_looked(self) -> bool:
        """A twin was looked at, and nothing was done that doing it again would repeat."""
        world = self.world
        return world.looks > self.looks and (world.app.answers, world.moves) == (self.answers, self.moves)
