"""Building a mixture: the same recipe, sources and seed give the same bytes.

Owns: finding a recipe's sources, the order of the whole, and the manifest. Reads local files only:
hub sources are fetched before (`fetch_sources`). Does not cover which conversations a source gives
(`workers.mixture.draw`) and what an overlap is (`workers.mixture.overlap`).
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.data.files import write_json, write_json_lines
from workers.data.hashes import file_sha256
from workers.data.hub import find_pulled, pull
from workers.errors import DataError
from workers.mixture.draw import Taken, take
from workers.mixture.examples import key_of
from workers.mixture.overlap import OverlapIndex
from workers.mixture.recipe import SHIPPED, MixtureRecipe, Source
from workers.suites.fingerprint import item_hashes
from workers.suites.items import read_items
from workers.suites.registry import resolve_benchmarks

TRAIN_FILE, MANIFEST = "train.jsonl", "manifest.json"
_SHOWN = 3  # overlaps that a refusal names


@dataclass(frozen=True)
class _Located:
    """A source's files on this machine, and where they come from, for the manifest."""

    files: tuple[Path, ...]
    origin: Mapping[str, Any]


def fetch_sources(recipe: MixtureRecipe) -> list[str]:
    """Fetch what a recipe takes from the hub; return one line per source.

    Raises:
        DataError: The hub cannot be reached or refuses.
    """
    lines = []
    for source in recipe.sources:
        if source.repository is not None:
            patterns = [str(source.files)]
            got = pull(source.repository, patterns=patterns, revision=source.revision)
            lines.append(f"{source.name}: {source.repository} at {got.commit[:12]}")
    return lines


def build_mixture(recipe: MixtureRecipe, folder: Path, *, base: Path) -> dict[str, Any]:
    """Build a mixture into a folder: `train.jsonl` and `manifest.json`, which is returned.

    Args:
        recipe: What to take.
        folder: Where to write; it is made where there is none.
        base: The folder that the recipe's local files are relative to.

    Raises:
        DataError: A source is missing, is not as the recipe says or has too few examples, or an
            overlap was found where the recipe says to refuse.
        SuiteError: The items to check against are not there.
    """
    index, checked = _index(recipe)
    located = [_locate(source, base=base, recipe=recipe) for source in recipe.sources]
    seen: set[tuple[str, ...]] = set()
    taken = [
        take(source, files.files, seed=recipe.seed, index=index, seen=seen)
        for source, files in zip(recipe.sources, located, strict=True)
    ]
    if recipe.on_overlap == "refuse":
        _refuse_overlaps(recipe, taken)
    everything: list[dict[str, Any]] = sorted(
        (
            {"messages": messages, "domain": source.group}
            for source, part in zip(recipe.sources, taken, strict=True)
            for messages in part.conversations
        ),
        key=lambda line: key_of(line["messages"], seed=recipe.seed, purpose="order"),
    )
    (folder / MANIFEST).unlink(missing_ok=True)  # until both files belong together
    digest = write_json_lines(folder / TRAIN_FILE, everything)
    manifest = _manifest(recipe, located, taken)
    manifest |= {"num_examples": len(everything), "sha256": digest, "checked": checked}
    write_json(folder / MANIFEST, manifest)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a built mixture.

    Raises:
        DataError: There is none that can be read.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} has no {MANIFEST} that can be read: {error}") from error
    return manifest


def _index(recipe: MixtureRecipe) -> tuple[OverlapIndex, dict[str, str]]:
    suite, benchmarks = resolve_benchmarks(recipe.against)
    hashes = item_hashes(suite.name, benchmarks)
    index = OverlapIndex(ngram_words=recipe.ngram_words, share=recipe.overlap_share)
    for benchmark in benchmarks:
        for item in read_items(suite, benchmark):
            index.add(item, suite.benchmark(benchmark))
    return index, hashes


def _locate(source: Source, *, base: Path, recipe: MixtureRecipe) -> _Located:
    if source.file is not None:
        path = base / Path(source.file).expanduser()
        if not path.is_file():
            raise DataError(f"source {source.name!r}: there is no file {path}")
        return _Located((path,), {"file": path.name, "sha256": file_sha256(path)})
    repository, patterns = str(source.repository), [str(source.files)]
    found = find_pulled(repository, patterns=patterns, revision=source.revision)
    if found is None:
        what = "mixture" if recipe.name in SHIPPED else "RECIPE"
        raise DataError(
            f"source {source.name!r}: {repository} at {source.revision!r} is not in the data "
            f"folder; get it with talan data pull {what}"
        )
    return _Located(found.files, found.source)


def _refuse_overlaps(recipe: MixtureRecipe, taken: list[Taken]) -> None:
    overlaps = [overlap for part in taken for overlap in part.overlaps]
    if overlaps:
        shown = ", ".join(f"{o['source']} row {o['row']} ({o['item']})" for o in overlaps[:_SHOWN])
        more = " and more" if len(overlaps) > _SHOWN else ""
        raise DataError(
            f"mixture {recipe.name!r}: {len(overlaps)} rows overlap with benchmark items: {shown}"
            f"{more}; on_overlap is refuse, and drop would leave them out"
        )


def _manifest(
    recipe: MixtureRecipe, located: list[_Located], taken: list[Taken]
) -> dict[str, object]:
    groups: Counter[str] = Counter()
    for source in recipe.sources:
        groups[source.group] += source.count
    return {
        "name": recipe.name,
        "seed": recipe.seed,
        "groups": dict(groups),
        "sources": [
            {
                "name": source.name,
                "group": source.group,
                "origin": files.origin,
                "rows": part.rows,
                "taken": len(part.conversations),
                "dropped": dict(sorted(part.dropped.items())),
                "noted": dict(sorted(part.noted.items())),
            }
            for source, files, part in zip(recipe.sources, located, taken, strict=True)
        ],
        "ngram_words": recipe.ngram_words,
        "overlap_share": recipe.overlap_share,
        "overlaps": [overlap for part in taken for overlap in part.overlaps],
        "recipe": recipe.model_dump(mode="json"),
    }
