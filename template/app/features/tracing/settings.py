"""The standard variables of OpenTelemetry that this service reads wherever its settings stand.

Any other OTEL_ variable is the SDK's own, and is read from the environment of the process only.
"""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote

from pydantic import AnyHttpUrl, Field, SecretStr

from app.core.settings import SettingsGroup


class TracingSettings(SettingsGroup):
    otel_exporter_otlp_endpoint: AnyHttpUrl | None = None
    """The collector's base URL, e.g. http://collector:4318; without it nothing is recorded."""
    otel_exporter_otlp_headers: SecretStr | None = None
    """`name=value,name=value`, percent-encoded, as the collector asks for."""
    otel_exporter_otlp_timeout: float = Field(5, gt=0, le=60)
    """Seconds."""
    otel_sdk_disabled: bool = False
    """Nothing is recorded, whatever the other settings say."""
    otel_service_name: str | None = None
    """The name of the project where unset."""
    otel_traces_sampler: Literal["parentbased_traceidratio", "traceidratio"] = (
        "parentbased_traceidratio"
    )
    """Whether the decision of the caller counts."""
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1)
    """The share of traces that is recorded."""
    otel_bsp_max_queue_size: int = Field(2048, ge=512, le=65_536)
    """Spans that wait for the collector; a further one is dropped."""
    otel_metric_export_interval: int = Field(60_000, ge=100)
    """Milliseconds."""

    @property
    def is_on(self) -> bool:
        return self.otel_exporter_otlp_endpoint is not None and not self.otel_sdk_disabled

    def url(self, signal: Literal["traces", "metrics"]) -> str:
        return f"{str(self.otel_exporter_otlp_endpoint).rstrip('/')}/v1/{signal}"

    @property
    def headers(self) -> dict[str, str]:
        listed = self.otel_exporter_otlp_headers
        pairs = (listed.get_secret_value() if listed else "").split(",")
        named = (pair.partition("=") for pair in pairs if "=" in pair)
        return {name.strip(): unquote(value.strip()) for name, _, value in named}

    def problems(self) -> Iterator[str]:
        listed = self.otel_exporter_otlp_headers
        if listed is not None and not self.headers:
            yield "OTEL_EXPORTER_OTLP_HEADERS: write name=value, and more of them after commas"
