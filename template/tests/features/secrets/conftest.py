import pytest

from tests.support.service import Service


@pytest.fixture
def service(own_service: Service) -> Service:
    """These tests add routes, read log lines and take parts away."""
    return own_service
