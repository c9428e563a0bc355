"""The validated parameters document as frozen dataclasses, with every default in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, cast

from mig_audit.errors import ParametersError, Problem, UsageError
from mig_audit.modules.audit.events.enrichment import EnrichmentSettings, parse_enrichment
from mig_audit.modules.audit.events.filters import FilterSpec, parse_filters
from mig_audit.modules.audit.gsoc import is_gsoc, translate
from mig_audit.modules.audit.recorder.bounds import Limits
from mig_audit.modules.audit.sinks import HttpSettings, UnixSettings
from mig_audit.quantities import parse_duration, parse_size
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mig_audit.modules.audit.sinks import SinkSettings

SCHEMA = "audit.parameters.v1.schema.json"
_DIRECTORY = "/var/log/mig-audit"
_EVENT_LIMIT = 1000
_FAILURE = {"silent": 0, "printk": 1}


@dataclass(frozen=True)
class RuleSource:
    """One element of ``rules``: its ``kind`` is line, profile or file; ``path`` is where it stands in the document.

    ``member`` is where the name of a profile or a file stands, if not in the member of the element that says which.
    """

    kind: str
    value: str
    path: str
    member: str = ""

    @property
    def value_path(self) -> str:
        """Where the value stands."""
        return self.member or f"{self.path}.{self.kind}"


@dataclass(frozen=True)
class KernelParameters:
    """How the kernel is used; a setting that is None is not given: a rule file may choose it.

    ``canary`` is the time between two canaries in seconds, 0 for none.
    """

    stream: str
    backlog_limit: Optional[int]
    rate_limit: Optional[int]
    failure: Optional[int]
    wait: bool
    receive_buffer: int
    canary: float
    reapply: bool


@dataclass(frozen=True)
class Priority:
    """Of the processing; None is as started. ``io`` is ``idle`` or ``low``."""

    nice: Optional[int]
    io: Optional[str]


@dataclass(frozen=True)
class Parameters:
    """What the run was asked to do; durations are in seconds, sizes in bytes.

    ``deadline`` is None where the caller has time, ``most_events`` where there is no bound to what is found,
    ``log_path`` where the file's name is to be made in ``log_directory``.
    """

    window: float
    drain: float
    deadline: Optional[float]
    limits: Limits
    most_events: Optional[int]
    priority: Priority
    rules: tuple[RuleSource, ...]
    strict_rules: bool
    log_directory: Path
    log_path: Optional[Path]
    max_log_size: int
    event_format: str
    event_limit: int
    max_events_size: int
    enrich: Optional[EnrichmentSettings]
    filters: tuple[FilterSpec, ...]
    sinks: tuple[SinkSettings, ...]
    kernel: KernelParameters


def parse_parameters(document: object) -> Parameters:
    """Return the parameters of a document.

    Raises:
        ParametersError: it does not fit its schema; every problem is in the error.
    """
    problems = find_problems(document, SCHEMA)
    if problems:
        raise ParametersError(problems)
    given, places = cast("Mapping[str, Any]", document), dict[str, str]()
    if is_gsoc(given):
        given, places = translate(given)
    log, events = given.get("raw_log", {}), given.get("events", {})
    return Parameters(
        window=parse_duration(given.get("window", "30s")),
        drain=parse_duration(given.get("drain", "30s")),
        rules=tuple(
            _rule_source(rule, f"$.rules[{index}]", places) for index, rule in enumerate(given["rules"])
        ),
        deadline=parse_duration(given["deadline"]) if "deadline" in given else None,
        limits=_limits(given.get("limits", {})),
        most_events=given.get("limits", {}).get("events"),
        priority=Priority(given.get("priority", {}).get("nice"), given.get("priority", {}).get("io")),
        strict_rules=given.get("strict_rules", False),
        log_directory=Path(log.get("directory", _DIRECTORY)),
        log_path=Path(log["path"]) if "path" in log else None,
        max_log_size=parse_size(log.get("max_size", "256MiB")),
        event_format=events.get("format", "mozdef"),
        event_limit=events.get("limit", 0 if given.get("sinks") else _EVENT_LIMIT),
        max_events_size=parse_size(events.get("max_size", "4MiB")),
        enrich=parse_enrichment(given["enrich"]) if "enrich" in given else None,
        filters=parse_filters(given.get("filters", ())),
        sinks=_sinks(given.get("sinks", []), places),
        kernel=_kernel(given.get("kernel", {})),
    )


def _limits(given: Mapping[str, Any]) -> Limits:
    return Limits(
        records=given.get("records"),
        free_disk=parse_size(given.get("free_disk", "64MiB")),
        memory=parse_size(given.get("memory", "256MiB")),
        cpu=given["cpu"] / 100 if "cpu" in given else None,
    )


def _rule_source(rule: object, path: str, places: Mapping[str, str]) -> RuleSource:
    if isinstance(rule, str):
        return RuleSource("line", rule, path)
    ((kind, value),) = cast("Mapping[str, str]", rule).items()
    member = f"{path}.{kind}"
    return RuleSource(kind, value, places.get(path, path), places.get(member, ""))


def _kernel(given: Mapping[str, Any]) -> KernelParameters:
    return KernelParameters(
        stream=given.get("stream", "auto"),
        backlog_limit=given.get("backlog_limit"),
        rate_limit=given.get("rate_limit"),
        failure=_FAILURE.get(given.get("failure", "")),
        wait=given.get("backpressure", "drop") == "wait",
        receive_buffer=parse_size(given.get("receive_buffer", "16MiB")),
        canary=parse_duration(given.get("canary", "5s")),
        reapply=given.get("reapply", False),
    )


def _sinks(given: Sequence[Mapping[str, Any]], places: Mapping[str, str]) -> tuple[SinkSettings, ...]:
    """Return the settings of every sink; a problem of each is told, not of the first one alone."""
    sinks: dict[str, SinkSettings] = {}
    problems: list[Problem] = []
    for index, each in enumerate(given):
        place = places.get(f"$.sinks[{index}]", f"$.sinks[{index}]")
        try:
            sinks[place] = _unix(each) if each["type"] == "unix" else _http(each)
        except UsageError as error:
            problems.append(Problem(place, "sink", str(error)))
    problems += _on_one_path(sinks)
    if problems:
        raise ParametersError(problems)
    return tuple(sinks.values())


def _on_one_path(sinks: Mapping[str, SinkSettings]) -> Iterator[Problem]:
    """Yield a problem for each sink that listens where another one does."""
    listening: dict[Path, str] = {}
    for place, sink in sinks.items():
        if isinstance(sink, UnixSettings) and sink.mode == "listen":
            other = listening.setdefault(sink.path, place)
            if other != place:
                message = f"{other} listens on {sink.path}, too: give each a path of its own"
                yield Problem(place, "sink", message)


def _http(given: Mapping[str, Any]) -> HttpSettings:
    tls, token = given.get("tls", {}), given.get("token", {})
    return HttpSettings(
        **_batches(given),
        url=given["url"],
        body=given.get("body", "array"),
        connect_timeout=parse_duration(given.get("connect_timeout", "5s")),
        read_timeout=parse_duration(given.get("read_timeout", "30s")),
        max_attempts=given.get("max_attempts", 8),
        verify=tls.get("verify", True),
        ca_file=_path(tls.get("ca_file")),
        certificate=_path(tls.get("certificate")),
        key=_path(tls.get("key")),
        token_file=_path(token.get("file")),
        token_env=token.get("environment"),
        headers=tuple(given.get("headers", {}).items()),
        proxy=given.get("proxy"),
    )


def _unix(given: Mapping[str, Any]) -> UnixSettings:
    return UnixSettings(
        **_batches(given),
        path=Path(given["path"]),
        mode=given.get("mode", "connect"),
        socket=given.get("socket", "stream"),
        timeout=parse_duration(given.get("timeout", "5s")),
    )


def _batches(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that every sink has: when a batch is full, and what is kept of those that are not taken."""
    batch = given.get("batch", {})
    return {
        "batch_events": batch.get("events", 500),
        "batch_bytes": parse_size(batch.get("size", "1MiB")),
        "batch_age": parse_duration(batch.get("age", "1s")),
        "spool": parse_size(given.get("spool", "64MiB")),
    }


def _path(text: Optional[str]) -> Optional[Path]:
    return None if text is None else Path(text)
