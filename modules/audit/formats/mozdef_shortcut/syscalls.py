"""Events of system calls whose records are of the kernel's usual shapes: the way that nearly all events take.

`Syscalls.encode` runs once for every event, and is written for that: what can be remembered is one look into a dict
away, and the rest is joined. It is held against the long way by the tests.
"""

from __future__ import annotations

import re

from mig_audit.lean_typing import TYPE_CHECKING, Any, NamedTuple
from mig_audit.modules.audit.events.group import EOE
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.actors import Tails
from mig_audit.modules.audit.formats.mozdef_shortcut.calls import Heads, Sockets
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, members
from mig_audit.modules.audit.formats.mozdef_shortcut.paths import Places
from mig_audit.modules.audit.formats.mozdef_shortcut.texts import Addresses, Commands, Titles
from mig_audit.modules.audit.formats.summaries import descriptor_text

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Actor, Bundle, Decoder
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_NUMBER = rb"(0|[1-9][0-9]{0,9})"
_HEX = rb"([0-9a-f]{1,16})"
_SYSCALL = re.compile(
    rb"(arch=[0-9a-f]{1,8} syscall=[0-9]{1,10} success=(?:yes|no) exit=(?:0|-?[1-9][0-9]{0,18}))"
    + b"".join(rb" a%d=" % index + _HEX for index in range(4))
    + rb" items=%b ppid=%b pid=%b (auid=.*)" % (_NUMBER, _NUMBER, _NUMBER),
    re.DOTALL,
)
# The types that an event may have here: PATH any number of times, the others once.
_TYPES = frozenset({"SYSCALL", "EXECVE", "CWD", "PATH", "SOCKADDR", "PROCTITLE", "EOE"})


class _Shape(NamedTuple):
    """Where in an event of these record types each record is (-1: nowhere), and what is said of them."""

    fragment: bytes
    enough: frozenset[bytes]  # the numbers of items for which there are PATH records enough
    paths: tuple[int, ...]
    syscall: int
    execve: int
    cwd: int
    address: int
    title: int
    eoe: int


class _Shapes(Memory[tuple[str, ...], _Shape]):
    """By how the event ended and the types of its records."""

    def make(self, key: tuple[str, ...]) -> _Shape:
        ending, *types = key
        places = {name: index for index, name in enumerate(types)}
        paths = tuple([index for index, name in enumerate(types) if name == "PATH"])
        alone = len(types) - len(paths) == len(places) - bool(paths)
        whole = "EOE" in places
        if "SYSCALL" not in places or not alone or not _TYPES.issuperset(types) or (ending == EOE) != whole:
            raise Declined
        details: dict[str, Any] = {}
        mozdef.add_records(details, types, ending, () if whole else ("eoe",))
        return _Shape(
            b'"' + members(details),
            frozenset(str(items).encode() for items in range(len(paths) + 1)),
            paths,
            places["SYSCALL"],
            places.get("EXECVE", -1),
            places.get("CWD", -1),
            places.get("SOCKADDR", -1),
            places.get("PROCTITLE", -1),
            places.get("EOE", -1),
        )


class Syscalls:
    """Encodes them; what it cannot, it declines."""

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        self._frame = frame
        self._shapes = _Shapes()
        self._heads = Heads(decoder)
        self._tails = Tails(frame, decoder)
        self._sockets = Sockets()
        self._places = Places()
        self._commands = Commands()
        self._titles = Titles()
        self._addresses = Addresses()

    def encode(self, bundle: Bundle) -> tuple[bytes, str, Actor]:  # noqa: C901, PLR0912, PLR0915  # the hot path
        """Return the event, its category and its actor.

        Raises:
            Declined: it is no usual event of a system call.
        """
        stamp, types, bodies, _, ending, _ = bundle
        shape = self._shapes[(ending, *types)]
        fragment, enough, path_places, at_syscall, at_execve, at_cwd, at_address, at_title, at_eoe = shape
        match = _SYSCALL.fullmatch(bodies[at_syscall])
        if match is None:
            raise Declined
        head_raw, a0, a1, a2, a3, items, ppid, pid, tail_raw = match.groups()
        if items not in enough or (at_eoe >= 0 and bodies[at_eoe].strip()):
            raise Declined
        frame = self._frame
        milliseconds, serial = frame.at(stamp)
        keys, identities, process, actor, program = self._tails[tail_raw]
        head, call, success = self._heads[head_raw]
        arguments = (a0, a1, a2, a3)
        category, deciding = call.category, call.deciding
        if call.flags is not None:
            category, deciding = call[arguments[call.flags]]
        words = b""
        if deciding:
            key = deciding(arguments)
            words = call.words.get(key) or call.say(key, arguments)
        if call.asks_for_socket:
            words += self._sockets[arguments[:3]]

        place = self._places.find(bodies[at_cwd], call, arguments) if at_cwd >= 0 else self._places.nowhere
        command = title = address = paths = b""
        about = call.title
        ran = program
        if at_execve >= 0:
            command, ran = self._commands[bodies[at_execve]]
        if at_title >= 0:
            title = self._titles[bodies[at_title]]
        if call.by_descriptor:
            about = Words.of(descriptor_text(a0.decode("ascii")))
        if at_address >= 0:
            address, about = self._addresses[bodies[at_address], category]
        if len(path_places) == 1:
            subject = place[bodies[path_places[0]]]
            if category == "execve" and at_execve < 0 and subject.named:
                ran = subject.words
            paths = b'%b,"paths":[%b]' % (subject.subject, subject.element)
            about = subject.words
        elif path_places:
            seen = [place[bodies[index]] for index in path_places]
            subject = seen[0]
            if category != "execve":
                objects = [path for path in seen if not path.parent]
                subject = objects[-1] if objects else seen[-1]
            elif at_execve < 0 and subject.named:
                ran = subject.words
            paths = b'%b,"paths":[%b]' % (subject.subject, b",".join([path.element for path in seen]))
            about = subject.words
        if category == "execve":
            about = ran
        elif category == "signal":
            about = call.title
        data = b"".join((
            frame.opening(category, about, success=success), frame.before_pid, pid, frame.after_pid, frame.second, milliseconds, frame.before_serial, serial,
            frame.before_stamp, stamp, fragment, keys, head, b',"a0":"', a0, b'","a1":"', a1, b'","a2":"', a2,
            b'","a3":"', a3, b'"', words, identities, b',"pid":"', pid, b'","ppid":"', ppid, b'"', process,
            place.fragment, command, title, paths, address, b"}}",
        ))  # fmt: skip
        if len(data) > mozdef.TERM_LIMIT:
            raise Declined
        return data, category, actor
