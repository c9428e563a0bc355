"""Every difference between this parser and auditctl 4.2.1, in one place.

auditctl guesses where a rule is not what it seems to be, and the guess is then what is recorded. Here such a rule is
refused, and the error carries the deviation. The golden tests hold this list to be complete and exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from mig_audit.errors import RuleError


@dataclass(frozen=True)
class Deviation:
    """One kind of difference: what auditctl 4.2.1 does, and what happens here."""

    name: str
    auditctl: str
    ours: str


class StricterError(RuleError):
    """A rule that auditctl takes, but not for what it says."""

    def __init__(self, deviation: Deviation, what: str, column: int, remedy: str = "") -> None:
        """Remember which of the differences this is."""
        super().__init__(what, column, remedy)
        self.deviation = deviation


TRAILING_TEXT = Deviation(
    "trailing-text", "reads uid=1000abc as 1000, uid=08 as 0 and -S 59x as 59", "refused"
)
WRAPPED = Deviation(
    "wrapped", "keeps the lower 32 bits of a number, so that uid=4294967296 is root", "refused"
)
NOT_A_NUMBER = Deviation("not-a-number", "takes sessionid=abc and saddr_fam=inet as 0", "refused")
OUT_OF_RANGE = Deviation(
    "out-of-range", "sends success=2 and field_compare=26, which not every kernel refuses", "refused"
)
UNKNOWN_LIST = Deviation(
    "unknown-list", "sends a list it does not know as 0xffffffff if it stands behind the action", "refused"
)
POSSIBLE = Deviation("possible", "drops a rule with the action possible, and reports success", "refused")
EMPTY_KEY = Deviation("empty-key", "loads a rule with key= and no key", "refused")
NO_SYSCALLS = Deviation("no-syscalls", "loads a rule with -S and no name, which never matches", "refused")
SYSCALLS_FIRST = Deviation(
    "syscalls-first",
    "takes -S in front of a list that has no system calls, and looks operations of io_uring up as system calls",
    "refused",
)
NO_32_BIT = Deviation(
    "no-32-bit", "takes arch=b32 for the 64-bit machine where there is no 32-bit one", "refused"
)
CONTROL = Deviation(
    "control", "obeys options that are no part of a rule, and some of them make it forget the rule", "refused"
)
NO_RULE = Deviation("no-rule", "reports success for a line that holds nothing but --", "refused")
LONG_LINE = Deviation("long-line", "breaks a line of a file after 6143 bytes into two", "refused")
NUL = Deviation("nul", "ignores what follows a NUL in a line of a file", "refused")
CARRIAGE_RETURN = Deviation(
    "carriage-return", "makes a carriage return at the end of a line part of its last word", "refused"
)

KERNEL_SPELLING = Deviation(
    "kernel-spelling", "knows system calls under libaudit's name only, pread but not pread64", "taken"
)
FIRST_WORD = Deviation(
    "first-word", "leaves the bytes 0x07 and 0x04 in the first word of a line that has an escape", "resolved"
)
BELL = Deviation(
    "bell", "mangles a word of a file that holds the byte 0x07 or 0x04", "the byte is what it is"
)

REFUSED = (
    TRAILING_TEXT,
    WRAPPED,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    UNKNOWN_LIST,
    POSSIBLE,
    EMPTY_KEY,
    NO_SYSCALLS,
    SYSCALLS_FIRST,
    NO_32_BIT,
    CONTROL,
    NO_RULE,
    LONG_LINE,
    NUL,
    CARRIAGE_RETURN,
)
"""What auditctl takes and this parser refuses, with a `StricterError`."""

MENDED = (KERNEL_SPELLING, FIRST_WORD, BELL)
"""What auditctl refuses or mangles and this parser takes."""
