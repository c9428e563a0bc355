"""The processes of a stream of enriched events as a tree: who started whom, and what each ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.command_line import command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.enrichment import Ancestor
    from mig_audit.modules.audit.events.event import Event

_LIMIT = 50_000  # processes that are kept
_COMMANDS = 20  # of a process that starts one program after the other
_COMMAND_LENGTH = 200  # characters of a command that are shown
_ROOM = 8 << 20  # characters of commands, of all processes together

_Moment = tuple[int, int, str]  # seconds, milliseconds, and both as text: events need not come in order
_Path = tuple[str, tuple[int, ...]]  # the host, and pids from the oldest ancestor on


class _Node:
    """A process: its programs or commands in order, its children, and how often it is in the events."""

    __slots__ = ("children", "commands", "events", "exe", "first", "host", "last", "left_out", "pid", "why")

    def __init__(self, host: str, pid: int) -> None:
        self.host = host
        self.pid = pid
        self.commands: list[str] = []
        self.left_out = 0  # further commands
        self.children: list[_Node] = []
        self.events = 0
        self.exe: Optional[str] = None
        self.first: Optional[_Moment] = None
        self.last: Optional[_Moment] = None
        self.why = ""

    def note(self, command: Optional[str], room: int) -> int:
        """Note a command, if there is room for it; return how much that takes."""
        known = command and command[:_COMMAND_LENGTH]
        if not known or known in self.commands[-1:]:
            return 0
        if len(self.commands) >= _COMMANDS or len(known) > room:
            self.left_out += 1
            return 0
        self.commands.append(known)
        return len(known)

    def count(self, moment: _Moment) -> None:
        self.events += 1
        self.first = min(self.first or moment, moment)
        self.last = max(self.last or moment, moment)

    def words(self, *, root: bool) -> str:
        more = [f"{self.left_out} more"] if self.left_out else []
        runs = ", then ".join([*self.commands, *more]) or "?"
        counted = f"  ({self.events} event{'s' if self.events > 1 else ''})" if self.events else ""
        why = f"  (parent {self.why})" if self.why else ""
        host = f"node={self.host} " if root and self.host else ""
        time = self.first[-1].partition("T")[2][:12] if self.first else ""
        return f"{time} {host}{self.pid} {runs}{counted}{why}".strip()


class ProcessTree:
    """Gathers events; a process is told from another by its host, its pid and those of its ancestors.

    Args:
        limit: how many processes are kept.
        room: how many characters their commands may have together.
    """

    def __init__(self, *, limit: int = _LIMIT, room: int = _ROOM) -> None:
        self._limit = limit
        self._room = room
        self._nodes: dict[_Path, _Node] = {}
        self._roots: list[_Node] = []
        self.left_out = 0

    def add(self, event: Event) -> None:
        """Take one event; those without a process, or without enrichment, are not in the tree."""
        enrichment, pid = event.enrichment, event.process.pid
        if enrichment is None or pid is None:
            return
        pids: tuple[int, ...] = ()
        for ancestor in reversed(enrichment.ancestors):
            pids = (*pids, ancestor.pid)
            self._ancestor((event.node, pids), ancestor)
        node = self._node((event.node, (*pids, pid)))
        if node is None:
            self.left_out += 1
            return
        self._note(node, event)
        node.count((event.seconds, event.milliseconds, event.timestamp))
        if not enrichment.ancestors:
            node.why = next((gap.why for gap in enrichment.gaps if gap.what == "parent"), node.why)

    def lines(self) -> list[str]:
        """Return the tree for people: time of the first event, host if named, pid, what it ran, how many events."""
        lines = [line for root in self._roots for line in _drawn(root, "", "")]
        return [*lines, f"... and {self.left_out} events of further processes"] if self.left_out else lines

    def documents(self) -> list[dict[str, object]]:
        """Return one object for each process.

        ``node`` is its host, if the log names it; ``parents`` are the pids of its ancestors, nearest first.
        """
        return [
            {
                "node": node.host or None,
                "pid": node.pid,
                "parents": list(reversed(pids[:-1])),
                "commands": node.commands,
                "commands_omitted": node.left_out,
                "events": node.events,
                "first": node.first and node.first[-1],
                "last": node.last and node.last[-1],
                "parent_unknown": node.why or None,
            }
            for (_, pids), node in self._nodes.items()
        ]

    def _ancestor(self, path: _Path, ancestor: Ancestor) -> None:
        node = self._node(path)
        if node is not None and not node.events:
            self._room -= node.note(ancestor.command or ancestor.exe or ancestor.comm, self._room)

    def _note(self, node: _Node, event: Event) -> None:
        """Note what an event says its process runs: the command where one was started, else a program that is new."""
        argv, exe = event.process.argv, event.process.exe and event.process.exe[:_COMMAND_LENGTH]
        if argv is not None and event.success is not False:
            self._room -= node.note(command_line(argv[:_COMMAND_LENGTH]), self._room)
        elif exe is not None and exe != node.exe and (node.exe is not None or not node.commands):
            self._room -= node.note(exe, self._room)
        node.exe = exe or node.exe

    def _node(self, path: _Path) -> Optional[_Node]:
        node = self._nodes.get(path)
        if node is None and len(self._nodes) < self._limit:
            host, pids = path
            node = self._nodes[path] = _Node(host, pids[-1])
            parent = self._nodes.get((host, pids[:-1]))
            (self._roots if parent is None else parent.children).append(node)
        return node


def _drawn(node: _Node, first: str, rest: str) -> Iterator[str]:
    """Give the lines of a process and its descendants; ``first`` and ``others`` are drawn before them."""
    root, stack = node, [(node, first, rest)]
    while stack:
        node, first, rest = stack.pop()
        yield f"{first}{node.words(root=node is root)}"
        last = len(node.children) - 1
        stack += [
            (
                child,
                f"{rest}{'└─ ' if index == last else '├─ '}",
                f"{rest}{'   ' if index == last else '│  '}",
            )
            for index, child in reversed(list(enumerate(node.children)))
        ]
