#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a container of a manifest to what runc runs: the OCI configuration that
a runtime of Kubernetes makes of it (capabilities, read-only root, masked and
read-only paths, no new privileges), with the image's root file system.

usage: runspec.py MANIFEST DAEMONSET CONTAINER [OPTION...]
  --root DIR          the image's root file system
  --id NAME           name of the container, and of its cgroup
  --configmap DIR     what the volume of the ConfigMap holds
  --node-name NAME    spec.nodeName
  --token DIR         what the service account's volume holds
  --without CAP       leave out this capability
  --with CAP          one more
  --arg WORD          one more argument
  --mount DIR         of the host, at the same place

The container has the network namespace of the caller, as one with hostNetwork
has its node's. Each volume must exist in the manifest, and each hostPath on the
host; a DirectoryOrCreate is made.
"""
import argparse
import json
import os

import yaml

MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
          "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
          "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
PROPAGATION = {None: "rprivate", "HostToContainer": "rslave", "Bidirectional": "rshared"}


def arguments():
    p = argparse.ArgumentParser()
    for name in ("manifest", "daemonset", "container"):
        p.add_argument(name)
    for name in ("root", "id", "configmap", "node-name", "token"):
        p.add_argument("--" + name)
    for name in ("without", "with", "arg", "mount"):
        p.add_argument("--" + name, action="append", default=[])
    return p.parse_args()


def find(a):
    """The pod's specification and the container in it."""
    with open(a.manifest) as f:
        for doc in yaml.safe_load_all(f):
            if doc["kind"] != "DaemonSet" or doc["metadata"]["name"] != a.daemonset:
                continue
            pod = doc["spec"]["template"]["spec"]
            for c in pod.get("initContainers", []) + pod["containers"]:
                if c["name"] == a.container:
                    return pod, c
    raise SystemExit(f"no container {a.container} in {a.manifest}")


def source(volume, a):
    if "configMap" in volume:
        return a.configmap
    path, kind = volume["hostPath"]["path"], volume["hostPath"]["type"]
    if kind == "DirectoryOrCreate":
        os.makedirs(path, exist_ok=True)
    if not os.path.isdir(path):
        raise SystemExit(f"{path} is no directory")
    return path


def mounts(pod, container, a):
    volumes = {v["name"]: v for v in pod["volumes"]}
    out = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]},
    ]
    for m in sorted(container.get("volumeMounts", []), key=lambda m: m["mountPath"]):
        out.append({"destination": m["mountPath"], "type": "bind",
                    "source": source(volumes[m["name"]], a),
                    "options": ["rbind", PROPAGATION[m.get("mountPropagation")],
                                "ro" if m.get("readOnly") else "rw"]})
    for path in a.mount:
        out.append({"destination": path, "type": "bind", "source": path,
                    "options": ["rbind", "ro"]})
    if a.token and pod.get("automountServiceAccountToken", True):
        out.append({"destination": "/var/run/secrets/kubernetes.io/serviceaccount",
                    "type": "bind", "source": a.token, "options": ["rbind", "ro"]})
    return out


def environment(container, a):
    env = {"PATH": "/usr/bin"}
    for e in container.get("env", []):
        if "value" in e:
            env[e["name"]] = e["value"]
        elif e["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName":
            env[e["name"]] = a.node_name
        else:
            raise SystemExit(f"env {e['name']}: where from?")
    return env


def expand(words, env):
    for name, value in env.items():
        words = [w.replace(f"$({name})", value) for w in words]
    return words


def main():
    a = arguments()
    pod, container = find(a)
    security = container["securityContext"]
    wanted = getattr(a, "with") + [
        c for c in security["capabilities"].get("add", []) if c not in a.without]
    capabilities = ["CAP_" + c for c in wanted]
    env = environment(container, a)
    words = container["command"] + container.get("args", []) + a.arg
    print(json.dumps({
        "ociVersion": "1.0.2",
        "process": {
            "args": expand(words, env),
            "env": [f"{k}={v}" for k, v in env.items()],
            "cwd": "/",
            "user": {"uid": security["runAsUser"], "gid": security["runAsGroup"]},
            "noNewPrivileges": not security["allowPrivilegeEscalation"],
            "capabilities": {kind: capabilities for kind in
                             ("bounding", "effective", "permitted")},
        },
        "root": {"path": a.root, "readonly": security["readOnlyRootFilesystem"]},
        "mounts": mounts(pod, container, a),
        "linux": {
            "cgroupsPath": "/" + a.id,
            "namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount")],
            "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY,
        },
    }, indent=1))


main()
