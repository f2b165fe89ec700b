"""A mail before it has a sender: one content, as plain text and as HTML."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    text: str
    html: str


def compose(to: str, subject: str, *paragraphs: str) -> Mail:
    """Paragraphs are plain text; what looks like markup in them is shown as it is."""
    html = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    return Mail(to, subject, "\n\n".join(paragraphs) + "\n", html)
