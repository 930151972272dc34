# SPDX-License-Identifier: Apache-2.0
"""A failing world, made smaller as long as it still fails."""
import copy
import time

from worlds import is_policy

LISTS = ("ingress", "egress", "from", "to", "ports", "protocols", "except",
         "networks", "matchExpressions", "values", "policyTypes", "podIPs",
         "addresses", "podCIDRs")
OBJECTS = ("matchLabels", "labels", "podSelector", "namespaceSelector",
           "namespaces", "nodes")
KEEP = ("addresses", "podCIDRs")


def places(o, path=()):
    """Where something can be left out: (path, key)."""
    items = o.items() if isinstance(o, dict) else enumerate(o)
    for key, value in items:
        if key in KEEP:
            continue
        if isinstance(value, list) and key in LISTS:
            for i in range(len(value)):
                yield path + (key,), i
        elif isinstance(value, dict) and key in OBJECTS:
            for inner in value:
                yield path + (key,), inner
        if key in ("ports", "from", "to", "ingress", "egress", "endPort",
                   "protocols", "initContainers", "name", "except"):
            yield path, key
        if isinstance(value, (dict, list)):
            yield from places(value, path + (key,))


def without(o, path, key):
    o = copy.deepcopy(o)
    at = o
    for step in path:
        at = at[step]
    del at[key]
    return o


def candidates(manifests, needed):
    """Smaller worlds, the boldest cuts first."""
    for i, m in enumerate(manifests):
        if is_policy(m):
            yield manifests[:i] + manifests[i + 1:]
    for i, m in enumerate(manifests):
        if m["kind"] == "Pod" and m["metadata"]["name"] not in needed:
            yield manifests[:i] + manifests[i + 1:]
    for policies in (True, False):
        for i, m in enumerate(manifests):
            if is_policy(m) != policies:
                continue
            for path, key in places(m):
                if path == ("metadata",) and key == "name":
                    continue
                yield (manifests[:i] + [without(m, path, key)]
                       + manifests[i + 1:])


def shrink(manifests, needed, fails, seconds):
    """fails(manifests): does it fail still? needed: names of pods to keep."""
    end = time.monotonic() + seconds
    smaller = True
    while smaller and time.monotonic() < end:
        smaller = False
        for c in candidates(manifests, needed):
            if time.monotonic() > end:
                break
            if fails(c):
                manifests, smaller = c, True
                break
    return manifests
