"""The processes of a stream of enriched events as a tree: who started whom, and what each ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Union

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.events.event import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.events.event import Event

_LIMIT = 50_000  # processes that are kept
_FEW = 8  # children among which one is found without a dict
_COMMANDS = 20  # of a process that starts one program after the other
_COMMAND_LENGTH = 200  # characters of a command that are shown
_ROOM = 8 << 20  # bytes of commands, of all processes together


class _Node:
    """A process: its programs or commands in order, its children, and how often it is in the events."""

    __slots__ = (
        "children",
        "commands",
        "events",
        "exe",
        "first",
        "host",
        "last",
        "left_out",
        "parent",
        "pid",
        "why",
    )

    def __init__(self, host: str, pid: int, parent: Optional[_Node]) -> None:
        self.host = host
        self.pid = pid
        self.parent = parent
        self.commands: tuple[str, ...] = ()
        self.left_out = 0  # further commands
        self.children: Union[tuple[_Node, ...], dict[int, _Node]] = ()  # most have few
        self.events = 0
        self.exe: Optional[int] = None  # what tells it from another
        # Of its events, in milliseconds since the epoch: they need not come in order.
        self.first: Optional[int] = None
        self.last: Optional[int] = None
        self.why = ""

    def child(self, pid: int) -> Optional[_Node]:
        """Return one of its children."""
        children = self.children
        if isinstance(children, dict):
            return children.get(pid)
        return next((child for child in children if child.pid == pid), None)

    def add(self, child: _Node) -> None:
        """Add a child that it does not have."""
        if isinstance(self.children, dict):
            self.children[child.pid] = child
        elif len(self.children) < _FEW:
            self.children = (*self.children, child)
        else:
            self.children = {each.pid: each for each in (*self.children, child)}

    def note(self, command: Optional[str], room: int) -> int:
        """Note a command, if there is room for it; return how much that takes."""
        known = command and command[:_COMMAND_LENGTH]
        if not known or known in self.commands[-1:]:
            return 0
        size = len(known) * (1 if known.isascii() else 4)
        if len(self.commands) >= _COMMANDS or size > room:
            self.left_out += 1
            return 0
        self.commands = (*self.commands, known)
        return size

    def count(self, moment: int) -> None:
        self.events += 1
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)

    def parents(self) -> list[int]:
        """Return the pids of its ancestors, nearest first."""
        pids, node = [], self.parent
        while node is not None:
            pids.append(node.pid)
            node = node.parent
        return pids

    def words(self, *, root: bool) -> str:
        more = [f"{self.left_out} more"] if self.left_out else []
        runs = ", then ".join([*self.commands, *more]) or "?"
        counted = f"  ({self.events} event{'s' if self.events > 1 else ''})" if self.events else ""
        why = f"  (parent {self.why})" if self.why else ""
        host = f"node={self.host} " if root and self.host else ""
        time = (_text(self.first) or "").partition("T")[2][:12]
        return f"{time} {host}{self.pid} {runs}{counted}{why}".strip()


class ProcessTree:
    """Gathers events; a process is told from another by its host, its pid and those of its ancestors.

    Args:
        limit: how many processes are kept.
        room: how many bytes their commands may have together.
    """

    def __init__(self, *, limit: int = _LIMIT, room: int = _ROOM) -> None:
        self._limit = limit
        self._room = room
        self._nodes: list[_Node] = []
        self._roots: dict[tuple[str, int], _Node] = {}
        self.left_out = 0

    def add(self, event: Event) -> None:
        """Take one event; those without a process, or without enrichment, are not in the tree."""
        enrichment, pid = event.enrichment, event.process.pid
        if enrichment is None or pid is None:
            return
        node: Optional[_Node] = None
        for ancestor in reversed(enrichment.ancestors):
            node = self._node(event.node, node, ancestor.pid)
            if node is None:
                self.left_out += 1
                return
            if not node.events:
                self._room -= node.note(ancestor.command or ancestor.exe or ancestor.comm, self._room)
        node = self._node(event.node, node, pid)
        if node is None:
            self.left_out += 1
            return
        self._note(node, event)
        node.count(event.seconds * 1000 + event.milliseconds)
        if not enrichment.ancestors:
            node.why = next((gap.why for gap in enrichment.gaps if gap.what == "parent"), node.why)

    def lines(self) -> Iterable[str]:
        """Give the tree for people: time of the first event, host if named, pid, what it ran, how many events."""
        for root in self._roots.values():
            yield from _drawn(root)
        if self.left_out:
            yield f"... and {self.left_out} events of further processes"

    def documents(self) -> Iterable[dict[str, object]]:
        """Give one object for each process.

        ``node`` is its host, if the log names it; ``parents`` are the pids of its ancestors, nearest first.
        """
        for node in self._nodes:
            yield {
                "node": node.host or None,
                "pid": node.pid,
                "parents": node.parents(),
                "commands": list(node.commands),
                "commands_omitted": node.left_out,
                "events": node.events,
                "first": _text(node.first),
                "last": _text(node.last),
                "parent_unknown": node.why or None,
            }

    def _note(self, node: _Node, event: Event) -> None:
        """Note what an event says its process runs: the command where one was started, else a program that is new."""
        argv, exe = event.process.argv, event.process.exe and event.process.exe[:_COMMAND_LENGTH]
        told = None if exe is None else hash(exe)
        if argv is not None and event.success is not False:
            self._room -= node.note(command_line(argv[:_COMMAND_LENGTH]), self._room)
        elif exe is not None and told != node.exe and (node.exe is not None or not node.commands):
            self._room -= node.note(exe, self._room)
        node.exe = node.exe if told is None else told

    def _node(self, host: str, parent: Optional[_Node], pid: int) -> Optional[_Node]:
        """Return a process, a new one if there is room; None if there is none."""
        node = self._roots.get((host, pid)) if parent is None else parent.child(pid)
        if node is None and len(self._nodes) < self._limit:
            node = _Node(host, pid, parent)
            self._nodes.append(node)
            if parent is None:
                self._roots[host, pid] = node
            else:
                parent.add(node)
        return node


def _text(moment: Optional[int]) -> Optional[str]:
    return None if moment is None else time_text(*divmod(moment, 1000))


def _drawn(root: _Node) -> Iterator[str]:
    """Give the lines of a process and its descendants."""
    yield root.words(root=True)
    stack = [_Children(root, "")]
    while stack:
        children = stack[-1]
        node = next(children.rest, None)
        if node is None:
            stack.pop()
            continue
        children.left -= 1
        yield f"{children.before}{'├─ ' if children.left else '└─ '}{node.words(root=False)}"
        stack.append(_Children(node, f"{children.before}{'│  ' if children.left else '   '}"))


class _Children:
    """Those of a process that were not drawn yet, how many they are, and what is drawn before each."""

    __slots__ = ("before", "left", "rest")

    def __init__(self, node: _Node, before: str) -> None:
        children = node.children
        self.rest = iter(children.values() if isinstance(children, dict) else children)
        self.left = len(children)
        self.before = before
