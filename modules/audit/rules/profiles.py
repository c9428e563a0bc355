"""The rule sets that are shipped: ``exec``, ``identity`` and ``network``."""

from __future__ import annotations

from importlib.resources import files

from mig_audit.errors import UsageError
from mig_audit.modules.audit.rules.architectures import missing_abis
from mig_audit.modules.audit.rules.names import HOST, Names
from mig_audit.modules.audit.rules.text import RuleLine, parse_file

_NAMES = ("exec", "identity", "network")


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles."""
    return _NAMES


def load_profile(name: str, names: Names = HOST) -> tuple[RuleLine, ...]:
    """Return the rules of a profile, less those for programs of a width that the host does not run.

    Raises:
        UsageError: there is no such profile.
    """
    if name not in _NAMES:
        raise UsageError(f"there is no profile {name!r}", f"the profiles are {', '.join(_NAMES)}")
    data = files(__package__).joinpath("profiles").joinpath(f"{name}.rules").read_bytes()
    missing = [f"arch={abi} " for abi in missing_abis(names)]
    return tuple(line for line in parse_file(data, names) if not any(abi in line.text for abi in missing))
