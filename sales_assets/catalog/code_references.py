"""Shows where the code of each asset is: file and line, as a link if the settings name the repository."""

from collections.abc import Sequence
from typing import cast

import dagster as dg

from sales_assets.settings import ROOT, Settings

_ANCHOR = "pyproject.toml"


def with_code_references(
    settings: Settings, assets: Sequence[dg.AssetsDefinition]
) -> Sequence[dg.AssetsDefinition]:
    """The assets with references to their code; dbt's models have one to their SQL too.

    Args:
        settings: With a `git_url` the references are links, else files.
        assets: Every asset of the location.
    """
    referenced = dg.with_source_code_references(assets)
    if settings.git_url:
        referenced = dg.link_code_references_to_git(
            referenced,
            git_url=settings.git_url,
            git_branch=settings.git_revision,
            file_path_mapping=dg.AnchorBasedFilePathMapping(ROOT / _ANCHOR, _ANCHOR),
            platform="gitlab" if "gitlab" in settings.git_url else "github",
        )
    return cast("Sequence[dg.AssetsDefinition]", referenced)
