{{- define "bk-task-exporter.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 52 characters, so that a StatefulSet's pods have room for their hash and number. */}}
{{- define "bk-task-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "bk-task-exporter.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "bk-task-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "bk-task-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bk-task-exporter.labels" -}}
{{ include "bk-task-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "bk-task-exporter.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "bk-task-exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "bk-task-exporter.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "bk-task-exporter.configMap" -}}
{{ .Values.existingConfigMap | default (include "bk-task-exporter.fullname" .) }}
{{- end }}

{{/* The name of the Secret with the credentials; empty where there is none. */}}
{{- define "bk-task-exporter.secret" -}}
{{- if .Values.secret.existing -}}
{{ .Values.secret.existing }}
{{- else if .Values.secret.data -}}
{{ include "bk-task-exporter.fullname" . }}
{{- end }}
{{- end }}

{{- define "bk-task-exporter.secretDir" -}}
/run/secrets/bk-task-exporter
{{- end }}

{{- define "bk-task-exporter.pods" -}}
{{ if gt (int .Values.shards) 1 }}{{ .Values.shards }}{{ else }}{{ .Values.replicas }}{{ end }}
{{- end }}

{{/* What the schema cannot see: values that contradict each other. */}}
{{- define "bk-task-exporter.validate" -}}
{{- $values := .Values }}
{{- $config := $values.config | default (dict) }}
{{- if and (not $values.config) (not $values.existingConfigMap) }}
{{- fail "config: missing; give the exporter's configuration, or the name of a ConfigMap that has it in existingConfigMap" }}
{{- end }}
{{- if and $values.config $values.existingConfigMap }}
{{- fail "config and existingConfigMap: only one of them can be given" }}
{{- end }}
{{- if and $values.secret.existing $values.secret.data }}
{{- fail "secret.existing and secret.data: only one of them can be given" }}
{{- end }}
{{- if and (gt (int $values.shards) 1) (gt (int $values.replicas) 1) }}
{{- fail (printf "shards and replicas: %v shards are %v pods; leave replicas at 1" $values.shards $values.shards) }}
{{- end }}
{{- $systems := dig "systems" (dict) $config | default (dict) }}
{{- $auths := include "bk-task-exporter.systemAuths" $systems | fromJson }}
{{- $_ := set $auths "config.bkapi.auth" (dig "bkapi" "auth" (dict) $config) }}
{{- range $place, $auth := $auths }}
{{- range $key, $file := $auth | default (dict) }}
{{- $dir := printf "%s/" (include "bk-task-exporter.secretDir" $) }}
{{- if and (hasSuffix "_file" $key) (hasPrefix $dir (toString $file)) }}
{{- $wanted := trimPrefix $dir $file }}
{{- if and (not $values.secret.existing) (not $values.secret.data) }}
{{- fail (printf "%s.%s: no Secret is given; name one with the key %s in secret.existing, or give it in secret.data" $place $key $wanted) }}
{{- end }}
{{- if and $values.secret.data (not (hasKey $values.secret.data $wanted)) }}
{{- fail (printf "%s.%s: secret.data has no key %s" $place $key $wanted) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "bk-task-exporter.systemAuths" -}}
{{- $auths := dict }}
{{- range $name, $system := . }}
{{- $_ := set $auths (printf "config.systems.%s.auth" $name) (dig "auth" (dict) ($system | default (dict))) }}
{{- end }}
{{- $auths | toJson }}
{{- end }}

{{/* One pod, for the Deployment and the StatefulSet alike. */}}
{{- define "bk-task-exporter.pod" -}}
metadata:
  annotations:
    {{- if .Values.config }}
    checksum/config: {{ toYaml .Values.config | sha256sum }}
    {{- end }}
    {{- if .Values.secret.data }}
    checksum/secret: {{ toYaml .Values.secret.data | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "bk-task-exporter.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "bk-task-exporter.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  terminationGracePeriodSeconds: 30
  containers:
    - name: exporter
      image: {{ include "bk-task-exporter.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        - --config.file=/etc/bk-task-exporter/config/config.yaml
        - --log.level={{ .Values.logLevel }}
        - --log.format={{ .Values.logFormat }}
        {{- if gt (int .Values.shards) 1 }}
        - --shard=auto/{{ .Values.shards }}
        {{- end }}
        {{- if .Values.webConfig.existingSecret }}
        - --web.config.file=/etc/bk-task-exporter/web/web-config.yml
        {{- end }}
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: BK_TASK_EXPORTER_WEB_LISTEN_ADDRESS
          value: ":9840"
        {{- if gt (int .Values.shards) 1 }}
        - name: HOSTNAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: metrics
          containerPort: 9840
      startupProbe:
        tcpSocket:
          port: metrics
        periodSeconds: 2
        failureThreshold: 60
      {{- if .Values.webConfig.existingSecret }}
      {{- /* The doors may speak TLS and want a password: the image's own check knows both. */}}
      livenessProbe:
        exec:
          command: [python3, /opt/bk-task-exporter/bin/healthcheck]
        periodSeconds: 30
        timeoutSeconds: 6
      readinessProbe:
        exec:
          command: [python3, /opt/bk-task-exporter/bin/healthcheck]
        periodSeconds: 15
        timeoutSeconds: 6
      {{- else }}
      livenessProbe:
        httpGet:
          path: /-/healthy
          port: metrics
        periodSeconds: 15
        timeoutSeconds: 5
      readinessProbe:
        httpGet:
          path: /-/ready
          port: metrics
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: config
          mountPath: /etc/bk-task-exporter/config
          readOnly: true
        {{- if include "bk-task-exporter.secret" . }}
        - name: secret
          mountPath: {{ include "bk-task-exporter.secretDir" . }}
          readOnly: true
        {{- end }}
        {{- if .Values.webConfig.existingSecret }}
        - name: web
          mountPath: /etc/bk-task-exporter/web
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "bk-task-exporter.configMap" . }}
    {{- with include "bk-task-exporter.secret" . }}
    - name: secret
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
    {{- with .Values.webConfig.existingSecret }}
    - name: web
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
