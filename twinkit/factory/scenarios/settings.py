"""Front matter and `config` fences: the closed set of keys, checked. Imports: durations, finding, errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from twinkit.errors import UsageError, nearest
from twinkit.factory.durations import seconds
from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding


def _seconds(value: Any) -> Any:
    try:
        return seconds(value) if isinstance(value, (str, int, float)) else value
    except UsageError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[float, BeforeValidator(_seconds)]


class Closed(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookSettings(Closed):
    """How a twin delivers its events in this scenario; durations in seconds."""

    to: str | None = None
    events: tuple[str, ...] = ("*",)
    delay: Duration = 0.0
    duplicate: int = Field(0, ge=0, le=10)
    drop: int = Field(0, ge=0)
    shuffle: bool = False
    signature: Literal["good", "bad", "stale"] = "good"


class TwinSettings(Closed):
    """One private twin: its failure profile (a name, or rules inline), webhooks, first records and options."""

    failures: str | dict[str, Any] | None = None
    webhooks: WebhookSettings | None = None
    baseline: str | dict[str, Any] | None = None


class Settings(Closed):
    """Everything a scenario may set. `need` of `trials` must pass; `timeout` is seconds for all steps of one trial."""

    spec: str = ""
    app: str = ""
    set: Literal["visible", "holdout", "final"] = "holdout"
    twins: dict[str, TwinSettings] = Field(default_factory=dict)
    trials: int = Field(3, ge=1, le=99, strict=True)
    need: int | None = Field(None, ge=1, strict=True)
    timeout: Duration = Field(30.0, gt=0, le=3600)
    clock: str = ""
    canary: str = ""
    seed: int | None = None
    database: Literal["", "sqlite", "postgresql"] = ""
    language: str = "en"

    @model_validator(mode="before")
    @classmethod
    def _twin_list(cls, data: Any) -> Any:
        """`twins: [mail, stripe]` means the same as a mapping with nothing set."""
        if isinstance(data, dict) and isinstance(data.get("twins"), list):
            return {**data, "twins": {str(name): {} for name in data["twins"]}}
        if isinstance(data, dict) and isinstance(data.get("twins"), dict):
            return {**data, "twins": {name: value or {} for name, value in data["twins"].items()}}
        return data

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        if self.need is not None and self.need > self.trials:
            raise ValueError(f"lower `need:` ({self.need}) to at most `trials:` ({self.trials})")
        return self

    @property
    def needed(self) -> int:
        """Passes that a scenario needs: `need`, else two thirds of the trials, rounded up."""
        return self.need or (2 * self.trials + 2) // 3


FILE_KEYS = tuple(Settings.model_fields)
FENCE_KEYS = ("twins", "seed", "clock", "timeout", "trials", "need", "database")


def parse_settings(file: dict[str, Any], fence: dict[str, Any], path: str, line: int) -> Settings:
    """Front matter with a scenario's fence on top; per twin the fence wins key by key. Raises LintError."""
    for key in fence:
        if key not in FENCE_KEYS:
            message = f"remove the config key {key!r}{nearest(key, FENCE_KEYS)}"
            raise LintError([Finding(path, line, "SCEN210", message)])
    merged = {**file, **fence}
    if "twins" in file and "twins" in fence:
        below, above = _mapping(file["twins"]), _mapping(fence["twins"])
        merged["twins"] = {name: {**(below.get(name) or {}), **(above.get(name) or {})} for name in [*below, *above]}
    try:
        return Settings.model_validate(merged)
    except (ValidationError, TypeError) as error:
        if not isinstance(error, ValidationError):
            raise LintError([Finding(path, line, "SCEN211", "make `twins:` a mapping of twin to settings")]) from None
        raise LintError([_finding(detail, path, line) for detail in error.errors()]) from None


def _mapping(twins: Any) -> dict[str, Any]:
    if isinstance(twins, list):
        return {str(name): {} for name in twins}
    if not isinstance(twins, dict):
        raise TypeError(twins)
    return twins


def _finding(detail: Any, path: str, line: int) -> Finding:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        known: tuple[str, ...] = FILE_KEYS
        if len(detail["loc"]) > 1:
            model = WebhookSettings if "webhooks" in detail["loc"] else TwinSettings
            known = tuple(model.model_fields)
        return Finding(path, line, "SCEN210", f"remove the config key {where!r}{nearest(key, known)}")
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Finding(path, line, "SCEN211", f"correct {where!r}: {message}" if where else message)
