# SPDX-License-Identifier: Apache-2.0
"""What objects of a real cluster look like, with all that nobody here reads
(managed fields, probes, volumes): their size is part of the test. %(x)s are
filled in by cluster.py."""

import store

WHEN = "2026-11-21T21:33:11Z"


def template(obj):
    """An object with %(x)s in its strings, as something to be filled in; a
    string "%(x)j" stands for JSON that comes in its place."""
    text = store.dumps(obj).decode()
    while '"%(' in text and ')j"' in text:
        at = text.index(')j"')
        begin = text.rindex('"%(', 0, at)
        text = (text[:begin] + text[begin + 1:at] + ")s" + text[at + 3:])
    return text.encode()


def managed(manager, fields, api="v1", **more):
    return {"manager": manager, "operation": "Update", "apiVersion": api,
            "time": WHEN, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


def _f(names):
    return {f"f:{n}": {} for n in names.split()}


def _condition(type_, value="True"):
    return {"type": type_, "observedGeneration": 1, "status": value,
            "lastProbeTime": None, "lastTransitionTime": WHEN}


_CONDITION_FIELDS = _f("lastProbeTime lastTransitionTime observedGeneration "
                       "status type")


def pod(phase, host=False):
    ready = "%(ready)s"
    spec_fields = {
        "f:containers": {'k:{"name":"app"}': {".": {}, **_f(
            "args image imagePullPolicy name resources "
            "terminationMessagePath terminationMessagePolicy env"),
            "f:ports": {".": {}, 'k:{"containerPort":8080,"protocol":"TCP"}': {
                ".": {}, **_f("containerPort name protocol")}},
            "f:readinessProbe": {".": {}, **_f(
                "failureThreshold periodSeconds successThreshold "
                "timeoutSeconds"), "f:httpGet": {".": {}, **_f(
                    "path port scheme")}}}},
        **_f("dnsPolicy enableServiceLinks restartPolicy schedulerName "
             "securityContext terminationGracePeriodSeconds")}
    status = {"observedGeneration": 1, "phase": phase}
    if phase == "Pending":
        status["conditions"] = [_condition("PodScheduled")]
    else:
        status.update({
            "conditions": [
                _condition("PodReadyToStartContainers"),
                _condition("Initialized"), _condition("Ready", ready),
                _condition("ContainersReady", ready),
                _condition("PodScheduled")],
            "hostIP": "%(host)s", "hostIPs": [{"ip": "%(host)s"}],
            "podIP": "%(ip)s", "podIPs": "%(ips)j", "startTime": WHEN,
            "containerStatuses": [{
                "name": "app", "state": {"running": {"startedAt": WHEN}},
                "lastState": {}, "ready": True, "restartCount": "%(restarts)j",
                "image": "registry.example.com/team/%(app)s:1.%(rev)s",
                "imageID": "registry.example.com/team/%(app)s@sha256:" +
                "%(uid)s".replace("-", "") + "0" * 28,
                "containerID": "containerd://%(uid)s%(uid)s",
                "started": True, "resources": {}}],
            "qosClass": "Burstable"})
    volume = "kube-api-access-%(suffix)s"
    spec = {
        "volumes": [{"name": volume, "projected": {"sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607,
                                     "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [
                {"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {
                "apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}],
            "defaultMode": 420}}],
        "containers": [{
            "name": "app",
            "image": "registry.example.com/team/%(app)s:1.%(rev)s",
            "args": ["serve", "--port=8080", "--metrics-port=9090"],
            "ports": [
                {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {
                "apiVersion": "v1", "fieldPath": "status.podIP"}}}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"},
                          "limits": {"memory": "256Mi"}},
            "volumeMounts": [{
                "name": volume, "readOnly": True, "mountPath":
                "/var/run/secrets/kubernetes.io/serviceaccount"}],
            "readinessProbe": {
                "httpGet": {"path": "/ready", "port": "http",
                            "scheme": "HTTP"},
                "timeoutSeconds": 1, "periodSeconds": 10,
                "successThreshold": 1, "failureThreshold": 3},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent"}],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst", "serviceAccountName": "default",
        "serviceAccount": "default", "nodeName": "%(node)s",
        "securityContext": {}, "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": f"node.kubernetes.io/{k}", "operator": "Exists",
             "effect": "NoExecute", "tolerationSeconds": 300}
            for k in ("not-ready", "unreachable")],
        "priority": 0, "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority"}
    if host:
        spec["hostNetwork"] = True
    return template({
        "metadata": {
            "name": "%(name)s", "generateName": "%(app)s-%(hash)s-",
            "namespace": "%(namespace)s", "uid": "%(uid)s",
            "resourceVersion": "%(version)s", "generation": 1,
            "creationTimestamp": WHEN,
            "labels": {"app": "%(app)s", "pod-template-hash": "%(hash)s",
                       "release": "r%(rev)s", "tier": "%(tier)s"},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "name": "%(app)s-%(hash)s", "uid": "%(owner)s",
                "controller": True, "blockOwnerDeletion": True}],
            "managedFields": [
                managed("kube-controller-manager", {
                    "f:metadata": {
                        "f:generateName": {},
                        "f:labels": {".": {}, **_f(
                            "app pod-template-hash release tier")},
                        "f:ownerReferences": {
                            ".": {}, 'k:{"uid":"%(owner)s"}': {}}},
                    "f:spec": spec_fields}),
                managed("kubelet", {"f:status": {
                    "f:conditions": {
                        f'k:{{"type":"{t}"}}': {".": {}, **_CONDITION_FIELDS}
                        for t in ("ContainersReady", "Initialized", "Ready",
                                  "PodReadyToStartContainers")},
                    **_f("containerStatuses hostIP hostIPs phase podIP "
                         "podIPs startTime")}}, subresource="status")]},
        "spec": spec, "status": status})


