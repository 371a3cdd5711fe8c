"""Rotating a key: a new secret, an overlap, proof that it works, and the old one's end."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import transaction
from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.key_rotation import key_rotate
from projects.models import Key, KeySecret
from projects.queries.key_rotation import rotation_of
from tests.factories import Cast, access_of, make_organization, make_person, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key, make_limit
from tests.races import together

HX = {"HX-Request": "true"}


def org_key(cast: Cast, **fields: object) -> tuple[Key, str]:
    return make_key(cast.acme, cast.member(cast.alice), "Warehouse scanners", **fields)


def secrets(key: Key) -> list[KeySecret]:
    with bound(key.organization_id):
        return list(key.secrets.order_by("created_at"))


def page(cast: Cast, key: Key, part: str = "rotate") -> str:
    return cast.url(f"keys/{key.pk}/{part}/")


def rotate(cast: Cast, key: Key, who: User | None = None, **data: object) -> HttpResponse:
    said = {"overlap": 24, "seen": secrets(key)[-1].pk} | data
    return sign_in(who or cast.alice).post(page(cast, key), said)


def shown_in(response: HttpResponse) -> str:
    found = set(re.findall(r"bw_live_[0-9a-f]{48}", response.content.decode()))
    assert len(found) == 1
    return found.pop()


def entries(cast: Cast, action: str, outcome: str = "done") -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action=action, outcome=outcome))


@pytest.mark.django_db
@pytest.mark.requirement("S2-147")
def test_both_secrets_work_until_the_overlap_ends(cast: Cast) -> None:
    key, old = org_key(cast)
    response = rotate(cast, key, overlap=720)
    assert response.status_code == 200
    new = shown_in(response)
    platform = Platform(cast.acme)
    assert platform.verify(old).json()["decision"]
    assert platform.verify(new).json()["decision"]

    first, second = secrets(key)
    assert first.ends_at is not None
    assert abs(first.ends_at - timezone.now() - datetime.timedelta(hours=720)).seconds < 60
    assert second.ends_at is None
    with bound(cast.acme.id):
        KeySecret.objects.filter(pk=first.pk).update(ends_at=timezone.now())
    assert platform.verify(old).status_code == 401
    assert platform.verify(new).json()["decision"]
    (entry,) = entries(cast, "key.rotated")
    assert first.shown in entry.body
    assert second.shown in entry.body
    assert new not in entry.body


@pytest.mark.django_db
@pytest.mark.requirement("S2-147")
def test_both_secrets_share_one_budget(cast: Cast) -> None:
    key, old = org_key(cast)
    make_limit(key, rpm=2)
    new = shown_in(rotate(cast, key))
    platform = Platform(cast.acme)
    outcomes = [platform.verify(text).json()["decision"] for text in (old, new, old, new)]
    assert outcomes == [True, True, False, False]


@pytest.mark.django_db
def test_with_no_overlap_the_old_one_stops_at_once(cast: Cast) -> None:
    key, old = org_key(cast)
    response = rotate(cast, key, overlap=0)
    new = shown_in(response)
    assert "The old secret has stopped." in response.content.decode()
    platform = Platform(cast.acme)
    assert platform.verify(old).status_code == 401
    assert platform.verify(new).json()["decision"]


@pytest.mark.django_db
def test_the_secret_is_shown_once(cast: Cast) -> None:
    key, _ = org_key(cast)
    response = rotate(cast, key)
    new = shown_in(response)
    assert "no-store" in response.headers["Cache-Control"]
    client = sign_in(cast.alice)
    for part in ("rotate", "retire", "overlap"):
        assert new not in client.get(page(cast, key, part)).content.decode()


@pytest.mark.django_db
def test_the_page_is_no_dialog(cast: Cast) -> None:
    key, _ = org_key(cast)
    response = sign_in(cast.alice).get(page(cast, key), headers=HX | {"HX-Target": "dialog"})
    assert response.headers["HX-Redirect"] == page(cast, key)


@pytest.mark.django_db
def test_a_second_rotation_waits_for_the_first(cast: Cast) -> None:
    key, _ = org_key(cast)
    rotate(cast, key)
    response = rotate(cast, key)
    assert response.status_code == 422
    assert "A rotation of this key is under way" in response.content.decode()
    assert len(secrets(key)) == 2
    (failed,) = entries(cast, "key.rotated", "failed")
    assert "under_way" in failed.body


@pytest.mark.django_db
def test_two_tabs_make_one_secret(cast: Cast) -> None:
    key, _ = org_key(cast)
    seen = secrets(key)[0].pk
    rotate(cast, key, overlap=0, seen=seen)
    response = rotate(cast, key, overlap=0, seen=seen)
    assert response.status_code == 422
    assert "another secret meanwhile" in response.content.decode()
    assert len(secrets(key)) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("overlap", ["-1", "721", "1.5", "", "NaN", "1e309", "9" * 400, "\0"])
def test_an_overlap_is_0_to_720_whole_hours(cast: Cast, overlap: str) -> None:
    key, _ = org_key(cast)
    assert rotate(cast, key, overlap=overlap).status_code == 422
    assert len(secrets(key)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("seen", ["", "x", "\0", "00000000-0000-4000-8000-000000000000"])
def test_a_form_that_saw_nothing_makes_nothing(cast: Cast, seen: str) -> None:
    key, _ = org_key(cast)
    assert rotate(cast, key, seen=seen).status_code == 422
    assert len(secrets(key)) == 1


@pytest.mark.django_db
def test_a_lost_new_secret_is_made_again_while_nobody_uses_it(cast: Cast) -> None:
    key, old = org_key(cast)
    lost = shown_in(rotate(cast, key, overlap=48))
    ends_at = secrets(key)[0].ends_at
    new = shown_in(rotate(cast, key, again="on", overlap=0))
    platform = Platform(cast.acme)
    assert platform.verify(old).json()["decision"]
    assert platform.verify(lost).status_code == 401
    assert platform.verify(new).json()["decision"]
    assert secrets(key)[0].ends_at == ends_at
    response = rotate(cast, key, again="on")
    assert response.status_code == 422
    assert "in use by now" in response.content.decode()


@pytest.mark.django_db
def test_made_again_many_times_the_old_one_is_still_known(cast: Cast) -> None:
    key, old = org_key(cast)
    rotate(cast, key, overlap=48)
    for _ in range(25):
        assert rotate(cast, key, again="on").status_code == 200
    assert rotate(cast, key).status_code == 422
    with bound(cast.acme.id):
        found = rotation_of(key)
    assert found.under_way
    assert found.old == secrets(key)[0]


@pytest.mark.django_db
@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_dead_key_gets_no_secret(cast: Cast, ended: str) -> None:
    state = {ended: timezone.now()}
    key, _ = org_key(cast, **state)
    assert rotate(cast, key).status_code == 422
    assert len(secrets(key)) == 1
    assert sign_in(cast.alice).get(page(cast, key)).status_code == 200


@pytest.mark.django_db
@pytest.mark.requirement("S2-148")
def test_first_and_last_use_stand_side_by_side(cast: Cast) -> None:
    key, old = org_key(cast)
    platform = Platform(cast.acme)
    platform.verify(old, ip="198.51.100.7")
    new = shown_in(rotate(cast, key))
    client = sign_in(cast.alice)
    assert "The new key has not been used yet" in client.get(page(cast, key)).content.decode()

    platform.verify(new, ip="203.0.113.24")
    with bound(cast.acme.id):
        # A use is written down once in five seconds.
        earlier = F("last_used_at") - datetime.timedelta(seconds=6)
        KeySecret.objects.filter(first_used_at__isnull=False).update(last_used_at=earlier)
    platform.verify(new, ip="203.0.113.99")
    now = timezone.now()
    with bound(cast.acme.id):
        KeySecret.objects.filter(ends_at__isnull=False).update(
            last_used_at=now - datetime.timedelta(minutes=22, seconds=5)
        )
        found = rotation_of(key)
    at = timezone.localtime(found.new.first_used_at).strftime("%H:%M")
    said = (
        f"The new key was first used {at} from 203.0.113.24; "
        "the old one has been quiet for 22 minutes."
    )
    assert found.sentence == said
    assert found.step == 4
    html = client.get(page(cast, key)).content.decode()
    assert said in html
    assert "from 203.0.113.99" in html


@pytest.mark.django_db
@pytest.mark.requirement("S2-148")
def test_an_old_secret_in_use_is_said(cast: Cast) -> None:
    key, old = org_key(cast)
    new = shown_in(rotate(cast, key))
    platform = Platform(cast.acme)
    platform.verify(new, ip="203.0.113.24")
    platform.verify(old, ip="198.51.100.7")
    with bound(cast.acme.id):
        found = rotation_of(key)
    assert found.step == 3
    assert found.tone == "warn"
    assert "from 198.51.100.7" in found.sentence


@pytest.mark.django_db
def test_the_page_keeps_itself_up_to_date(cast: Cast) -> None:
    key, _ = org_key(cast)
    client = sign_in(cast.alice)
    assert 'hx-trigger="every' not in client.get(page(cast, key)).content.decode()
    rotate(cast, key)
    assert 'hx-trigger="every 4s"' in client.get(page(cast, key)).content.decode()
    part = client.get(page(cast, key), headers=HX | {"HX-Target": "use"}).content.decode()
    assert "<html" not in part
    assert 'id="use"' in part
    assert 'id="steps"' in part


@pytest.mark.django_db
@pytest.mark.requirement("S2-149")
def test_retiring_ends_the_old_secret_and_keeps_the_new(cast: Cast) -> None:
    key, old = org_key(cast)
    new = shown_in(rotate(cast, key))
    first = secrets(key)[0]
    client = sign_in(cast.alice)
    assert first.shown in client.get(page(cast, key, "retire"), headers=HX).content.decode()
    said = {"seen": first.pk, "reason": "Deployed"}
    assert client.post(page(cast, key, "retire"), said).status_code == 302
    platform = Platform(cast.acme)
    assert platform.verify(old).status_code == 401
    assert platform.verify(new).json()["decision"]
    (entry,) = entries(cast, "key.retired")
    assert "Deployed" in entry.body
    again = client.post(page(cast, key, "retire"), said)
    assert again.status_code == 422
    # The next rotation may begin.
    assert rotate(cast, key).status_code == 200


@pytest.mark.django_db
def test_retiring_never_takes_the_only_secret(cast: Cast) -> None:
    key, text = org_key(cast)
    client = sign_in(cast.alice)
    only = secrets(key)[0].pk
    assert client.post(page(cast, key, "retire"), {"seen": only}).status_code == 422
    rotate(cast, key)
    new = secrets(key)[1].pk
    assert client.post(page(cast, key, "retire"), {"seen": new}).status_code == 422
    assert Platform(cast.acme).verify(text).json()["decision"]


@pytest.mark.django_db
def test_the_overlap_is_made_longer_and_shorter(cast: Cast) -> None:
    key, _ = org_key(cast)
    rotate(cast, key, overlap=24)
    first = secrets(key)[0]
    client = sign_in(cast.alice)
    for hours in (700, 1):
        said = {"seen": first.pk, "hours": hours}
        assert client.post(page(cast, key, "overlap"), said).status_code == 302
        wanted = timezone.now() + datetime.timedelta(hours=hours)
        ends_at = secrets(key)[0].ends_at
        assert ends_at is not None
        assert abs((ends_at - wanted).total_seconds()) < 60
    assert len(entries(cast, "key.overlap_changed")) == 2


@pytest.mark.django_db
def test_an_overlap_grows_no_longer_than_720_hours_in_all(cast: Cast) -> None:
    key, _ = org_key(cast)
    rotate(cast, key, overlap=24)
    first, second = secrets(key)
    with bound(cast.acme.id):
        made = timezone.now() - datetime.timedelta(hours=10)
        KeySecret.objects.filter(pk=second.pk).update(created_at=made)
    client = sign_in(cast.alice)
    response = client.post(page(cast, key, "overlap"), {"seen": first.pk, "hours": 720})
    assert response.status_code == 422
    assert "720 hours together at most" in response.content.decode()
    for hours in ("0", "-5", "x", "721"):
        said = {"seen": first.pk, "hours": hours}
        assert client.post(page(cast, key, "overlap"), said).status_code == 422
    said = {"seen": second.pk, "hours": 5}
    assert client.post(page(cast, key, "overlap"), said).status_code == 422
    with bound(cast.acme.id):
        assert KeySecret.objects.get(pk=second.pk).ends_at is None


@pytest.mark.django_db
def test_a_secret_made_today_obeys_the_longest_life_of_today(cast: Cast) -> None:
    key, _ = org_key(cast)
    make_limit(cast.acme, longest_days=30)
    html = sign_in(cast.alice).get(page(cast, key)).content.decode()
    assert "The key will end on" in html
    rotate(cast, key)
    with bound(cast.acme.id):
        key.refresh_from_db()
    assert key.expires_at is not None
    assert (key.expires_at - timezone.now()).days == 30
    assert len(entries(cast, "key.changed")) == 1


@pytest.mark.django_db
def test_who_may_not_manage_a_key_does_not_rotate_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, cast.member(cast.alice))
    for part in ("rotate", "retire", "overlap"):
        assert sign_in(cast.mia).post(page(cast, key, part)).status_code == 404
        assert sign_in(cast.oscar).post(page(cast, key, part)).status_code == 404
    assert len(secrets(key)) == 1


@pytest.mark.django_db
@pytest.mark.requirement("S2-141")
def test_an_admin_gets_no_secret_that_acts_for_an_owner(cast: Cast) -> None:
    """Adam manages organization keys, and sees no project: Alice's key reaches all of them."""
    key, text = org_key(cast)
    client = sign_in(cast.adam)
    html = client.get(page(cast, key)).content.decode()
    assert "You may make no new secret of this key" in html
    assert "Make the new secret" not in html
    assert rotate(cast, key, cast.adam).status_code == 422
    assert len(secrets(key)) == 1
    own, _ = make_key(cast.acme, cast.member(cast.adam))
    assert rotate(cast, own, cast.adam).status_code == 200
    assert rotate(cast, own, cast.alice, seen=secrets(own)[-1].pk).status_code == 422
    assert Platform(cast.acme).verify(text).json()["decision"]


