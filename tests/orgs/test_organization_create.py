"""The registration wizard: its answers, its refusals, and who becomes owner of what."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from config.roles import PRESET_POLICIES, Preset, Role
from orgs.actions.organizations import RESERVED_SLUGS
from orgs.forms.organizations import suggest_slug
from orgs.models import Membership, Organization
from orgs.queries.organizations import organizations_of
from orgs.tenancy import bound
from tests.factories import Cast, make_person, sign_in

pytestmark = pytest.mark.django_db
PAGE = "/organizations/new/"


def founded_by(person) -> dict[str, Role]:
    return {one.slug: one.role for one in organizations_of(person.pk)}


@pytest.mark.requirement("S4-008", "S4-009")
def test_whoever_completes_the_wizard_owns_that_organization_and_no_other(cast: Cast) -> None:
    nora = make_person("Nora Lind")
    client = sign_in(nora)
    answers = {"name": "Harbor Works", "slug": "harbor-works"}
    policies = client.post(PAGE, answers | {"to": "policies"})
    assert policies.status_code == 200
    assert founded_by(nora) == {}, "only the last step founds anything"
    confirm = client.post(PAGE, answers | {"preset": "S2", "to": "confirm"})
    assert b"Harbor Works" in confirm.content
    assert founded_by(nora) == {}
    done = client.post(PAGE, answers | {"preset": "S2"})
    assert done.url == "/o/harbor-works/"
    assert founded_by(nora) == {"harbor-works": Role.OWNER}
    (one,) = organizations_of(nora.pk)
    with bound(one.id):
        organization = Organization.objects.get(id=one.id)
        assert frozenset(organization.policies) == PRESET_POLICIES[Preset.S2]
        assert organization.state == "open"
        (founder,) = Membership.objects.in_org(one.id)
        assert founder.origin == "founded"
        assert Event.objects.get(organization_id=one.id).action == "organization.created"


def test_the_wizard_shows_its_three_steps_and_all_four_presets(cast: Cast) -> None:
    client = sign_in(cast.alice)
    first = client.get(PAGE).content.decode()
    assert 'aria-current="step">Name' in first
    second = client.post(
        PAGE, {"name": "Nordic", "slug": "nordic-x", "to": "policies"}
    ).content.decode()
    for preset in Preset:
        assert preset.label in second
        assert preset.description in second


def test_going_back_keeps_the_answers(cast: Cast) -> None:
    answers = {"name": "Nordic Tools", "slug": "nordic-tools", "preset": "S3", "to": "name"}
    back = sign_in(cast.alice).post(PAGE, answers).content.decode()
    assert 'value="Nordic Tools"' in back
    assert 'value="nordic-tools"' in back
    assert 'name="preset" value="S3"' in back


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"name": "", "slug": "fine"}, "Write the name"),
        ({"name": "   ", "slug": "fine"}, "Write the name"),
        ({"name": "a\u202eb", "slug": "fine"}, "invisible characters"),
        ({"name": "x" * 101, "slug": "fine"}, "at most 100 characters"),
        ({"name": "Fine", "slug": "Not an address!"}, "lower-case letters"),
        ({"name": "Fine", "slug": "double--hyphen"}, "lower-case letters"),
        ({"name": "Fine", "slug": "x" * 41}, "at most 40"),
        ({"name": "株式会社", "slug": ""}, "lower-case letters"),
        ({"name": "Fine", "slug": "fine", "preset": "S9"}, ""),
        ({"name": "nul\x00", "slug": "fine"}, ""),
    ],
)
def test_bad_answers_are_explained_with_422_and_found_nothing(cast: Cast, answers, says) -> None:
    before = founded_by(cast.alice)
    response = sign_in(cast.alice).post(PAGE, answers)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert founded_by(cast.alice) == before


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS - {"o"}))
def test_reserved_words_are_refused_like_an_address_in_use(cast: Cast, slug: str) -> None:
    response = sign_in(cast.alice).post(PAGE, {"name": "Any", "slug": slug})
    assert response.status_code == 422
    assert b"This address is not available" in response.content


def test_an_address_in_use_says_nothing_about_whose_it_is(cast: Cast) -> None:
    taken = {"name": "Umbrella", "slug": cast.umbrella.slug}
    stranger = sign_in(cast.alice).post(PAGE, taken).content.decode()
    assert "This address is not available" in stranger
    assert "registered" not in stranger.partition("<form")[2]


def test_sending_twice_points_at_what_the_first_time_founded(cast: Cast) -> None:
    client = sign_in(cast.mia)
    answers = {"name": "Twice", "slug": "twice-x"}
    assert client.post(PAGE, answers).status_code == 302
    again = client.post(PAGE, answers)
    assert again.status_code == 422
    assert "You have registered Twice at this address already" in again.content.decode()
    assert list(founded_by(cast.mia)).count("twice-x") == 1


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme Robotics", "acme-robotics"),
        ("Łódź & Søn", "lodz-son"),
        ("Straße Größe", "strasse-grosse"),
        ("Ёлка и Ко", "elka-i-ko"),
        ("Αθήνα", "athina"),
        ("  --  ", ""),
        ("株式会社", ""),
        ("x", ""),
        ("A" * 50, "a" * 40),
    ],
)
def test_the_name_suggests_an_address(name: str, slug: str) -> None:
    assert suggest_slug(name) == slug


def test_the_suggestion_arrives_by_htmx_and_spares_an_address_of_ones_own(cast: Cast) -> None:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    fresh = client.get(PAGE, {"name": "Harbor Works", "slug": "", "suggested": ""}).content.decode()
    assert 'value="harbor-works"' in fresh
    follows = client.get(
        PAGE, {"name": "Port", "slug": "harbor", "suggested": "harbor"}
    ).content.decode()
    assert 'value="port"' in follows
    own = client.get(PAGE, {"name": "Port", "slug": "mine", "suggested": "harbor"}).content.decode()
    assert 'value="mine"' in own


def test_without_an_address_the_name_gives_one(cast: Cast) -> None:
    sign_in(cast.vera).post(PAGE, {"name": "Øresund Kraft"})
    assert "oresund-kraft" in founded_by(cast.vera)


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(PAGE).url.startswith("/sign-in/")
    assert client.post(PAGE, {"name": "No", "slug": "no-no"}).url.startswith("/sign-in/")
