"""factory.toml: how the app is built and started, and what the gate asks. Read from base, never from the change.

Imports: durations, errors. Unknown keys are errors that name the nearest.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from twinkit.errors import UsageError, nearest
from twinkit.factory.durations import seconds

DEFAULT_PROTECTED = (
    "factory.toml", "AGENTS.md", "CLAUDE.md", "specs/**", "tickets/**", ".github/**", ".gitlab-ci.yml", ".ci/**",
    ".circleci/**", "Jenkinsfile", ".gitattributes", ".gitmodules",
)  # fmt: skip


def _argv(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


def _commands(value: Any) -> Any:
    if isinstance(value, str):
        return [shlex.split(value)]
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return [shlex.split(item) for item in value] if any(" " in item for item in value) else [value]
    return value


def _bytes(value: Any) -> Any:
    """`512MB`, `2GB` or a number of bytes."""
    match = re.fullmatch(r"(\d+)\s*([kMG]?)B?", str(value).strip())
    if not match or isinstance(value, bool):
        raise ValueError(f"{value!r} is no size; write for example 512MB or 2GB")
    return int(match.group(1)) * {"": 1, "k": 2**10, "M": 2**20, "G": 2**30}[match.group(2)]


def _fraction(value: Any) -> Any:
    """`9/10`, `90%` or `0.9`, exactly."""
    text = str(value).strip()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    try:
        number = Fraction(match.group(1)) / 100 if match else Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is no share; write 9/10 or 90%") from None
    if not 0 < number <= 1:
        raise ValueError(f"{value!r} is no share between 0 and 1")
    return (number.numerator, number.denominator)


def _path(value: Any) -> Any:
    if isinstance(value, str) and not value.startswith("/"):
        raise ValueError(f"{value!r} is no path; write /{value}")
    return value


Duration = Annotated[float, BeforeValidator(seconds)]
Argv = Annotated[tuple[str, ...], BeforeValidator(_argv)]
Commands = Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_commands)]


class Closed(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class App(Closed):
    """How to build and run the code under test. Durations in seconds; `port` 0 takes a free one (`$PORT`).

    `url` tests something already deployed instead: nothing is built, started or isolated, and twins can be private
    only where `fixed_twins` puts them on their usual ports, one trial after the other. `container` builds the tree's
    Dockerfile (or takes `image`) and runs it.
    """

    start: Argv = ()
    build: Commands = ()
    build_network: bool = False
    build_timeout: Duration = 600.0
    directory: str = "."
    port: int = Field(0, ge=0, le=65535)
    ready: Annotated[str, BeforeValidator(_path)] = "/"
    ready_timeout: Duration = 20.0
    request_timeout: Duration = 10.0
    stop_timeout: Duration = 2.0
    settle: Duration = 0.3
    memory: Annotated[int, BeforeValidator(_bytes)] = 2 * 2**30
    processes: int = Field(500, ge=1)
    clock: Literal["none", "file", "python", "faketime"] = "none"
    database: Literal["", "sqlite", "postgresql"] = ""
    env: dict[str, str] = Field(default_factory=dict)
    inherit: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()
    url: str = ""
    fixed_twins: bool = False
    serves: bool = True
    container: Literal["", "docker", "podman"] = ""
    image: str = ""

    @property
    def isolates(self) -> bool:
        """Whether its trials can run in namespaces: what is deployed or in a container would not be reached there."""
        return not self.url and not self.container


class Gate(Closed):
    """What makes a change eligible: the share of scenarios that must pass, as an exact fraction.

    With `stable` a scenario that passes in some trials only rejects the change.
    """

    share: Annotated[tuple[int, int], BeforeValidator(_fraction)] = (9, 10)
    stable: bool = False
    sets: tuple[str, ...] = ("holdout",)


class Agent(Closed):
    """The coding agent of `factory loop`: a command line (no shell) or an OpenAI-compatible endpoint."""

    command: Argv = ()
    endpoint: str = ""
    model: str = ""
    key_variable: str = ""
    inherit: tuple[str, ...] = ()
    timeout: Duration = 1800.0
    attempts: int = Field(5, ge=1, le=50)


class Tracker(Closed):
    """Where tickets are. `token_variable` names the variable with the token, which is never written down.

    `path` is the directory tracker's folder, from the project; `project` is `owner/name` (GitHub) or a key (Jira,
    Linear). `account` is who the token belongs to: the address at Jira, the login at
    GitHub where the token cannot tell.
    `statuses` are the tracker's own words for ours; `remote` is the git remote that changes are pushed to.
    """

    kind: Literal["directory", "github", "jira", "linear"] = "directory"
    path: str = "tickets"
    url: str = ""
    project: str = ""
    account: str = ""
    token_variable: str = ""
    statuses: dict[Literal["ready", "claimed", "in review", "done", "rejected"], str] = Field(default_factory=dict)
    remote: str = ""


class Deploy(Closed):
    """What runs after a merge, in a folder with exactly that commit: argv without a shell, `{head}` is filled in."""

    command: Argv = ()
    inherit: tuple[str, ...] = ()
    timeout: Duration = 1800.0


class Config(Closed):
    """The whole file."""

    apps: dict[str, App] = Field(default_factory=dict)
    gate: Gate = Field(default_factory=lambda: Gate.model_validate({}))
    agent: Agent = Field(default_factory=lambda: Agent.model_validate({}))
    tracker: Tracker = Field(default_factory=lambda: Tracker.model_validate({}))
    deploy: Deploy = Field(default_factory=lambda: Deploy.model_validate({}))
    protected: tuple[str, ...] = DEFAULT_PROTECTED
    specs: str = "specs"

    def app(self, name: str) -> App:
        """An app by name; the empty name means the only one, or `default`. Raises UsageError."""
        if not name and len(self.apps) == 1:
            return next(iter(self.apps.values()))
        found = self.apps.get(name or "default")
        if found is None:
            known = ", ".join(self.apps) or "none"
            raise UsageError(f"factory.toml has no app {name or 'default'!r}{nearest(name, self.apps)} (apps: {known})")
        return found


def parse_config(text: str, path: str = "factory.toml") -> Config:
    """Read factory.toml; `[app]` is short for `[apps.default]`. Raises UsageError naming the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: correct the TOML: {error}") from None
    if "app" in data:
        data["apps"] = {**data.get("apps", {}), "default": data.pop("app")}
    try:
        config = Config.model_validate(data)
    except (ValidationError, UsageError) as error:
        raise UsageError(f"{path}: {_explain(error)}") from None
    for name, app in config.apps.items():
        if not app.serves and (app.start or app.url or app.container):
            raise UsageError(f"{path}: leave `serves = false` to apps without `start`, `url` and `container`")
        if app.serves and not app.start and not app.url and not app.container:
            raise UsageError(
                f"{path}: give app {name!r} a `start` command, a `url` or a `container` engine, or say "
                "`serves = false` when it is only commands that scenarios run"
            )
        if app.image and not app.container:
            raise UsageError(f'{path}: say which engine runs the image of app {name!r}: container = "docker"')
        if app.fixed_twins and not app.url:
            raise UsageError(f"{path}: remove `fixed_twins` from app {name!r}; it is for an app with a `url`")
    _keep_token(config, path)
    return config


