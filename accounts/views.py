"""The pages of one's own account, and the doors that allauth does not have. HTTP only."""

from __future__ import annotations

from email.utils import parseaddr

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import LoginView, SignupView, reauthenticate
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import demo
from accounts.actions import account_change as change_account
from accounts.actions import session_revoke as revoke_session
from accounts.actions import session_revoke_others as revoke_other_sessions
from accounts.adapter import INACTIVE_KEY
from accounts.forms import NameForm
from accounts.identity import PersonRequest, actor_of
from accounts.models import User
from accounts.queries import configured_providers, means_of, platform_settings
from accounts.queries import session_list as sessions_of
from audit.events import Event
from config.gate import public, signed_in
from config.requests import Request

# A template calls `cast` itself, so a sign-in page without the demo asks for nothing.
sign_in = LoginView.as_view(extra_context={"cast": demo.cast, "platform": platform_settings})
sign_up = SignupView.as_view(extra_context={"platform": platform_settings})


@public
@require_POST
def demo_enter(request: Request, key: str) -> HttpResponseBase:
    """Sign in as one of the demo's cast, by the same path and with the same record as anybody."""
    part = demo.part_of(key) if demo.is_open() else None
    if part is None:
        raise Http404
    person = get_object_or_404(User, email=part.email, is_active=True)
    if request.user.is_authenticated:
        logout(request)
    record_authentication(request, person, method="demo")
    response: HttpResponseBase = perform_login(
        request, Login(user=person, email_verification="none")
    )
    return response


@signed_in
def sign_in_again(request: Request) -> HttpResponseBase:
    """Ask for the password or a factor; who has neither, as with a company's sign-in or the
    demo's, signs in from the start and comes back."""
    if get_adapter().get_reauthentication_methods(request.user):
        answer: HttpResponseBase = reauthenticate(request)
        return answer
    back = request.GET.get("next", "/")
    logout(request)
    messages.info(request, "Sign in again to go on.")
    return redirect_to_login(back, reverse("account_login"))


@public
def account_inactive(request: Request) -> HttpResponse:
    """Why an account that proved itself is not let in, and whom to write to."""
    known = request.session.get(INACTIVE_KEY, "")
    person = User.objects.filter(pk=known, is_active=False).first() if known else None
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    write_to = platform_settings().support_email or sender
    context = {"person": person, "write_to": write_to}
    return render(request, "account/account_inactive.html", context, status=403)


@signed_in
def profile(request: PersonRequest) -> HttpResponse:
    return _profile(request, NameForm(initial={"name": request.user.name}))


@signed_in(records=Event.ACCOUNT_CHANGED)
@require_POST
def account_change(request: PersonRequest) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _profile(request, form, status=422)
    change_account(person=request.user, name=form.cleaned_data["name"], actor=actor_of(request))
    messages.success(request, "Your name is saved.")
    return redirect("profile")


def _profile(request: PersonRequest, form: NameForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "means": means_of(request.user),
        "connections": bool(configured_providers()),
    }
    return render(request, "accounts/profile.html", context, status=status)


@signed_in
def session_list(request: PersonRequest) -> HttpResponse:
    rows = sessions_of(person=request.user, current_key=request.session.session_key)
    return render(request, "accounts/sessions.html", {"rows": rows})


@signed_in(records=Event.SESSION_REVOKED)
@require_POST
def session_revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """One's own sessions only; this one ends by signing out."""
    others = UserSession.objects.filter(user=request.user).exclude(
        session_key=request.session.session_key
    )
    revoke_session(session=get_object_or_404(others, pk=pk), actor=actor_of(request))
    messages.success(request, "The session is ended.")
    return redirect("session_list")


@signed_in(records=Event.SESSION_REVOKED)
@require_POST
def session_revoke_others(request: PersonRequest) -> HttpResponse:
    ended = revoke_other_sessions(
        person=request.user,
        current_key=request.session.session_key,
        actor=actor_of(request),
    )
    messages.success(request, f"{ended} session{'' if ended == 1 else 's'} ended.")
    return redirect("session_list")
