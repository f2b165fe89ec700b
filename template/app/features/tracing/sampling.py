"""Which requests are traced, decided before anything is done for one.

FastAPI would make a span and its measurements of every request and drop those outside of the share.
Here the share is drawn first. What is not traced has the ids of a trace all the same, for its log
lines and for whomever it asks, who learn from them that it is not recorded.
"""

from collections.abc import MutableMapping, Sequence
from random import getrandbits
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceState
from opentelemetry.util.types import Attributes
from starlette.datastructures import Headers

from app.core.http.guard import PROBES


class PreSampler:
    def __init__(self, share: float) -> None:
        self._bound = TraceIdRatioBased.get_bound_for_rate(share)
        self._ids = RandomIdGenerator()
        fields = propagate.get_global_textmap().fields
        self._propagated = frozenset(name.lower().encode() for name in fields)

    def leaves_out(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether FastAPI makes no span: of a probe, and of what is outside of the share.

        What comes with a trace of its caller goes in: the sampler knows whether that counts.
        """
        if scope["path"] in PROBES:
            return True
        if getrandbits(64) < self._bound or self._continues_a_trace(scope):
            return False
        ids = self._ids.generate_trace_id(), self._ids.generate_span_id()
        unrecorded = NonRecordingSpan(SpanContext(*ids, is_remote=False))
        # Never detached: each request is a task with a context of its own.
        contexts.attach(trace.set_span_in_context(unrecorded, Context()))
        return True

    def _continues_a_trace(self, scope: MutableMapping[str, Any]) -> bool:
        if not any(name in self._propagated for name, _ in scope["headers"]):
            return False
        caller = trace.get_current_span(propagate.extract(Headers(scope=scope)))
        return caller.get_span_context().is_valid


class PreSampled(Sampler):
    """`sampler`, save that a request without a caller's trace was drawn at the door."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        parent = trace.get_current_span(parent_context).get_span_context()
        if kind is SpanKind.SERVER and not parent.is_valid:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        return self._sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"PreSampled{{{self._sampler.get_description()}}}"
