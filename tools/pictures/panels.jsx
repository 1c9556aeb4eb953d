// Draws a dashboard's panels with the code that Grafana draws them with (@grafana/ui), on data of a real Prometheus.
//
// Grafana itself is more: panel plugins and variables are not on npm. What stands in for them here are variables from
// the page's address, one Prometheus behind /prometheus, and the few field options that our dashboards use.
// @grafana/ui 12.0.2: later versions keep these components in a folder that is to go.
import 'uplot/dist/uPlot.min.css';
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom, of } from 'rxjs';
import {
  applyFieldOverrides,
  createDataFrame,
  createTheme,
  dateTime,
  FieldType,
  getFieldDisplayValues,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
  ThemeContext,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, Table, TimeSeries, VizRepeater } from '@grafana/ui';

const asked = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: asked.get('theme') ?? 'light' } });
const WIDTH = Number(asked.get('width') ?? 1400);
const COLUMN = WIDTH / 24;
const ROW = 30;
const GAP = 8;
const STEPS = 240;

// --- what Grafana registers at its start -------------------------------------------------------------------------

const option = (id, process, more = {}) => ({
  id, path: id, name: id, process, settings: {}, shouldApply: () => true, getItemsCount: () => 1, ...more,
});
const CUSTOM = [
  'align', 'axisLabel', 'axisPlacement', 'axisSoftMax', 'axisSoftMin', 'cellOptions', 'drawStyle', 'fillOpacity',
  'hidden', 'inspect', 'lineInterpolation', 'lineWidth', 'minWidth', 'showPoints', 'spanNulls', 'stacking', 'width',
];
standardFieldConfigEditorRegistry.setInit(() => [
  option('unit', unitOverrideProcessor),
  option('min', numberOverrideProcessor),
  option('max', numberOverrideProcessor),
  option('decimals', numberOverrideProcessor),
  option('displayName', displayNameOverrideProcessor),
  option('noValue', identityOverrideProcessor),
  option('color', identityOverrideProcessor),
  option('links', identityOverrideProcessor),
  option('thresholds', thresholdsOverrideProcessor),
  option('mappings', valueMappingsOverrideProcessor),
  ...CUSTOM.map((name) => option(`custom.${name}`, identityOverrideProcessor, { path: name, isCustom: true })),
]);
standardTransformersRegistry.setInit(() =>
  ['merge', 'organize'].map((id) => {
    const transformation = Object.values(standardTransformers).find((each) => each.id === id);
    return { id, name: id, transformation };
  })
);

const LINES = {
  axisColorMode: 'text', axisPlacement: 'auto', barAlignment: 0, drawStyle: 'line', fillOpacity: 0, gradientMode: 'none',
  hideFrom: { legend: false, tooltip: false, viz: false }, lineInterpolation: 'linear', lineWidth: 1, pointSize: 5,
  scaleDistribution: { type: 'linear' }, showPoints: 'auto', spanNulls: false, stacking: { group: 'A', mode: 'none' },
  thresholdsStyle: { mode: 'off' },
};

// --- data ----------------------------------------------------------------------------------------------------------

function filledIn(expr, board, span) {
  const fixed = { __range: `${span.seconds}s`, __rate_interval: `${Math.max(60, 4 * span.step)}s`, __interval: `${span.step}s` };
  const chosen = Object.fromEntries(board.templating.list.map((each) => [each.name, valueOf(each)]));
  const values = { ...chosen, ...fixed };
  return expr.replace(/\$\{?(\w+)\}?/g, (whole, name) => values[name] ?? whole);
}

function valueOf(variable) {
  const given = asked.get(`var-${variable.name}`);
  return given ?? (variable.type === 'textbox' ? variable.query : variable.allValue) ?? '';
}

