"""Find plugins: each entry point on its own, a broken one reported, never fatal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from xmodkit import hooks
from xmodkit.errors import PluginError
from xmodkit.pair import ModalityPair

if TYPE_CHECKING:
    from xmodkit.export import Exporter

__all__ = ["EXPORTERS", "PLUGINS", "PluginInfo", "exporter", "list_plugins", "names", "pair"]

PLUGINS = "xmodkit.plugins"
EXPORTERS = "xmodkit.exporters"


@dataclass(frozen=True)
class PluginInfo:
    """One installed plugin: its name and distribution, and its pair or why it is broken."""

    name: str
    distribution: str
    version: str
    pair: ModalityPair | None = None
    error: str = ""


def names(group: str = PLUGINS) -> list[str]:
    """Return the names of installed plugins without importing any."""
    return sorted({point.name for point in entry_points(group=group)})


def pair(name: str) -> ModalityPair:
    """Load one plugin and return its pair.

    Raise `PluginError` if there is none of that name, or saying why it is broken.
    """
    return _load_pair(_find(PLUGINS, name))


def exporter(name: str) -> Exporter:
    """Load one exporter; raise `PluginError` as `pair` does."""
    return _call(_find(EXPORTERS, name), "xmodkit_exporter")  # type: ignore[no-any-return]


def list_plugins() -> list[PluginInfo]:
    """Load every plugin, one at a time, and return what each is or why it is broken."""
    return [_describe(point) for point in sorted(entry_points(group=PLUGINS))]


def _describe(point: EntryPoint) -> PluginInfo:
    distribution = point.dist.name if point.dist else "?"
    version = point.dist.version if point.dist else "?"
    try:
        _find(PLUGINS, point.name)
        return PluginInfo(point.name, distribution, version, pair=_load_pair(point))
    except PluginError as error:
        return PluginInfo(point.name, distribution, version, error=str(error))


def _find(group: str, name: str) -> EntryPoint:
    found = list(
        {
            (p.value, p.dist.name if p.dist else ""): p
            for p in entry_points(group=group, name=name)
        }.values()
    )
    if not found:
        installed = ", ".join(names(group)) or "none"
        raise PluginError(f"no plugin {name!r}; installed: {installed} (see `xmod plugins list`)")
    if len(found) > 1:
        owners = ", ".join(sorted(p.dist.name if p.dist else "?" for p in found))
        raise PluginError(
            f"plugin {name!r} is claimed by several packages ({owners}): remove all but one"
        )
    return found[0]


@lru_cache
def _load_pair(point: EntryPoint) -> ModalityPair:
    found = _call(point, "xmodkit_pair")
    if not isinstance(found, ModalityPair):
        raise _broken(point, f"its hook returned {type(found).__name__}, expected a ModalityPair")
    if missing := [key for key in ("name", "modalities", "routes") if not getattr(found, key, ())]:
        raise _broken(point, f"its pair states no {', '.join(missing)}")
    if found.name != point.name:
        raise _broken(point, f"its pair is named {found.name!r}: entry point and pair must agree")
    return found


def _call(point: EntryPoint, hook: str) -> Any:
    """Import one entry point, check its hook version and call one hook of it alone."""
    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module does on import
        raise _broken(point, f"import failed: {type(error).__name__}: {error}") from error
    _check_version(point, module)
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    try:
        manager.register(module, name=point.name)
        manager.check_pending()
        found = getattr(manager.hook, hook)()
    except (Exception, SystemExit) as error:
        raise _broken(point, f"{hook} failed: {type(error).__name__}: {error}") from error
    if found is None:
        raise _broken(point, f"it implements no {hook}")
    return found


def _check_version(point: EntryPoint, module: ModuleType) -> None:
    version = getattr(module, "xmodkit_hookspec", None)
    if version != hooks.HOOKSPEC_VERSION:
        raise _broken(
            point,
            f"made for hook version {version}, this xmodkit has {hooks.HOOKSPEC_VERSION}: "
            "install a matching release of either",
        )


def _broken(point: EntryPoint, why: str) -> PluginError:
    owner = f" ({point.dist.name} {point.dist.version})" if point.dist else ""
    return PluginError(f"plugin {point.name!r}{owner} is broken: {' '.join(why.split())}")
