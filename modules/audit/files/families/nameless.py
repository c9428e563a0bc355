"""Calls that open what has no name in the file system: pipes, sockets, descriptors of processes, rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.call import Layout, signed
from mig_audit.modules.audit.files.entering import enter
from mig_audit.modules.audit.files.open_file import PIDFD
from mig_audit.modules.audit.files.rows import DUP, UNKNOWN_FD, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process

_CLOEXEC = 0o2000000  # O_CLOEXEC, SOCK_CLOEXEC
_UNIX = 1  # linux/socket.h AF_UNIX


def _pipe(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _pair(host, process, call, "fifo", cloexec=call.name == "pipe2" and _says_cloexec(call, 1))


def _socketpair(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _pair(host, process, call, "socket", cloexec=_says_cloexec(call, 1))


def _pair(host: Host, process: Process, call: Call, kind: str, *, cloexec: bool) -> Sequence[Row]:
    for end in ("fd0", "fd1"):
        if end in call.told:
            file = host.new_file(kind)
            file.passes = kind == "socket" and _passes(call)
            enter(host, process, call.told[end], file, cloexec=cloexec)
    return ()


def _says_cloexec(call: Call, index: int) -> bool:
    # There, sockets are made by way of socketcall too, which has its arguments in memory.
    return call.layout is Layout.WIDE and bool(call.args[index] & _CLOEXEC)


def _socket(host: Host, process: Process, call: Call) -> Sequence[Row]:
    file = host.new_file("socket")
    file.passes = _passes(call)
    enter(host, process, call.returned, file, cloexec=_says_cloexec(call, 1))
    return ()


def _passes(call: Call) -> bool:
    """Say whether descriptors can be sent through the socket that a call makes."""
    return call.layout is not Layout.WIDE or signed(call.args[0]) == _UNIX


def _accept(host: Host, process: Process, call: Call) -> Sequence[Row]:
    cloexec = call.name == "accept4" and _says_cloexec(call, 3)
    listening = process.table.get(signed(call.args[0]))
    file = host.new_file("socket")
    file.passes = listening is None or listening.file.passes or listening.file.kind is None
    enter(host, process, call.returned, file, cloexec=cloexec)
    return ()


def _send(_host: Host, process: Process, _call: Call) -> Sequence[Row]:
    process.table.send()
    return ()


def _receive(_host: Host, process: Process, _call: Call) -> Sequence[Row]:
    process.receives = True
    return ()


def _pidfd_open(host: Host, process: Process, call: Call) -> Sequence[Row]:
    file = host.new_file(PIDFD)
    file.target = signed(call.args[0])
    enter(host, process, call.returned, file, cloexec=True)
    return ()


def _pidfd_getfd(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """Take what a descriptor of another process leads to."""
    entry = process.table.get(signed(call.args[0]))
    other = host.process(entry.file.target if entry is not None else None)
    taken = None if other is None else other.table.get(signed(call.args[1]))
    if taken is None:
        host.doubted = host.tick  # somebody shares what is known of another one, and nobody knows who
        file = host.new_file()
        file.flags = (UNKNOWN_FD,)
    else:
        file = taken.file
        host.changes.bring_up_to_date(file)
    flags = enter(host, process, call.returned, file, cloexec=True)
    return [
        Row(
            DUP,
            call,
            process.pid,
            None,
            file.path,
            file.path_confidence,
            file.identity,
            old=signed(call.args[1]),
            new=call.returned,
            file=file.number,
            flags=(*file.flags, *flags),
        )
    ]


def _ring(host: Host, process: Process, call: Call) -> Sequence[Row]:
    enter(host, process, call.returned, host.new_file("ring"), cloexec=True)
    return use_ring(host, process, call)


def use_ring(host: Host, process: Process, _call: Call) -> Sequence[Row]:
    """Take note of a process whose work is done where audit does not look."""
    if not process.rings:
        process.rings = True
        host.counts.rings += 1
    return ()


CALLS: Mapping[str, Handler] = {
    "pipe": _pipe,
    "pipe2": _pipe,
    "socketpair": _socketpair,
    "socket": _socket,
    "accept": _accept,
    "accept4": _accept,
    "sendmsg": _send,
    "sendmmsg": _send,
    "recvmsg": _receive,
    "recvmmsg": _receive,
    "pidfd_open": _pidfd_open,
    "pidfd_getfd": _pidfd_getfd,
    "io_uring_setup": _ring,
    "io_uring_enter": use_ring,
    "io_uring_register": use_ring,
}
