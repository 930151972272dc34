{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- define "fairlead.labels" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "fairlead.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* The CNI configuration, as JSON. */ -}}
{{- define "fairlead.conflist" -}}
{{- $plugin := dict "type" "fairlead-cni" -}}
{{- if ne .Values.stateDir "/run/fairlead" -}}
{{- $plugin = set $plugin "stateDir" .Values.stateDir -}}
{{- end -}}
{{- $plugin = merge $plugin .Values.cni.plugin -}}
{{- dict "cniVersion" "1.0.0" "name" "fairlead" "plugins" (prepend .Values.cni.chain $plugin) | toPrettyJson -}}
{{- end }}

{{- /* The address that http-address has, [] around an IPv6 one. */ -}}
{{- define "fairlead.httpAddress" -}}
{{- if contains ":" .Values.http.host -}}
[{{ .Values.http.host }}]:{{ .Values.http.port }}
{{- else -}}
{{ .Values.http.host }}:{{ .Values.http.port }}
{{- end -}}
{{- end }}

{{- /* AppArmor's usual profile forbids writing below /sys/fs/bpf. */ -}}
{{- define "fairlead.hasAppArmorField" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- end }}

{{- define "fairlead.podSecurityContext" -}}
{{- if include "fairlead.hasAppArmorField" . -}}
appArmorProfile:
  type: Unconfined
{{ end -}}
seccompProfile:
  type: Unconfined
{{- end }}

{{- /* Root, as files of the host are root's, with no more than this. */ -}}
{{- define "fairlead.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsUser: 0
runAsGroup: 0
capabilities:
  drop:
  - ALL
  {{- with . }}
  add:
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* Above the state directory, so that it can be removed. */ -}}
{{- define "fairlead.uninstallMounts" -}}
- name: config
  mountPath: /etc/fairlead
  readOnly: true
- name: run
  mountPath: {{ dir .Values.stateDir }}
- name: bpffs
  mountPath: /sys/fs/bpf
  mountPropagation: HostToContainer
- name: sysctl
  mountPath: /host/proc/sys/net
- name: cni-bin
  mountPath: /host/opt/cni/bin
- name: cni-conf
  mountPath: /host/etc/cni/net.d
{{- end }}
