"""The AsyncAPI 3 document of the log, made from `topics.TOPICS`, so that it cannot say anything else than the code."""

from typing import Any

from pydantic.json_schema import models_json_schema

from concord import __version__
from concord.contracts.topics import HEARTBEAT_KEY, TOPICS, Topic

_SCHEMAS = "#/components/schemas/"

HEADERS: dict[str, Any] = {
    "type": "object",
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_sequence",
        "log",
        "epoch",
        "changeset_end",
    ],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "The same for the same record sent twice."},
        "ce_source": {"type": "string", "description": "The authority that wrote it."},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it was committed."},
        "ce_sequence": {
            "type": "string",
            "pattern": "^[0-9]{20}$",
            "description": "The revision, gapless in its partition.",
        },
        "content-type": {"const": "application/json"},
        "traceparent": {
            "type": "string",
            "description": "The trace of the request that caused it (W3C Trace Context).",
        },
        "log": {"type": "string", "pattern": "^[0-9]+$", "description": "Generation of the topic's content, from 1."},
        "epoch": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "Identity of the authority's history, from 1.",
        },
        "changeset_end": {
            "enum": ["0", "1"],
            "description": "1 on the last record of a change; a view shows whole changes.",
        },
    },
}


def document() -> dict[str, Any]:
    """The whole document, ready for `json.dumps`."""
    models = {model for topic in TOPICS.values() for model in topic.records.values()}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=_SCHEMAS + "{model}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Concord's log",
            "version": __version__,
            "description": "CloudEvents 1.0 in Kafka's binary mode: attributes are headers, no value erases the key.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": {f"read-{topic.name}": _operation(topic) for topic in TOPICS.values()},
        "components": {
            "schemas": schemas["$defs"] | {"Headers": HEADERS},
            "messages": {kind: _message(topic, kind) for topic in TOPICS.values() for kind in topic.records},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in topic.records},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": [topic.cleanup.value]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": "receive", "channel": {"$ref": f"#/channels/{topic.name}"}, "summary": topic.purpose}


def _message(topic: Topic, kind: str) -> dict[str, Any]:
    model = topic.records[kind]
    key = (
        {"const": HEARTBEAT_KEY}
        if kind.startswith("concord.heartbeat")
        else {"type": "string", "description": topic.key}
    )
    return {
        "name": kind,
        "summary": (model.__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": {"$ref": f"{_SCHEMAS}Headers"},
        "payload": {"$ref": f"{_SCHEMAS}{model.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }
