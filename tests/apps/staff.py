"""Dana at work: logged in with the permissions that a test names, and no others."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def with_permissions(client: Any, user: Any, *names: str) -> Any:
    """Log ``user`` in as staff who may do what is named (``view_member``) and nothing else."""
    user.is_staff, user.is_superuser = True, False
    user.save()
    wanted = Permission.objects.filter(codename__in=names)
    assert {each.codename for each in wanted} == set(names), names
    user.user_permissions.set(wanted)
    client.force_login(user)
    return client


def page_of(row: Any, page: str = "change") -> str:
    """Return the address of a row's page for staff."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[quote(row.pk)])


def statements(client: Any, address: str) -> int:
    """Return how many SQL statements a page takes."""
    with CaptureQueriesContext(connection) as taken:
        assert client.get(address).status_code == 200, address
    return len(taken)


def errors_on(response: Any) -> str:
    """Return what a page refuses, in its words."""
    assert response.status_code == 200, response.status_code
    page = response.content.decode()
    return " ".join(part.partition("</ul>")[0] for part in page.split('class="errorlist')[1:])
