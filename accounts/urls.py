"""One line a deed: signing in and out, the profile, sessions.

Of allauth's doors only those listed here are open. They keep the names by which allauth finds
its own pages.
"""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.google import views as google
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.urls import URLPattern, path, re_path

from accounts import demo, views
from accounts.queries import configured_providers
from config.gate import public, signed_in

urlpatterns = [
    path("sign-in/", public(views.sign_in), name="account_login"),
    path("sign-in/code/", public(mfa.authenticate), name="mfa_authenticate"),
    path("sign-in/passkey/", public(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("sign-in/inactive/", views.account_inactive, name="account_inactive"),
    path("sign-in/again/", views.sign_in_again, name="account_reauthenticate"),
    path("sign-in/again/code/", signed_in(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "sign-in/again/passkey/",
        signed_in(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("sign-out/", public(account.logout), name="account_logout"),
    path("sign-up/", public(views.sign_up), name="account_signup"),
    path(
        "sign-up/confirm/",
        public(account.email_verification_sent),
        name="account_email_verification_sent",
    ),
    path("sign-up/confirm/<key>/", public(account.confirm_email), name="account_confirm_email"),
    path("password/reset/", public(account.password_reset), name="account_reset_password"),
    path(
        "password/reset/sent/",
        public(account.password_reset_done),
        name="account_reset_password_done",
    ),
    path(
        "password/reset/done/",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("profile/", views.profile, name="profile"),
    path("profile/name/", views.account_change, name="account_change"),
    path("profile/password/", signed_in(account.password_change), name="account_change_password"),
    path("profile/password/first/", signed_in(account.password_set), name="account_set_password"),
    path("profile/sessions/", views.session_list, name="session_list"),
    path(
        "profile/sessions/revoke/",
        views.session_revoke_others,
        name="session_revoke_others",
    ),
    path("profile/sessions/<int:pk>/revoke/", views.session_revoke, name="session_revoke"),
    path("profile/second-factor/", signed_in(mfa.index), name="mfa_index"),
    path("profile/second-factor/app/", signed_in(totp.activate_totp), name="mfa_activate_totp"),
    path(
        "profile/second-factor/app/remove/",
        signed_in(totp.deactivate_totp),
        name="mfa_deactivate_totp",
    ),
    path(
        "profile/second-factor/recovery-codes/",
        signed_in(recovery_codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "profile/second-factor/recovery-codes/new/",
        signed_in(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "profile/second-factor/recovery-codes/download/",
        signed_in(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("profile/passkeys/", signed_in(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("profile/passkeys/new/", signed_in(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path(
        "profile/passkeys/<int:pk>/",
        signed_in(passkeys.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
    path(
        "profile/passkeys/<int:pk>/remove/",
        signed_in(passkeys.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
]


def _provider_doors() -> list[URLPattern]:
    """The doors of Google and of a company's own provider; none that is not configured."""
    doors = []
    configured = configured_providers()
    if "google" in configured:
        doors += [
            path("sign-in/google/", public(google.oauth2_login), name="google_login"),
            path("sign-in/google/back/", public(google.oauth2_callback), name="google_callback"),
        ]
    if "openid_connect" in configured:
        doors += [
            path(
                "sign-in/with/<provider_id>/",
                public(openid_connect.login),
                name="openid_connect_login",
            ),
            path(
                "sign-in/with/<provider_id>/back/",
                public(openid_connect.callback),
                name="openid_connect_callback",
            ),
        ]
    if doors:
        doors += [
            path(
                "sign-in/cancelled/",
                public(social.login_cancelled),
                name="socialaccount_login_cancelled",
            ),
            path("sign-in/failed/", public(social.login_error), name="socialaccount_login_error"),
            path("sign-up/with/", public(social.signup), name="socialaccount_signup"),
            path(
                "profile/connections/",
                signed_in(social.connections),
                name="socialaccount_connections",
            ),
        ]
    return doors


urlpatterns += _provider_doors()
if demo.is_open():
    urlpatterns.append(path("demo/<slug:key>/", views.demo_enter, name="demo_enter"))
