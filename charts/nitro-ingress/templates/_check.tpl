{{/* What no schema can say: values that do not go together. */}}

{{- define "nitro-ingress.check" -}}
{{- with .Values }}
{{- if and .namespaces .namespaceSelector }}
{{- fail "namespaces and namespaceSelector exclude each other: leave one of them empty" }}
{{- end }}
{{- if .cpx.enabled }}
{{- if or .appliance.endpoints .appliance.credentialsSecret .appliance.ca .appliance.insecure .netScaler.create }}
{{- fail "cpx.enabled: the appliance is the CPX in the pod, so appliance.endpoints, .credentialsSecret, .ca, .insecure and netScaler.create must stay as they are" }}
{{- end }}
{{- if ne (int .replicas) 1 }}
{{- fail "cpx.enabled: set replicas to 1, since each pod has a CPX of its own and only one controller is at work" }}
{{- end }}
{{- if ne .cpx.eula "yes" }}
{{- fail "cpx.eula: must be \"yes\", by which you accept the vendor's licence" }}
{{- end }}
{{- if not .cpx.image.tag }}
{{- fail "cpx.image.tag: name a version of the CPX" }}
{{- end }}
{{- if .networkPolicy.create }}
{{- fail "networkPolicy.create: a CPX talks to every client and every pod, so there is no policy for it; set it to false" }}
{{- end }}
{{- else }}
{{- if and .appliance.endpoints (not .appliance.credentialsSecret) }}
{{- fail "appliance.credentialsSecret: name a Secret of the release's namespace with the keys username and password" }}
{{- end }}
{{- if and (not .appliance.endpoints) .netScaler.create }}
{{- fail "appliance.endpoints: netScaler.create needs the appliance's management address, such as https://192.0.2.2" }}
{{- end }}
{{- if and .appliance.ca .appliance.insecure }}
{{- fail "appliance.ca and appliance.insecure exclude each other: leave one of them as it is" }}
{{- end }}
{{- if and (gt (len .appliance.endpoints) 1) (not .netScaler.create) }}
{{- fail "appliance.endpoints: two addresses need netScaler.create; otherwise give one that follows the primary" }}
{{- end }}
{{- end }}
{{- if and (eq .appliance.save "Never") (not .netScaler.create) }}
{{- fail "appliance.save: Never needs netScaler.create" }}
{{- end }}
{{- end }}
{{- end }}
