"""What all pages share: the record, the templates, and the headers of an HTML answer.

Owns: rendering with everything escaped, under a policy that lets a page run and load only what we
serve. Does not cover: what stands on a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dashboards import wording
from dashboards.pages.assets import PLOTLY, asset_url, plotly_style_ids
from dashboards.pages.help_site import HelpSite
from search.study.axes import axis_label
from storage import AuditStore

# Nothing inline, nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What plotly.js takes besides: style attributes on what it draws (its rules it writes into a style
# sheet of ours, the link with its id in the head) and data: images for heat maps. No script.
DRAWING_POLICY = POLICY.replace(
    "style-src 'self'", "style-src-elem 'self'; style-src-attr 'unsafe-inline'"
).replace("img-src 'self'", "img-src 'self' data:")

# Links are written from the service's own root. Quotes in text are escaped: none is an attribute.
_LINK = re.compile(r'(?<=\s)(href|src|action|data-action|data-base)="/(?!/)')


@dataclass(frozen=True)
class Site:
    """What the pages are made from.

    Args:
        opened: Gives the store; it may have to wait for the database.
        backbones: Names that a launch may use, for the form.
        optuna_url: Where an Optuna Dashboard over the same studies runs; None: nowhere.
        needs_sign_in: Whether there is a token, so that one may sign out.
        root_path: The path under which a proxy serves this; empty: none.
        help_site: The docs; None where they were not built.
    """

    opened: Callable[[], AuditStore]
    backbones: tuple[str, ...] = ()
    optuna_url: str | None = None
    needs_sign_in: bool = False
    root_path: str = ""
    help_site: HelpSite | None = None
    _templates: Environment = field(init=False, repr=False)

    def __post_init__(self) -> None:
        templates = Environment(
            loader=PackageLoader("dashboards.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.filters.update(wording.FILTERS)
        templates.globals.update(
            asset=asset_url,
            plotly=asset_url(PLOTLY),
            plotly_style_ids=plotly_style_ids,
            version=version("talan-audit"),
            needs_sign_in=self.needs_sign_in,
            root_path=self.root_path,
            has_help=self.help_site is not None,
            optuna_url=self.optuna_url,
            axis_label=axis_label,
            kinds=wording.KINDS,
            seed_words=wording.seed_words,
        )
        object.__setattr__(self, "_templates", templates)

    def page(
        self, template: str, *, status: int = 200, policy: str = POLICY, **values: object
    ) -> HTMLResponse:
        """A page as an answer."""
        html = self._templates.get_template(template).render(**values)
        if self.root_path:
            html = _LINK.sub(rf'\1="{self.root_path}/', html)
        return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})

    def error(self, status: int, *, title: str, detail: str) -> HTMLResponse:
        """The page of an error: what is wrong in one sentence, and the way back."""
        return self.page("error.html", status=status, title=title, detail=detail)