async function answered(path, parameters) {
  const answer = await (await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return answer.data.result;
}

async function framesOf(target, board, span) {
  const query = filledIn(target.expr, board, span);
  const series = target.instant
    ? await answered('query', { query, time: span.to })
    : await answered('query_range', { query, start: span.from, end: span.to, step: span.step });
  return target.format === 'table' ? [tableOf(target.refId, series)] : series.map((each) => seriesOf(target, each, span));
}

const numeric = (text) => (text === 'NaN' ? NaN : Number(text));

function seriesOf(target, series, span) {
  const name = target.legendFormat === '__auto'
    ? Object.values(series.metric).join(' ')
    : target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => series.metric[label] ?? '');
  const values = series.values ?? [series.value];
  const config = { displayNameFromDS: name };
  const known = new Map(values.map(([at, value]) => [Number(at), numeric(value)]));
  const times = target.instant ? [...known.keys()] : span.moments;
  return createDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: times.map((at) => at * 1000) },
      { name: 'Value', type: FieldType.number, labels: series.metric, config, values: times.map((at) => known.get(at) ?? null) },
    ],
  });
}

function tableOf(refId, series) {
  const labels = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].sort();
  return createDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: series.map((each) => each.value[0] * 1000) },
      ...labels.map((label) => ({
        name: label, type: FieldType.string, config: {}, values: series.map((each) => each.metric[label] ?? ''),
      })),
      { name: 'Value', type: FieldType.number, config: {}, values: series.map((each) => numeric(each.value[1])) },
    ],
  });
}

async function dataOf(panel, board, span) {
  const perTarget = await Promise.all(panel.targets.map((target) => framesOf(target, board, span)));
  const frames = perTarget.flat().filter((frame) => frame.length);
  if (panel.type === 'table' && perTarget.length > 1) {
    // As Grafana does where several queries fill one table.
    frames.forEach((frame) => frame.fields.forEach((field) => {
      field.name = field.name === 'Value' ? `Value #${frame.refId}` : field.name;
    }));
  }
  const transformed = panel.transformations?.length
    ? await lastValueFrom(transformDataFrame(panel.transformations, frames, { interpolate: (text) => text }))
    : frames;
  const fieldConfig = structuredClone(panel.fieldConfig);
  fieldConfig.defaults.color ??= { mode: 'thresholds' };
  for (const thresholds of [fieldConfig.defaults, ...fieldConfig.overrides.flatMap((each) => each.properties)]) {
    (thresholds.thresholds ?? thresholds.value)?.steps?.forEach((step) => (step.value ??= -Infinity));
  }
  fieldConfig.defaults.thresholds ??= { mode: 'absolute', steps: [{ value: -Infinity, color: 'text' }] };
  if (panel.type === 'timeseries') {
    fieldConfig.defaults.custom = { ...LINES, ...fieldConfig.defaults.custom };
  }
  const data = applyFieldOverrides({
    data: transformed, fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'utc',
  });
  return { data, fieldConfig };
}

// --- panels ----------------------------------------------------------------------------------------------------------

function Lines({ panel, data, span, width, height }) {
  const legend = { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true, ...panel.options.legend };
  return (
    <TimeSeries frames={data} structureRev={1} width={width} height={height} timeRange={span.range} timeZone="utc"
      legend={legend} options={panel.options} />
  );
}

function Values({ panel, data, fieldConfig, width, height }) {
  const values = getFieldDisplayValues({
    data, fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text, theme, timeZone: 'utc',
  });
  const Value = panel.type === 'bargauge' ? Bar : Big;
  const draw = ({ value, width, height, alignmentFactors }) => (
    <Value panel={panel} value={value} width={width} height={height} count={values.length} align={alignmentFactors} />
  );
  const longest = values.reduce(
    (all, { display }) => ({
      title: display.title.length > all.title.length ? display.title : all.title,
      text: display.text.length > all.text.length ? display.text : all.text,
      suffix: display.suffix ?? all.suffix,
    }),
    { title: '', text: '' }
  );
  return (
    <VizRepeater width={width} height={height} source={values} getValues={() => values} renderCounter={1} itemSpacing={4}
      autoGrid={panel.type === 'stat'} orientation={panel.options.orientation ?? 'auto'} renderValue={draw}
      getAlignmentFactors={() => longest} minVizHeight={16} minVizWidth={8} />
  );
}

