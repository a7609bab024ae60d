{{/* All that the controller may do: nothing else in this chart gives rights. */}}

{{/* What belongs to no namespace. */}}
{{- define "nitro-ingress.rules.cluster" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
- apiGroups: [nitro-ingress.dev]
  resources: [netscalers]
  verbs: [list, watch]
- apiGroups: [nitro-ingress.dev]
  resources: [netscalers/status]
  verbs: [patch]
{{- if not .Values.controller.clusterId }}
# Its uid is the cluster's id.
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}
{{- if .Values.namespaceSelector }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- if eq .Values.controller.members "nodeport" }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list, watch]
{{- end }}
{{- end }}

{{/* What Ingresses and their Services and Secrets need: in the namespaces that are served. */}}
{{- define "nitro-ingress.rules.served" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [secrets]
{{- if eq .Values.controller.secretsMode "get" }}
  verbs: [get]
{{- else }}
  verbs: [get, list, watch]
{{- end }}
{{ include "nitro-ingress.rules.events" . }}
# A patch that makes a report needs both.
- apiGroups: [nitro-ingress.dev]
  resources: [ingressreports]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [nitro-ingress.dev]
  resources: [ingressreports/status]
  verbs: [patch]
{{- end }}

{{/* Events stand beside what they are about; those about NetScalers in the namespace default. */}}
{{- define "nitro-ingress.rules.events" -}}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* In the release's own namespace. A create cannot be limited to a name. */}}
{{- define "nitro-ingress.rules.own" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "nitro-ingress.fullname" . }}]
  verbs: [get, update]
# Events about the Lease.
{{ include "nitro-ingress.rules.events" . }}
{{- if and .Values.appliance.credentialsSecret (or .Values.netScaler.create (not .Values.appliance.endpoints)) }}
# A NetScaler object names it.
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ .Values.appliance.credentialsSecret }}]
  verbs: [get]
{{- end }}
{{- end }}

{{/* In the namespace of the ConfigMap with the defaults of front ends. */}}
{{- define "nitro-ingress.rules.configmap" -}}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ splitList "/" .Values.controller.configMap | last }}]
  verbs: [get, list, watch]
{{- end }}
