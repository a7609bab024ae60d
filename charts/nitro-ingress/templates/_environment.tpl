{{/* What the controller is told. A variable per option; see `nitro-ingress controller --help`. */}}

{{- define "nitro-ingress.environment" -}}
{{- $texts := dict
  "NITRO_INGRESS_CLUSTER_ID" .Values.controller.clusterId
  "NITRO_INGRESS_CONTROLLER_NAMES" (join "," .Values.controller.controllerNames)
  "NITRO_INGRESS_CLASSES" (join "," .Values.controller.classesWithoutObject)
  "NITRO_INGRESS_CONFIGMAP" .Values.controller.configMap
  "NITRO_INGRESS_MEMBERS" .Values.controller.members
  "NITRO_INGRESS_DRAIN_DELAY" (.Values.controller.drainDelay | int | toString)
  "NITRO_INGRESS_SECRETS_MODE" .Values.controller.secretsMode
  "NITRO_INGRESS_RESYNC" .Values.controller.resync
  "NITRO_INGRESS_APPROVE" (join "," .Values.controller.approved)
  "NITRO_INGRESS_LOG_LEVEL" .Values.controller.logLevel
  "NITRO_INGRESS_LOG_FORMAT" .Values.controller.logFormat
  "NITRO_INGRESS_NAMESPACES" (join "," .Values.namespaces)
  "NITRO_INGRESS_NAMESPACE_SELECTOR" .Values.namespaceSelector
  "NITRO_INGRESS_LISTEN" "0.0.0.0:8080"
  "NITRO_INGRESS_LEASE_NAME" (include "nitro-ingress.fullname" .)
  "NITRO_INGRESS_LEASE_NAMESPACE" .Release.Namespace
}}
{{- if .Values.cpx.enabled }}
{{- $_ := set $texts "NITRO_INGRESS_CPX" "true" }}
{{- else if and .Values.appliance.endpoints (not .Values.netScaler.create) }}
{{- $_ := set $texts "NITRO_URL" (first .Values.appliance.endpoints) }}
{{- $_ := set $texts "NITRO_PASSWORD_FILE" "/etc/nitro-ingress/credentials/password" }}
{{- if .Values.appliance.ca }}
{{- $_ := set $texts "NITRO_CA_FILE" "/etc/nitro-ingress/ca/ca.crt" }}
{{- end }}
{{- if .Values.appliance.insecure }}
{{- $_ := set $texts "NITRO_INSECURE" "true" }}
{{- end }}
{{- end }}
{{- if not .Values.netScaler.create }}
{{- $vips := list }}
{{- range $vip, $namespaces := .Values.appliance.vipNamespaces }}
{{- range $namespaces }}
{{- $vips = append $vips (printf "%s=%s" $vip .) }}
{{- end }}
{{- end }}
{{- $_ := set $texts "NITRO_INGRESS_PREFIX" .Values.appliance.prefix }}
{{- $_ := set $texts "NITRO_INGRESS_DEFAULT_VIP" .Values.appliance.defaultVip }}
{{- $_ := set $texts "NITRO_INGRESS_VIP_NAMESPACES" (join "," $vips) }}
{{- $_ := set $texts "NITRO_INGRESS_ALLOW_REFERENCES" (join "," .Values.appliance.allowedReferences) }}
{{- if .Values.appliance.enableDefaultProfile }}
{{- $_ := set $texts "NITRO_INGRESS_ENABLE_DEFAULT_PROFILE" "true" }}
{{- end }}
{{- if .Values.appliance.allowHttpRefusal }}
{{- $_ := set $texts "NITRO_INGRESS_ALLOW_HTTP_REFUSAL" "true" }}
{{- end }}
{{- if .Values.appliance.takeover }}
{{- $_ := set $texts "NITRO_INGRESS_TAKEOVER" "true" }}
{{- end }}
{{- if eq .Values.appliance.save "All" }}
{{- $_ := set $texts "NITRO_INGRESS_SAVE_FOREIGN" "true" }}
{{- end }}
{{- end }}
{{- range $name, $text := $texts }}
{{- if $text }}
- name: {{ $name }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- if and .Values.appliance.endpoints (not .Values.netScaler.create) }}
- name: NITRO_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.appliance.credentialsSecret }}
      key: username
{{- end }}
{{- end }}
