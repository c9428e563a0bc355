"""The rule sets that are shipped, by name; docs/profiles.md tells what each is for and what it costs."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from mig_audit.errors import UsageError
from mig_audit.modules.audit.rules.architectures import architecture, missing_abis, native
from mig_audit.modules.audit.rules.names import HOST, Names
from mig_audit.modules.audit.rules.text import RuleLine, parse_file
from mig_audit.modules.audit.rules.words import split_words
from mig_audit.modules.audit.tables import arch_name, syscall_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.words import Word

_NAMES = (
    "exec",
    "identity",
    "network",
    "persistence",
    "privilege",
    "modules",
    "time",
    "mounts",
    "secrets",
    "containers",
    "files-opens",
    "files-lean",
    "files-full",
)
_ARCH = "arch="


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles."""
    return _NAMES


def load_profile(name: str, names: Names = HOST) -> tuple[RuleLine, ...]:
    """Return the rules of a profile, less what the host has not.

    A profile is written for every machine. Left out are rules for programs of a width that the host does not run, and
    calls that its programs do not have, such as ``open`` on aarch64; the text of a rule is what is left of its line.

    Raises:
        UsageError: there is no such profile.
    """
    if name not in _NAMES:
        raise UsageError(f"there is no profile {name!r}", f"the profiles are {', '.join(_NAMES)}")
    data = files(__package__).joinpath("profiles").joinpath(f"{name}.rules").read_bytes()
    if native(names) is None:
        return parse_file(data, names)
    return parse_file("\n".join(_lines_for(data.decode(), names)).encode(), names)


def _lines_for(text: str, names: Names) -> Iterator[str]:
    """Yield every line as it is on the host, an empty one where nothing is left, so that the numbers stay."""
    missing = [f" -F {_ARCH}{abi} " for abi in missing_abis(names)]
    for line in text.split("\n"):
        if line.startswith("#"):
            yield line
        else:
            yield "" if any(abi in line for abi in missing) else _line_for(line, names)


def _line_for(line: str, names: Names) -> str:
    machine, words = None, split_words(line)
    for option, argument in zip(words, words[1:]):
        if option.text == "-F" and argument.text.startswith(_ARCH):
            machine = arch_name(architecture(argument.part(len(_ARCH)), names))
        if option.text == "-S" and machine is not None:
            calls = _calls_of(argument, machine)
            return line.replace(f" -S {argument.text} ", f" -S {calls} ") if calls else ""
    return line


def _calls_of(argument: Word, machine: str) -> str:
    return ",".join(name for name in argument.text.split(",") if syscall_number(machine, name) is not None)
