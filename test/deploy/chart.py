#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Questions about the chart and what it makes; prints what is wrong.

  chart.py schema VALUES.json SCHEMA     do the values (as JSON) fit the schema?
  chart.py undescribed VALUES SCHEMA PAGE  values that the schema or the page lacks
  chart.py pods MANIFEST...              what a pod of ours must never have
  chart.py rights MANIFEST               each right, a line: "VERB GROUP RESOURCE"
  chart.py objects MANIFEST              objects as JSON, a line each, sorted
"""
import json
import sys

import jsonschema
import yaml

ALLOWED_CAPABILITIES = {"BPF", "NET_ADMIN", "PERFMON"}


def documents(file):
    with open(file) as f:
        return [d for d in yaml.safe_load_all(f) if d]


def schema(values, schema_file):
    with open(values) as v, open(schema_file) as s:
        validator = jsonschema.Draft7Validator(json.load(s))
        for error in validator.iter_errors(json.load(v)):
            yield f"{'.'.join(map(str, error.path))}: {error.message}"


def paths(values, prefix=""):
    """The values that somebody sets: those with members of their own are not."""
    for key, value in values.items():
        if isinstance(value, dict) and value and key not in ("config", "resources", "nodeSelector"):
            yield from paths(value, prefix + key + ".")
        else:
            yield prefix + key


def undescribed(values_file, schema_file, page):
    with open(schema_file) as f:
        described = json.load(f)
    with open(page) as f:
        text = f.read()
    for path in paths(documents(values_file)[0]):
        at = described
        for part in path.split("."):
            at = at.get("properties", {}).get(part) if at else None
        if at is None:
            yield f"{path} is not in the schema"
        if f"`{path}`" not in text:
            yield f"{path} is not in {page}"


def check_container(c, volumes):
    security = c.get("securityContext", {})
    capabilities = security.get("capabilities", {})
    if security.get("privileged") is not False:
        yield "may be privileged"
    if security.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "can write to its root file system"
    if capabilities.get("drop") != ["ALL"]:
        yield "does not drop all capabilities"
    for extra in set(capabilities.get("add", [])) - ALLOWED_CAPABILITIES:
        yield f"has {extra}"
    for m in c.get("volumeMounts", []):
        if m["name"] not in volumes:
            yield f"mounts {m['name']}, which there is not"
        if m.get("mountPropagation") == "Bidirectional":
            yield f"{m['name']} is mounted in both directions"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe in c and "host" not in c[probe]["httpGet"]:
            yield f"{probe} asks at the node's address, not where we listen"
    if ":" not in c["image"]:
        yield "has no version"


def pods(*files):
    for file in files:
        for doc in documents(file):
            if doc["kind"] != "DaemonSet":
                continue
            name = doc["metadata"]["name"]
            pod = doc["spec"]["template"]["spec"]
            labels = doc["spec"]["template"]["metadata"]["labels"]
            if any(labels.get(k) != v for k, v in doc["spec"]["selector"]["matchLabels"].items()):
                yield f"{name}: its selector is not of its pods"
            for word in ("hostPID", "hostIPC", "shareProcessNamespace"):
                if pod.get(word):
                    yield f"{name}: {word}"
            if not pod.get("hostNetwork"):
                yield f"{name}: is not in the node's network"
            volumes = {v["name"] for v in pod["volumes"]}
            containers = pod.get("initContainers", []) + pod["containers"]
            for c in containers:
                for what in check_container(c, volumes):
                    yield f"{name}/{c['name']}: {what}"
            mounted = {m["name"] for c in containers for m in c.get("volumeMounts", [])}
            for unused in volumes - mounted:
                yield f"{name}: nobody mounts {unused}"


def rights(file):
    for doc in documents(file):
        if doc["kind"] not in ("ClusterRole", "Role"):
            continue
        for rule in doc["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        yield f"{verb} {group or 'core'} {resource}"


def objects(file):
    return sorted(json.dumps(d, sort_keys=True) for d in documents(file))


found = False
for line in globals()[sys.argv[1]](*sys.argv[2:]):
    print(line)
    found = True
if sys.argv[1] in ("schema", "undescribed", "pods"):
    sys.exit(found)
