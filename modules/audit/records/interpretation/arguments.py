"""The arguments of system calls, a0 to a3 of SYSCALL records: which of them are numbers that stand for words.

A register holds what it holds, whether the call has such an argument or not. What an argument is follows from the
system call's name and, in a few places, from the machine and from the arguments before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, Optional

from mig_audit.modules.audit.records.interpretation.modes import file_mode, permissions
from mig_audit.modules.audit.records.interpretation.words import (
    choice_word,
    choices,
    document,
    personality_words,
    words_of,
)

Arguments = Sequence[Optional[str]]
Numbers = Sequence[Optional[int]]
"""Of a0 to a3: None for what is missing, and for what is no hexadecimal number."""

Meaning = Callable[[int, Numbers], Optional[str]]
"""Gives the words of an argument, None if it has none; it is given the argument and all four."""

USER, GROUP = "user", "group"
_REGISTERS = 4  # that a record has
_INT = 0xFFFF_FFFF
_AT_FDCWD = 0xFFFF_FF9C  # linux/fcntl.h, -100 as an int
_O_CREAT, _O_TMPFILE = (
    0o100,
    0o20000000,
)  # asm-generic/fcntl.h; the same on every machine that has a name here
_SIGNAL = 0xFF  # linux/sched.h CSIGNAL
_INTERNET = frozenset({2, 10})  # AF_INET and AF_INET6: the families whose protocols /etc/protocols names
_SETFD, _SETFL, _SETSIG, _ADD_SEALS = 2, 4, 10, 1033  # linux/fcntl.h F_...
_FD_CLOEXEC = 1
_RESET_ON_FORK = 0x4000_0000  # linux/sched.h
_SOCKET_OPTIONS = {
    0: "ip-options",
    1: "socket-options",
    6: "tcp-options",
    17: "udp-options",
    41: "ip6-options",
    263: "packet-options",
}
# linux/prctl.h: what the second argument is, by the first
_PROCESS_OPTIONS = {
    1: "signals",
    22: "seccomp-modes",
    23: "capabilities",
    24: "capabilities",
    47: "ambient-operations",
}


class Argument(NamedTuple):
    """One argument that may have words.

    Attributes:
        position: 0 for a0.
        kind: what it is: a table of words, ``user``, ``group``, or a kind of this module.
        tables: the machine's own tables in place of others.
    """

    position: int
    kind: str
    tables: Mapping[str, str]


def argument_words(
    machine: Optional[str], syscall: Optional[str], args: Arguments
) -> tuple[tuple[int, str], ...]:
    """Return the words of those arguments that have some: (2, "O_RDONLY|O_CLOEXEC") for a2 of openat.

    Ids are not among them, nor is a number without a word: the register says as much.

    Args:
        machine: as `tables.arch_name` gives it; None if it is not known.
        syscall: the name of the call itself: ``socketcall``, not what that was asked for.
        args: a0 to a3 in hexadecimal; None for what is missing.
    """
    numbers = _numbers(args)
    words = []
    for position, meaning in meanings(machine, syscall):
        value = numbers[position]
        text = None if value is None else meaning(value, numbers)
        if text is not None:
            words.append((position, text))
    return tuple(words)


@lru_cache(maxsize=2048)
def meanings(machine: Optional[str], syscall: Optional[str]) -> tuple[tuple[int, Meaning], ...]:
    """Return which arguments of a system call may have words, ids left out, and what gives these; () for an unknown call."""
    return tuple(
        [
            (argument.position, _meaning(argument))
            for argument in known_arguments(machine, syscall)
            if argument.kind not in {USER, GROUP}
        ]
    )


@lru_cache(maxsize=2048)
def known_arguments(machine: Optional[str], syscall: Optional[str]) -> tuple[Argument, ...]:
    """Return the arguments of a system call that may have words; () for an unknown call."""
    words = document()
    special = words["machines"].get(machine, {})
    kinds = special.get("arguments", {}).get(syscall, words["arguments"].get(syscall, ()))
    tables = special.get("tables", {})
    return tuple([Argument(index, kind, tables) for index, kind in enumerate(kinds) if kind is not None])


@lru_cache(maxsize=2048)
def deciding_positions(
    machine: Optional[str], syscall: Optional[str], *, creates: bool = True
) -> tuple[int, ...]:
    """Return which of a0 to a3 the words of a call's arguments follow from: equal there, equal words.

    Args:
        machine: as for `argument_words`.
        syscall: likewise.
        creates: False for a call to open that makes no file, whose mode is left over from something else.
    """
    positions = set()
    for argument in known_arguments(machine, syscall):
        if argument.kind == "created-mode" and not creates:
            continue
        positions.add(argument.position)
        if argument.kind in _FOLLOWS_FROM_BEFORE:
            positions.add(argument.position - 1)
        elif argument.kind == "protocol":
            positions.add(0)
    return tuple(sorted(positions))


def creates_file(flags: int) -> bool:
    """Say whether a call to open with these flags gives a new file the mode it names."""
    return bool(flags & (_O_CREAT | _O_TMPFILE))


def argument_text(argument: Argument, args: Arguments) -> Optional[str]:
    """Return the words of one argument; None if it has none, is missing, or is an id."""
    value = argument_value(args, argument.position)
    if value is None or argument.kind in {USER, GROUP}:
        return None
    return _meaning(argument)(value, _numbers(args))


def unknown_text(argument: Argument, args: Arguments) -> Optional[str]:
    """Return what libauparse says of a number that should have had a word; None if it says the number."""
    text = args[argument.position] if argument_value(args, argument.position) is not None else None
    table = argument.tables.get(argument.kind, argument.kind)
    table = _TABLES.get(table, table)
    if argument.kind == "socket-option":
        table = _socket_options(argument, _numbers(args)) or ""
    elif argument.kind == "process-option-argument":
        table = _PROCESS_OPTIONS.get(_int(_numbers(args), argument.position - 1), "")
    if text is None or table not in document()["choices"]:
        return None
    return choices(table).unknown_text(text, 16)


def argument_value(args: Arguments, index: int) -> Optional[int]:
    """Return an argument's number; None if it is missing or no hexadecimal number."""
    text = args[index] if index < len(args) else None
    try:
        return None if text is None else int(text, 16)
    except ValueError:
        return None


