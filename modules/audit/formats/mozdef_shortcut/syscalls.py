"""Events of system calls whose records are of the kernel's usual shapes: the way that nearly all events take.

`Syscalls.encode` runs once for every event, and is written for that: what can be remembered is one look into a dict
away, and the rest is joined. It is held against the long way by the tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from mig_audit.modules.audit.events.group import EOE
from mig_audit.modules.audit.events.usual import SYSCALL_BODY, Usual
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.mozdef_limits import TERM_LIMIT
from mig_audit.modules.audit.formats.mozdef_shortcut.actors import EnrichedTails, Tails
from mig_audit.modules.audit.formats.mozdef_shortcut.auxiliaries import TYPES, Auxiliaries
from mig_audit.modules.audit.formats.mozdef_shortcut.calls import Errors, Heads, Sockets
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Openings, Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, encoded_text, members
from mig_audit.modules.audit.formats.mozdef_shortcut.paths import AT_FDCWD, Place, Places
from mig_audit.modules.audit.formats.mozdef_shortcut.texts import Addresses, Commands, Titles
from mig_audit.modules.audit.formats.summaries import descriptor_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import Bundle, Decoder
    from mig_audit.modules.audit.formats.interface import Short
    from mig_audit.modules.audit.formats.mozdef_shortcut.calls import Arguments, Call
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_SYSCALL = re.compile(SYSCALL_BODY, re.DOTALL)
_OTHERS = ("SOCKADDR", "EXECVE", "CWD")
# The types that an event may have here: PATH any number of times, the others once.
_TYPES = frozenset({"SYSCALL", *TYPES, *_OTHERS, "PATH", "PROCTITLE", "EOE"})
_MOST_TYPES = 64  # of an event whose order is remembered
_NO_END = (b"", True)
_NO_PATHS = (None,) * 7
_NO_DIRECTORY = (b"", None)
_MINUS = ord("-")


class _Shape(NamedTuple):
    """What is said of an event that has records of these types and ended so."""

    fragment: bytes
    enough: frozenset[bytes]  # the numbers of items for which there are PATH records enough


class _Order(NamedTuple):
    """Where in an event of these record types each record is (-1: nowhere), and its shape."""

    syscall: int
    aux_type: Optional[bytes]
    aux: int
    others: tuple[int, ...]
    paths: tuple[int, ...]
    title: int
    eoe: int
    shape: _Shape


class _Orders(Memory[tuple[str, ...], _Order]):
    """By how the event ended and the types of its records."""

    def make(self, key: tuple[str, ...]) -> _Order:
        ending, *types = key
        places = {name: index for index, name in enumerate(types)}
        paths = tuple([index for index, name in enumerate(types) if name == "PATH"])
        alone = len(types) - len(paths) == len(places) - bool(paths)
        if "SYSCALL" not in places or not alone or not _TYPES.issuperset(types):
            raise Declined
        others = tuple([places.get(name, -1) for name in _OTHERS])
        aux = [name for name in TYPES if name in places]
        if len(aux) > 1:
            raise Declined
        return _Order(
            places["SYSCALL"],
            aux[0].encode("ascii") if aux else None,
            places[aux[0]] if aux else -1,
            others,
            paths,
            places.get("PROCTITLE", -1),
            places.get("EOE", -1),
            _shape(types, ending),
        )

    def keep(self, key: tuple[str, ...], value: _Order) -> None:
        """Remember one more, unless it is long: an event may have thousands of records."""
        if len(key) <= _MOST_TYPES:
            super().keep(key, value)


_ShapeKey = tuple[Optional[bytes], bool, bool, bool, int, bool, Optional[bytes]]


class _Shapes(Memory[_ShapeKey, _Shape]):
    """Of usual events: by the type of the second record, which there are not, how many paths, and how it ended."""

    def make(self, key: _ShapeKey) -> _Shape:
        aux_type, *without, paths, untitled, end = key
        others = [] if aux_type is None else [aux_type.decode("ascii")]
        others += [name for name, absent in zip(_OTHERS, without) if not absent]
        ending = (end or b"").decode("ascii").lower()
        types = ["SYSCALL", *others, *["PATH"] * paths, *([] if untitled else ["PROCTITLE"])]
        return _shape([*types, "EOE"] if ending == EOE else types, ending)


def _shape(types: Sequence[str], ending: str) -> _Shape:
    whole = "EOE" in types
    if (ending == EOE) != whole:
        raise Declined
    details: dict[str, Any] = {}
    mozdef_details.add_records(details, types, ending, () if whole else ("eoe",))
    paths = types.count("PATH")
    return _Shape(b'"' + members(details), frozenset(str(items).encode() for items in range(paths + 1)))


class Syscalls:
    """Encodes them; what it cannot, it declines."""

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        self._frame = frame
        self._openings = Openings()
        self._orders = _Orders()
        self._shapes = _Shapes()
        self._heads = Heads()
        self._errors = Errors()
        self._tails = Tails(frame, decoder)
        self._enriched_tails = EnrichedTails(self._tails, frame)
        self._auxiliaries = Auxiliaries(frame, decoder)
        self._sockets = Sockets()
        self._places = Places()
        self._directories = self._places.directories
        self._ends = self._places.ends
        self._commands = Commands()
        self._titles = Titles()
        self._addresses = Addresses()

    def encode(self, bundle: Bundle, last: bytes = b"}}") -> Short:
        """Return the event, its category and its actor; ``last`` as that of `encode_usual`.

        Raises:
            Declined: it is no usual event of a system call.
        """
        stamp, types, bodies, _, ending, _, added, _ = bundle
        order = self._orders[(ending, *types)]
        match = _SYSCALL.fullmatch(bodies[order.syscall])
        if match is None or (order.eoe >= 0 and bodies[order.eoe].strip()):
            raise Declined
        others = [None if place < 0 else bodies[place] for place in order.others]
        title = None if order.title < 0 else bodies[order.title]
        aux = (order.aux_type, None if order.aux < 0 else bodies[order.aux])
        numbers = self._frame.numbers(stamp)
        usual = Usual._make((stamp, *numbers, *match.groups(), *aux, *others, *_NO_PATHS, title, None))
        return self.encode_usual(
            usual,
            [bodies[place] for place in order.paths],
            order.shape,
            last,
            added[order.syscall] if added else None,
        )

    def encode_usual(  # noqa: C901, PLR0912, PLR0915  # the hot path
        self,
        usual: Usual,
        paths: Sequence[bytes] = (),
        shape: Optional[_Shape] = None,
        last: bytes = b"}}",
        added: Optional[bytes] = None,
    ) -> Short:
        """Return the same of a usual event; its paths and shape, where these are not what it says.

        ``last`` are the last members of the details, and the end of the event; ``added`` is what auditd said of it.

        Raises:
            Declined: it is not so usual.
        """
        (
            stamp, seconds, milliseconds, serial, head_raw, code, a0, a1, a2, a3, items, ppid, pid, tail_raw,
            aux_type, aux_raw, address_raw, command_raw, cwd_raw, path, name, inode, entry, second, third, fourth, title_raw, ending,
        ) = usual  # fmt: skip
        if shape is None:
            if second is not None:
                paths = [path for path in (path, second, third, fourth) if path is not None]
            elif path is not None:
                paths = (path,)
            shape = self._shapes[
                aux_type,
                address_raw is None,
                command_raw is None,
                cwd_raw is None,
                len(paths),
                title_raw is None,
                ending,
            ]
        fragment, enough = shape
        if items not in enough:
            raise Declined
        frame = self._frame
        if seconds != frame.seconds:
            frame.begin(seconds)
        tail = self._tails[tail_raw] if added is None else self._enriched_tails.of(tail_raw, added)
        keys, identities, process, actor = tail
        head, call, success = self._heads[head_raw]
        if code[0] == _MINUS:
            code = self._errors[code]
        arguments = (a0, a1, a2, a3)
        category, deciding = call.category, call.deciding
        if call.flags is not None:
            category, deciding = call[arguments[call.flags]]
        words = b""
        if deciding:
            key = deciding(arguments)
            words = call.words.get(key) or call.say(key, arguments)
        rest = b""
        signalled = call.title
        if aux_type is not None and aux_raw is not None:
            aux = self._auxiliaries[aux_type, aux_raw]
            rest, words = aux.fragment, aux.beside(words)
            if aux.target:
                signalled = Words.of(call.title.text + aux.target)
        if call.asks_for_socket:
            words += self._sockets[arguments[:3]]

        directory, cwd = _NO_DIRECTORY if cwd_raw is None else self._directories[cwd_raw]
        command = title = address = subject = before = elements = same = after = b""
        told: Optional[bytes] = None
        about = call.title
        ran: Optional[Words] = None
        if command_raw is not None:
            command, ran = self._commands[command_raw]
        if title_raw is not None:
            title = self._titles[title_raw]
        if call.by_descriptor:
            about = Words.of(descriptor_text(a0.decode("ascii")))
        if address_raw is not None:
            address, about = self._addresses[address_raw, category]
        if len(paths) == 1:
            known = None if entry is None or category == "execve" else self._ends[entry]
            end, parent = known or _NO_END
            if parent or name is None:
                before, after = b',"paths":[', b"]"
                elements, subject, about, named, _ = self._place(cwd_raw, cwd, call, arguments)[paths[0]]
                if category == "execve" and named and command_raw is None:
                    ran = about
            else:
                if inode is None:
                    subject = b',"path":%b%b' % (name, end)
                else:
                    subject = b',"path":%b,"inode":"%b"%b' % (name, inode, end)
                before, elements, same, after = b',"paths":[{"item":"0","name":', name, subject, b"}]"
                told = name[1:-1]
        elif paths:
            place = self._place(cwd_raw, cwd, call, arguments)
            seen = [place[path] for path in paths]
            chosen = seen[0]
            if category != "execve":
                objects = [path for path in seen if not path.parent]
                chosen = objects[-1] if objects else seen[-1]
            elif command_raw is None and chosen.named:
                ran = chosen.words
            subject, about = chosen.subject, chosen.words
            before, elements, after = b',"paths":[', b",".join([path.element for path in seen]), b"]"
        if category == "execve":
            about = ran or Words.of(actor.exe or "")
        elif category == "signal":
            about, told = signalled, None
        opening, room = self._openings[category, success]
        if not room:
            told = b""
        elif told is None:
            told = about.told
            if told is None:
                told = encoded_text(about.text[:room])[1:-1]
        data = b"".join((
            opening, told, frame.before_pid, pid, frame.after_pid, milliseconds, frame.before_serial, serial,
            frame.before_stamp, stamp, fragment, keys, head, code, b'","a0":"', a0, b'","a1":"', a1, b'","a2":"', a2,
            b'","a3":"', a3, b'"', words, identities, pid, b'","ppid":"', ppid, process,
            directory, command, title, subject, before, elements, same, after, address, rest, last,
        ))  # fmt: skip
        if len(data) > TERM_LIMIT:
            raise Declined
        return data, category, actor

    def _place(self, cwd_raw: Optional[bytes], cwd: Optional[str], call: Call, arguments: Arguments) -> Place:
        """Return what the names of such a call are relative to."""
        here = True
        for index in call.directories:
            if arguments[index][-8:] != AT_FDCWD:
                here = False
        return self._places.of(cwd_raw, cwd, call.relative, here=here)