function Big({ panel, value, width, height, count, align }) {
  const { colorMode, textMode, wideLayout, justifyMode = 'auto' } = panel.options;
  return (
    <BigValue theme={theme} width={width} height={height} value={value.display} text={panel.options.text} colorMode={colorMode} graphMode="none"
      textMode={textMode} wideLayout={wideLayout} justifyMode={justifyMode} count={count}  alignmentFactors={align} />
  );
}

function Bar({ panel, value, width, height, align }) {
  const { displayMode, valueMode, namePlacement, showUnfilled } = panel.options;
  return (
    <BarGauge theme={theme} text={panel.options.text} width={width} height={height} value={value.display} field={value.field} itemSpacing={8}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)} orientation="horizontal" displayMode={displayMode}
      valueDisplayMode={valueMode} namePlacement={namePlacement} showUnfilled={showUnfilled} alignmentFactors={align}
      lcdCellWidth={12} />
  );
}

function Rows({ panel, data, width, height }) {
  const sortBy = (panel.options.sortBy ?? []).map(({ displayName, desc }) => ({ displayName, desc: Boolean(desc) }));
  return <Table data={data[0]} width={width} height={height} initialSortBy={sortBy} cellHeight="sm" timeRange={undefined} />;
}

const KINDS = { timeseries: Lines, stat: Values, bargauge: Values, table: Rows };

function Panel({ panel, board, span }) {
  const [drawn, setDrawn] = useState({ state: 'Loading' });
  useEffect(() => {
    dataOf(panel, board, span).then(
      (result) => setDrawn({ state: result.data.some((frame) => frame.length) ? 'Done' : 'Empty', ...result }),
      (error) => setDrawn({ state: 'Error', error: String(error) })
    );
  }, []);
  const { x, y, w, h } = panel.gridPos;
  const place = { position: 'absolute', left: x * COLUMN, top: y * (ROW + GAP) };
  const Kind = KINDS[panel.type];
  return (
    <div style={place} data-panel={panel.title} data-state={drawn.state}>
      <PanelChrome title={panel.title} description={panel.description} width={w * COLUMN - GAP} height={h * (ROW + GAP) - GAP}
        statusMessage={drawn.error}>
        {(width, height) => {
          if (drawn.state === 'Done') {
            return <Kind panel={panel} span={span} width={width} height={height} {...drawn} />;
          }
          const text = drawn.error ?? (drawn.state === 'Empty' ? panel.fieldConfig.defaults.noValue ?? 'No data' : '');
          return <div style={{ padding: 16, fontSize: 18, color: theme.colors.text.secondary }}>{text}</div>;
        }}
      </PanelChrome>
    </div>
  );
}

function Heading({ row }) {
  const style = { position: 'absolute', left: 4, top: row.gridPos.y * (ROW + GAP) + 6, fontSize: 16, fontWeight: 500 };
  return <div style={style}>▾ {row.title}</div>;
}

function Board({ board, span }) {
  const height = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * (ROW + GAP);
  const style = { position: 'relative', width: WIDTH, height, background: theme.colors.background.canvas };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ padding: GAP, background: theme.colors.background.canvas, width: WIDTH + 2 * GAP }}>
        <h3 style={{ margin: '4px 4px 12px' }}>{board.title}</h3>
        <div id="board" style={style}>
          {board.panels.map((panel) => panel.type === 'row'
            ? <Heading key={panel.id} row={panel} />
            : <Panel key={panel.id} panel={panel} board={board} span={span} />)}
        </div>
      </div>
    </ThemeContext.Provider>
  );
}

// Closed rows are opened, for everything is to be seen.
function opened(board) {
  return { ...board, panels: board.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]) };
}

async function main() {
  const board = opened(await (await fetch(`/dashboards/${asked.get('dashboard')}.json`)).json());
  const seconds = Number(asked.get('seconds') ?? 900);
  const step = Math.max(1, Math.ceil(seconds / STEPS));
  const to = Math.floor(Date.now() / 1000 / step) * step;
  const from = to - Math.floor(seconds / step) * step;
  const moments = [];
  for (let at = from; at <= to; at += step) {
    moments.push(at);
  }
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: dateTime(from * 1000), to: dateTime(to * 1000) } };
  createRoot(document.getElementById('root')).render(<Board board={board} span={{ from, to, step, seconds, moments, range }} />);
}

main();