def _numbers(args: Arguments) -> Numbers:
    return [argument_value(args, index) for index in range(_REGISTERS)]


def _int(numbers: Numbers, index: int) -> int:
    value = numbers[index]
    return -1 if value is None else value & _INT


def _meaning(argument: Argument) -> Meaning:
    meaning = _MEANINGS.get(argument.kind)
    return partial(_word, _words(argument, argument.kind)) if meaning is None else partial(meaning, argument)


def _words(argument: Argument, kind: str) -> Callable[[int], Optional[str]]:
    return words_of(argument.tables.get(kind, kind))


def _word(words: Callable[[int], Optional[str]], value: int, _numbers: Numbers) -> Optional[str]:
    return words(value & _INT)


def _directory(_argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    return "AT_FDCWD" if value & _INT == _AT_FDCWD else None


def _mode(_argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    return permissions(value)


def _file_mode(_argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    return file_mode(value)


def _created_mode(argument: Argument, value: int, numbers: Numbers) -> Optional[str]:
    """Return the mode that open gives a new file; where it makes none, the register is left over."""
    return permissions(value) if creates_file(numbers[argument.position - 1] or 0) else None


def _ipc_flags(argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    words = _words(argument, argument.kind)(value & _INT)
    return f"{words}|{permissions(value & 0o777)}" if words else permissions(value & 0o777)


def _clone_flags(argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    """Return the flags, and the signal that the child's end is told with, which shares the register."""
    signal = value & _SIGNAL
    flags = _words(argument, argument.kind)(value & _INT)
    words = (flags, choice_word("signals", signal) if signal else None)
    return "|".join(word for word in words if word) or None


def _socket_option(argument: Argument, value: int, numbers: Numbers) -> Optional[str]:
    table = _socket_options(argument, numbers)
    return choice_word(table, value & _INT) if table else None


def _socket_options(argument: Argument, numbers: Numbers) -> Optional[str]:
    table = _SOCKET_OPTIONS.get(_int(numbers, argument.position - 1))
    return argument.tables.get(table, table) if table else None


def _protocol(_argument: Argument, value: int, numbers: Numbers) -> Optional[str]:
    return choice_word("protocols", value & _INT) if _int(numbers, 0) in _INTERNET else None


def _command_argument(argument: Argument, value: int, numbers: Numbers) -> Optional[str]:
    command = _int(numbers, argument.position - 1)
    if command == _SETFD:
        return "FD_CLOEXEC" if value & _INT == _FD_CLOEXEC else None
    table = {_SETFL: "open-flags", _SETSIG: "signals", _ADD_SEALS: "seals"}.get(command)
    return _words(argument, table)(value & _INT) if table else None


def _option_argument(argument: Argument, value: int, numbers: Numbers) -> Optional[str]:
    table = _PROCESS_OPTIONS.get(_int(numbers, argument.position - 1))
    return choice_word(table, value & _INT) if table else None


def _personality(_argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    value &= _INT
    if value == _INT:  # asks, and changes nothing
        return None
    return personality_words(value)


def _scheduling_policy(_argument: Argument, value: int, _numbers: Numbers) -> Optional[str]:
    word = choice_word("scheduling-policies", value & _INT)
    return f"{word}|SCHED_RESET_ON_FORK" if word and value & _RESET_ON_FORK else word


_MEANINGS: Mapping[str, Callable[[Argument, int, Numbers], Optional[str]]] = {
    "directory": _directory,
    "mode": _mode,
    "file-mode": _file_mode,
    "created-mode": _created_mode,
    "ipc-flags": _ipc_flags,
    "shared-memory-flags": _ipc_flags,
    "clone-flags": _clone_flags,
    "socket-option": _socket_option,
    "protocol": _protocol,
    "file-command-argument": _command_argument,
    "process-option-argument": _option_argument,
    "personality": _personality,
    "scheduling-policy": _scheduling_policy,
}
_FOLLOWS_FROM_BEFORE = frozenset(
    {"created-mode", "socket-option", "file-command-argument", "process-option-argument"}
)
_TABLES = {
    "personality": "personalities",
    "scheduling-policy": "scheduling-policies",
}
