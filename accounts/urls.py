"""One line a deed: signing in and out, the profile, sessions."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import path

from config.gate import public, signed_in

urlpatterns = [
    path("sign-in/", public(account.login), name="account_login"),
    path("sign-out/", public(account.logout), name="account_logout"),
    path("sign-up/", public(account.signup), name="account_signup"),
    path("sign-in/again/", signed_in(account.reauthenticate), name="account_reauthenticate"),
]
