"""docs/configuration.md: the reference of all keys, from the schema that files are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import inspect

from exporter.config import leaves
from exporter.config.fields import Field, Kind, fields_of, unwrapped
from exporter.config.json_schema import default_of
from exporter.config.schema import VARIANTS, Auth, Bkapi, CollectFile, File, ProbeFile, SystemEntry, TlsFile
from exporter.config.words import listed
from exporter.systems import SYSTEMS
from exporter.systems.base import AllowParams, DiscoverParams, TaskParams

_INTRO = """\
# Configuration

<!-- Written by `make docs` from exporter/config/schema.py; change it there. -->

`bk-task-exporter serve --config.file config.yaml` reads one YAML file.
[config.example.yaml](../config.example.yaml) shows every key; [config.schema.json](../config.schema.json) lets an
editor check and complete it. `bk-task-exporter check-config FILE` names every problem at once, each with its line and
its cure.

- **Durations** have a unit: `500ms`, `10s`, `5m`, `1h30m`, `24h`, `7d`. A plain number is refused.
- **Ids** may be numbers or numbers in quotes. Names and secrets that look like numbers need quotes.
- **`${NAME}`** in a value is replaced by the environment's variable, which must be set; `$${NAME}` is the text itself.
  Between `{` and `}` YAML wants it in quotes.
- **Secrets** may stand in files of their own: each key of `auth` has a twin that ends in `_file`. One newline at the
  end of such a file is left out. It is read again when it changes, and once after BlueKing refused our credentials.
- **File names** are relative to the directory of the configuration.
- **A key left empty** counts as not given.
- **Anchors, aliases and `<<`** work. Unknown keys, keys given twice and YAML tags are refused.
"""


def reference() -> str:
    """The text of `docs/configuration.md`."""
    sections = [
        _INTRO,
        _section("Top level", File, "What may stand at the top of the file; only `systems` must."),
        _section("`bkapi`", Bkapi, "How BlueKing is reached."),
        _section("`bkapi.auth`", Auth, _AUTH),
        _section("`bkapi.tls`", TlsFile, ""),
        _section("`systems`", SystemEntry, _SYSTEMS, leave_out=fields_of(Bkapi)),
        _routes(),
        _section("`collect`", CollectFile, ""),
        _variants("`tasks`", TaskParams, "A list of tasks that are watched by their ids. No two may be the same task."),
        _variants("`discover`", DiscoverParams, _DISCOVER),
        _section("`probe`", ProbeFile, _PROBE),
        _variants("`probe.allow`", AllowParams, "", level=3),
    ]
    return "\n".join(sections)


_AUTH = """\
The keys of BlueKing's `X-Bkapi-Authorization`. Needed are `bk_app_code` with `bk_app_secret`, or `access_token`. ESB
always asks for a user besides; the gateway asks where the resource wants a verified one, as those of bk-sops do. A site
may accept a bare `bk_username` from an app that it lists; else a token is needed."""

_SYSTEMS = """\
One entry for each system that this site has, by its name. Beside the keys below, each key of `bkapi` may be given here
for this system alone. It replaces the one of `bkapi` as a whole: an `auth` here shares no key with `bkapi.auth`, so
that two identities are never mixed."""

_DISCOVER = """\
A list of listings, each of which brings the tasks of one business, project or space. Filters are those that the system
really has."""

_PROBE = "What `GET /probe` may be asked for: only systems that are configured, and only these places."


def _section(title: str, struct: type, text: str, *, leave_out: Iterable[str] = ()) -> str:
    fields = [field for name, field in fields_of(struct).items() if name not in set(leave_out)]
    return f"## {title}\n\n{text}\n\n{_table(fields)}".replace("\n\n\n\n", "\n\n")


def _variants(title: str, base: type, text: str, *, level: int = 2) -> str:
    shared = [] if base is not DiscoverParams else list(fields_of(base).values())
    parts = [f"{'#' * level} {title}\n", *([f"{text}\n"] if text else [])]
    if shared:
        parts.append(f"For every system:\n\n{_table(shared)}")
    for name, struct in VARIANTS[base].items():
        own = [field for key, field in fields_of(struct).items() if key not in {one.name for one in shared}]
        parts.append(f"`system: {name}` ({SYSTEMS[name].TITLE}):\n\n{_table(own)}{_refused(struct)}")
    return "\n".join(parts)


def _refused(struct: type) -> str:
    refused: Mapping[str, str] = getattr(struct, "REFUSED", {})
    lines = [f"- `{key}` cannot be had: {why}.\n" for key, why in refused.items()]
    return "\n" + "".join(lines) if lines else ""


def _routes() -> str:
    rows = ["| system | route | api |", "|---|---|---|"]
    for name, system in SYSTEMS.items():
        rows += [f"| {name} | `{route}` | {_words(apis)} |" for route, apis in system.ROUTES.items()]
    return "Routes and APIs, of each system the defaults first:\n\n" + "\n".join(rows) + "\n"


def _table(fields: Iterable[Field]) -> str:
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *map(_row, fields)]) + "\n"


def _row(field: Field) -> str:
    example = f" Such as `{field.example}`." if field.example else ""
    return f"| `{field.name}` | {_type(field.kind, field.written)} | {_default(field)} | {field.description}{example} |"


def _default(field: Field) -> str:
    if field.required:
        return "**required**"
    value = default_of(field)
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(kind: Kind, written: str) -> str:
    match kind:
        case inspect.VarTupleType():
            item, extra, _ = unwrapped(kind.item_type)
            return f"list of {_type(item, extra.get('written', ''))}"
        case inspect.LiteralType():
            return _words(map(str, kind.values))
        case inspect.IntType() | inspect.FloatType():
            return " ".join([_NAMES.get(written) or _plain(kind), *_limits(kind, written)])
        case inspect.StructType() | inspect.DictType():
            return "mapping"
    return _NAMES.get(written, _plain(kind))


def _plain(kind: Kind) -> str:
    return leaves.expected(kind, "").removeprefix("a ")


_NAMES: Mapping[str, str] = {
    "duration": "duration",
    "secret": "text, secret",
    "file": "file name",
    "url": "address",
    "proxy": "address",
    "zone": "time zone",
}


def _limits(kind: inspect.IntType | inspect.FloatType, written: str) -> Iterator[str]:
    if kind.ge is not None and kind.le is not None and kind.le < 2**62:
        yield f"from {leaves.number(kind.ge, written)} to {leaves.number(kind.le, written)}"


def _words(words: Iterable[str]) -> str:
    return listed([f"`{word}`" for word in words], "or")
