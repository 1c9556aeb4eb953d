"""Tree of a file + struct of the schema -> values, and every problem on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec import inspect

from exporter.config import leaves
from exporter.config.fields import Field, Kind, fields_of, unwrapped
from exporter.config.schema import VARIANTS
from exporter.config.tree import MAX_EVENTS, Entry, Items, Node, Scalar, Style, Table, clean
from exporter.config.variables import expand
from exporter.config.words import listed, suggestion
from exporter.errors import Problem
from exporter.systems import SYSTEMS

Path: TypeAlias = tuple[str | int, ...]

#: Stands for a value that has a problem, and for all that needs it.
BAD: Any = object()


def written(path: Path) -> str:
    """`tasks[3].task_id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{clean(part)}" if text else clean(part)
    return text


class TooLargeError(Exception):
    """Reading was given up; the problem is noted."""


@dataclass(slots=True)
class Reader:
    """Reads a tree. `environ` is None where `${NAME}` means nothing.

    `found` has every value that could be read, and `lines` the line of every key and item that was given one, good or
    bad; both by path, in the order of the file.
    """

    environ: Mapping[str, str] | None
    problems: list[Problem] = field(default_factory=list)
    found: dict[Path, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    _left: int = MAX_EVENTS

    def problem(self, line: int, path: Path, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(line, written(path), message))

    def struct(self, node: Node, struct: type, path: Path = ()) -> Any:
        """The struct that a mapping describes, BAD if that cannot be told."""
        if not isinstance(node, Table):
            return self._refuse(node, path, "a mapping")
        self.lines.setdefault(path, node.line)
        who = str(path[-1]) if path else "a configuration"
        entries = node.entries
        if struct in VARIANTS:
            who, struct = self._variant(node, VARIANTS[struct], path)
            if struct is BAD:
                return BAD
            entries = {key: entry for key, entry in entries.items() if key != "system"}
        return self._built(Table(node.line, entries), struct, path, who)

    def _built(self, table: Table, struct: type, path: Path, who: str) -> Any:
        fields = fields_of(struct)
        self._refuse_unknown(table, struct, path)
        required = [name for name, one in fields.items() if one.required]
        needs = f"{who} needs {listed(required)}" if required else ""
        values = {name: self._member(table, one, (*path, name), needs) for name, one in fields.items()}
        if any(values[name] is BAD for name in required):
            return BAD
        return struct(**{name: value for name, value in values.items() if value is not BAD})

    def _variant(self, table: Table, variants: Mapping[str, type], path: Path) -> tuple[str, Any]:
        """Which system's struct it is."""
        path = (*path, "system")
        entry = table.entries.get("system")
        node = self._resolved(entry.value, entry.line, path) if entry else None
        if node is BAD:
            return "", BAD
        if entry is None or node is None or (isinstance(node, Scalar) and node.null):
            self.problem(entry.line if entry else table.line, path, f"missing ({listed(variants, 'or')})")
            return "", BAD
        name = self._value(node, inspect.LiteralType(tuple(variants)), "", path, entry.line)
        return ("", BAD) if name is BAD else (name, variants[name])

    def _refuse_unknown(self, table: Table, struct: type, path: Path) -> None:
        known = fields_of(struct)
        refused: Mapping[str, str] = getattr(struct, "REFUSED", {})
        for key, entry in table.entries.items():
            if key in refused:
                self.problem(entry.line, (*path, key), f"cannot be had: {refused[key]}")
            elif key not in known:
                self.problem(entry.line, (*path, key), f"unknown key ({suggestion(key, known)})")

    def _member(self, table: Table, one: Field, path: Path, needs: str) -> Any:
        """The value of one key; BAD also where none was given, so that the default holds."""
        entry = table.entries.get(one.name)
        node = self._resolved(entry.value, entry.line, path) if entry else None
        if entry is not None and node is BAD:
            self.lines[path] = entry.line
            return BAD
        if entry is None or node is None or (isinstance(node, Scalar) and node.null):
            if one.required:
                self.problem(entry.line if entry else table.line, path, f"{'empty' if entry else 'missing'} ({needs})")
            return BAD
        self.lines[path] = entry.line
        return self._value(node, one.kind, one.written, path, entry.line)

    def _value(self, node: Node, kind: Kind, how: str, path: Path, line: int) -> Any:
        self._spend(line)
        value = self._read(node, kind, how, path, line)
        if value is not BAD:
            self.found[path] = value
        return value

    def _read(self, node: Node, kind: Kind, how: str, path: Path, line: int) -> Any:
        match kind:
            case inspect.StructType():
                return self.struct(node, kind.cls, path)
            case inspect.VarTupleType():
                return self._items(node, kind, path, line)
            case inspect.DictType():
                return self._systems(node, kind, path, line)
        if not isinstance(node, Scalar):
            return self._refuse(node, path, leaves.expected(kind, how), line)
        try:
            return leaves.read(node, kind, how)
        except ValueError as error:
            self.problem(line, path, str(error))
            return BAD

    def _items(self, node: Node, kind: inspect.VarTupleType, path: Path, line: int) -> Any:
        if not isinstance(node, Items):
            return self._refuse(node, path, "a list", line)
        if kind.max_length is not None and len(node.items) > kind.max_length:
            self.problem(line, path, f"more than {kind.max_length} items")
            return BAD
        read = [self._item(item, kind.item_type, (*path, index)) for index, item in enumerate(node.items)]
        return BAD if any(value is BAD for value in read) else tuple(read)

    def _item(self, item: Entry, kind: Kind, path: Path) -> Any:
        kind, extra, _ = unwrapped(kind)
        self.lines[path] = item.line
        node = self._resolved(item.value, item.line, path)
        if isinstance(node, Scalar) and node.null:
            self.problem(item.line, path, f"empty (must be {leaves.expected(kind, '')})")
            return BAD
        return BAD if node is BAD else self._value(node, kind, extra.get("written", ""), path, item.line)

    def _systems(self, node: Node, kind: inspect.DictType, path: Path, line: int) -> Any:
        if not isinstance(node, Table):
            return self._refuse(node, path, "a mapping", line)
        if not node.entries:
            self.problem(line, path, f"empty (name at least one of {listed(SYSTEMS, 'or')})")
        value_kind, _, _ = unwrapped(kind.value_type)
        read = {}
        for name, entry in node.entries.items():
            if name not in SYSTEMS:
                self.problem(entry.line, (*path, name), f"unknown system ({suggestion(name, SYSTEMS)})")
                continue
            self.lines[*path, name] = entry.line
            empty = isinstance(entry.value, Scalar) and entry.value.null
            value = Table(entry.line, {}) if empty else entry.value
            read[name] = self._value(value, value_kind, "", (*path, name), entry.line)
        return {name: value for name, value in read.items() if value is not BAD}

    def _spend(self, line: int) -> None:
        self._left -= 1
        if self._left < 0:
            self.problem(line, (), f"more than {MAX_EVENTS:,} values, aliases followed: no configuration is that large")
            raise TooLargeError

    def _resolved(self, node: Node, line: int, path: Path) -> Any:
        """The node with its variables replaced."""
        if self.environ is None or not isinstance(node, Scalar) or "${" not in node.text:
            return node
        try:
            return Scalar(node.line, expand(node.text, self.environ), Style.SUBSTITUTED)
        except ValueError as error:
            self.problem(line, path, str(error))
            return BAD

    def _refuse(self, node: Node, path: Path, wanted: str, line: int | None = None) -> Any:
        got = {Items: "a list", Table: "a mapping"}.get(type(node), "a single value")
        self.problem(node.line if line is None else line, path, f"must be {wanted}, not {got}")
        return BAD
