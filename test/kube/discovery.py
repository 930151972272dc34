# SPDX-License-Identifier: Apache-2.0
"""What a client asks to learn what there is: /api, /apis, /version, health."""

import json

import kinds
import status
import store as st

VERSION = {
    "major": "1", "minor": "36", "emulationMajor": "1",
    "emulationMinor": "36", "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
    "gitTreeState": "clean", "buildDate": "2026-11-21T21:14:02Z",
    "goVersion": "go1.26.10", "compiler": "gc", "platform": "linux/amd64"}

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch",
         "update", "watch"]


def _served(server):
    return [k for k in kinds.KINDS if server.serves(k)]


def _group(name, versions):
    vs = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": vs, "preferredVersion": vs[0]}


def _resources(group_version, of):
    out = []
    for k in of:
        out.append({"name": k.name, "singularName": k.kind.lower(),
                    "namespaced": k.namespaced, "kind": k.kind,
                    "verbs": VERBS, "shortNames": k.short})
        if k.status:
            out.append({"name": k.name + "/status", "singularName": "",
                        "namespaced": k.namespaced, "kind": k.kind,
                        "verbs": ["get", "patch", "update"]})
    return {"kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": group_version, "resources": out}


def document(server, path):
    """(content type, body) of a path that is no resource, or an error."""
    of = _served(server)
    groups = {k.group: k.version for k in of if k.group}
    if path == "/api":
        doc = {"kind": "APIVersions", "versions": ["v1"],
               "serverAddressByClientCIDRs": [
                   {"clientCIDR": "0.0.0.0/0",
                    "serverAddress": "192.0.2.1:6443"}]}
    elif path == "/apis":
        doc = {"kind": "APIGroupList", "apiVersion": "v1",
               "groups": [_group(g, [v]) for g, v in groups.items()]}
    elif path == "/version":
        return "application/json", json.dumps(VERSION, indent=2).encode()
    elif path.startswith(("/readyz", "/livez", "/healthz")):
        return "text/plain; charset=utf-8", b"ok"
    elif path == "/openapi/v2":
        # The least that kubectl's validation takes: an empty document
        # (protobuf of swagger: "2.0"); of what it does not name, anything
        # goes.
        return ("application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
                b"\x0a\x032.0\x12\x0c\x0a\x02k8\x12\x06v1.36.")
    else:
        parts = path.strip("/").split("/")
        doc = None
        if parts == ["api", "v1"]:
            doc = _resources("v1", [k for k in of if not k.group])
        elif parts[0] == "apis" and len(parts) == 3:
            if groups.get(parts[1]) == parts[2]:
                doc = _resources("/".join(parts[1:]),
                                 [k for k in of if k.group == parts[1]])
        elif parts[0] == "apis" and len(parts) == 2 and parts[1] in groups:
            doc = {"kind": "APIGroup", "apiVersion": "v1",
                   **_group(parts[1], [groups[parts[1]]])}
        if doc is None:
            raise status.no_such_resource()
    return "application/json", st.dumps(doc) + b"\n"
