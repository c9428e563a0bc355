"""Events for the tests of formats: those of a busy host, and those of an attacker who chooses every text."""

from __future__ import annotations

import lzma
import re
from functools import lru_cache
from pathlib import Path

from hypothesis import strategies as st
from streams import groups_of

from mig_audit.modules.audit.events import (
    Decoder,
    Event,
    Origin,
    make_group,
    names_from_files,
)
from mig_audit.modules.audit.events.enrichment import Ancestor, Enrichment, Place
from mig_audit.modules.audit.events.enrichment.model import Gap
from mig_audit.modules.audit.records import parse_line, printable

DATA = Path(__file__).parents[1] / "data" / "records"
NAMES = names_from_files((DATA / "passwd").read_bytes(), b"root:x:0:\n")
HOST = "audit-host.example.com"
ORIGIN = Origin(HOST, NAMES)
BUSY_HOST_EVENTS = 20_719

# What must never reach a terminal or a reader of lines, as bytes of UTF-8: controls, bidi, separators, marks.
UNSAFE = re.compile(
    rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf"
)
_SYSCALL = (
    "type=SYSCALL arch=c000003e syscall={number} success={success} exit={exit} a0={a0} a1={a1} a2={a2} a3=0 items=1"
    " ppid=41 pid=42 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=7"
    " comm={comm} exe={exe} key={key}"
)
ATTACKS = (
    b"\n",
    b"\r\n<34>1 - - - - - - forged",
    b'"',
    b"\\",
    b'\\" x="1',
    b'"] [forged x="1"',
    b"]",
    b"|",
    b"|forged|=1",
    b" act=forged",
    b"=1+1",
    b"@SUM(A1)",
    b"-2+3",
    b"'=x",
    b",forged,",
    b'","forged',
    b"\x1b[31mred",
    b"\x00",
    b"\xff\xfe",
    "\u202eforged".encode(),
    "\u2028".encode(),
    b"</script>",
    b"\\x41",
    b"%s%n${jndi}",
    b"'; DROP TABLE x; --",
)


def decode(*lines: str, node: str = "") -> Event:
    """Return the event of some records, each ``type=NAME fields``."""
    prefix = f"node={node} " if node else ""
    records = []
    for line in lines:
        kind, _, body = line.partition(" ")
        head = f"{prefix}{kind} msg=audit(1795246023.203:380661): ".encode()
        records.append(parse_line(head + body.encode("latin-1")))
    return Decoder(NAMES).decode(make_group(records, "eoe"))


def syscall(number: int, **values: str) -> str:
    """Return a SYSCALL record's line."""
    defaults = {"success": "yes", "exit": "3", "a0": "ffffff9c", "a1": "0", "a2": "80000"}
    texts = {"comm": '"cat"', "exe": '"/usr/bin/cat"', "key": '"etc"'}
    return _SYSCALL.format(number=number, **{**defaults, **texts, **values})


def path(name: str = '"/etc/passwd"', nametype: str = "NORMAL", item: int = 0, mode: str = "0100644") -> str:
    """Return a PATH record's line."""
    return (
        f"type=PATH item={item} name={name} inode=9 dev=fe:00 mode={mode} ouid=0 ogid=0 rdev=00:00"
        f" nametype={nametype} cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
    )


def enriched(event: Event, text: bytes = b"x") -> Event:
    """Return an event with everything that enrichment can add, each text being ``text``."""
    word = printable(text)
    parent = Ancestor(41, word, word, word, "log")
    enrichment = Enrichment(
        parent=parent,
        ancestors=(parent, Ancestor(1, None, "init", None, "proc")),
        place=Place("c" * 64, "docker", word, word, "proc"),
        script=word,
        environment=(("LD_PRELOAD", word),),
        sha256="ab" * 32,
        labels=(word,),
        gaps=(Gap("sha256", "large"),),
    )
    return event._replace(enrichment=enrichment)


def hostile_exec(text: bytes) -> Event:
    """Return a program start in which every text that a program can choose is ``text``."""
    value = text.hex().upper()
    return decode(
        syscall(59, comm=value, exe=value, key=value),
        f"type=EXECVE argc=2 a0={value} a1={value}",
        f"type=CWD cwd={value}",
        path(value),
        f"type=PROCTITLE proctitle={value}",
        "type=EOE ",
    )


def hostile_login(text: bytes) -> Event:
    """Return a login in which the account, and what sshd passes on, is ``text``."""
    word = "".join(chr(byte) if byte not in b"\n" else "?" for byte in text)
    return decode(
        f"type=USER_LOGIN pid=7 uid=0 auid=1000 ses=3 msg='op={word} acct={text.hex().upper()}"
        f' exe="/usr/sbin/sshd" hostname={word} addr={word} terminal={word} res=failed\''
    )


def hostile_text() -> st.SearchStrategy[bytes]:
    """Give what an attacker may try, alone and mixed into anything."""
    attack = st.sampled_from(ATTACKS)
    mixed = st.lists(st.one_of(attack, st.binary(max_size=6)), min_size=1, max_size=4).map(b"".join)
    return st.one_of(attack, mixed).filter(bool)


def busy_host() -> tuple[Event, ...]:
    """Return all 20,719 events of a busy host."""
    return log_events("busy-host.log.xz")


@lru_cache(maxsize=2)
def log_events(name: str) -> tuple[Event, ...]:
    """Return the events of a captured log."""
    content = lzma.decompress((DATA / name).read_bytes())
    decoder = Decoder(NAMES)
    lines = [line for line in content.split(b"\n") if line]
    return tuple(decoder.decode(group) for group in groups_of(lines))


def every_log() -> tuple[str, ...]:
    """Return the names of all captured logs but the busy host's."""
    return tuple(sorted(each.name for each in DATA.glob("*.log.xz") if not each.name.startswith("busy-host")))
