# SPDX-License-Identifier: Apache-2.0
"""The resources that the simulated API server has, and what a real one fills in
when somebody leaves it out."""

import copy


class Kind:
    def __init__(self, name, group, version, kind, namespaced, short,
                 status=True, generation=False, bookmark=None):
        self.name = name  # plural, as in paths
        self.group = group
        self.version = version
        self.kind = kind
        self.namespaced = namespaced
        self.short = short
        self.status = status  # has a status subresource
        self.generation = generation
        self.bookmark = bookmark  # what a bookmark has besides metadata
        self.api_version = f"{group}/{version}" if group else version
        # "pods", "networkpolicies.networking.k8s.io": as errors name it
        self.full = f"{name}.{group}" if group else name
        self.prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"

    def details(self, **more):
        """The "details" of a Status about it."""
        out = dict(more)
        if self.group:
            out["group"] = self.group
        out["kind"] = self.name
        return out


_NODE_INFO = {k: "" for k in (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage",
    "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion",
    "operatingSystem", "architecture")}

KINDS = [
    Kind("nodes", "", "v1", "Node", False, ["no"], bookmark={
        "spec": {}, "status": {"daemonEndpoints": {
            "kubeletEndpoint": {"Port": 0}}, "nodeInfo": _NODE_INFO}}),
    Kind("pods", "", "v1", "Pod", True, ["po"], generation=True,
         bookmark={"spec": {"containers": None}, "status": {}}),
    Kind("namespaces", "", "v1", "Namespace", False, ["ns"],
         bookmark={"spec": {}, "status": {}}),
    Kind("services", "", "v1", "Service", True, ["svc"],
         bookmark={"spec": {}, "status": {"loadBalancer": {}}}),
    Kind("endpointslices", "discovery.k8s.io", "v1", "EndpointSlice", True, [],
         status=False, generation=True,
         bookmark={"addressType": "", "endpoints": None, "ports": None}),
    Kind("networkpolicies", "networking.k8s.io", "v1", "NetworkPolicy", True,
         ["netpol"], status=False, generation=True,
         bookmark={"spec": {"podSelector": {}}}),
    Kind("clusternetworkpolicies", "policy.networking.k8s.io", "v1alpha2",
         "ClusterNetworkPolicy", False, ["cnp"], generation=True),
]

BY_NAME = {k.name: k for k in KINDS}
BY_KIND = {(k.api_version, k.kind): k for k in KINDS}


def find(word):
    """A kind by plural, singular, kind or short name; None if there is none."""
    word = word.lower()
    for k in KINDS:
        if word in (k.name, k.kind.lower(), k.full, *k.short):
            return k
    return None


def _node(o, old):
    spec = o["spec"]
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    status = o["status"]
    status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
    status.setdefault("nodeInfo", copy.copy(_NODE_INFO))


def _pod(o, old):
    spec = o["spec"]
    for c in spec.get("containers") or []:
        for p in c.get("ports") or []:
            p.setdefault("protocol", "TCP")
        c.setdefault("resources", {})
        c.setdefault("terminationMessagePath", "/dev/termination-log")
        c.setdefault("terminationMessagePolicy", "File")
        c.setdefault("imagePullPolicy", "IfNotPresent")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("enableServiceLinks", True)
    status = o["status"]
    status.setdefault("phase", "Pending")
    if status.get("podIP") and not status.get("podIPs"):
        status["podIPs"] = [{"ip": status["podIP"]}]
    if status.get("podIPs") and not status.get("podIP"):
        status["podIP"] = status["podIPs"][0]["ip"]
    status.setdefault("qosClass", "BestEffort")


def _namespace(o, old):
    m = o["metadata"]
    m.setdefault("labels", {})["kubernetes.io/metadata.name"] = m["name"]
    o["spec"].setdefault("finalizers", ["kubernetes"])
    o["status"].setdefault("phase", "Active")


_next_ip = [0]


def _service(o, old):
    spec = o["spec"]
    spec.setdefault("type", "ClusterIP")
    for p in spec.get("ports") or []:
        p.setdefault("protocol", "TCP")
        if spec.get("clusterIP") != "None":
            p.setdefault("targetPort", p.get("port"))
    if spec["type"] != "ExternalName":
        if not spec.get("clusterIP"):
            ips = ((old or {}).get("spec") or {}).get("clusterIPs")
            if not ips:
                _next_ip[0] += 1
                n = _next_ip[0]
                ips = [f"10.96.{128 + n // 250 % 128}.{1 + n % 250}"]
            spec.setdefault("clusterIPs", ips)
            spec["clusterIP"] = spec["clusterIPs"][0]
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", [
            "IPv6" if ":" in ip else "IPv4"
            for ip in spec["clusterIPs"] if ip != "None"] or ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack"
                        if len(spec["ipFamilies"]) == 1 else "RequireDualStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("sessionAffinity", "None")
    o["status"].setdefault("loadBalancer", {})


def _slice(o, old):
    for p in o.get("ports") or []:
        p.setdefault("name", "")
        p.setdefault("protocol", "TCP")
    o.setdefault("endpoints", None)
    o.setdefault("ports", None)


def _policy(o, old):
    spec = o["spec"]
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress"]
        if spec.get("egress"):
            spec["policyTypes"].append("Egress")
    for rule in (spec.get("ingress") or []) + (spec.get("egress") or []):
        for p in rule.get("ports") or []:
            p.setdefault("protocol", "TCP")


_DEFAULTS = {"nodes": _node, "pods": _pod, "namespaces": _namespace,
             "services": _service, "endpointslices": _slice,
             "networkpolicies": _policy}


def fill_in(kind, obj, old=None):
    """Defaults of obj, in place; old is what it replaces, or None."""
    if kind.name not in ("endpointslices",):
        if not isinstance(obj.get("spec"), dict):
            obj["spec"] = {}
    if kind.name in ("nodes", "pods", "namespaces", "services"):
        if not isinstance(obj.get("status"), dict):
            obj["status"] = {}
    if kind.name in _DEFAULTS:
        _DEFAULTS[kind.name](obj, old)
    return obj
