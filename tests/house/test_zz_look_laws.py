import pytest
from tests.house.test_query_counts import *
pytestmark = pytest.mark.django_db
def test_look(cast):
    client, objects = sign_in(cast.alice), populate(cast, 5)
    a = addresses(cast, objects)
    for n in ("dashboard","project_calls","call_list"):
        print("=====", n)
        for q in asked(client, a[n]): print("  ", q[:260])
