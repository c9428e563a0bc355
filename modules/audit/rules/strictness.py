"""Every difference between mig-audit's rules and auditctl 4.2.1, in one place.

auditctl guesses where a rule is not what it seems to be, and the guess is then what is recorded. Here such a rule is
refused, and the error carries the deviation. The golden tests hold this list to be complete and exact, and
docs/rule-strictness.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mig_audit.errors import RuleError


@dataclass(frozen=True)
class Deviation:
    """One kind of difference: a line that shows it, what auditctl 4.2.1 does, what happens here, and the reason."""

    name: str
    example: str
    auditctl: str
    ours: str
    why: str


class StricterError(RuleError):
    """A rule that auditctl takes, but not for what it says."""

    def __init__(self, deviation: Deviation, what: str, column: int, remedy: str = "") -> None:
        """Remember which of the differences this is."""
        super().__init__(what, column, remedy)
        self.deviation = deviation


_REFUSED = "refused"

TRAILING_TEXT = Deviation(
    "trailing-text",
    "-a always,exit -F arch=b64 -S execve -F uid=1000abc",
    "reads a number up to the first character that is no digit: 1000abc is 1000, 08 is 0, -S 59x is 59",
    _REFUSED,
    "a slip of the hand would watch another user, or another system call",
)
WRAPPED = Deviation(
    "wrapped",
    "-a always,exit -F arch=b64 -S execve -F uid=4294967296",
    "keeps the lower 32 bits of a number, so that this is root",
    _REFUSED,
    "the number that is written is not the one that is compared",
)
NOT_A_NUMBER = Deviation(
    "not-a-number",
    "-a always,exit -F arch=b64 -S connect -F saddr_fam=inet",
    "takes a word for 0 in sessionid and saddr_fam",
    _REFUSED,
    "the rule would match nothing of what it names",
)
OUT_OF_RANGE = Deviation(
    "out-of-range",
    "-a always,exit -F arch=b64 -S openat -F success=2",
    "sends values of success and field_compare that have no meaning",
    _REFUSED,
    "not every kernel refuses them, and then the rule never matches",
)
UNKNOWN_LIST = Deviation(
    "unknown-list",
    "-a always,exist",
    "sends a list that it does not know as 0xffffffff if it follows the action",
    _REFUSED,
    "the kernel's answer would not name the misspelt word",
)
POSSIBLE = Deviation(
    "possible",
    "-a exit,possible",
    "drops a rule with the action possible, and reports success",
    _REFUSED,
    "the rule would be missing, and nobody told",
)
EMPTY_KEY = Deviation(
    "empty-key",
    "-a always,exit -F arch=b64 -S execve -F key=",
    "loads the rule without a key",
    _REFUSED,
    "its events could not be found by the key that somebody meant to give",
)
NO_SYSCALLS = Deviation(
    "no-syscalls",
    "-a always,exit -F arch=b64 -S ,",
    "loads a rule for no system call at all",
    _REFUSED,
    "it never matches",
)
SYSCALLS_FIRST = Deviation(
    "syscalls-first",
    "-S openat -a always,io_uring",
    "takes -S in front of a list that has no system calls, and looks operations of io_uring up as system calls",
    _REFUSED,
    "the rule would be for other operations than the named ones",
)
NO_32_BIT = Deviation(
    "no-32-bit",
    "-a always,exit -F arch=b32 -S execve",
    "takes b32 for the 64-bit machine where there is no 32-bit one, ppc64le for instance",
    "refused on such a machine",
    "the rule would be for the programs that one with b64 is for",
)
CONTROL = Deviation(
    "control",
    "-a always,exit -F arch=b64 -S execve -e 1",
    "obeys options that are no part of a rule, and some of them make it forget the rule",
    "refused; on a line of their own such options are taken",
    "whether the rule is loaded would depend on the order of the options",
)
SWALLOWED = Deviation(
    "swallowed",
    "-t foo",
    "passes over what follows -t, and in some versions what follows -q, --loginuid-immutable or --reset-lost",
    _REFUSED,
    "a mistake there would stay without effect, and without a word",
)
NO_RULE = Deviation(
    "no-rule",
    "--",
    "reports success for a line that holds nothing but --",
    _REFUSED,
    "nothing was asked for, and nothing done",
)
LONG_LINE = Deviation(
    "long-line",
    "-w /etc/passwd" + " " * 6130,
    "breaks a line of a file after 6143 bytes into two",
    _REFUSED,
    "the first half is loaded as a rule of its own, without the fields of the second",
)
NUL = Deviation(
    "nul",
    "-w /etc/passwd\0 -p wa -k passwd",
    "ignores what follows a NUL in a line of a file",
    _REFUSED,
    "half of a rule is another rule",
)
CARRIAGE_RETURN = Deviation(
    "carriage-return",
    "-w /etc/passwd -p wa -k passwd\r",
    "makes a carriage return at the end of a line part of its last word",
    _REFUSED,
    "a file with Windows line ends gives keys and paths that nobody finds again",
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
    SWALLOWED,
    NO_RULE,
    LONG_LINE,
    NUL,
    CARRIAGE_RETURN,
)
"""What auditctl takes and this parser refuses, with a `StricterError`."""

KERNEL_SPELLING = Deviation(
    "kernel-spelling",
    "-a always,exit -F arch=b64 -S pread64",
    "knows system calls under libaudit's name only, which is pread here",
    "taken, as is pread",
    "strace, seccomp and the kernel's own sources use the kernel's name",
)
FIRST_WORD = Deviation(
    "first-word",
    "-w/etc/a\\ b -p wa",
    "leaves marks of its own, the bytes 0x07 and 0x04, for an escape in the first word of a line",
    "resolved as in every other word",
    "the path that is watched is the one that is written",
)
BELL = Deviation(
    "bell",
    "-w /etc/a\x07b -p wa",
    "mangles a word of a file that has the byte 0x07 or 0x04 in it: this one becomes /etc/a and a space",
    "taken as they are",
    "a file name may have any byte in it",
)

MENDED = (KERNEL_SPELLING, FIRST_WORD, BELL)
"""What auditctl refuses or mangles and this parser takes."""

GUEST = Deviation(
    "guest",
    "-e 2",
    "does what -D, -e, -f, --loginuid-immutable, --reset-lost and their like say, some of it for good",
    "skipped, with the reason in the result; not an error",
    "a guest leaves the host as it was: its rules stay, nothing is locked, no counter is set back",
)
LIMITS = Deviation(
    "limits",
    "-b 64",
    "sets the backlog limit to any value, and no limit with 0",
    "raises it for the window, never lowers it; skipped above 1048576, and where kernel.backlog_limit is given",
    "a smaller queue would lose what the host records, one without a bound could take its memory",
)
DELETION = Deviation(
    "deletion",
    "-d always,exit -F arch=b64 -S execve -k exec",
    "removes the rule from the kernel; -W as well",
    "takes back the same rule of this run if one stands above, and is refused otherwise",
    "rules that were there before are not ours to remove",
)
FIRST_ERROR = Deviation(
    "first-error",
    "-a always,exit -F arch=b64 -S nosuch",
    "stops a file at the first bad line, the rules before it stay loaded; -i and -c make it go on",
    "loads the others, and the bad line is an entry in errors; with strict_rules nothing is touched at all",
    "one line that is not for this kernel should not cost the recording",
)
TWICE = Deviation(
    "twice",
    "-w /etc/passwd -p wa -k passwd",
    "stops at a rule that is loaded already, or that a file has twice",
    "exists or duplicate, and not an error",
    "what was asked for is recorded",
)
DIRECTORY = Deviation(
    "directory",
    "-w /etc -p wa",
    "tries a directory that the kernel refuses again as a file",
    "the kernel's refusal is an entry in errors",
    "the rule would not watch what is in the directory",
)

RUN = (GUEST, LIMITS, DELETION, FIRST_ERROR, TWICE, DIRECTORY)
"""Where the parser takes what auditctl takes, and a run does something else with it."""
