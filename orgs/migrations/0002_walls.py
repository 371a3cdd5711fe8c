"""Row security, rights and composite keys of an organization's tables."""

from __future__ import annotations

from django.db import migrations

from config.rights import web_role
from orgs.walls import CASCADE, SET_NULL, wall

ORGANIZATION = f"""
ALTER TABLE orgs_organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON orgs_organization
    USING (id = (SELECT app_org())) WITH CHECK (id = (SELECT app_org()));
-- The portal sees which organizations there are; to change one it binds to it.
CREATE POLICY portal ON orgs_organization FOR SELECT USING ((SELECT app_portal()));
GRANT SELECT, DELETE ON orgs_organization TO {web_role()};
GRANT INSERT (id, name, slug, state, state_reason, closes_at, policies, plan, seats, created_at,
              owner_count, member_count, group_count, seats_used),
      UPDATE (name, slug, state, state_reason, closes_at, policies, plan, seats)
    ON orgs_organization TO {web_role()};
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR DELETE
    OR UPDATE OF name, slug, state, state_reason, closes_at, policies, plan, seats
    ON orgs_organization DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION refuse_unrecorded('id');
"""

ORGANIZATION_REVERSE = f"""
DROP TRIGGER recorded ON orgs_organization;
REVOKE ALL ON orgs_organization FROM {web_role()};
DROP POLICY portal ON orgs_organization;
DROP POLICY wall ON orgs_organization;
ALTER TABLE orgs_organization DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0001_initial"), ("audit", "0002_chain")]

    operations = [
        migrations.RunSQL(ORGANIZATION, ORGANIZATION_REVERSE),
        wall(
            "orgs_membership",
            keys={"invited_by_id": ("orgs_membership", SET_NULL)},
            # Being seen is no deed: last_active_at is the one column left out.
            recorded="INSERT OR DELETE OR UPDATE OF person_id, role, name, email, login, reason",
        ),
        wall(
            "orgs_invitation",
            keys={
                "invited_by_id": ("orgs_membership", SET_NULL),
                "membership_id": ("orgs_membership", SET_NULL),
            },
        ),
        wall(
            "orgs_ownershipoffer",
            keys={
                "offered_to_id": ("orgs_membership", CASCADE),
                "offered_by_id": ("orgs_membership", CASCADE),
            },
        ),
        wall("orgs_group", keys={"parent_id": ("orgs_group", SET_NULL)}),
        wall(
            "orgs_groupmembership",
            keys={
                "group_id": ("orgs_group", CASCADE),
                "membership_id": ("orgs_membership", CASCADE),
                "added_by_id": ("orgs_membership", SET_NULL),
            },
        ),
    ]
