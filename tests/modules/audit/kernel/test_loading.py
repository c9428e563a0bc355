"""Rules into a kernel in memory that behaves as measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_kernel import MemoryKernel, rule

from mig_audit.modules.audit.kernel.loading import add_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.errors import MigAuditError


def test_each_rule_has_an_outcome() -> None:
    """One is added, one was there, one the kernel refuses; the refusal stops nothing."""
    kernel = MemoryKernel([rule("old")])

    outcomes = add_rules(kernel.control, [rule("bad"), rule("old"), rule("new")], lambda _outcome: None)

    assert [outcome.outcome for outcome in outcomes] == ["refused", "exists", "added"]
    assert "EINVAL" in outcomes[0].detail


def test_rules_are_added_in_batches_that_a_socket_can_hold() -> None:
    """Many small ones in a call, few large ones; none is left out, and their order stays."""
    kernel = MemoryKernel()
    sizes: list[int] = []

    def add(payloads: Sequence[bytes]) -> Iterator[MigAuditError | None]:
        sizes.append(len(payloads))
        return MemoryKernel.add_rules(kernel, payloads)

    kernel.add_rules = add  # type: ignore[method-assign]  # to count the calls
    small = [rule(f"{number:04}") for number in range(70)]
    large = [rule(f"{number:040000}") for number in range(3)]

    outcomes = add_rules(kernel.control, [*small, *large], lambda _outcome: None)

    assert sizes == [32, 32, 7, 1, 1]
    assert kernel.loaded == [*small, *large]
    assert [outcome.payload for outcome in outcomes] == kernel.loaded
