"""Names that a package exports without importing their modules before they are used (PEP 562).

Owns: the one mechanism for it. Does not cover: which names a package exports; its ``__init__`` says
so, and repeats the imports under ``TYPE_CHECKING`` for type checkers and readers.

A command that only lists studies must not wait for torch, which takes seconds to import. Imports
inside functions would hide what a module depends on; here it still stands in one place, a package's
``__init__``, and users write ``driving.launch(...)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazy_exports(
    package: str, names_by_module: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``.

    Args:
        package: Its ``__name__``.
        names_by_module: What is exported, by the module of the package that defines it.
    """
    module_of = {name: module for module, names in names_by_module.items() for name in names}

    def on_first_use(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{module_of[name]}"), name)

    return on_first_use, lambda: sorted({*vars(import_module(package)), *module_of})
