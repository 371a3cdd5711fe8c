"""Where allauth asks the house: addresses, words, and who may not come in."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts import registration
from accounts.models import User
from config.text import clean_email, clean_line

INACTIVE_KEY = "inactive_account"
"""Session key: the account that proved itself and was not let in; its page shows why."""


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account may not sign in at present.",
        "email_password_mismatch": "The address and the password do not belong together.",
        "enter_current_password": "Write your present password.",
        "incorrect_password": "This is not the password.",
        "too_many_login_attempts": "Too many attempts. Wait five minutes, then try again.",
        "rate_limited": "Too many requests. Wait a minute, then try again.",
    }

    def clean_email(self, email: str) -> str:
        return clean_email(email)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return registration.is_open(request)

    def new_user(self, request: HttpRequest) -> User:
        if registration.is_reviewed():
            return User(state=User.State.PENDING, is_active=False)
        return User()

    def pre_login(
        self, request: HttpRequest, user: User, *, signup: bool, **rest: Any
    ) -> HttpResponse | None:
        # A new account under review confirms its address like any other: a different answer
        # here would tell which addresses already have an account.
        if signup and user.state == User.State.PENDING:
            return None
        response: HttpResponse | None = super().pre_login(request, user, signup=signup, **rest)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        request.session[INACTIVE_KEY] = str(user.pk)
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")


class MFAAdapter(DefaultMFAAdapter):
    error_messages: ClassVar = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This is not the code. A code changes every 30 seconds.",
    }

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        return "Passkey"


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Who was invited comes in as that address, if the provider vouches for it, or not at all.

        An address that a provider merely repeats could be anybody's: whoever confirms its letter
        would open their account to whoever holds the one at the provider.
        """
        only = _only_address(request, sociallogin)
        if only and only not in _vouched_for(sociallogin):
            raise ImmediateHttpResponse(_another_address(request, sociallogin, only))
        return bool(only) or registration.is_open_to_all()

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """With the invited address alone, whatever else the provider or a form says."""
        only = _only_address(request, sociallogin)
        if only:
            kept = [one for one in sociallogin.email_addresses if one.email.lower() == only]
            sociallogin.email_addresses, sociallogin.user.email = kept, only
        user: User = super().save_user(request, sociallogin, form)
        return user

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        user.name = _given_name(data) or user.email.partition("@")[0]
        return user


def _only_address(request: HttpRequest, sociallogin: SocialLogin) -> str:
    return registration.only_address(request, link=str(sociallogin.state.get("next") or ""))


def _vouched_for(sociallogin: SocialLogin) -> set[str]:
    # Some providers say "false" in a string, which would count as true.
    return {one.email.lower() for one in sociallogin.email_addresses if one.verified is True}


def _another_address(request: HttpRequest, sociallogin: SocialLogin, only: str) -> HttpResponse:
    """Why this account at the provider is not the one that was invited, and the ways on."""
    said = str(sociallogin.user.email or "").lower()
    context = {
        "invited": only,
        "said": said,
        "is_unproven": said == only,
        "provider": sociallogin.provider.name if sociallogin.account.provider else "The provider",
        "next": str(sociallogin.state.get("next") or ""),
    }
    return render(request, "socialaccount/signup_refused.html", context, status=403)


def _given_name(data: dict[str, Any]) -> str:
    """The name as the provider tells it; none where it is nothing that may be stored."""
    parts = (data.get("first_name"), data.get("last_name"))
    try:
        return clean_line(data.get("name") or " ".join(part for part in parts if part))
    except ValidationError:
        return ""
