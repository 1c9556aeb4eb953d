"""Tree of a file + struct of the schema -> values, and every problem on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec import inspect

from exporter.config import leaves
from exporter.config.fields import Field, Kind, fields_of, unwrapped
from exporter.config.nodes import Entry, Items, Node, Problems, Scalar, Spot, Style, Table, clean
from exporter.config.schema import VARIANTS
from exporter.config.variables import expand
from exporter.config.words import listed, suggestion
from exporter.systems import SYSTEMS

Path: TypeAlias = tuple[str | int, ...]

#: As many as 200,000 tasks have.
MAX_VALUES = 1_000_000

#: Stands for a value that has a problem, and for all that needs it.
BAD: Any = object()


def written(path: Path) -> str:
    """`tasks[3].task_id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{clean(part)}" if text else clean(part)
    return text


@dataclass(slots=True)
class Reader:
    """Reads a tree. `environ` is None where `${NAME}` means nothing; `called` is what its people call a key.

    `found` has every value that could be read, and `spots` the place of every key and item that was given one, good or
    bad; both by path, in the order of the file.
    """

    environ: Mapping[str, str] | None
    problems: Problems = field(default_factory=Problems)
    called: str = "key"
    found: dict[Path, Any] = field(default_factory=dict)
    spots: dict[Path, Spot] = field(default_factory=dict)
    _left: int = field(default_factory=lambda: MAX_VALUES)

    def problem(self, spot: Spot, path: Path, message: str) -> None:
        """Note a problem; raises EnoughError after very many."""
        self.problems.note(spot, written(path), message)

    def struct(self, node: Node, struct: type, path: Path = ()) -> Any:
        """The struct that a mapping describes, BAD if that cannot be told."""
        if not isinstance(node, Table):
            return self._refuse(node, path, "a mapping")
        self.spots.setdefault(path, node.spot)
        who = str(path[-1]) if path else "a configuration"
        entries = node.entries
        if struct in VARIANTS:
            who, struct = self._variant(node, VARIANTS[struct], path)
            if struct is BAD:
                return BAD
            entries = {key: entry for key, entry in entries.items() if key != "system"}
        return self._built(Table(node.spot, entries), struct, path, who)

    def _built(self, table: Table, struct: type, path: Path, who: str) -> Any:
        fields = fields_of(struct)
        self._refuse_unknown(table, struct, path)
        values = {name: self._member(table, one, (*path, name)) for name, one in fields.items()}
        lacking = [name for name, one in fields.items() if one.required and values[name] is BAD]
        if lacking:
            self._note_missing(table, fields, path, who)
            return BAD
        return struct(**{name: value for name, value in values.items() if value is not BAD})

    def _variant(self, table: Table, variants: Mapping[str, type], path: Path) -> tuple[str, Any]:
        """Which system's struct it is."""
        path = (*path, "system")
        entry = table.entries.get("system")
        node = self._resolved(entry.value, entry.spot, path) if entry else None
        if node is BAD:
            return "", BAD
        if entry is None or node is None or (isinstance(node, Scalar) and node.null):
            self.problem(entry.spot if entry else table.spot, path, f"missing ({listed(variants, 'or')})")
            return "", BAD
        self.spots[path] = entry.spot
        name = self._value(node, inspect.LiteralType(tuple(variants)), "", path, entry.spot)
        return ("", BAD) if name is BAD else (name, variants[name])

    def _refuse_unknown(self, table: Table, struct: type, path: Path) -> None:
        known = fields_of(struct)
        refused: Mapping[str, str] = getattr(struct, "REFUSED", {})
        for key, entry in table.entries.items():
            if key in refused:
                self.problem(entry.spot, (*path, key), f"cannot be had: {refused[key]}")
            elif key not in known:
                self.problem(entry.spot, (*path, key), f"unknown {self.called} ({suggestion(key, known)})")

    def _note_missing(self, table: Table, fields: Mapping[str, Field], path: Path, who: str) -> None:
        required = [name for name, one in fields.items() if one.required]
        for name in required:
            if (*path, name) not in self.spots:
                entry = table.entries.get(name)
                what = "empty" if entry else "missing"
                spot = entry.spot if entry else table.spot
                self.problem(spot, (*path, name), f"{what} ({who} needs {listed(required)})")

    def _member(self, table: Table, one: Field, path: Path) -> Any:
        """The value of one key; BAD also where none was given, so that the default holds."""
        entry = table.entries.get(one.name)
        if entry is None:
            return BAD
        node = self._resolved(entry.value, entry.spot, path)
        if isinstance(node, Scalar) and node.null:
            return BAD
        self.spots[path] = entry.spot
        return BAD if node is BAD else self._value(node, one.kind, one.written, path, entry.spot)

    def _value(self, node: Node, kind: Kind, how: str, path: Path, spot: Spot) -> Any:
        self._spend(spot)
        value = self._read(node, kind, how, path, spot)
        if value is not BAD:
            self.found[path] = value
        return value

    def _read(self, node: Node, kind: Kind, how: str, path: Path, spot: Spot) -> Any:
        match kind:
            case inspect.StructType():
                return self.struct(node, kind.cls, path)
            case inspect.VarTupleType():
                return self._items(node, kind, path, spot)
            case inspect.DictType():
                return self._mapping(node, kind, path, spot)
        if not isinstance(node, Scalar):
            return self._refuse(node, path, leaves.expected(kind, how), spot)
        try:
            return leaves.read(node, kind, how)
        except ValueError as error:
            self.problem(spot, path, str(error))
            return BAD

    def _items(self, node: Node, kind: inspect.VarTupleType, path: Path, spot: Spot) -> Any:
        if not isinstance(node, Items):
            return self._refuse(node, path, "a list", spot)
        if kind.max_length is not None and len(node.items) > kind.max_length:
            self.problem(spot, path, f"more than {kind.max_length} items")
            return BAD
        read = [self._item(item, kind.item_type, (*path, index)) for index, item in enumerate(node.items)]
        return BAD if any(value is BAD for value in read) else tuple(read)

    def _item(self, item: Entry, kind: Kind, path: Path) -> Any:
        kind, extra, _ = unwrapped(kind)
        how = extra.get("written", "")
        self.spots[path] = item.spot
        node = self._resolved(item.value, item.spot, path)
        if isinstance(node, Scalar) and node.null and how != "go-text":
            self.problem(item.spot, path, f"empty (must be {leaves.expected(kind, '')})")
            return BAD
        return BAD if node is BAD else self._value(node, kind, how, path, item.spot)

    def _mapping(self, node: Node, kind: inspect.DictType, path: Path, spot: Spot) -> Any:
        if not isinstance(node, Table):
            return self._refuse(node, path, "a mapping", spot)
        if isinstance(unwrapped(kind.value_type)[0], inspect.StructType):
            return self._systems(node, kind, path, spot)
        read = {name: self._item(entry, kind.value_type, (*path, name)) for name, entry in node.entries.items()}
        return {name: value for name, value in read.items() if value is not BAD}

    def _systems(self, node: Table, kind: inspect.DictType, path: Path, spot: Spot) -> Any:
        if not node.entries:
            self.problem(spot, path, f"empty (name at least one of {listed(SYSTEMS, 'or')})")
        value_kind, _, _ = unwrapped(kind.value_type)
        read = {}
        for name, entry in node.entries.items():
            if name not in SYSTEMS:
                self.problem(entry.spot, (*path, name), f"unknown system ({suggestion(name, SYSTEMS)})")
                continue
            self.spots[*path, name] = entry.spot
            empty = isinstance(entry.value, Scalar) and entry.value.null
            value = Table(entry.spot, {}) if empty else entry.value
            read[name] = self._value(value, value_kind, "", (*path, name), entry.spot)
        return {name: value for name, value in read.items() if value is not BAD}

    def _spend(self, spot: Spot) -> None:
        self._left -= 1
        if self._left < 0:
            what = f"more than {MAX_VALUES:,} values, aliases followed"
            self.problems.stop(spot, f"{what}: no configuration is that large")

    def _resolved(self, node: Node, spot: Spot, path: Path) -> Any:
        """The node with its variables replaced, BAD if it has a problem already."""
        if isinstance(node, Scalar) and node.style is Style.REFUSED:
            return BAD
        if self.environ is None or not isinstance(node, Scalar) or "${" not in node.text:
            return node
        try:
            return Scalar(node.spot, expand(node.text, self.environ), Style.SUBSTITUTED)
        except ValueError as error:
            self.problem(spot, path, str(error))
            return BAD

    def _refuse(self, node: Node, path: Path, wanted: str, spot: Spot | None = None) -> Any:
        got = {Items: "a list", Table: "a mapping"}.get(type(node), "a single value")
        if wanted == "a list":
            got += "; begin each item with '- '" if isinstance(node, Table) else "; put it between [ and ]"
        self.problem(node.spot if spot is None else spot, path, f"must be {wanted}, not {got}")
        return BAD
