# SPDX-License-Identifier: Apache-2.0
"""POST, PUT, PATCH, DELETE: enough for kubectl and for a node's status."""

import json

import patch
import query as q
import read
import status
import store as st


def body_of(req):
    media = req.headers.get("content-type", "application/json")
    media = media.split(";")[0].strip()
    if media not in ("application/json", ""):
        raise status.unsupported_media()
    try:
        obj = json.loads(req.body)
        if not isinstance(obj, dict):
            raise ValueError("not an object")
    except ValueError as e:
        raise status.bad_request(
            "the object provided is unrecognized (must be of type "
            f"{req.kind.kind}): couldn't get version/kind; json parse error: "
            f"{e} ({req.body.decode('utf-8', 'replace')[:200]})")
    kind = obj.get("kind", req.kind.kind)
    api = obj.get("apiVersion", req.kind.api_version)
    if (kind, api) != (req.kind.kind, req.kind.api_version):
        raise status.bad_request(
            f"{kind} in version \"{api}\" cannot be handled as a "
            f"{req.kind.kind}: no kind \"{kind}\" is registered here")
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    return obj


def dry(req):
    return req.query.get("dryRun") == "All"


async def answer(server, req, out, code, record):
    partial = q.metadata_only(req.headers.get("accept"))
    await out.send(code, read.with_kind(req.kind, record.render(), partial)
                   + b"\n")


async def create(server, req, out):
    obj, kind = body_of(req), req.kind
    m = obj["metadata"]
    if kind.namespaced:
        m.setdefault("namespace", req.namespace)
        if server.store.get(st.kinds.BY_NAME["namespaces"], "",
                            m["namespace"]) is None:
            raise status.not_found(st.kinds.BY_NAME["namespaces"],
                                   m["namespace"])
    if not m.get("name") and not m.get("generateName"):
        raise status.invalid(kind, "", "name or generateName is required",
                             "metadata.name")
    if m.get("name") and server.store.get(kind, m.get("namespace", ""),
                                          m["name"]):
        raise status.exists(kind, m["name"])
    if kind.status:
        obj.pop("status", None)
    m.pop("resourceVersion", None)
    m.pop("uid", None)
    if dry(req):
        return await out.send(201, st.dumps(obj) + b"\n")
    await answer(server, req, out, 201, server.store.put(kind, obj))


def existing(server, req):
    old = server.store.get(req.kind, req.namespace, req.name)
    if old is None:
        raise status.not_found(req.kind, req.name)
    return old, json.loads(old.render())


def replace(server, req, old, before, after):
    """Of a status only the status changes, of the rest all but it."""
    kind = req.kind
    given = after.get("metadata", {}).get("resourceVersion")
    if given and given != str(old.version):
        raise status.conflict(kind, req.name)
    if req.sub == "status":
        after = {**before, "status": after.get("status", {})}
    elif kind.status:
        after = dict(after)
        after.pop("status", None)
        if "status" in before:
            after["status"] = before["status"]
    if kind.name == "nodes":
        was = before.get("spec", {}).get("podCIDRs")
        if was and after.get("spec", {}).get("podCIDRs") != was:
            raise status.invalid(kind, req.name, "node updates may not change "
                                 'podCIDR except from "" to valid',
                                 "spec.podCIDRs")
    m = after.setdefault("metadata", {})
    m["name"] = req.name
    if kind.namespaced:
        m["namespace"] = req.namespace
    return old if dry(req) else server.store.put(kind, after)


async def update(server, req, out):
    after = body_of(req)
    old, before = existing(server, req)
    await answer(server, req, out, 200,
                 replace(server, req, old, before, after))


async def patch_(server, req, out):
    old, before = existing(server, req)
    media = req.headers.get("content-type", "").split(";")[0].strip()
    try:
        wanted = json.loads(req.body)
        if media == "application/merge-patch+json":
            after = patch.merge(before, wanted)
        elif media == "application/strategic-merge-patch+json":
            after = patch.strategic(before, wanted)
        elif media == "application/json-patch+json":
            after = patch.json_patch(before, wanted)
        else:
            raise status.unsupported_media()
    except (ValueError, KeyError, IndexError, TypeError) as e:
        raise status.bad_request(f"error decoding patch: {e}")
    # Only a version that the patch names is compared.
    named = isinstance(wanted, dict) and (
        wanted.get("metadata") or {}).get("resourceVersion")
    if not named:
        after = {**after, "metadata": {
            k: v for k, v in after.get("metadata", {}).items()
            if k != "resourceVersion"}}
    await answer(server, req, out, 200,
                 replace(server, req, old, before, after))


async def delete(server, req, out):
    """At once: there is no kubelet here that a pod could wait for."""
    old, before = existing(server, req)
    if not dry(req):
        server.store.delete(req.kind, req.namespace, req.name)
    await out.send(200, st.dumps({
        "kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Success", "details": {
            "name": req.name, **req.kind.details(),
            "uid": before["metadata"].get("uid", "")}}) + b"\n")


async def delete_all(server, req, out):
    selector = q.Selector(req.kind, req.query.get("fieldSelector", ""))
    for r in [r for r in server.store.table(req.kind).objects.values()
              if selector.matches(r)
              and (not req.namespace or r.namespace == req.namespace)]:
        server.store.delete(req.kind, r.namespace, r.name)
    await out.send(200, st.dumps({
        "kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Success"}) + b"\n")
