"""probe"""
from __future__ import annotations
import json, time, datetime, re
from uuid import uuid4
import pytest
from django.utils import timezone
from config.roles import Role
from orgs.tenancy import bound
from projects.models import *
from projects.policies import ProjectPolicy
from tests.factories import Cast, make_group, make_seat, sign_in, make_member
from tests.projects.api.rooms import Room
from tests.projects.factories import make_grant, make_project, make_resource, make_group_role
from tests.projects.keys import Platform, make_account, make_key, make_limit, make_token
pytestmark = pytest.mark.django_db

def test_admin_sees_no_name(cast):
    secret = make_project(cast.acme, "Hidden Falcon")
    group = make_group(cast.acme, "Covert Heron", secret=True)
    mia = cast.member(cast.mia)
    make_grant(secret, mia, Role.PROJECT_OWNER)
    key, text = make_key(secret, mia, "Nightly", cost_centre=group)
    account = make_account(cast.acme, "Robot", (secret,))
    k2, _ = make_key(secret, account, "Robots")
    for s in (secret, group, key, mia): make_limit(s, budget=10**9, rpm=50)
    p = Platform(cast.acme); p.verify(text, estimated_cost="0.4"); 
    r = p.verify(text, ip="192.0.2.9", estimated_cost="0.4")
    p.post("/v1/usage", {"verification": r.json()["id"], "cost": "0.9"})
    adam = sign_in(cast.adam)
    k, a = key.pk, account.pk
    pages = ["settings/keys/", f"settings/keys/?open={k}", f"settings/keys/?project={secret.pk}", f"settings/keys/?creator={mia.pk}", "settings/keys/new/", "settings/keys/requests/", f"settings/keys/requests/?project={secret.pk}", f"settings/keys/requests/?key={k}", "settings/keys/usage/", f"settings/keys/usage/?key={k}", f"settings/keys/usage/?project={secret.pk}",
      f"keys/{k}/", f"keys/{k}/change/", f"keys/{k}/policy/", f"keys/{k}/policy/?preview=30&budget=5", f"keys/{k}/rotate/", f"keys/{k}/overlap/", f"keys/{k}/retire/", f"keys/{k}/holder/", f"keys/{k}/revoke/", f"keys/{k}/requests/",
      "settings/limits/", "settings/limits/?layer=project", "settings/limits/?layer=project&show=all", "settings/limits/?layer=group&show=all", "settings/limits/?layer=project&show=all&q=Hidden", f"settings/limits/project/{secret.pk}/", f"settings/limits/group/{group.pk}/", f"settings/limits/creator/{mia.pk}/", f"settings/limits/creator/{mia.pk}/?preview=30", f"settings/limits/organization/{cast.acme.pk}/", f"settings/limits/plan/{cast.acme.pk}/", f"settings/limits/key/{k}/",
      "settings/service-accounts/", f"settings/service-accounts/{a}/", f"settings/service-accounts/{a}/projects/new/", f"settings/service-accounts/{a}/projects/new/?q=Hid", f"settings/service-accounts/{a}/projects/{secret.pk}/remove/", f"settings/service-accounts/{a}/delete/", f"settings/service-accounts/{a}/tokens/new/", f"members/{mia.pk}/keys/", f"members/{mia.pk}/remove/", f"projects/{secret.pk}/keys/", f"projects/{secret.pk}/requests/", "", "projects/", "expiring/"]
    for pg in pages:
        for htmx in (False, True):
            h = {"HX-Request": "true"} if htmx else {}
            r = adam.get(cast.url(pg), headers=h)
            body = r.content.decode()
            leak = [w for w in ("Hidden Falcon", "Covert Heron") if w in body]
            if leak or (not htmx and r.status_code not in (200,)): print(pg, htmx, r.status_code, r.headers.get("Location"), leak)
    # post forms
    for pg, data in ((f"keys/{k}/change/", {}), (f"keys/{k}/policy/", {"budget": "5"}), (f"settings/service-accounts/{a}/projects/new/", {"project": secret.pk}), (f"settings/limits/creator/{mia.pk}/", {"budget": "x"})):
        r = adam.post(cast.url(pg), data)
        print(pg, r.status_code, [w for w in ("Hidden Falcon","Covert Heron") if w in r.content.decode()])

def test_org_key_secret_centre(cast):
    group = make_group(cast.acme, "Covert Heron", secret=True)
    key, text = make_key(cast.acme, cast.member(cast.alice), "Nightly", cost_centre=group)
    make_limit(group, budget=10**9)
    adam = sign_in(cast.adam)
    for pg in (f"keys/{key.pk}/", f"keys/{key.pk}/change/", f"keys/{key.pk}/policy/", "settings/keys/"):
        r = adam.get(cast.url(pg)); print(pg, r.status_code, "Covert" in r.content.decode(), "A secret group" in r.content.decode())
    r = adam.post(cast.url(f"keys/{key.pk}/change/"), {"name": "Daily", "may": "both", "expires_at": "", "cost_centre": ""})
    key.refresh_from_db() if False else None
    with bound(cast.acme.id): k = Key.objects.get(pk=key.pk)
    print(r.status_code, k.name, k.cost_centre_id == group.pk)

