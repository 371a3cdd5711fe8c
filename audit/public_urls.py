"""What anybody may fetch: the public keys that checkpoints are checked with."""

from __future__ import annotations

from django.urls import path

from audit.views import checkpoints

urlpatterns = [
    path(
        ".well-known/bailiwick-checkpoint-keys.json",
        checkpoints.checkpoint_keys,
        name="checkpoint_keys",
    ),
]
