"""What a request says of itself is believed only as far as it can be read."""

from __future__ import annotations

import pytest

from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("encoded", ["", "true"])
@pytest.mark.parametrize(
    "said",
    ["http://[", "http://[::1", "http://%e2%84%80/", "http://\u2100/", "//", "http://a:b/", "x:y"],
)
def test_a_page_that_htmx_cannot_be_on_breaks_nothing(cast: Cast, said: str, encoded: str) -> None:
    client = sign_in(cast.alice)
    headers = {"HX-Request": "true", "HX-Current-URL": said}
    headers |= {"HX-Current-URL-URI-AutoEncoded": encoded} if encoded else {}
    for page in ("audit-log/1/", "members/", "projects/new/", "audit-log/export/"):
        assert client.get(cast.url(page), headers=headers).status_code == 200, page


def test_the_page_that_it_is_on_is_still_known(cast: Cast) -> None:
    client = sign_in(cast.alice)
    here = f"http://testserver{cast.url('audit-log/')}?outcome=done"
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    answer = client.get(cast.url("audit-log/1/"), headers=headers)
    assert "outcome=done" in answer.content.decode()
