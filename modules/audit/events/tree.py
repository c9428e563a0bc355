"""The processes of a stream of enriched events as a tree: who started whom, and what each ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.enrichment import Ancestor
    from mig_audit.modules.audit.events.event import Event

_LIMIT = 50_000  # processes that are kept
_COMMANDS = 20  # of a process that starts one program after the other
_COMMAND_LENGTH = 200  # characters of a command that are shown

_Path = tuple[int, ...]


class _Node:
    """A process: its programs or commands in order, its children, and how often it is in the events."""

    __slots__ = ("children", "commands", "events", "exe", "first", "last", "pid", "why")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.commands: list[str] = []
        self.children: list[_Node] = []
        self.events = 0
        self.exe: Optional[str] = None
        self.first = self.last = ""
        self.why = ""

    def note(self, command: Optional[str]) -> None:
        known = command and command[:_COMMAND_LENGTH]
        if known and len(self.commands) < _COMMANDS and known not in self.commands[-1:]:
            self.commands.append(known)

    @property
    def words(self) -> str:
        runs = ", then ".join(self.commands) or "?"
        counted = f"  ({self.events} event{'s' if self.events > 1 else ''})" if self.events else ""
        why = f"  (parent {self.why})" if self.why else ""
        return f"{self.first[11:23]} {self.pid} {runs}{counted}{why}".strip()


class ProcessTree:
    """Gathers events; a process is told from another by its pid and those of its ancestors."""

    def __init__(self, *, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._nodes: dict[_Path, _Node] = {}
        self._roots: list[_Node] = []
        self.left_out = 0

    def add(self, event: Event) -> None:
        """Take one event; those without a process, or without enrichment, are not in the tree."""
        enrichment, pid = event.enrichment, event.process.pid
        if enrichment is None or pid is None:
            return
        path: _Path = ()
        for ancestor in reversed(enrichment.ancestors):
            path = (*path, ancestor.pid)
            self._ancestor(path, ancestor)
        node = self._node((*path, pid))
        if node is None:
            self.left_out += 1
            return
        _note(node, event)
        node.events += 1
        node.first = node.first or event.timestamp
        node.last = event.timestamp
        if not enrichment.ancestors:
            node.why = next((gap.why for gap in enrichment.gaps if gap.what == "parent"), node.why)

    def lines(self) -> list[str]:
        """Return the tree for people: time of the first event, pid, what it ran, how many events."""
        lines = [line for root in self._roots for line in _drawn(root, "", "")]
        return [*lines, f"... and {self.left_out} events of further processes"] if self.left_out else lines

    def documents(self) -> list[dict[str, object]]:
        """Return one object for each process; ``parents`` are the pids of its ancestors, nearest first."""
        return [
            {
                "pid": node.pid,
                "parents": list(reversed(path[:-1])),
                "commands": node.commands,
                "events": node.events,
                "first": node.first or None,
                "last": node.last or None,
                "parent_unknown": node.why or None,
            }
            for path, node in self._nodes.items()
        ]

    def _ancestor(self, path: _Path, ancestor: Ancestor) -> None:
        node = self._node(path)
        if node is not None and not node.events:
            node.note(ancestor.command or ancestor.exe or ancestor.comm)

    def _node(self, path: _Path) -> Optional[_Node]:
        node = self._nodes.get(path)
        if node is None and len(self._nodes) < self._limit:
            node = self._nodes[path] = _Node(path[-1])
            parent = self._nodes.get(path[:-1])
            (self._roots if parent is None else parent.children).append(node)
        return node


def _note(node: _Node, event: Event) -> None:
    """Note what an event says its process runs: the command where one was started, else a program that is new."""
    argv, exe = event.process.argv, event.process.exe
    if argv is not None and event.success is not False:
        node.note(" ".join([argument or "(missing)" for argument in argv[:_COMMAND_LENGTH]]))
    elif exe is not None and exe != node.exe and (node.exe is not None or not node.commands):
        node.note(exe)
    node.exe = exe or node.exe


def _drawn(node: _Node, first: str, rest: str) -> Iterator[str]:
    """Give the lines of a process and its descendants, behind what is drawn before the first and the others."""
    stack = [(node, first, rest)]
    while stack:
        node, first, rest = stack.pop()
        yield f"{first}{node.words}"
        last = len(node.children) - 1
        stack += [
            (
                child,
                f"{rest}{'└─ ' if index == last else '├─ '}",
                f"{rest}{'   ' if index == last else '│  '}",
            )
            for index, child in reversed(list(enumerate(node.children)))
        ]
