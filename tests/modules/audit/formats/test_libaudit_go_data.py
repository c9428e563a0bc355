"""The map of many fields is that of few."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.formats.libaudit_go_data import Fields, ManyFields

_NAMES = st.sampled_from(["a0", "a1", "uid", "PATH.a0", "PATH[1].a0", 'q"\\', *(f"n{i}" for i in range(90))])
_FIELDS = st.lists(
    st.tuples(_NAMES, st.sampled_from(["", "1", "2", "\u202e", '"']), st.sampled_from(["PATH", "PATH[1]"])),
    max_size=99,
)


@given(_FIELDS, st.sampled_from([0, 1, 1000]))
def test_the_text_of_many_fields_is_that_of_a_map(fields: list[tuple[str, str, str]], number: int) -> None:
    """In the same order, whatever comes again, and however badly their number was guessed."""
    few, many = Fields(), ManyFields((name for name, _, _ in fields), number)
    for field in fields:
        few.add(*field)
        many.add(*field)
    text = b"".join(many.parts())

    assert text == b"".join(few.parts())
    assert isinstance(json.loads(text), dict)
