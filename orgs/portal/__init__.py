"""The platform portal: Django's admin over containers, and nothing of what they contain."""

from orgs.portal.site import Portal

__all__ = ["Portal"]
