"""Open Cybersecurity Schema Framework 1.5.0, with the profiles ``host``, ``linux/linux_users`` and ``security_control``.

Severity is always 1 (Informational): mig-audit records, it does not judge. A technique in a rule's key is in
``attacks``. What the classes have no attribute for is in ``unmapped``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mig_audit
from mig_audit.modules.audit.formats.enriched import around, unknown
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.ocsf_classes import activity_of
from mig_audit.modules.audit.formats.ocsf_objects import Object, actor, known, process
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

VERSION = "1.5.0"
_PROFILES = ["host", "linux/linux_users", "security_control"]
_PRODUCT = {"name": mig_audit.PROGRAM, "vendor_name": mig_audit.PROGRAM, "version": mig_audit.__version__}
_STATUS = {True: (1, "Success"), False: (2, "Failure"), None: (0, "Unknown")}
_CATEGORIES = {
    0: "Uncategorized",
    1: "System Activity",
    3: "Identity & Access Management",
    4: "Network Activity",
    6: "Application Activity",
}
_CLASSES = {
    0: "Base Event",
    1001: "File System Activity",
    1002: "Kernel Extension Activity",
    1003: "Kernel Activity",
    1007: "Process Activity",
    1008: "Event Log Activity",
    3001: "Account Change",
    3002: "Authentication",
    3006: "Group Management",
    4001: "Network Activity",
    6002: "Application Lifecycle",
}


class OcsfFormat:
    """Encodes events for Security Lake and whoever reads OCSF.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "ocsf"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        host = event.node or self._hostname
        activity = activity_of(event)
        category = activity.class_uid // 1000
        class_name = _CLASSES[activity.class_uid]
        status_id, status = _STATUS[event.success]
        document = known(
            activity_id=activity.activity_id,
            activity_name=activity.name,
            category_uid=category,
            category_name=_CATEGORIES[category],
            class_uid=activity.class_uid,
            class_name=class_name,
            type_uid=activity.class_uid * 100 + activity.activity_id,
            type_name=f"{class_name}: {activity.name}",
            time=event.seconds * 1000 + event.milliseconds,
            severity_id=1,
            severity="Informational",
            status_id=status_id,
            status=status,
            status_code=event.syscall and event.syscall.errno,
            message=summarise(event),
            metadata=_metadata(event, host),
            device={"hostname": host, "type_id": 0},
            actor=actor(event, process(event) if activity.doer is None else activity.doer),
            attacks=_attacks(event),
            **activity.attributes,
            unmapped=_unmapped(event),
        )
        return to_json(document)


def _metadata(event: Event, host: str) -> Object:
    return known(
        version=VERSION,
        product=_PRODUCT,
        profiles=_PROFILES,
        uid=f"{host}/{event.stamp}",
        sequence=event.serial,
        log_name="audit",
        event_code=event.types[0],
        original_time=f"{event.seconds}.{event.milliseconds:03}",
        labels=list(event.keys),
    )


def _attacks(event: Event) -> list[Object]:
    return [
        known(
            technique={"uid": technique.technique},
            sub_technique={"uid": technique.sub} if technique.sub else None,
        )
        for technique in find_techniques(event.keys)
    ]


def _unmapped(event: Event) -> Object:
    syscall, place = event.syscall, around(event).place
    fields: dict[str, Any] = {}
    for field in event.rest:
        fields.setdefault(field.record, {}).setdefault(field.name, []).append(field.value)
    return known(
        category=event.category,
        record_types=list(event.types),
        ending=event.ending,
        incomplete=list(event.gaps),
        arch=syscall and (syscall.arch_name or syscall.arch),
        syscall=syscall and (syscall.name or syscall.number),
        exit=syscall and syscall.exit,
        arguments=list(syscall.args) if syscall else None,
        interpreted=dict(event.interpreted),
        address=event.address and event.address.text,
        paths=[
            known(name=path.name, path=path.path, nametype=path.nametype, mode=path.mode, dev=path.dev)
            for path in event.paths
        ],
        container=place and place.container,
        container_runtime=place and place.runtime,
        unit=place and place.unit,
        cgroup=place and place.cgroup,
        script=around(event).script,
        labels=list(around(event).labels),
        presumed=list(around(event).presumed),
        unknown=unknown(event),
        terminal=event.process.tty,
        subject=event.process.subj,
        fields=fields,
    )
