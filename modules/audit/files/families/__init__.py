"""What each system call does to the state, and which rows it gives: one file a family, small functions by name.

Such a function is given the host, the process and the call, which succeeded, and returns its rows: none of a call that
only changes the state, and None of a call that is not about files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row

Handler = Callable[["Host", "Process", "Call"], Optional["Sequence[Row]"]]
