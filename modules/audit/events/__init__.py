"""Records become events: correlation, decoding, the ledger and the summary."""

from __future__ import annotations

from mig_audit.modules.audit.events.correlation import Correlator, correlate
from mig_audit.modules.audit.events.decoder import Decoder
from mig_audit.modules.audit.events.event import (
    Event,
    Field,
    Identities,
    Identity,
    Message,
    PathItem,
    Process,
    Syscall,
)
from mig_audit.modules.audit.events.group import (
    END,
    ENDINGS,
    EOE,
    SINGLE,
    Bundle,
    Group,
    make_group,
)
from mig_audit.modules.audit.events.grouping import Grouping, make_stream
from mig_audit.modules.audit.events.ledger import Account, Ledger
from mig_audit.modules.audit.events.names import HostNames, Names, TableNames, names_from_files
from mig_audit.modules.audit.events.origin import Origin
from mig_audit.modules.audit.events.run_stream import RunStream
from mig_audit.modules.audit.events.serials import MissingSerials, SerialTracker
from mig_audit.modules.audit.events.stream import RecordStream
from mig_audit.modules.audit.events.summary import Actor, Count, Summary

__all__ = [
    "END",
    "ENDINGS",
    "EOE",
    "SINGLE",
    "Account",
    "Actor",
    "Bundle",
    "Correlator",
    "Count",
    "Decoder",
    "Event",
    "Field",
    "Group",
    "Grouping",
    "HostNames",
    "Identities",
    "Identity",
    "Ledger",
    "Message",
    "MissingSerials",
    "Names",
    "Origin",
    "PathItem",
    "Process",
    "RecordStream",
    "RunStream",
    "SerialTracker",
    "Summary",
    "Syscall",
    "TableNames",
    "correlate",
    "make_group",
    "make_stream",
    "names_from_files",
]
