"""A process of the console that visits the pages it is told to, one line of JSON each."""

from __future__ import annotations

import json
import sys
from uuid import UUID

import django


def main(person: str) -> None:
    django.setup()
    from accounts.models import User
    from tests.factories import sign_in

    client = sign_in(User.objects.get(pk=UUID(person)), host="localhost")
    client.raise_request_exception = False
    for line in sys.stdin:
        asked = json.loads(line)
        if "posted" in asked:
            answer = client.post(asked["path"], asked["posted"])
        else:
            answer = client.get(asked["path"], follow=True)
        said = {"status": answer.status_code, "text": answer.content.decode()[:5000]}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
