from tests.apps.checkout.conftest import price, shop, until, work  # noqa: F401 - fixtures
