"""Records become events: correlation, decoding, the ledger and the summary."""

from __future__ import annotations

from mig_audit.modules.audit.events.correlation import END, ENDINGS, Correlator, Group, correlate, make_group
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
from mig_audit.modules.audit.events.grouping import Grouping, make_grouping
from mig_audit.modules.audit.events.ledger import Account, Ledger
from mig_audit.modules.audit.events.names import HostNames, Names, TableNames, names_from_files
from mig_audit.modules.audit.events.origin import Origin
from mig_audit.modules.audit.events.serials import MissingSerials, SerialTracker
from mig_audit.modules.audit.events.summary import Count, Summary

__all__ = [
    "END",
    "ENDINGS",
    "Account",
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
    "SerialTracker",
    "Summary",
    "Syscall",
    "TableNames",
    "correlate",
    "make_group",
    "make_grouping",
    "names_from_files",
]
