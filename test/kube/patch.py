# SPDX-License-Identifier: Apache-2.0
"""Patches: merge (RFC 7386), strategic merge of what the tests patch, and JSON
patch (RFC 6902)."""

import copy

# Lists that are merged by a key, by the name of the field.
KEYS = {"conditions": "type", "addresses": "type", "containers": "name",
        "initContainers": "name", "volumes": "name", "env": "name",
        "podIPs": "ip", "hostIPs": "ip", "taints": "key",
        "imagePullSecrets": "name", "containerStatuses": None,
        "ownerReferences": "uid", "volumeMounts": "mountPath"}


def _key_of_list(field, items):
    if field == "ports":  # of a container, of a service
        ours = [i for i in items if isinstance(i, dict)]
        return ("containerPort" if any("containerPort" in i for i in ours)
                else "port" if any("port" in i for i in ours) else None)
    return KEYS.get(field)


def merge(target, patch):
    """RFC 7386"""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for k, v in patch.items():
        if v is None:
            out.pop(k, None)
        else:
            out[k] = merge(out.get(k), v)
    return out


def _strategic_list(field, target, patch):
    if any(isinstance(i, dict) and i.get("$patch") == "replace"
           for i in patch):
        return [i for i in patch if i.get("$patch") != "replace"]
    key = _key_of_list(field, patch + (target or []))
    if key is None or not all(isinstance(i, dict) for i in patch):
        return copy.deepcopy(patch)
    out = [dict(i) for i in target or []]
    for item in patch:
        at = next((n for n, i in enumerate(out)
                   if i.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del out[at]
        elif at is None:
            out.append(strategic({}, item))
        else:
            out[at] = strategic(out[at], item)
    return out


def strategic(target, patch):
    """Strategic merge patch"""
    if patch.get("$patch") == "replace":
        return {k: v for k, v in patch.items() if k != "$patch"}
    out = dict(target or {})
    for k, v in patch.items():
        if k.startswith("$deleteFromPrimitiveList/"):
            k = k.split("/", 1)[1]
            out[k] = [i for i in out.get(k) or [] if i not in v]
        elif k.startswith("$"):
            continue  # $setElementOrder, $retainKeys: order is as it comes
        elif v is None:
            out.pop(k, None)
        elif isinstance(v, dict):
            old = out.get(k)
            out[k] = strategic(old if isinstance(old, dict) else {}, v)
        elif isinstance(v, list):
            out[k] = _strategic_list(k, out.get(k), v)
        else:
            out[k] = v
    return out


def json_patch(target, operations):
    """RFC 6902; ValueError, KeyError, IndexError: it cannot be applied."""
    doc = copy.deepcopy(target)
    for op in operations:
        path = [p.replace("~1", "/").replace("~0", "~")
                for p in op["path"].split("/")[1:]]
        at = doc
        for p in path[:-1]:
            at = at[int(p)] if isinstance(at, list) else at[p]
        last = path[-1]
        if op["op"] in ("add", "replace"):
            if isinstance(at, dict):
                at[last] = op["value"]
            elif op["op"] == "replace":
                at[int(last)] = op["value"]
            else:
                at.insert(len(at) if last == "-" else int(last), op["value"])
        elif op["op"] == "remove":
            del at[int(last) if isinstance(at, list) else last]
        elif op["op"] == "test":
            if (at[int(last)] if isinstance(at, list)
                    else at.get(last)) != op["value"]:
                raise ValueError(f"test of {op['path']} failed")
        else:
            raise ValueError(f"operation {op['op']}")
    return doc
