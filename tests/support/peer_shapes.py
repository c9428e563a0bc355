"""The shapes of other collectors' events, as schemas made from their source."""

from __future__ import annotations

from typing import Any

# The structs AuditMessageGroup and AuditMessage of go-audit's parser.go.
GO_AUDIT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["sequence", "timestamp", "messages", "uid_map"],
    "properties": {
        "sequence": {"type": "integer", "minimum": 0},
        "timestamp": {"type": "string", "pattern": r"^[0-9]+\.[0-9]{3}$"},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type", "data"],
                "properties": {
                    "type": {"type": "integer", "minimum": 1000, "maximum": 2999, "not": {"const": 1320}},
                    "data": {"type": "string"},
                },
            },
        },
        "uid_map": {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]+$"},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
    },
}

# The structs notification (notification_serivce_transformer.go) and AuditMessageGroup of pauditd's parser.
PAUDITD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["topic", "attributes", "data", "version"],
    "properties": {
        "topic": {"type": "string", "minLength": 1},
        "attributes": {
            "type": "object",
            "additionalProperties": False,
            "required": ["hostname", "trace_id"],
            "properties": {
                "hostname": {"type": "string", "pattern": "^[^.]+$"},
                "trace_id": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
            },
        },
        "data": {
            **GO_AUDIT,
            "required": [*GO_AUDIT["required"], "rule_key"],
            "properties": {**GO_AUDIT["properties"], "rule_key": {"type": "string", "minLength": 1}},
        },
        "version": {"const": "1.0.0"},
    },
}

# The struct AuditEvent of libaudit-go's audit_events.go.
LIBAUDIT_GO: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Serial", "Timestamp", "Type", "Data", "Raw"],
    "properties": {
        "Serial": {"type": "string", "pattern": "^[0-9]+$"},
        "Timestamp": {"type": "string", "pattern": r"^[0-9]+\.[0-9]{3}$"},
        "Type": {"type": "string", "pattern": r"^[A-Z][A-Z0-9_]*(\[[0-9]+\])?$"},
        "Data": {"type": "object", "additionalProperties": {"type": "string"}},
        "Raw": {"type": "string", "minLength": 1},
    },
}
