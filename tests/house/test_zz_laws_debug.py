from config.roles import Role
from tests.factories import *
from tests.house.furniture import *
from tests.house.test_visible_equals_allowed import *
def test_x(cast):
    here = furnish(cast.acme)
    p = holder_of(cast, here, Role.WORKSPACE_ADMIN)
    c = sign_in(p)
    for q in ("", "?show=given"):
        r = c.get(cast.url(f"workspaces/{here.workspace.pk}/access/{q}"))
        print(q, r.status_code, sorted(a for a in Addresses(r.content.decode()).found if "share" in a or "?" in a))
    visited, shown = walk(c, c.get("/").headers["Location"], cast.url())
    print([v for v in visited if "workspace" in v or "access" in v])
    assert 0
