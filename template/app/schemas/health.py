from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class Alive(BaseModel):
    status: Literal["healthy"] = "healthy"


class Liveness(Alive):
    timestamp: datetime


class CheckResult(BaseModel):
    status: Literal["healthy", "unhealthy"]
    critical: bool
    response_time_ms: float


class Readiness(BaseModel):
    status: Literal["ready", "degraded", "not_ready"]
    timestamp: datetime
    checks: dict[str, CheckResult]


class HealthReport(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    version: str
    environment: str
    uptime_seconds: float
    checks: dict[str, CheckResult]
