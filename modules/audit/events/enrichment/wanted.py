"""What enrichment was asked for, made ready to be asked of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.filters.matching import leaves_of
from mig_audit.modules.audit.events.filters.remembered import Question

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.settings import EnrichmentSettings


class Wanted:
    """The same for any number of hosts: it is made ready once, and keeps nothing of any of them.

    Attributes:
        settings: what it is made of.
        labels: the rules for labels, and what asks for each.
        asked: the parts of all their conditions.
        names: the variables that are wanted by name.
        prefixes: how the names of others begin that are wanted.
    """

    def __init__(self, settings: EnrichmentSettings) -> None:
        self.settings = settings
        self.labels = [(rule, Question(rule.where)) for rule in settings.labels]
        self.asked = [Question(leaf) for rule in settings.labels for leaf in leaves_of(rule.where)]
        self.names = frozenset(name for name in settings.environment if not name.endswith("*"))
        self.prefixes = tuple(name[:-1] for name in settings.environment if name.endswith("*"))
