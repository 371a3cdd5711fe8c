"""What a knowledge base is configured with: where its documents come from, and how they are cut."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from projects.forms.fields import LineField, check_address
from projects.forms.resources import ResourceForm

SOURCES = {
    "website": "Website",
    "repository": "Git repository",
    "bucket": "Storage bucket",
    "folder": "Folder",
}
SCHEMES = {
    "website": ("https", "http"),
    "repository": ("https", "ssh"),
    "bucket": ("s3", "gs", "az"),
}
LANGUAGES = {
    "auto": "As the document says",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
REFRESHES = {
    "never": "Never",
    "hourly": "Every hour",
    "daily": "Every day",
    "weekly": "Every week",
}


class KnowledgeBaseForm(ResourceForm):
    source = forms.ChoiceField(
        choices=list(SOURCES.items()),
        initial="website",
        error_messages={
            "required": "Choose where the documents are.",
            "invalid_choice": "Choose a website, a repository, a bucket or a folder.",
        },
    )
    location = LineField(
        longest=500,
        label="Address or path",
        help_text="Like https://docs.example.com, s3://manuals or handbook/service.",
        error_messages={"required": "Say where the documents are."},
    )
    chunk_size = forms.IntegerField(
        min_value=100,
        max_value=8_000,
        initial=1_000,
        help_text="Characters of one piece.",
        error_messages={
            "required": "Say how long one piece is.",
            "invalid": "Write whole characters, from 100 to 8,000.",
            "min_value": "A piece has 100 characters at the least.",
            "max_value": "A piece has 8,000 characters at the most.",
        },
    )
    language = forms.ChoiceField(
        choices=list(LANGUAGES.items()),
        initial="auto",
        error_messages={"invalid_choice": "Choose one of these languages."},
    )
    refresh = forms.ChoiceField(
        choices=list(REFRESHES.items()),
        initial="daily",
        label="Read again",
        error_messages={"invalid_choice": "Choose how often it is read again."},
    )

    layout = (("source", "location"), ("chunk_size", "language"), ("refresh",))
    units: ClassVar = {"chunk_size": "characters"}

    def check_together(self) -> None:
        source, location = self.cleaned_data.get("source"), self.cleaned_data.get("location")
        if source is None or not location:
            return
        if source in SCHEMES:
            try:
                check_address(location, schemes=SCHEMES[source])
            except forms.ValidationError as error:
                self.add_error("location", error)
        elif "://" in location or ".." in location.split("/"):
            message = "Write the path of a folder, like handbook/service, without .. in it."
            self.refuse("location", message, "path")
