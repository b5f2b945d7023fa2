"""What MkDocs asks while it builds the site: the generated pages, and links out of ``docs/``.

Owns: adding the reference of the commands and of the endpoints; links to files of the repository
that are no page (examples, source) as plain text, since the site stands alone. Does not cover: the
look of it (``mkdocs.yml``).
"""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.files import File, Files

from tools.help.commands_page import commands_page
from tools.help.endpoints_page import endpoints_page

GENERATED = {
    "reference/commands.md": commands_page,
    "reference/endpoints.md": endpoints_page,
}
SECTIONS = ("Start", "Concepts", "How to", "Reference", "Decisions")
_PAGES = "concepts|how-to|reference|start|decisions"
_OUTSIDE = re.compile(rf"\[([^\]]+)\]\((?:\.\./)+(?!{_PAGES})[^)]*\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for path, page in GENERATED.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_nav(nav: Any, **_: Any) -> Any:
    """Sections in reading order, not by the alphabet."""
    nav.items.sort(key=lambda item: SECTIONS.index(item.title) if item.title in SECTIONS else -1)
    return nav


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave out links to files that are not in the site."""
    return _OUTSIDE.sub(r"\1", markdown)
