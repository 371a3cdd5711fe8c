"""The addresses of the house, with the doors of a company's provider, which tests configure."""

from __future__ import annotations

from accounts.urls import _provider_doors
from config import urls
from config.urls import *  # noqa: F403

urlpatterns = [*_provider_doors(), *urls.urlpatterns]
