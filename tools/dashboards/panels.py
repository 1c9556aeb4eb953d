"""Panels as all three dashboards use them: a kind of panel is one function, with what they have in common set once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    AxisPlacement,
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMapping,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tools.dashboards.looks import GREEN, fixed, property_

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

AnyPanel = TypeVar("AnyPanel", bargauge.Panel, stat.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True, slots=True)
class Size:
    """Columns of 24, and rows."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, by the label that it shows; `Value` is the sample."""

    label: str
    title: str
    properties: Sequence[DynamicConfigValue] = ()
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How a panel shows its values. `colors` go by the name of the series, `limits` colour numbers from there on."""

    unit: str = "locale"
    decimals: int | None = None
    colors: Mapping[str, str] = field(default_factory=dict)
    limits: Sequence[tuple[float, str]] = ()
    mappings: Sequence[ValueMapping] = ()
    base: str = GREEN
    empty: str = ""


#: The time between scrapes, from which Grafana derives `$__rate_interval` where its data source does not say.
SCRAPED = "30s"

_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _targets(queries: Sequence[Query], *, instant: bool, format_: PromQueryFormat) -> list[prometheus.Dataquery]:
    made = []
    for ref, query in zip(_REFS, queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).ref_id(ref).format(format_).datasource(SOURCE)
        target.legend_format(query.legend or "__auto")
        if "$__rate_interval" in query.expr:
            target.interval(SCRAPED)
        made.append(target.instant() if instant else target.range())
    return made


def _common(
    panel: AnyPanel,
    queries: Sequence[Query],
    *,
    title: str,
    description: str,
    size: Size,
    look: Look,
    instant: bool = True,
    format_: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> AnyPanel:
    panel.title(title).description(description).span(size.width).height(size.height).datasource(SOURCE)
    panel.unit(look.unit)
    for target in _targets(queries, instant=instant, format_=format_):
        panel.with_target(target)
    if look.decimals is not None:
        panel.decimals(look.decimals)
    if look.mappings:
        panel.mappings(list(look.mappings))
    if look.empty:
        panel.no_value(look.empty)
    for series, properties in _painted(look.colors):
        panel.override_by_name(series, properties)
    return panel


def _painted(colors: Mapping[str, str]) -> list[tuple[str, list[DynamicConfigValue]]]:
    """Colours by the name of the series, which people read without underscores."""
    return [
        (name, [fixed(color)] + ([property_("displayName", name.replace("_", " "))] if "_" in name else []))
        for name, color in colors.items()
    ]


def _thresholds(panel: AnyPanel, look: Look) -> None:
    """Colour by value."""
    steps = [Threshold(value=None, color=look.base), *(Threshold(value=at, color=color) for at, color in look.limits)]
    panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))


def lines(
    title: str,
    description: str,
    size: Size,
    *queries: Query,
    look: Look = Look(),
    stacked: bool = False,
    steps: bool = False,
    maximum: float | None = None,
) -> timeseries.Panel:
    """Values over time; `steps` where a value holds until the next."""
    panel = _common(
        timeseries.Panel(), queries, title=title, description=description, size=size, look=look, instant=False
    )
    panel.draw_style(GraphDrawStyle.LINE).line_width(0 if stacked else 1.5).fill_opacity(75 if stacked else 8)
    panel.show_points(VisibilityMode.NEVER).min(0).axis_soft_max(1)
    panel.line_interpolation(LineInterpolation.STEP_AFTER if steps else LineInterpolation.LINEAR)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if maximum is not None:
        panel.max(maximum)
        panel.override_by_field_type("number", [property_("custom.axisPlacement", AxisPlacement.HIDDEN)])
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel.legend(legend.show_legend(show_legend=True).calcs([]))
    return panel.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))


def numbers(
    title: str,
    description: str,
    size: Size,
    *queries: Query,
    look: Look = Look(),
    names: bool = False,
    filled: bool = False,
    text: BigValueTextMode | None = None,
    letters: tuple[int, int] | None = None,
) -> stat.Panel:
    """Single values, now; with `names` a tile for each series. `letters`: sizes of names and values, else what fits."""
    panel = _common(stat.Panel(), queries, title=title, description=description, size=size, look=look)
    _thresholds(panel, look)
    panel.graph_mode(BigValueGraphMode.NONE)
    panel.color_mode(BigValueColorMode.BACKGROUND_SOLID if filled else BigValueColorMode.VALUE)
    panel.text_mode(text or (BigValueTextMode.VALUE_AND_NAME if names else BigValueTextMode.VALUE))
    panel.orientation(VizOrientation.AUTO).wide_layout(wide_layout=not names)
    if letters:
        panel.text(common.VizTextDisplayOptions().title_size(letters[0]).value_size(letters[1]))
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False).fields(""))


def bars(title: str, description: str, size: Size, *queries: Query, look: Look = Look()) -> bargauge.Panel:
    """A bar for each series, now."""
    panel = _common(bargauge.Panel(), queries, title=title, description=description, size=size, look=look)
    _thresholds(panel, look)
    panel.min(0).orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC)
    panel.text(common.VizTextDisplayOptions().title_size(13).value_size(14))
    panel.value_mode(BarGaugeValueMode.TEXT).name_placement(BarGaugeNamePlacement.LEFT).show_unfilled(
        show_unfilled=False
    )
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False).fields(""))


def rows(
    title: str,
    description: str,
    size: Size,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    look: Look = Look(unit="string"),
    sort: tuple[str, bool] | None = None,
) -> table.Panel:
    """A table of the present: these columns in this order, nothing else. `sort`: a title, and whether descending."""
    panel = _common(
        table.Panel(),
        queries,
        title=title,
        description=description,
        size=size,
        look=look,
        format_=PromQueryFormat.TABLE,
    )
    if len(queries) > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(_organized(columns))
    for column in columns:
        wide = [property_("custom.width", column.width)] if column.width else []
        if column.properties or wide:
            panel.override_by_name(column.title, [*column.properties, *wide])
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
    return panel


def _organized(columns: Sequence[Column]) -> DataTransformerConfig:
    """Keep, order and name what the columns name, and drop everything else."""
    return DataTransformerConfig(
        id_val="organize",
        options={
            "includeByName": {column.label: True for column in columns},
            "indexByName": {column.label: index for index, column in enumerate(columns)},
            "renameByName": {column.label: column.title for column in columns},
            "excludeByName": {},
        },
    )


#: A cell in the colour of its mapping.
COLORED = property_("custom.cellOptions", {"type": "color-background", "mode": "basic"})
COLORED_TEXT = property_("custom.cellOptions", {"type": "color-text"})


def link(title: str, url: str, *, new_tab: bool = False) -> DynamicConfigValue:
    """The property that leads somewhere."""
    return property_("links", [{"title": title, "url": url, "targetBlank": new_tab}])


def mapped(mappings: Sequence[ValueMapping]) -> DynamicConfigValue:
    """The property that shows values by their mapping."""
    return property_("mappings", [mapping.to_json() for mapping in mappings])


def unit(name: str, decimals: int = 0) -> list[DynamicConfigValue]:
    """The properties that show numbers with a unit."""
    return [property_("unit", name), property_("decimals", decimals)]