def node():
    conditions = [
        {"type": t, "status": v, "lastHeartbeatTime": "%(beat)s",
         "lastTransitionTime": WHEN, "reason": f"Kubelet{t}",
         "message": f"kubelet says {t} is {v}"}
        for t, v in (("MemoryPressure", "False"), ("DiskPressure", "False"),
                     ("PIDPressure", "False"), ("Ready", "True"))]
    sizes = {"cpu": "16", "ephemeral-storage": "264212084Ki",
             "hugepages-1Gi": "0", "hugepages-2Mi": "0",
             "memory": "65802812Ki", "pods": "110"}
    return template({
        "metadata": {
            "name": "%(name)s", "uid": "%(uid)s",
            "resourceVersion": "%(version)s", "creationTimestamp": WHEN,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": "%(name)s",
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": "r1",
                "topology.kubernetes.io/zone": "%(zone)s"},
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach":
                "true"},
            "managedFields": [
                managed("kube-controller-manager", {
                    "f:metadata": {"f:annotations": _f(
                        "node.alpha.kubernetes.io/ttl")},
                    "f:spec": {"f:podCIDR": {}, "f:podCIDRs": {".": {}}}}),
                managed("kubelet", {"f:status": {"f:conditions": {
                    f'k:{{"type":"{c["type"]}"}}': _f("lastHeartbeatTime")
                    for c in conditions}, "f:images": {}}},
                    subresource="status")]},
        "spec": {"podCIDR": "%(cidr)s", "podCIDRs": "%(cidrs)j"},
        "status": {
            "capacity": sizes, "allocatable": sizes, "conditions": conditions,
            "addresses": "%(addresses)j",
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": "%(uid)s", "systemUUID": "%(uid)s",
                "bootID": "%(uid)s", "kernelVersion": "6.12.0-amd64",
                "osImage": "Debian GNU/Linux 13 (trixie)",
                "containerRuntimeVersion": "containerd://2.1.9",
                "kubeletVersion": "v1.36.2", "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": "amd64"},
            "images": [{"names": [
                f"registry.example.com/team/image-{i}@sha256:" + f"{i:064x}",
                f"registry.example.com/team/image-{i}:1.0"],
                "sizeBytes": 213381879 + i} for i in range(12)]}})


