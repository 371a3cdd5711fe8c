"""allauth's forms in the words of the house. What they check is theirs.

Apart from `forms.py`, on which allauth builds its own sign-up form while this is not yet there.
"""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.core import context
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as passkeys
from allauth.socialaccount import forms as social
from django import forms

from accounts import registration

LABELS = {
    "login": "Email",
    "email": "Email",
    "password": "Password",
    "oldpassword": "Present password",
    "password2": "The same again",
    "code": "Code",
    "name": "Name",
    "passwordless": "Use it without a password",
}
HELP = {
    "password1": "At least 10 characters. A short sentence does well.",
    "passwordless": "The device itself asks who you are, by finger, face or PIN.",
}


class InOurWords(forms.Form):
    """Labels instead of placeholders, and hints that are plain text."""

    label_of_new = "New password"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = HELP.get(name, "")
            field.label = LABELS.get(name, field.label)
        if "password1" in self.fields:
            self.fields["password1"].label = self.label_of_new


class LoginForm(InOurWords, account.LoginForm):
    pass


class Newcomer(InOurWords):
    """Who creates an account: under their name, and by an invitation as whom it invites."""

    label_of_new = "Password"
    link = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Your name"

    def clean_email(self) -> str:
        address: str = super().clean_email()  # type: ignore[misc]
        only = registration.only_address(context.request, link=self.link)
        if only and address != only:
            raise forms.ValidationError(
                "Use the address that the invitation was sent to.", code="not_invited"
            )
        return address


class SignupForm(Newcomer, account.SignupForm):
    pass


class SocialSignupForm(Newcomer, social.SignupForm):
    """Asks for the address too, so that another one is refused in words and not replaced."""

    @property
    def link(self) -> str:  # type: ignore[override]
        return str(self.sociallogin.state.get("next") or "")


class ResetPasswordForm(InOurWords, account.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(InOurWords, account.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):
    pass


class SetPasswordForm(InOurWords, account.SetPasswordForm):
    label_of_new = "Password"


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):
    pass


class AuthenticateForm(InOurWords, mfa.AuthenticateForm):
    pass


class ReauthenticateByCodeForm(InOurWords, mfa.ReauthenticateForm):
    pass


class ActivateTOTPForm(InOurWords, totp.ActivateTOTPForm):
    pass


class AddPasskeyForm(InOurWords, passkeys.AddWebAuthnForm):
    pass
