{{/* Names and labels. */}}

{{- define "nitro-ingress.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "nitro-ingress.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "nitro-ingress.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "nitro-ingress.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of objects that belong to no namespace: two releases of one name must not share them. */}}
{{- define "nitro-ingress.clustername" -}}
{{- printf "%s-%s" .Release.Namespace (include "nitro-ingress.fullname" .) }}
{{- end }}

{{- define "nitro-ingress.netscaler" -}}
{{- .Values.netScaler.name | default (include "nitro-ingress.fullname" .) }}
{{- end }}

{{- define "nitro-ingress.account" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "nitro-ingress.fullname" .) }}
{{- else }}
{{- required "serviceAccount.name: name the ServiceAccount, or let serviceAccount.create make one" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "nitro-ingress.selector" -}}
app.kubernetes.io/name: {{ include "nitro-ingress.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nitro-ingress.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "nitro-ingress.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "nitro-ingress.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}
