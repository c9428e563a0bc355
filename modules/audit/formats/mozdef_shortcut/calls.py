"""The first half of a SYSCALL record: which call it was, how it ended, and what its arguments say."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional

from mig_audit.modules.audit.events import category as categories
from mig_audit.modules.audit.events.paths import LINKING, NEVER_RELATIVE, directory_arguments
from mig_audit.modules.audit.events.system_calls import decode_syscall
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, members, written
from mig_audit.modules.audit.formats.summaries import call_text, is_by_descriptor
from mig_audit.modules.audit.records.interpretation.arguments import (
    creates_file,
    deciding_positions,
    meanings,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Syscall

_BEFORE_EXIT = b',"exit":"'
_OTHERWISE_RELATIVE = NEVER_RELATIVE | LINKING
_new = tuple.__new__  # what Opening(...) does, without its Python frame
Arguments = tuple[bytes, bytes, bytes, bytes]
# Picks out of a0 to a3 those that decide what is said of them.
Deciding = Callable[[Arguments], object]


class Opening(NamedTuple):
    """What open flags tell: the category, and which arguments decide the words."""

    category: str
    deciding: Optional[Deciding]


class Call(Memory[bytes, Opening]):
    """What a system call's number tells, whatever it was called with; by open flags (hex), what those add.

    Attributes:
        title: its name, or what stands for one.
        flags: which argument holds open flags, None if none does.
        category: of a call without open flags.
        deciding: likewise, `Opening.deciding`.
        directories: which arguments are descriptors that names may be relative to.
        relative: what else it changes for relative names: nothing, or its name.
        by_descriptor: the summary tells its descriptor.
        asks_for_socket: its arguments say what kind of socket.
        words: what was said of its arguments.
    """

    def __init__(self, syscall: Syscall) -> None:
        super().__init__()
        name = self.name = syscall.name
        self.title = Words.of(call_text(syscall))
        self.flags = categories.open_flags_index(name)
        self.category = categories.categorise(("SYSCALL",), name, None, apparmor=False)
        machine = syscall.arch_name
        self._meanings = meanings(machine, name)
        self.deciding = _deciding(machine, name)
        self._deciding_without_mode = _deciding(machine, name, creates=False)
        self.directories = directory_arguments(name)
        self.relative = name if name is None or name in _OTHERWISE_RELATIVE else ""
        self.by_descriptor = is_by_descriptor(name)
        self.asks_for_socket = name in mozdef_details.SOCKET_CALLS
        self.words: Memory[object, bytes] = Memory()

    def make(self, key: bytes) -> Opening:
        """Return what these open flags tell."""
        flags = int(key, 16)
        deciding = self.deciding if creates_file(flags) else self._deciding_without_mode
        return _new(Opening, (categories.open_category(flags), deciding))

    def say(self, key: object, arguments: Arguments) -> bytes:
        """Return what is said of the arguments, those that decide it being the key."""
        known = self.words.get(key)
        if known is None:
            a0, a1, a2, a3 = arguments
            numbers = (int(a0, 16), int(a1, 16), int(a2, 16), int(a3, 16))
            said = []
            for position, meaning in self._meanings:
                text = meaning(numbers[position], numbers)
                if text is not None:
                    said.append(f'"a{position}":"{text}"')  # the tables have no word that JSON has otherwise
            known = b',"interpreted":{%b}' % ",".join(said).encode("ascii") if said else b""
            self.words.offer(key, known)
        return known


class Head(NamedTuple):
    """``arch`` to ``success``, up to where it is told what the call returned."""

    fragment: bytes
    call: Call
    success: bool


class Heads(Memory[bytes, Head]):
    """By the text from ``arch=`` to ``success=``, whose shape is checked already."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: Memory[tuple[bytes, bytes], Call] = Memory()

    def make(self, key: bytes) -> Head:
        """Return what it says."""
        arch, number, success = [part.partition(b"=")[2] for part in key.split(b" ")]
        syscall = decode_syscall({"arch": arch, "syscall": number, "success": success})
        if syscall.name == "socketcall":
            raise Declined  # which call that is stands in its first argument
        call = self._calls.get((arch, number))
        if call is None:
            call = Call(syscall)
            self._calls.keep((arch, number), call)
        succeeded = syscall.success is True
        told = members({"success": succeeded}) + written(mozdef_details.add_call, syscall)
        return Head(told + _BEFORE_EXIT, call, succeeded)


class Errors(Memory[bytes, bytes]):
    """By what a call returned that is less than 0: the number, and the error's name if it has one."""

    def make(self, key: bytes) -> bytes:
        """Return both as they stand between the quotes around them."""
        return written(mozdef_details.add_call, decode_syscall({"exit": key}))[len(_BEFORE_EXIT) : -1]


class Sockets(Memory[tuple[bytes, bytes, bytes], bytes]):
    """By the first three arguments of a call that asks for a socket."""

    def make(self, key: tuple[bytes, bytes, bytes]) -> bytes:
        """Return what kind of socket that is."""
        return written(mozdef_details.add_socket, [argument.decode("ascii") for argument in key])


def _deciding(machine: Optional[str], syscall: Optional[str], *, creates: bool = True) -> Optional[Deciding]:
    positions = deciding_positions(machine, syscall, creates=creates)
    return itemgetter(*positions) if positions else None
