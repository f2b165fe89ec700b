"""The old name of a moved class goes on working."""

from app.core import principal
from app.services import principal as before


def test_a_domain_may_import_the_principal_from_where_it_was() -> None:
    assert before.Principal is principal.Principal
    assert before.ALL_PERMISSIONS == principal.ALL_PERMISSIONS
