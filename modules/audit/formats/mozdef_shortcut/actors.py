"""The second half of a SYSCALL record: who did it, in which program, and for which rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.draft import SYSCALL_IDENTITIES, SYSCALL_PROGRAM
from mig_audit.modules.audit.events.event import NO_PROCESS
from mig_audit.modules.audit.events.identities import names_in
from mig_audit.modules.audit.events.summary import Actor, user_of
from mig_audit.modules.audit.events.values import marked_value, plain_value, rule_keys, string_value
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.mozdef_details import IDENTITY_KEYS
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import (
    LONGEST,
    MANY,
    Declined,
    Memory,
    encoded_text,
    members,
    written,
)
from mig_audit.modules.audit.formats.mozdef_shortcut.strings import json_string, told_value

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_IDENTITIES = re.compile(SYSCALL_IDENTITIES)
# The same where no number begins with zeros, which are not told.
_ORDINARY = re.compile(SYSCALL_IDENTITIES.replace(b"[0-9]{1,10}", b"0|[1-9][0-9]{0,9}"))
_TOLD = b"".join([b',"%b":"%%b"' % key.encode() + b"%b" * bool(name) for key, name in IDENTITY_KEYS])
_NAMES = tuple([f',"{name}":'.encode() for _, name in IDENTITY_KEYS if name])
_PROGRAM = re.compile(SYSCALL_PROGRAM)
# The same where all is there, and JSON as it stands.
_PLAIN_PROGRAM = re.compile(
    rb"tty=((?!\(null\) )[!#-\[\]-~]+) ses=(0|[1-9][0-9]{0,9})"
    rb' comm=("[!#-\[\]-~]*") exe=("[!#-\[\]-~]*")'
    rb"(?: subj=((?!\(null\) |\(none\) |\? )[!#-\[\]-~]+))?"
    rb' key=("[^" ]*"|[0-9A-F]+|\(null\))'
)
_ADDED = re.compile(rb'ARCH=[0-9a-z_]+ SYSCALL=[0-9a-z_()-]+ ((?:[A-Z]+="[^"\'=]*"(?: |$))+)')
_ABSENT = frozenset({b"(null)", b"(none)", b"?"})
_new = tuple.__new__  # what Tail(...) does, without its Python frame


class Tail(NamedTuple):
    """``auid`` to ``key``, in the three places where the format has it: before ``pid``, and around it and ``ppid``."""

    keys: bytes
    identities: bytes
    process: bytes
    actor: Actor


class _Account(NamedTuple):
    """``auid`` to ``fsgid``: as members of the details, and who is meant."""

    fragment: bytes
    user: str


class _Accounts(Memory[tuple[bytes, bytes], _Account]):
    """By the text from ``auid=`` to ``fsgid=``, and what auditd said of it."""

    entries = MANY

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder
        frame.names.append(self)

    def make(self, key: tuple[bytes, bytes]) -> _Account:
        text, enriched = key
        ordinary = _ORDINARY.fullmatch(text)
        match = ordinary or _IDENTITIES.fullmatch(text)
        if match is None:
            raise Declined
        raws = match.groups()
        identities = self._decoder.identities.decode(raws, self._frame.minute, names_in(enriched))
        if ordinary is None:
            return _Account(written(mozdef_details.add_identities, identities), user_of(identities))
        names = [
            before + encoded_text(identity.name)
            if identity is not None and identity.name is not None
            else b""
            for before, identity in zip(_NAMES, identities)
        ]
        told = _TOLD % (raws[0], names[0], raws[1], names[1], raws[2], names[2], raws[3], names[3], *raws[4:])
        return _Account(told, user_of(identities))


class _Keys(Memory[bytes, "tuple[tuple[str, ...], bytes]"]):
    """By the value of ``key=``: the keys of the rules, and as members of the details."""

    def make(self, key: bytes) -> tuple[tuple[str, ...], bytes]:
        keys = rule_keys(key)
        return keys, members({"auditkey": keys[0], "keys": list(keys)} if keys else {})


class Tails(Memory[bytes, Tail]):
    """By the text from ``auid=`` on: few accounts and rules, and any number of programs."""

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        super().__init__()
        self._accounts = _Accounts(frame, decoder)
        self._keys = _Keys()
        frame.names.append(self)

    def make(self, key: bytes) -> Tail:
        """Return what it says."""
        return self.tail(key, b"")

    def tail(self, key: bytes, enriched: bytes) -> Tail:
        """Return what it says where auditd said something of it."""
        end = key.find(b" tty=")
        plain = _PLAIN_PROGRAM.fullmatch(key, end + 1)
        match = plain or _PROGRAM.fullmatch(key, end + 1)
        if match is None:
            raise Declined
        identities, user = self._accounts[key[:end], enriched]
        tty, session, comm, exe, subj, key_raw = match.groups()
        keys, keys_told = self._keys[key_raw]
        if plain is not None:
            label = b"" if subj is None else b',"subj":"%b"' % subj
            told = (comm, exe, tty, session, label)
            process = b'","processname":%b,"process":%b,"tty":"%b","session":"%b"%b' % told
            text = exe[1:-1].decode("ascii")
        else:
            process, text = _process(match)
        actor = _new(Actor, (keys, text, user))
        return _new(Tail, (keys_told, identities + b',"pid":"', process, actor))


class EnrichedTails(Memory[tuple[bytes, bytes], Tail]):
    """By the same and what auditd added to the record, without what that says of the call."""

    def __init__(self, tails: Tails, frame: Frame) -> None:
        super().__init__()
        self._tail = tails.tail
        self._added = _Added()
        frame.names.append(self)

    def of(self, text: bytes, added: bytes) -> Tail:
        """Return what they say."""
        return self[text, self._added[added]]

    def make(self, key: tuple[bytes, bytes]) -> Tail:
        """Return what they say where that was not asked before."""
        return self._tail(*key)

    def keep(self, key: tuple[bytes, bytes], value: Tail) -> None:
        """Remember one more, unless it is long."""
        if len(key[0]) <= LONGEST:
            super().keep(key, value)


class _Added(Memory[bytes, bytes]):
    """By what auditd added to a SYSCALL record: what is left of that without architecture and call, which say nothing of names."""

    def make(self, key: bytes) -> bytes:
        if len(key) > LONGEST:
            raise Declined
        match = _ADDED.fullmatch(key)
        return match[1] if match else key


def _process(match: re.Match[bytes]) -> tuple[bytes, Optional[str]]:
    """Return the program as members of the details after a quote, and its path."""
    tty, session, comm, exe, subj, _ = match.groups()
    name, path = told_value(comm), told_value(exe)
    if name is None or path is None or tty == b"(null)" or subj in _ABSENT:
        return b'"' + _unusual_process(match), path and path[0]
    label = b"" if subj is None else b',"subj":' + json_string(subj)
    told = (name[1], path[1], json_string(tty), int(session), label)
    return b'","processname":%b,"process":%b,"tty":%b,"session":"%d"%b' % told, path[0]


def _unusual_process(match: re.Match[bytes]) -> bytes:
    process = NO_PROCESS._replace(
        comm=string_value(match["comm"]),
        exe=string_value(match["exe"]),
        tty=marked_value(match["tty"]),
        session=int(match["ses"]),
        subj=plain_value(match["subj"]),
    )
    return written(mozdef_details.add_process, process)