@pytest.mark.django_db
@pytest.mark.requirement("S2-141")
def test_an_admin_gets_no_secret_of_an_account_above_them(cast: Cast) -> None:
    member = make_account(cast.acme, role="member")
    elsewhere = make_account(cast.acme, projects=(make_project(cast.acme),))
    for account in (member, elsewhere):
        key, _ = make_key(cast.acme, account)
        assert rotate(cast, key, cast.adam).status_code == 422
        assert rotate(cast, key, cast.alice).status_code == 200
    key, _ = make_key(cast.acme, make_account(cast.acme))
    assert rotate(cast, key, cast.adam).status_code == 200


@pytest.mark.django_db
def test_a_project_owner_rotates_the_keys_of_the_project(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    for holder in (cast.member(cast.alice), make_account(cast.acme, projects=(project,))):
        key, _ = make_key(project, holder)
        assert rotate(cast, key, cast.mia).status_code == 200


@pytest.mark.django_db
def test_a_personal_key_is_rotated_by_its_creator(cast: Cast) -> None:
    project = make_project(cast.acme, policies=["personal_keys"])
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, mia, kind="personal")
    assert rotate(cast, key, cast.mia).status_code == 200


@pytest.mark.django_db
def test_a_strangers_key_is_not_there(cast: Cast) -> None:
    other = make_organization(cast.oscar, "Elsewhere")
    key, _ = org_key(cast)
    url = cast.url(f"keys/{key.pk}/rotate/", other)
    assert sign_in(cast.oscar).get(url).status_code == 404


@pytest.mark.race
@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("overlap", [0, 24])
def test_two_who_rotate_at_once_make_one_secret(overlap: int) -> None:
    owner = make_person()
    organization = make_organization(owner, "Race")
    with bound(organization.pk):
        member = Membership.objects.in_org(organization).get()
    for _ in range(6):
        key, old = make_key(organization, member)
        seen = secrets(key)[0].pk

        def rotate_now(key=key, seen=seen) -> str:
            with transaction.atomic():
                access = access_of(organization, owner)
                return key_rotate(key=key, overlap=overlap, seen=seen, actor=access)[1]

        outcomes = together(rotate_now, rotate_now, rotate_now)
        made = [text for text in outcomes if isinstance(text, str)]
        assert len(made) == 1
        assert {error.code for error in outcomes if not isinstance(error, str)} <= {
            "under_way",
            "meanwhile",
        }
        assert len(secrets(key)) == 2
        platform = Platform(organization)
        assert platform.verify(made[0]).json()["decision"]
        assert platform.verify(old).status_code == (200 if overlap else 401)