def test_owner_approve(cast):
    for who in ("adam","mia"):
        project = make_project(cast.acme, policies=[ProjectPolicy.OWNERS_APPROVE.value, "personal_keys"])
        person = getattr(cast, who)
        make_grant(project, cast.member(person), Role.PROJECT_OWNER)
        account = make_account(cast.acme)
        c = sign_in(person)
        r = c.post(cast.url(f"settings/service-accounts/{account.pk}/projects/new/"), {"project": project.pk, "reason": "x"})
        key, text = make_key(project, cast.member(person))
        r2 = c.post(cast.url(f"keys/{key.pk}/holder/"), {"account": account.pk, "place": "on", "reason": "x"})
        with bound(cast.acme.id): n = ServiceAccountProject.objects.filter(account=account).count()
        print(who, r.status_code, r2.status_code, n)

def test_foreign_ids(cast):
    foreign = Room(cast.umbrella); facc = make_account(cast.umbrella, "Foreign robot", (foreign.project,))
    ftok, _ = make_token(facc)
    alice = sign_in(cast.alice)
    project = make_project(cast.acme); account = make_account(cast.acme); key, _ = make_key(project, cast.member(cast.alice))
    k = foreign.key.pk
    for pg in (f"keys/{k}/", f"keys/{k}/change/", f"keys/{k}/policy/", f"keys/{k}/rotate/", f"keys/{k}/holder/", f"keys/{k}/revoke/", f"keys/{k}/requests/", f"settings/limits/project/{foreign.project.pk}/", f"settings/limits/group/{foreign.group.pk}/", f"settings/limits/creator/{foreign.member.pk}/", f"settings/limits/organization/{cast.umbrella.pk}/", f"settings/service-accounts/{facc.pk}/", f"settings/service-accounts/{account.pk}/tokens/{ftok.pk}/revoke/", f"settings/service-accounts/{facc.pk}/tokens/{ftok.pk}/revoke/", f"settings/service-accounts/{account.pk}/projects/{foreign.project.pk}/remove/", f"members/{foreign.member.pk}/keys/", f"projects/{foreign.project.pk}/keys/new/"):
        for m in ("get","post"):
            r = getattr(alice, m)(cast.url(pg), {} if m=="get" else {"reason":"x","seen":str(uuid4()),"overlap":"1","account":str(account.pk)})
            if r.status_code != 404: print("!!", m, pg, r.status_code)
    r = alice.post(cast.url(f"keys/{key.pk}/change/"), {"name":"x","may":"both","cost_centre":foreign.group.pk}); print("cc", r.status_code)
    r = alice.post(cast.url(f"keys/{key.pk}/holder/"), {"account": facc.pk}); print("acc", r.status_code)
    r = alice.post(cast.url(f"settings/service-accounts/{account.pk}/projects/new/"), {"project": foreign.project.pk, "reason": "x"}); print("proj", r.status_code)
    fcall = foreign.verify()
    for q in (f"?key={k}", f"?project={foreign.project.pk}", f"?call={fcall['id']}", "?ip=%00", "?model=%00", "?task=%ED%A0%80", "?since=9999-99-99", "?page=%00", "?page=garbage", "?page="+"A"*2000, "?ip=1.2.3.4&reason=unknown&decision=allowed"):
        for base in ("settings/keys/requests/", "settings/keys/usage/", f"keys/{key.pk}/requests/", f"projects/{project.pk}/requests/", "settings/keys/", f"projects/{project.pk}/keys/", "settings/limits/", "settings/service-accounts/", "executions/"):
            r = alice.get(cast.url(base+q))
            b = r.content.decode()
            if r.status_code != 200 or foreign.key.name in b or foreign.project.name in b or fcall["id"] in b.replace(q[6:], "") : print("!!", base+q, r.status_code)

def test_bombs(cast):
    alice = sign_in(cast.alice)
    key, _ = make_key(cast.acme, cast.member(cast.alice))
    big = 300_000
    for pg, data in ((f"settings/limits/organization/{cast.acme.pk}/", {"models": "a"+" "*big+"b"}), (f"settings/limits/organization/{cast.acme.pk}/", {"models": ", "*big}), (f"settings/limits/organization/{cast.acme.pk}/", {"tasks": "\n".join(str(i) for i in range(100000))}), (f"settings/limits/organization/{cast.acme.pk}/", {"tasks": "a"+"\u0301"*big}), (f"settings/limits/organization/{cast.acme.pk}/", {"networks": "\n".join(f"10.{i//65536}.{i//256%256}.{i%256}" for i in range(100000))}), (f"settings/limits/organization/{cast.acme.pk}/", {"networks": "1"*50000}), (f"settings/limits/organization/{cast.acme.pk}/", {"networks": " ".join(["x"]*20000)}), (f"settings/limits/organization/{cast.acme.pk}/", {"budget": "9"*big}), (f"settings/limits/organization/{cast.acme.pk}/", {"rpm": "9"*big}), (f"settings/limits/organization/{cast.acme.pk}/", {"zone": "x"*big}), (f"keys/{key.pk}/revoke/", {"reason": "bw_live_abcd"*big}), (f"keys/{key.pk}/revoke/", {"reason": "a"+"\u0301"*big}), ("settings/keys/new/", {"name": "a"+"\u0301"*big, "once": "x"*big}), ("settings/service-accounts/new/", {"name": "x", "description": "a"+"\u0301"*big}), (f"keys/{key.pk}/rotate/", {"overlap": "9"*big, "seen": "x"*big}), (f"keys/{key.pk}/policy/?preview=30", {"networks": "\n".join(f"10.0.{i//256%256}.{i%256}" for i in range(1000)), "budget": "1"}),):
        t = time.time(); r = alice.post(cast.url(pg), data); dt = time.time()-t
        if dt > 1 or r.status_code not in (422, 200): print("!!", pg, {k: v[:10] for k,v in data.items()}, r.status_code, round(dt,2))
