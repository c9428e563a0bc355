"""The shipped profiles in the real kernel: all of their rules load, and each key is seen when it should be.

The rules are for the whole system, so each window is kept as short as what is done in it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import pytest

from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules import load_profile, profile_names
from mig_audit.modules.audit.tables import arch_elf, syscall_number

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.kernel

UID = 61357
_PARAMETERS = {
    "window": "30s",
    "drain": "20s",
    "events": {"limit": 10},
    "kernel": {"backlog_limit": 30000},
}
_PYTHON = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")

# What every program below may use. A file that was there is opened and nothing else, one that was not is removed.
_PROLOGUE = """
import ctypes, os, shutil, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {numbers}
def call(name, *arguments):
    return libc.syscall(NUMBERS[name], *[ctypes.c_void_p(each) if isinstance(each, int) else each for each in arguments])
def touch(path, flags=os.O_WRONLY):
    if os.path.isdir(path):
        path = os.path.join(path, "mig-audit-test-%d" % os.getpid())
    there = os.path.lexists(path)
    try:
        os.close(os.open(path, flags | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600))
    finally:
        if not there:
            os.unlink(path)
def execute(path):
    there = os.path.lexists(path)
    try:
        if not there:
            shutil.copy("/bin/true", path)
        subprocess.run([path, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        if not there:
            os.unlink(path)
"""
_CALLS = (
    "adjtimex bpf capset clock_settime clone delete_module fsopen init_module kexec_load mount pidfd_getfd"
    " pivot_root process_vm_readv process_vm_writev ptrace setns umount2 unshare"
)

_ROOT = {
    "exec": 'execute("/bin/true")',
    "identity": """
for path in ("/etc/passwd", "/etc/ssh", "/etc/sudoers.d", "/etc/polkit-1", "/etc/pam.d", "/etc/nsswitch.conf"):
    touch(path)
touch("/etc/gshadow", os.O_RDONLY)
""",
    "persistence": """
for path in ("/etc/cron.d", "/etc/at.allow", "/etc/systemd", "/etc/init.d", "/etc/ld.so.preload", "/etc/ld.so.conf",
             "/etc/profile.d", "/lib/udev", "/etc/network", "/etc/update-motd.d", "/etc/xdg", "/etc/modules"):
    touch(path)
""",
    "privilege": 'execute("/usr/bin/su")',
    "modules": """
touch("/etc/modprobe.d")
touch("/lib/modules")
execute("/sbin/modprobe")
""",
    "time": """
for path in ("/etc/adjtime", "/etc/ntp.conf"):
    touch(path)
""",
    "mounts": """
touch("/etc/fstab")
call("unshare", 0x20000)
call("mount", b"none", b"/", 0, 0x44000, 0)
call("mount", b"/run", b"/run", 0, 0x1000, 0)
call("umount2", b"/run", 2)
os.close(call("fsopen", b"tmpfs", 0))
os.chroot("/")
""",
    "secrets": """
for path in ("/etc/shadow", "/etc/ssh", "/root/.netrc", "/root/.boto", "/root/.kube"):
    touch(path, os.O_RDONLY)
""",
    "containers": """
execute("/usr/bin/nsenter")
touch("/etc/docker")
call("unshare", 0x4000000)
there = os.path.lexists("/run/docker.sock")
with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
    try:
        if not there:
            server.bind("/run/docker.sock")
            server.listen()
        client.connect("/run/docker.sock")
    finally:
        if not there:
            os.unlink("/run/docker.sock")
""",
}
_USER = {
    "network": """
with socket.socket() as server, socket.socket() as client:
    server.bind(("127.0.0.1", 0))
    server.listen()
    client.connect(server.getsockname())
    server.accept()[0].close()
""",
    "privilege": """
execute("/usr/bin/su")
try:
    os.setuid(0)
except PermissionError:
    pass
call("capset", 0, 0)
fd = os.memfd_create("mig-audit-test")
os.fchmod(fd, 0o4700)
try:
    os.setxattr(fd, "user.mig-audit-test", bytes(20))
except OSError:
    pass
call("ptrace", 16, 0x7fffffff, 0, 0)
call("process_vm_writev", 0x7fffffff, 0, 0, 0, 0, 0)
""",
    # No user may do any of this: there is nothing to undo
    "modules": """
call("init_module", b"garbage", 7, b"")
call("delete_module", b"mig-audit-test", 0x800)
call("bpf", 5, 0, 0)
call("kexec_load", 0, 0, 0, 0)
""",
    # The first reads the clock's state, the second gives no time to set
    "time": """
call("adjtimex", ctypes.create_string_buffer(512))
call("clock_settime", 0, 0)
""",
    "mounts": 'call("pivot_root", b"/", b"/")',
    "secrets": """
call("process_vm_readv", 0x7fffffff, 0, 0, 0, 0, 0)
call("pidfd_getfd", 0x7fffffff, 0, 0)
""",
    "containers": """
call("setns", 0x7fffffff, 0)
call("clone", 0x4000011, 0, 0, 0, 0)
call("pivot_root", b"/", b"/")
""",
    **dict.fromkeys(
        ("files-opens", "files-lean", "files-full"),
        """
read, write = os.pipe()
os.write(write, b"x" * 100)
os.read(read, 100)
os.close(os.open("/etc/passwd", os.O_RDONLY))
""",
    ),
}
_NEEDS_32_BIT = {"T1095_socketcall"}

# The kernel takes int 0x80 for a call of a 32-bit program whoever uses it. Arguments that are addresses are in the page
# after the code's, which has an address of 32 bits.
_NARROW_PROLOGUE = """
import os, socket, struct
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, 8192, 7, 0x62, -1, 0)
code = bytes.fromhex("53 89f8 89f3 4189c9 89d1 4489ca 4489c6 cd80 5b c3")
ctypes.memmove(page, code, len(code))
narrow = ctypes.CFUNCTYPE(*[ctypes.c_int] * 6)(page)
def call(name, *arguments):
    return narrow(NUMBERS[name], *(*arguments, 0, 0, 0, 0)[:4])
def put(data):
    ctypes.memmove(page + 4096, data, len(data))
    return page + 4096
assert call("close", 999) == -9
"""
_NARROW_CALLS = (
    "accept4 adjtimex bind bpf capset chroot clock_settime clone close connect delete_module dup execve fchmod fsopen"
    " init_module kexec_load listen mount pidfd_getfd pivot_root process_vm_readv process_vm_writev ptrace setns"
    " setuid32 setxattr socket socketcall umount2 unshare write"
)
_NARROW = {  # all of it in vain but for a descriptor and some bytes in a pipe
    "exec": 'call("execve")',
    "network": """
fd = call("socket", 2, 2)
address = put(struct.pack("=H6s8x", 2, bytes([0, 9, 127, 0, 0, 1])))
call("connect", fd, address, 16)
call("bind", fd, address, 16)
call("accept4", 999)
call("socketcall", 1)
""",
    "privilege": """
call("setuid32", 0)
call("capset")
call("fchmod", 999, 0o4700)
call("setxattr", 0, 0, 0, 20)
call("ptrace", 16, 0x7fffffff)
call("process_vm_writev", 0x7fffffff)
""",
    "modules": """
call("init_module")
call("delete_module")
call("bpf", 5)
call("kexec_load")
""",
    "time": """
call("adjtimex")
call("clock_settime")
""",
    "mounts": """
call("mount")
call("umount2")
call("fsopen")
call("chroot")
""",
    "secrets": """
call("process_vm_readv", 0x7fffffff)
call("pidfd_getfd", 0x7fffffff)
""",
    "containers": """
call("unshare", 0x4000000)
call("setns", 999)
call("clone", 0x4000011)
call("pivot_root")
""",
    **dict.fromkeys(
        ("files-opens", "files-lean", "files-full"),
        """
read, write = os.pipe()
call("dup", write)
call("write", write, put(b"x" * 100), 100)
""",
    ),
}
_NOT_TRIED_32_BIT = {"T1548_suidexec", "T1609_socket"}  # they need a program, or a socket, of root

Start = Callable[..., Any]


def _numbers(machine: str, calls: str) -> dict[str, Optional[int]]:
    return {name: syscall_number(machine, name) for name in calls.split()}


def _do(
    program: Optional[str], user: Optional[int] = None, machine: str = os.uname().machine, calls: str = _CALLS
) -> list[int]:
    """Run a program if there is one; return its pid, which is also the parent's of what it starts."""
    if program is None:
        return []
    assert _PYTHON is not None
    whole = _PROLOGUE.format(numbers=_numbers(machine, calls)) + program
    process = subprocess.Popen(
        [_PYTHON, "-I", "-S", "-c", whole], user=user, group=user, cwd="/", stderr=subprocess.PIPE
    )
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr.decode()
    return [process.pid]


def _keys_seen(log: bytes, pids: Iterable[int], arch: bytes = b"[0-9a-f]+") -> set[str]:
    """Return the keys of the raw log's events of these processes and of their children."""
    wanted = b"|".join(b"%d" % pid for pid in pids)
    ours = re.compile(
        rb"^type=SYSCALL [^ ]* arch=" + arch + rb" .* p?pid=(?:" + wanted + rb") .* key=\"([^\"]+)\"",
        re.MULTILINE,
    )
    return {key.decode() for key in ours.findall(log)}


def _keys_of(name: str) -> set[str]:
    return {key for line in load_profile(name) if line.parsed for key in line.parsed.rule.keys}


@pytest.mark.skipif(_PYTHON is None, reason="no python3 that every user can run")
@pytest.mark.parametrize("name", profile_names())
def test_every_rule_loads_and_every_key_is_seen(run: Start, name: str) -> None:
    """Each key of the profile is that of an event of what this test did."""
    begun = run({**_PARAMETERS, "rules": [{"profile": name}]})
    pids = [*_do(_ROOT.get(name)), *_do(_USER.get(name), UID)]
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert [rule for rule in envelope["elements"]["rules"] if rule["outcome"] != "added"] == []
    assert _keys_of(name) - _keys_seen(begun.log.read_bytes(), pids) <= _NEEDS_32_BIT
    assert envelope["elements"]["summary"]["keys"]
    assert envelope["elements"]["kernel"]["restored"]


def _keys_of_narrow(name: str) -> set[str]:
    return {
        key
        for line in load_profile(name)
        if line.parsed
        for field in line.parsed.rule.fields
        if field.code == c.AUDIT_ARCH and field.value == arch_elf("i386")
        for key in line.parsed.rule.keys
    }


@pytest.mark.skipif(
    not Path("/proc/sys/abi/vsyscall32").exists(), reason="no 32-bit programs of x86 run here"
)
@pytest.mark.parametrize("name", sorted(_NARROW))
def test_a_32_bit_program_is_no_way_around_a_rule(run: Start, name: str) -> None:
    """Each key of the profile's rules for them is seen, with their architecture."""
    begun = run({**_PARAMETERS, "rules": [{"profile": name}]})
    pids = _do(_NARROW_PROLOGUE + _NARROW[name], UID, "i386", _NARROW_CALLS)
    begun.process.send_signal(signal.SIGTERM)
    begun.finish()

    seen = _keys_seen(begun.log.read_bytes(), pids, b"40000003")
    assert _keys_of_narrow(name) - seen <= _NOT_TRIED_32_BIT


def test_every_profile_with_rules_for_32_bit_programs_is_tried_with_one() -> None:
    """A profile that is added is added above."""
    assert {name for name in profile_names() if _keys_of_narrow(name)} == set(_NARROW)