def _keep_token(config: Config, path: str) -> None:
    """The tracker's token never reaches the code under test or who writes it."""
    token = config.tracker.token_variable
    for where, names in [("agent", config.agent.inherit), *[(f"apps.{n}", a.inherit) for n, a in config.apps.items()]]:
        if token and token in names:
            raise UsageError(f"{path}: remove {token!r} from `inherit` of [{where}]: it is the tracker's token")
    if config.tracker.kind != "directory" and not token:
        raise UsageError(f"{path}: name the variable with the token: `token_variable` in [tracker]")
    if config.tracker.kind != "directory" and not config.tracker.project:
        what = "owner/name of the repository" if config.tracker.kind == "github" else "key of the project or team"
        raise UsageError(f"{path}: say where the tickets are: `project` in [tracker], the {what}")


def _explain(error: ValidationError | UsageError) -> str:
    if isinstance(error, UsageError):
        return str(error)
    lines: list[str] = []
    for detail in error.errors():
        where = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            tables: dict[str, type[BaseModel]] = {
                "apps": App, "gate": Gate, "agent": Agent, "tracker": Tracker, "deploy": Deploy
            }  # fmt: skip
            fields = tables.get(str(detail["loc"][0]), Config).model_fields
            lines.append(f"remove {where!r}{nearest(str(detail['loc'][-1]), [*fields, 'app'])}")
        else:
            lines.append(f"correct {where!r}: {str(detail['msg']).removeprefix('Value error, ')}")
    return "; ".join(lines)
