"""Usual messages of programs are cut out of a block as a whole, and are what their lines are."""

from __future__ import annotations

import pytest
from streams import block_of, bundles_of

from mig_audit.modules.audit.events import Correlator, Ledger, RecordStream
from mig_audit.modules.audit.events.singles import is_single
from mig_audit.modules.audit.events.usual import count_records
from mig_audit.modules.audit.events.usual_message import MESSAGE_TYPES, USUAL_MESSAGE, UsualMessage
from mig_audit.modules.audit.ownership import LOOKED_AT

MESSAGE = (
    b"type=USER_START msg=audit(1700000000.124:78): pid=9 uid=0 auid=1000 ses=3 subj=unconfined"
    b" msg='op=PAM:session_open acct=\"root\" res=success'"
)


def test_a_message_is_cut_into_the_parts_that_vary_together() -> None:
    """Before its text is what the kernel says of its sender."""
    found = USUAL_MESSAGE.match(block_of([MESSAGE]))
    assert found is not None
    message = UsualMessage.of(found.groups())

    assert (message.stamp, message.type) == (b"1700000000.124:78", b"USER_START")
    assert (message.seconds, message.milliseconds, message.serial) == (b"1700000000", b"124", b"78")
    assert (message.pid, message.ids, message.session) == (b"9", b"uid=0 auid=1000", b"3")
    assert (message.subject, message.text) == (
        b" subj=unconfined",
        b'op=PAM:session_open acct="root" res=success',
    )
    assert (message.ending, message.whole, count_records([message])) == ("single", True, [1])


@pytest.mark.parametrize("line", [MESSAGE, MESSAGE.replace(b" subj=unconfined", b"")])
def test_it_is_the_bundle_that_its_line_is(line: bytes) -> None:
    """With a label of its sender or without."""
    found = USUAL_MESSAGE.match(block_of([line]))
    (bundle,) = bundles_of(RecordStream(Ledger(), Correlator()), [line])

    assert found is not None
    assert UsualMessage.of(found.groups()).bundle().group() == bundle.group()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"type=USER_START", b"type=USER"),
        (b"type=USER_START", b"type=TRUSTED_APP"),
        (b"pid=9", b"pid=09"),
        (b":78)", b":078)"),
        (b"subj=un", b"subj=un\n"),
        (b"acct", b"\nacct"),
        (b"success'", b"success' "),
        (b"acct", b"a" * 200),
    ],
)
def test_what_is_not_of_its_shape_is_no_usual_message(old: bytes, new: bytes) -> None:
    """It is cut in lines then."""
    assert USUAL_MESSAGE.match(block_of([MESSAGE.replace(old, new)])) is None


def test_usual_messages_are_events_of_their_own_and_nothing_that_a_run_looks_at() -> None:
    """What a run asks of its own events is not asked of them."""
    types = {kind.decode("ascii") for kind in MESSAGE_TYPES}

    assert all(map(is_single, types))
    assert types.isdisjoint(LOOKED_AT)
