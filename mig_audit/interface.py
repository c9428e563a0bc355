"""What a module is to the runner."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Protocol, cast

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

    from .errors import Problem
    from .results import Result
    from .stop import Stop


class Context(NamedTuple):
    """What the runner lends a module for one run: the request to stop, and where progress for people goes.

    ``output`` is the file that the result will be put into, empty if it is none. ``last`` says that this process does
    nothing else once it has answered, so that the module may give up what the process is allowed, as far as that is not
    needed for ``output``.
    """

    stop: Stop
    progress: Callable[[str], None]
    output: str = ""
    last: bool = False


class ForPeople(NamedTuple):
    """Asks for lines for people in place of an envelope; for no more of it than what was found, if that is wanted."""

    found_only: bool


class Implementation(NamedTuple):
    """What a command does.

    ``configure`` adds its options to a parser; ``run`` does it, hands its data to the writer it is given, and returns
    the exit code. What goes wrong is raised as an error of the tree.
    """

    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Callable[[str], None]], int]


class Command(NamedTuple):
    """A command that a module adds to the command line.

    ``implementation`` is where it is, as ``package.module:NAME``: it is imported when the command is chosen.
    """

    name: str
    help: str
    implementation: str

    def load(self) -> Implementation:
        """Import what the command does."""
        path, _, name = self.implementation.partition(":")
        return cast("Implementation", getattr(import_module(path), name))


class Module(Protocol):
    """A module: found by name, given a parameters document, answering with a result."""

    def commands(self) -> Sequence[Command]:
        """Return what it adds to the command line."""

    def schemas(self) -> Mapping[str, str]:
        """Return the names under which its schemas are asked for, and their file names."""

    def validate(self, document: object) -> Sequence[Problem]:
        """Return everything that is wrong with a parameters document; touch nothing."""

    def run(self, document: object, context: Context) -> Result:
        """Do the work of a valid document, and answer whatever happens.

        Raises:
            ParametersError: the document is not valid; nothing was touched.
        """

    def configured(self, configuration: Mapping[str, object]) -> Optional[object]:
        """Return the parameters document of a persistent process's configuration, for queries that have none of their own.

        The configuration is what MIG's agent has made of the module's file; it is empty where there is none. None means
        that it has no such document.

        Raises:
            ParametersError: it is not valid.
        """

    def describe(self, result: Mapping[str, object], *, found_only: bool) -> Sequence[str]:
        """Return an envelope as lines for people, MIG's PrintResults: elements, then errors, then statistics."""