def service():
    return template({
        "metadata": {
            "name": "%(name)s", "namespace": "%(namespace)s",
            "uid": "%(uid)s", "resourceVersion": "%(version)s",
            "creationTimestamp": WHEN, "labels": {"app": "%(name)s"},
            "managedFields": [managed("kubectl-client-side-apply", {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {**_f("clusterIP internalTrafficPolicy selector "
                                "sessionAffinity type"), "f:ports": {
                    ".": {}, 'k:{"port":80,"protocol":"TCP"}': {
                        ".": {}, **_f("name port protocol targetPort")}}}})]},
        "spec": {
            "ports": [
                {"name": "http", "protocol": "TCP", "port": 80,
                 "targetPort": "http"},
                {"name": "metrics", "protocol": "TCP", "port": 9090,
                 "targetPort": 9090}],
            "selector": {"app": "%(name)s"}, "clusterIP": "%(ip)s",
            "clusterIPs": "%(ips)j", "type": "ClusterIP",
            "sessionAffinity": "None", "ipFamilies": "%(families)j",
            "ipFamilyPolicy": "%(policy)s", "internalTrafficPolicy": "Cluster"},
        "status": {"loadBalancer": {}}})


def endpoint_slice():
    return template({
        "metadata": {
            "name": "%(name)s", "generateName": "%(service)s-",
            "namespace": "%(namespace)s", "uid": "%(uid)s",
            "resourceVersion": "%(version)s", "generation": 1,
            "creationTimestamp": WHEN,
            "labels": {"app": "%(service)s",
                       "endpointslice.kubernetes.io/managed-by":
                       "endpointslice-controller.k8s.io",
                       "kubernetes.io/service-name": "%(service)s"},
            "annotations": {
                "endpoints.kubernetes.io/last-change-trigger-time": WHEN},
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Service", "name": "%(service)s",
                "uid": "%(owner)s", "controller": True,
                "blockOwnerDeletion": True}],
            "managedFields": [managed(
                "kube-controller-manager", {**_f(
                    "addressType endpoints ports"), "f:metadata": _f(
                        "annotations generateName labels ownerReferences")},
                api="discovery.k8s.io/v1")]},
        "addressType": "%(type)s", "endpoints": "%(endpoints)j",
        "ports": [{"name": "http", "protocol": "TCP", "port": 8080},
                  {"name": "metrics", "protocol": "TCP", "port": 9090}]})


def network_policy(r, app, namespaces):
    """r: a random.Random; app: the label that it selects."""
    other = {"matchLabels": {"tier": r.choice(("web", "api", "db"))}}
    where = {"matchLabels": {"kubernetes.io/metadata.name":
                             r.choice(namespaces)}}
    spec = {
        "podSelector": {"matchLabels": {"app": app}},
        "ingress": [
            {"from": [{"podSelector": other}, {"namespaceSelector": where}],
             "ports": [{"protocol": "TCP", "port": r.choice((8080, "http"))}]},
            {"from": [{"ipBlock": {
                "cidr": f"172.{r.randint(16, 31)}.0.0/16",
                "except": [f"172.{r.randint(16, 31)}.{r.randint(0, 255)}.0/24"]
            }}]}],
        "policyTypes": ["Ingress"]}
    spec["ingress"][1]["from"][0]["ipBlock"]["except"] = [
        spec["ingress"][1]["from"][0]["ipBlock"]["cidr"].replace(
            ".0.0/16", f".{r.randint(0, 255)}.0/24")]
    if r.random() < 0.3:
        spec["egress"] = [{"ports": [{"protocol": "UDP", "port": 53},
                                     {"protocol": "TCP", "port": 53}]},
                          {"to": [{"podSelector": other}]}]
        spec["policyTypes"].append("Egress")
    return {"spec": spec}


def cluster_policy(r, priority):
    return {"spec": {
        "tier": r.choice(("Admin", "Baseline")), "priority": priority,
        "subject": {"namespaces": {"matchLabels": {
            "env": r.choice(("prod", "dev"))}}},
        "ingress": [{"name": "of-team", "action": r.choice(
            ("Accept", "Deny", "Pass")), "from": [{"namespaces": {
                "matchLabels": {"team": f"t{r.randint(0, 4)}"}}}],
            "protocols": [{"tcp": {"destinationPort": {"number": 8080}}}]}]}}
