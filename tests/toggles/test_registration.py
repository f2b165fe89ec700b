"""`registration`: people sign up, or administrators make their accounts.

Mail is no question: it comes with the first part that needs it, and leaves with the last.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

# Mail is there without it too, for the provider.
NEEDED: dict[str, Any] = {"oauth_providers": ["google"], "deployment": ["docker", "kubernetes"]}
WORD = re.compile(
    r"features[./]registration|REGISTRATION_ENABLED|PASSWORD_RESET_|VERIFIED_EMAIL|one_time_token"
    r"|auth/register|verify-email|password/(?:forgot|reset)|email/change|[Ss]ign-up"
)
MAIL = re.compile(
    r"MAIL_(?:URL|FROM)|mail_(?:url|from)|features[./]mail|aiosmtp|FRONTEND_URL"
    r"|[Mm]ailbox|[Oo]utbox|(?i:smtp)|(?<![\w-])[Mm]ails?\b"
)
