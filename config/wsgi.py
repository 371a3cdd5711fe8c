"""The door for a WSGI server; `manage.py serve` starts one."""

import os
from collections.abc import Mapping
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class PlainRequest(WSGIRequest):
    """Reads every request as UTF-8, whatever alphabet it names.

    Django would take any codec of Python's, fail on most of them before a page could say so, and
    get text from others that cannot be stored.
    """

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            found = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            found = "", {}
        self.content_type, self.content_params = found


application = get_wsgi_application()
application.request_class = PlainRequest
