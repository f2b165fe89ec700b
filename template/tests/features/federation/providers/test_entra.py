"""Microsoft Entra ID, in the shapes its documentation shows: tenants, object ids, one template."""

from typing import Any

import pytest

from app.core.settings import ConfigurationError
from tests.features.federation.browser import Browser, signed_in_through
from tests.features.federation.conftest import Configure
from tests.features.federation.stub import CLIENT_ID, SECRET, Stub
from tests.support.service import Service

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OBJECT = "00000000-0000-0000-66f3-3332eca7ea81"


@pytest.fixture
def entra(service: Service, stub: Stub, configure: Configure) -> Configure:
    """Gives the provider settings; the stub is the shared tenant `common` or one tenant."""

    def configured(tenant: str = "common", **values: str) -> None:
        issued = tenant if tenant != "common" else "{tenantid}"
        document = stub.document(issuer=f"{stub.url}/{issued}/v2.0")
        stub.paths[f"/{tenant}/v2.0/.well-known/openid-configuration"] = document
        configure(
            entra_issuer=f"{stub.url}/{{tenant}}/v2.0",
            entra_client_id=CLIENT_ID,
            entra_client_secret=SECRET,
            entra_tenant_id=tenant,
            **values,
        )

    person(stub)
    return configured


def person(stub: Stub, tenant: str = TENANT, **claims: Any) -> None:
    stub.claims = {
        "iss": f"{stub.url}/{tenant}/v2.0",
        "tid": tenant,
        "oid": OBJECT,
        "sub": "differs from application to application",
        "email_verified": None,
        **claims,
    }


async def test_two_logins_in_a_row_of_an_allowed_tenant(
    service: Service, stub: Stub, entra: Configure
) -> None:
    entra(entra_allowed_tenants=TENANT)

    first = await signed_in_through(service, stub, "entra")
    person(stub, sub="another here")
    second = await signed_in_through(service, stub, "entra")

    assert first["user_id"] == second["user_id"]
    assert "/userinfo" not in stub.asked


async def test_the_same_object_id_in_another_tenant_is_somebody_else(
    service: Service, stub: Stub, entra: Configure
) -> None:
    entra(entra_allowed_tenants=f"{TENANT},{OTHER_TENANT}")
    first = await signed_in_through(service, stub, "entra")
    person(stub, OTHER_TENANT, email="grace@example.com")

    second = await signed_in_through(service, stub, "entra")

    assert first["user_id"] != second["user_id"]


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": OTHER_TENANT},
        {"tid": None},
        {"tid": "../common"},
        {"tid": [TENANT]},
        {"iss": "https://sts.example/v2.0"},
        {"oid": None, "reason": "subject_missing"},
    ],
)
async def test_a_token_of_another_tenant_is_refused(
    service: Service, stub: Stub, entra: Configure, claims: dict[str, Any]
) -> None:
    entra(entra_allowed_tenants=TENANT)
    reason = claims.pop("reason", "provider_answer_invalid")
    person(stub, **claims)

    answer = await Browser(service).login(stub, provider="entra")

    assert answer["error_description"] == reason


async def test_a_tenant_that_is_not_on_the_list_is_refused(
    service: Service, stub: Stub, entra: Configure
) -> None:
    entra(entra_allowed_tenants=TENANT)
    person(stub, OTHER_TENANT)

    answer = await Browser(service).login(stub, provider="entra")

    assert answer["error_description"] == "provider_answer_invalid"


@pytest.mark.parametrize(
    ("claim", "enters"), [(True, True), (False, False), (None, False), ("1", False), (1, False)]
)
async def test_with_every_tenant_allowed_the_domain_must_be_the_tenants_own(
    service: Service, stub: Stub, entra: Configure, claim: Any, enters: bool
) -> None:
    entra(entra_allowed_tenants="*")
    person(stub, xms_edov=claim)

    answer = await Browser(service).login(stub, provider="entra")

    assert ("code" in answer) is enters
    assert answer.get("error_description", "email_unverified") == "email_unverified"


async def test_one_tenant_needs_no_list(service: Service, stub: Stub, entra: Configure) -> None:
    entra(TENANT)

    assert await signed_in_through(service, stub, "entra")
    person(stub, OTHER_TENANT)
    answer = await Browser(service).login(stub, provider="entra")
    assert answer["error_description"] == "provider_answer_invalid"


def test_the_shared_tenants_need_a_list(entra: Configure) -> None:
    with pytest.raises(ConfigurationError, match="ENTRA_ALLOWED_TENANTS"):
        entra()
