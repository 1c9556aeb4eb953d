"""The messages that a chat gets, as Alertmanager's templates: the same in both languages but for the words."""

from tools.alerting.phrases import both

_HEAD = """\
{{/*
  Messages for a chat, as plain text: "bk_task.title.en" and "bk_task.text.en", and the same in Chinese with "zh".
  At most ten alerts of a group are told in full. Written by `make docs` from tools/alerting; change it there.
*/}}
"""

_TITLE = """
{{ define "bk_task.title.<language>" -}}
{{ template "bk_task.sign" . }} {{ if eq (len .Alerts) 1 -}}
{{ if eq .Status "resolved" }}<resolved>{{ end }}{{ (index .Alerts 0).Annotations.summary<suffix> }}
{{- else -}}
{{ .CommonLabels.alertname }}
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

_TEXT = """
{{ define "bk_task.text.<language>" -}}
{{ $several := gt (len .Alerts) 1 -}}
{{ range $i, $_ := .Alerts.Firing }}{{ if lt $i 10 }}{{ if $several }}• {{ .Annotations.summary<suffix> }}
{{ end }}{{ .Annotations.description<suffix> }}
<dashboard>{{ template "bk_task.dashboard" . }}
{{ if $several }}
{{ end }}{{ end }}{{ end -}}
{{ with .Alerts.Firing }}{{ if gt (len .) 10 }}{{ with slice . 10 }}<more>{{ end }}

{{ end }}{{ end -}}
{{ range $i, $_ := .Alerts.Resolved }}{{ if lt $i 10 -}}
{{ if $several }}• <resolved>{{ .Annotations.summary<suffix> }}<stop>{{ end }}<fired>{{ template "bk_task.age" . }}<end>
{{- with .Labels.url }}
{{ . }}{{ end }}
{{ end }}{{ end -}}
{{ with .Alerts.Resolved }}{{ if gt (len .) 10 }}{{ with slice . 10 }}<more_ended>{{ end }}
{{ end }}{{ end -}}
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
    messages = both(_TITLE + _TEXT, _ENGLISH, _CHINESE)
    return _HEAD + messages.en + messages.zh + _PARTS
