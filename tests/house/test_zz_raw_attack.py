"""single odd requests"""
import pytest, traceback, time
from django.test import Client
from tests.factories import *
def tryit(label, f):
    t=time.time()
    try:
        r=f(); print(f"{label:60} {r.status_code} {time.time()-t:.2f}s", r.headers.get("Location",""))
    except Exception as e:
        print(f"{label:60} !!! {type(e).__name__} {str(e)[:100]}", [f"{x.filename.split('/')[-1]}:{x.lineno}" for x in traceback.extract_tb(e.__traceback__)][-3:])
def test_raw(cast):
    c=sign_in(cast.alice); u=cast.url
    for p in ["/o/%00/","/o/%00","/o/a%00b/members/","/o/%ff%fe/","/o/%ED%A0%80/","/o/"+"a"*100000+"/","/o//","/o/","/o","//o/"+cast.acme.slug+"/","/o/"+cast.acme.slug+"/../"+cast.umbrella.slug+"/","/o/"+cast.acme.slug+"%2F..%2F"+cast.umbrella.slug+"/","/o/"+cast.acme.slug.upper()+"/","/o/"+cast.acme.slug+"//members/","/o/"+cast.acme.slug+"/members","/o/"+cast.acme.slug,"/o/"+cast.umbrella.slug,"/o/nope","/admin","/admin/%00/","/"+"x/"*5000,"/%00","/profile/sessions/"+"9"*30+"/revoke/","/profile/sessions/"+"9"*5000+"/revoke/","/o/"+cast.acme.slug+"/audit-log/"+"9"*30+"/","/o/"+cast.acme.slug+"/audit-log/"+"9"*5000+"/","/invitations/%00/","/invitations/%ED%A0%80/","/invitations/"+"a"*100000+"/","/sign-up/confirm/%00/","/password/reset/%00-a/","/password/reset/zzzzzzzzzzzzzzzzzzzzzz-set-password/","/password/reset/"+"z"*10000+"-a/","/o/ａｃｍｅ/","/sign-in/?next=//evil.example/","/static/%00","/static/../config/settings.py","/static/%2e%2e/config/settings.py", "/profile/passkeys/99999999999999999999999/", "/admin/accounts/?p=99999999999999999999","/admin/accounts/?o=1.2.3.999","/admin/accounts/?id__exact=%00","/admin/accounts/?password__startswith=a"]:
        tryit("GET "+p[:50], lambda: c.get(p))
        if not p.startswith("/static"): tryit("POST "+p[:50], lambda: c.post(p))
    s=sign_in(cast.sam)
    for p in ["/admin/accounts/?p=99999999999999999999","/admin/accounts/?o=1.2.3.999","/admin/accounts/?q=%00","/admin/accounts/?id__exact=%00","/admin/accounts/?password__startswith=a","/admin/accounts/?state__exact=x%00","/admin/organizations/?p=-1","/admin/organizations/?memberships__name__startswith=A","/admin/organizations/?e=1","/admin/log/?page=zzz","/admin/organizations/?_popup=1&_to_field=slug", "/admin/accounts/?o=9999999999999999999999"]:
        tryit("SAM GET "+p[:60], lambda: s.get(p))
    for ct in ["text/plain; charset=utf-7","text/plain; charset=rot13","text/plain; charset=idna","text/plain; charset=unicode_escape","text/plain; charset=base64","text/plain; charset=\x00", "text/plain; charset=utf-16"]:
        for q in ["?q=%2B2AA-","?q=abc%ff"]:
            tryit("GET members "+ct+q, lambda: c.get(u("members/")+q, CONTENT_TYPE=ct))
            tryit("GET groups "+ct+q, lambda: c.get(u("groups/")+q, CONTENT_TYPE=ct))
        tryit("POST form "+ct, lambda: c.generic("POST",u("groups/new/"),b"name=%2B2AA-&secret=on", content_type=ct.replace("text/plain","application/x-www-form-urlencoded")))
        tryit("POST multi "+ct, lambda: c.generic("POST",u("groups/new/"),b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n+2AA-\r\n--b--\r\n", content_type=ct.replace("text/plain","multipart/form-data; boundary=b")))
    for label,body,ct in [("broken boundary",b"--x\r\nzzz","multipart/form-data; boundary=b"),("no boundary",b"zz","multipart/form-data"),("long boundary",b"zz","multipart/form-data; boundary="+"b"*300),("json",b'{"name":["a"]}',"application/json"),("badjson",b'{{{',"application/json"),("base64 part",b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--b--\r\n","multipart/form-data; boundary=b"),("many fields",b"&".join(b"a%d=1"%i for i in range(5000)),"application/x-www-form-urlencoded"),("1MB name",b"name="+b"a"*2**20,"application/x-www-form-urlencoded"),("1MB combining name",b"name=a"+(b"%CC%81%CC%96")*(2**17),"application/x-www-form-urlencoded"),("21MB",b"name="+b"a"*(21*2**20),"application/x-www-form-urlencoded"),("nul field name",b"%00=1&name=a","application/x-www-form-urlencoded"),("gzip",b"\x1f\x8b","application/x-www-form-urlencoded"),("files",b"".join(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%d\"\r\n\r\nx\r\n"%i for i in range(200))+b"--b--\r\n","multipart/form-data; boundary=b"),("filename nul",b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\x00b\xff.csv\"\r\nContent-Type: text/csv\r\n\r\nemail\nx\r\n--b--\r\n","multipart/form-data; boundary=b")]:
        for page in ["groups/new/","settings/general/","invitations/new/","roster/import/","members/role/"]:
            tryit(f"POST {page} {label}", lambda: c.generic("POST",u(page),body,content_type=ct))
        for page in ["/organizations/new/","/sign-in/","/profile/name/","/sign-up/","/password/reset/"]:
            cc = c if "profile" in page or "organ" in page else Client()
            tryit(f"POST {page} {label}", lambda: cc.generic("POST",page,body,content_type=ct))
    for h in [{"HTTP_HOST":"evil.example"},{"HTTP_HOST":"a\x00b"},{"HTTP_X_FORWARDED_HOST":"evil.example"},{"HTTP_HX_CURRENT_URL":"http://[::1"},{"HTTP_HX_REQUEST":"true","HTTP_HX_CURRENT_URL":"http://testserver/%zz"},{"HTTP_HX_REQUEST":"true","HTTP_HX_CURRENT_URL_URI_AUTOENCODED":"true","HTTP_HX_CURRENT_URL":"http%3A//%5B"},{"HTTP_USER_AGENT":"x"*100000+"\x00"},{"HTTP_USER_AGENT":"\ud800"},{"HTTP_COOKIE":"bailiwick=\x00"},{"HTTP_ACCEPT":"\x00"},{"REMOTE_ADDR":"nonsense"},{"REMOTE_ADDR":""},{"HTTP_X_FORWARDED_FOR":"1.2.3.4\x00"},{"HTTP_REFERER":"http://evil.example/\x00"},{"HTTP_IF_MODIFIED_SINCE":"x"},{"HTTP_HX_TRIGGERING_EVENT":"{{{"},{"HTTP_HX_REQUEST":"true","HTTP_HX_PROMPT":"%zz","HTTP_HX_PROMPT_URI_AUTOENCODED":"true"}]:
        for page in ["members/","settings/","roster/export/"]:
            tryit(f"GET {page} {str(h)[:60]}", lambda: c.get(u(page),**h))
        v=sign_in(cast.vera)
        tryit(f"POST denied {str(h)[:60]}", lambda: v.post(u("groups/new/"),**h))
        tryit(f"POST sign-in {str(h)[:60]}", lambda: Client().post("/sign-in/",{"login":cast.alice.email,"password":"correct horse battery"},**h))
