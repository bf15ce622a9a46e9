"""The Compose file: its commands exist, no password is in a command line, and drivers have time to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from xprojdb.cli.main import COMMANDS

FOLDER = Path(__file__).parents[1] / "docs" / "compose"


@pytest.fixture
def services() -> dict[str, Any]:
    result: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return result


def test_drivers_run_a_command_that_exists(services: dict[str, Any]) -> None:
    assert services["driver"]["command"][0] in COMMANDS
    assert services["driver"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"


def test_the_password_is_in_no_address(services: dict[str, Any]) -> None:
    for service in services.values():
        assert "PASSWORD" not in str(service.get("command"))
        assert "PASSWORD" not in service["environment"].get("XPROJDB_DB", "")


def test_drivers_are_given_the_time_to_store_their_batch(services: dict[str, Any]) -> None:
    assert services["driver"]["stop_grace_period"] == "10m"


def test_the_image_has_what_the_drivers_need() -> None:
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    assert "postgres" in text
    assert 'ENTRYPOINT ["xprojdb"]' in text
