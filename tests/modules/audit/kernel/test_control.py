"""Requests and answers, against a scripted kernel."""

from __future__ import annotations

import errno
import socket
import struct
import threading
from typing import TYPE_CHECKING, Callable

import pytest

from mig_audit.errors import (
    AuditAbsentError,
    InternalError,
    KernelRefusedError,
    UnansweredError,
)
from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mock import MockerFixture

_STATUS = struct.pack("=11I", 0, 1, 1, 0, 0, 64, 0, 0, 0x7F, 15000, 0)

Answers = Callable[[int, int, bytes], "list[bytes]"]


def _datagram(kind: int, sequence: int, payload: bytes, padding: bytes = b"") -> bytes:
    return protocol.HEADER.pack(16 + len(payload), kind, 0, sequence, 0) + payload + padding


def _ack(sequence: int, code: int = 0) -> bytes:
    return _datagram(protocol.NLMSG_ERROR, sequence, struct.pack("=i", code) + bytes(16))


class ScriptedKernel:
    """The far end of a socket pair: answers each request as told, and remembers it."""

    def __init__(self) -> None:
        """Open the pair and start answering."""
        ours, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = Control(ours)
        self.requests: list[tuple[int, bytes]] = []
        self.calls = 0
        self.answers: Answers = lambda _kind, sequence, _payload: [_ack(sequence)]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            requests = self._far.recv(1 << 17)
            if not requests:
                return
            self.calls += 1
            while requests:
                length, kind, _, sequence, _ = protocol.HEADER.unpack_from(requests)
                payload, requests = requests[16:length], requests[length:]
                self.requests.append((kind, payload))
                for answer in self.answers(kind, sequence, payload):
                    self._far.send(answer)

    def close(self) -> None:
        """Hang up and wait for the thread."""
        self.control.close()
        self._thread.join()
        self._far.close()


@pytest.fixture
def kernel() -> Iterator[ScriptedKernel]:
    """Return a scripted kernel."""
    kernel = ScriptedKernel()
    yield kernel
    kernel.close()


def test_the_reply_is_matched_by_its_sequence_number(kernel: ScriptedKernel) -> None:
    """Answers to older requests and stray messages are passed over."""
    kernel.answers = lambda kind, sequence, _: [
        _datagram(kind, sequence + 70, bytes(44)),
        _ack(sequence),
        _datagram(protocol.AUDIT_GET, 0, bytes(44)),
        _datagram(kind, sequence, _STATUS),
    ]

    assert kernel.control.status().backlog_limit == 64


def test_a_setting_goes_out_as_one_full_length_message(kernel: ScriptedKernel) -> None:
    """AUDIT_SET carries as many words as the kernel's own answer has."""
    kernel.control.set(Setting.BACKLOG_LIMIT, 8192, 10)

    ((kind, payload),) = kernel.requests
    assert kind == protocol.AUDIT_SET
    assert struct.unpack("=10I", payload) == (0x10, 0, 0, 0, 0, 8192, 0, 0, 0, 0)


def test_rules_are_listed_in_order_and_cut_to_their_length(kernel: ScriptedKernel) -> None:
    """The padding after a rule in its datagram is not part of it."""
    rules = [b"first", b"second rule"]
    kernel.answers = lambda _, sequence, __: [
        _ack(sequence),
        *(_datagram(protocol.AUDIT_LIST_RULES, sequence, rule, b"\0\0\0") for rule in rules),
        _datagram(protocol.NLMSG_DONE, sequence, b""),
    ]

    assert kernel.control.rules() == tuple(rules)


def test_the_kernels_refusal_names_the_errno(kernel: ScriptedKernel) -> None:
    """A rule that is there already answers EEXIST."""
    kernel.answers = lambda _, sequence, __: [_ack(sequence, -errno.EEXIST)]

    with pytest.raises(KernelRefusedError, match=r"adding a rule: EEXIST \(File exists\)") as caught:
        kernel.control.add_rule(b"rule")
    assert caught.value.number == errno.EEXIST


def test_several_rules_go_out_in_one_call_and_each_has_its_own_answer(kernel: ScriptedKernel) -> None:
    """In order, whatever the others came to."""
    codes = {b"fine": 0, b"twice": -errno.EEXIST, b"wrong": -errno.EINVAL, b"last": 0}
    kernel.answers = lambda _, sequence, payload: [_ack(sequence, codes[payload.rstrip(b"\0")])]

    errors = list(kernel.control.add_rules(list(codes)))

    assert [error and getattr(error, "number", 0) for error in errors] == [
        None,
        errno.EEXIST,
        errno.EINVAL,
        None,
    ]
    assert (kernel.calls, len(kernel.requests)) == (1, 4)


def test_a_rule_whose_answer_is_lost_does_not_hide_those_of_the_others(kernel: ScriptedKernel) -> None:
    """It is the one in doubt."""
    kernel.control._socket.settimeout(0.05)
    kernel.answers = lambda _, sequence, payload: [] if payload.startswith(b"lost") else [_ack(sequence)]

    first, lost = kernel.control.add_rules([b"fine", b"lost"])

    assert first is None
    assert isinstance(lost, UnansweredError)


def test_a_silent_kernel_is_waited_for_once(kernel: ScriptedKernel) -> None:
    """All rules whose answers are not there yet are in doubt, and removed at the end if they are there."""
    kernel.control._socket.settimeout(0.05)
    kernel.answers = lambda _, sequence, payload: [] if payload.startswith(b"lost") else [_ack(sequence)]

    first, lost, *others = kernel.control.add_rules([b"fine", b"lost", b"also", b"more"])

    assert first is None
    assert isinstance(lost, UnansweredError)
    assert others == [lost, lost]


def test_an_answer_of_the_wrong_kind_is_a_fault(kernel: ScriptedKernel) -> None:
    """A request is always answered by an ACK first."""
    kernel.answers = lambda _, sequence, __: [_datagram(1300, sequence, b"text")]

    with pytest.raises(InternalError, match="in place of an ACK"):
        kernel.control.add_rule(b"rule")


def test_a_kernel_that_does_not_answer_is_an_error_with_a_remedy(kernel: ScriptedKernel) -> None:
    """The time limit ends the wait."""
    kernel.answers = lambda _kind, _sequence, _payload: []
    kernel.control._socket.settimeout(0.05)

    with pytest.raises(UnansweredError, match=r"none in.*try again"):
        kernel.control.status()


def test_a_listing_that_overran_is_asked_for_again(kernel: ScriptedKernel) -> None:
    """ENOBUFS while listing means that rules were left out without a word."""
    kernel.answers = lambda _, sequence, __: [_ack(sequence, -errno.ENOBUFS)]

    with pytest.raises(KernelRefusedError, match="ENOBUFS"):
        kernel.control.rules()


def test_a_kernel_without_audit_says_so(mocker: MockerFixture) -> None:
    """EPROTONOSUPPORT: there is nobody to speak to."""
    mocker.patch("socket.socket", side_effect=OSError(errno.EPROTONOSUPPORT, "Protocol not supported"))

    with pytest.raises(AuditAbsentError, match="this kernel has no audit"):
        Control.open()
