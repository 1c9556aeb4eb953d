"""The messages that a chat gets, as Alertmanager's templates: the same in both languages but for the words."""

from tools.alerting.phrases import both, fill

_HEAD = """\
{{/*
  Messages for a chat, as plain text: "bk_task.title.en" and "bk_task.text.en", and the same in Chinese with "zh".
  The newest alerts of a group are told in full, the others in a line each, as far as a chat takes it.
  Written by `make docs` from tools/alerting; change it there.
*/}}
"""

#: Chats cut a message at about 4,000 characters. These are bytes of what alerts say, to leave room for addresses: how
#: much is said in full, how much of what fires, and how much with what has ended.
_BOUNDS = {"most_in_full": "2000", "most_firing": "2800", "most": "3100"}

_TITLE = """
{{ define "bk_task.title.<language>" -}}
{{ template "bk_task.sign" . }} {{ if eq (len .Alerts) 1 -}}
{{ if eq .Status "resolved" }}<resolved>{{ end }}{{ (index .Alerts 0).Annotations.summary<suffix> }}
{{- else -}}
{{ or .CommonAnnotations.title<suffix> .CommonLabels.alertname }}
{{- with .CommonLabels.system }}<system>{{ . }}{{ end }}
{{- with .CommonLabels.scope }}<scope>{{ . }}{{ end }}
{{- with .CommonLabels.bk_biz_id }}<business>{{ . }}{{ end }}
{{- "<colon>" }}
{{- with .Alerts.Firing }}<fire>{{ end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}<comma>{{ end }}
{{- with .Alerts.Resolved }}<ended>{{ end }}
{{- end }}
{{- end }}
"""

# Templates cannot sort: each turn looks for the newest moment before the last, and tells of what fires since then. Nor
# can they add: $said is all that was said, and $told has a character for each alert.
_TEXT = """
{{ define "bk_task.text.<language>" -}}
{{ $several := gt (len .Alerts) 1 -}}
{{ $firing := .Alerts.Firing -}}
{{ $said := "" }}{{ $told := "" }}{{ $whole := true }}{{ $more := true }}{{ $before := 0 -}}
{{ range $firing }}{{ if $more -}}
{{ $moment := 0 }}{{ range $firing }}{{ $at := .StartsAt.Unix -}}
{{ if and (or (not $before) (lt $at $before)) (gt $at $moment) }}{{ $moment = $at }}{{ end }}{{ end -}}
{{ $before = $moment }}{{ if not $moment }}{{ $more = false }}{{ end -}}
{{ range $firing }}{{ if and $more (eq .StartsAt.Unix $moment) -}}
{{ $all := print $said .Annotations.summary<suffix> .Annotations.description<suffix> -}}
{{ $all = print $all .Annotations.page .Annotations.dashboard -}}
{{ if and $said (gt (len $all) <most_in_full>) }}{{ $whole = false }}{{ end -}}
{{ if not $whole }}{{ $all = print $said .Annotations.summary<suffix> }}{{ end -}}
{{ if gt (len $all) <most_firing> }}{{ $more = not $said }}{{ end -}}
{{ if $more }}{{ $said = $all }}{{ $told = print $told "." -}}
{{ if $several }}• {{ .Annotations.summary<suffix> }}
{{ end }}{{ if $whole }}{{ .Annotations.description<suffix> }}
{{ if .Annotations.page }}<why>{{ template "bk_task.page" . }}
{{ end }}<dashboard>{{ template "bk_task.dashboard" . }}
{{ if $several }}
{{ end }}{{ end }}{{ end -}}
{{ end }}{{ end -}}
{{ end }}{{ end -}}
{{ with slice $firing (len $told) }}<more>

{{ end -}}
{{ $told = "" }}{{ $more = true -}}
{{ range .Alerts.Resolved }}{{ $all := print $said .Annotations.summary<suffix> .Labels.url -}}
{{ if gt (len $all) <most> }}{{ $more = not $said }}{{ end -}}
{{ if $more }}{{ $said = $all }}{{ $told = print $told "." -}}
{{ if $several }}• <resolved>{{ .Annotations.summary<suffix> }}<stop>{{ end }}<fired>{{ template "bk_task.age" . }}<end>
{{- with .Labels.url }}
{{ . }}{{ end }}
{{ end }}{{ end -}}
{{ with slice .Alerts.Resolved (len $told) }}<more_ended>
{{ end -}}
{{ with .Alerts.Firing }}<runbook>{{ template "bk_task.runbook" index . 0 }}
{{ end -}}
{{ end }}
"""

_PARTS = """
{{ define "bk_task.sign" -}}
{{ if eq .Status "resolved" }}✅
{{- else if eq .CommonLabels.severity "critical" }}🔴
{{- else if eq .CommonLabels.severity "info" }}🔵
{{- else }}🟠{{ end }}
{{- end }}

{{ define "bk_task.age" -}}
{{ ((.EndsAt.Sub .StartsAt).Truncate 1000000000).String | reReplaceAll "m[0-9]+s$" "m" }}
{{- end }}
"""

_ENGLISH = {
    "language": "en",
    "suffix": "",
    "resolved": "Resolved: ",
    "system": " in ",
    "scope": ", ",
    "business": ", business ",
    "colon": ": ",
    "fire": "{{ len . }} firing",
    "comma": ", ",
    "ended": "{{ len . }} resolved",
    "why": "Why: ",
    "dashboard": "Dashboard: ",
    "more": "… and {{ len . }} more.",
    "more_ended": "… and {{ len . }} more are resolved.",
    "stop": ". ",
    "fired": "It fired for ",
    "end": ".",
    "runbook": "Runbook: ",
}
_CHINESE = {
    "language": "zh",
    "suffix": "_zh",
    "resolved": "已恢复：",
    "system": "，",
    "scope": " ",
    "business": " 业务 ",
    "colon": "：",
    "fire": "告警 {{ len . }} 条",
    "comma": "，",
    "ended": "恢复 {{ len . }} 条",
    "why": "原因：",
    "dashboard": "仪表盘：",
    "more": "……另有 {{ len . }} 条告警。",
    "more_ended": "……另有 {{ len . }} 条恢复。",
    "stop": "，",
    "fired": "告警持续 ",
    "end": "。",
    "runbook": "处理手册：",
}


def templates() -> str:
    """The text of prometheus/templates/bk-task.tmpl."""
    messages = both(_TITLE + fill(_TEXT, **_BOUNDS), _ENGLISH, _CHINESE)
    return _HEAD + messages.en + messages.zh + _PARTS
