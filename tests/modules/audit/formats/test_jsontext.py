"""JSON is the same bytes with and without the faster encoder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from corpus import read_log
from hypothesis import given
from hypothesis import strategies as st
from streams import groups_of

from mig_audit.modules.audit.events import Decoder, Origin, TableNames
from mig_audit.modules.audit.formats import FORMATS, jsontext, make_format
from mig_audit.modules.audit.formats.jsontext import Encoder, to_json
from mig_audit.modules.audit.records import printable

_TEXTS = st.binary(max_size=40).map(printable)
_DOCUMENTS = st.recursive(
    st.one_of(_TEXTS, st.booleans(), st.none(), st.integers(-(2**80), 2**80)),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(_TEXTS, children, max_size=4)),
)


PLAIN, FAST = Encoder(few=0), Encoder(few=1)
pytest.importorskip("orjson")
FAST.encode("the first one")


@given(_DOCUMENTS)
def test_any_document_is_the_same_bytes_both_ways(document: Any) -> None:  # noqa: ANN401  # as above
    """Texts of any bytes, and numbers of any size."""
    assert FAST.encode(document) == PLAIN.encode(document)
    assert json.loads(to_json(document)) == document


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_bytes_both_ways(name: str) -> None:
    """For all kinds of events."""
    names = TableNames({0: "root"}, {})
    form, decoder = make_format(name, Origin("host", names)), Decoder(names)
    lines = [*read_log("special.log.xz"), *read_log("user.log.xz"), *read_log("busy-host.log.xz")[:2000]]
    events = [decoder.decode(group) for group in groups_of(lines)]
    encoded = []
    for encoder in (PLAIN, FAST):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jsontext, "_encoder", encoder)
            encoded.append([form.encode(event) for event in events])

    assert encoded[0] == encoded[1]


def test_few_documents_do_not_wait_for_the_faster_encoder() -> None:
    """It is looked for once it is worth that."""
    encoder = Encoder(few=3)
    for _ in range(2):
        encoder.encode({})
        assert encoder._fast is None
    encoder.encode({})
    assert encoder._fast is not None
