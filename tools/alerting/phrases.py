"""Pieces of annotations, in Prometheus' template language: who, where, how long, at which node.

Texts of BlueKing are on one line here whatever they hold. Annotations are plain text; who puts them into HTML escapes.
Line feeds before `{{-` are for those who read the rules, and do not come out.
"""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Text:
    """The same text in English and in Chinese."""

    en: str
    zh: str

    def __add__(self, other: Self) -> Self:
        """Both texts, one after the other."""
        return type(self)(self.en + other.en, self.zh + other.zh)


def fill(template: str, **pieces: str) -> str:
    """The template with `<name>` replaced: its own braces and percent signs mean something to Prometheus."""
    for name, piece in pieces.items():
        template = template.replace(f"<{name}>", piece)
    return template


def both(template: str, en: dict[str, str] | None = None, zh: dict[str, str] | None = None) -> Text:
    """One template with the words of each language filled in."""
    return Text(fill(template, **(en or {})), fill(template, **(zh or {})))


def shown(value: str, length: int) -> str:
    """An expression for a text of BlueKing on one line, of at most so many characters."""
    return fill(
        r'<value> | reReplaceAll "[\\s\\x{200b}-\\x{200f}]+" " " | reReplaceAll "^(.{<length>}).+" "${1}…"',
        value=value,
        length=str(length),
    )


#: The task's name; where BlueKing told none its kind or system, with its id, as on the exporter's pages.
TASK = both(
    fill(
        "{{ if $labels.task_name }}{{ <name> }}"
        "{{ else }}{{ with $labels.kind }}{{ <kind> }}{{ else }}{{ $labels.system }}{{ end }} #{{ $labels.task_id }}"
        "{{ end }}",
        name=shown("$labels.task_name", 60),
        kind=shown(".", 60),
    )
)

#: The business, or the project or space where that is no CMDB business.
PLACE = both(
    "{{ with $labels.scope }}{{ . }}{{ else }}<business> {{ $labels.bk_biz_id }}{{ end }}",
    {"business": "business"},
    {"business": "业务"},
)

#: Where the task is found: begins a sentence.
WHERE = Text(
    "Task {{ $labels.task_id }} of {{ $labels.system }}, " + PLACE.en + ",",
    "{{ $labels.system }} " + PLACE.zh + " 的任务 {{ $labels.task_id }} ",
)


def duration(value: str) -> Text:
    """An expression's seconds as people say them: whole minutes from the first minute on, no zeros at the end."""
    words = ((" ", ""), ("d", "天"), ("h", "小时"), ("m", "分钟"), ("s", "秒"))
    chinese = "".join(f' | reReplaceAll "{short}" "{word}"' for short, word in words)
    minutes = fill(
        '<value> | humanizeDuration | reReplaceAll "m [0-9]+s$" "m" | reReplaceAll "( 0[hm])+$" ""', value=value
    )
    return both("{{ <minutes><words> }}", {"minutes": minutes, "words": ""}, {"minutes": minutes, "words": chinese})


#: The alert's value, which is seconds.
AGE = duration("$value")

#: Who started it, where that is known.
CREATOR = Text(
    fill("\n{{- with $labels.creator }} Started by {{ <name> }}.{{ end }}", name=shown(".", 40)),
    fill("\n{{- with $labels.creator }}执行人：{{ <name> }}。{{ end }}", name=shown(".", 40)),
)

#: The link into BlueKing, where there is one.
LINK = both('\n{{- with $labels.url }}{{ "\\n" }}{{ . }}{{ end }}')

#: Sets $who: matchers for the task's series.
_WHO = (
    '\n{{- $who := printf "system=%q,bk_biz_id=%q,scope=%q,task_id=%q"'
    " $labels.system $labels.bk_biz_id $labels.scope $labels.task_id -}}\n"
)

# What contains a node has run longer than the node itself, so the innermost comes first.
_NODES = _WHO + (
    '{{- with query (printf "sort(max by (node_id, node_name) ('
    'bk_task_node_elapsed_seconds{%s} and on (node_id) bk_task_node_state{%s,state=~\\"<states>\\"}'
    ' or on (node_id) bk_task_node_state{%s,state=~\\"<states>\\"}))" $who $who $who) }}'
    "<before>"
    "{{ range $i, $node := . }}{{ if lt $i 3 }}{{ if $i }}<comma>{{ end }}"
    "{{ if .Labels.node_name }}{{ <name> }}{{ else }}{{ .Labels.node_id }}{{ end }}{{ end }}{{ end }}"
    "{{ if gt (len .) 3 }}<more>{{ end }}"
    "<stop>{{ end }}"
)

_COUNTS = _WHO + (
    '{{- with query (printf "sort_desc(max by (<label>) (<family>{%s}) > 0)" $who) }}'
    "<before>"
    "{{ range $i, $count := . }}{{ if $i }}<comma>{{ end }}{{ .Labels.<label> }} {{ .Value }}{{ end }}"
    "<stop>{{ end }}"
)

_MEASURED = _WHO + '{{- with query (printf "max(<family>{%s})" $who) }}<before><duration><after>{{ end }}'

_ENGLISH = {"comma": ", ", "stop": ".", "more": " and {{ len (slice . 3) }} more"}
_CHINESE = {"comma": "、", "stop": "。", "more": " 等 {{ len . }} 个"}


def nodes(states: str, said: Text) -> Text:
    """The nodes in these states (a regular expression), at most three by name; nothing where none is known."""
    pieces = {"states": states, "name": shown(".Labels.node_name", 40)}
    return both(
        _NODES,
        {"before": f" {said.en}: "} | _ENGLISH | pieces,
        {"before": f"{said.zh}："} | _CHINESE | pieces,
    )


def counts(family: str, label: str, said: Text) -> Text:
    """How many there are of each value of a label, most first; nothing where nothing is known."""
    pieces = {"family": family, "label": label}
    return both(
        _COUNTS,
        {"before": f" {said.en}: "} | _ENGLISH | pieces,
        {"before": f"{said.zh}："} | _CHINESE | pieces,
    )


def measured(family: str, before: Text, after: Text) -> Text:
    """A family's seconds for the task; nothing where they are not known."""
    seconds = duration(". | first | value")
    return both(
        _MEASURED,
        {"family": family, "before": before.en, "duration": seconds.en, "after": after.en},
        {"family": family, "before": before.zh, "duration": seconds.zh, "after": after.zh},
    )


#: Why requests to the system failed of late, most frequent first.
REASONS = both(
    '\n{{- with query (printf "topk(3, sum by (reason) (increase('
    'bk_task_exporter_api_request_failures_total{system=%q}[10m])) > 0)" $labels.system) }}'
    "<before>{{ range $i, $reason := . }}{{ if $i }}<comma>{{ end }}{{ .Labels.reason }}{{ end }}<stop>{{ end }}",
    {"before": " Requests to {{ $labels.system }} failed in the last 10 minutes with: "} | _ENGLISH,
    {"before": "最近 10 分钟内对 {{ $labels.system }} 的请求失败原因："} | _CHINESE,
)

#: What a discovery is called.
DISCOVERY = both(fill("{{ <name> }}", name=shown("$labels.discovery", 80)))
