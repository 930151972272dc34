# SPDX-License-Identifier: Apache-2.0
"""What the simulated API server holds: objects, one ascending version for all
of them, and the history that watches and old pages are answered from.

An object is a record: anything with the attributes namespace, name, version,
node, phase, and render(version) -> JSON without "kind" and "apiVersion". Object
below is a record made of a manifest; cluster.py has records that make their JSON
only when they are asked, so that 100,000 pods fit.
"""

import bisect
import copy
import datetime
import json
import uuid

import kinds

META = ("name", "generateName", "namespace", "uid", "resourceVersion",
        "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "labels", "annotations",
        "ownerReferences", "finalizers", "managedFields")
_MARK = b'"resourceVersion":"@"'


def now():
    t = datetime.datetime.now(datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def dumps(value):
    """JSON as Go writes it."""
    s = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return (s.replace("&", "\\u0026").replace("<", "\\u003c")
            .replace(">", "\\u003e").replace("\u2028", "\\u2028")
            .replace("\u2029", "\\u2029").encode())


def key_of(namespace, name):
    return f"/{namespace}/{name}" if namespace else f"/{name}"


class Object:
    """A record made of a manifest."""
    __slots__ = ("namespace", "name", "version", "node", "phase", "head",
                 "tail")

    def __init__(self, obj, version):
        m = obj["metadata"]
        self.namespace = m.get("namespace", "")
        self.name = m["name"]
        self.version = version
        self.node = (obj.get("spec") or {}).get("nodeName", "")
        status = obj.get("status")
        self.phase = status.get("phase", "") if isinstance(status, dict) else ""
        meta = {k: m[k] for k in META if k in m}
        meta.update({k: v for k, v in m.items() if k not in meta})
        meta["resourceVersion"] = "@"
        out = {"metadata": meta}
        out.update({k: v for k, v in obj.items()
                    if k not in ("kind", "apiVersion", "metadata")})
        self.head, self.tail = dumps(out).split(_MARK, 1)

    def render(self, version=None):
        return b'%s"resourceVersion":"%d"%s' % (
            self.head, version or self.version, self.tail)


class Event:
    __slots__ = ("version", "key", "new", "old")

    def __init__(self, version, key, new, old):
        self.version, self.key, self.new, self.old = version, key, new, old


class Table:
    """All objects of one kind, sorted by key, and what became of them."""

    def __init__(self, kind, history):
        self.kind = kind
        self.objects = {}
        self.keys = []
        self.events = []  # the last `history` of them
        self.first = 0  # number of events[0]
        self.floor = 0  # nothing is known of what was before this version
        self.history = history
        self.wakers = set()  # called after each event

    def trim(self, count, floor=0):
        if count > 0:
            self.floor = max(self.floor, self.events[count - 1].version)
            del self.events[:count]
            self.first += count
        self.floor = max(self.floor, floor)

    def add(self, version, key, new):
        old = self.objects.get(key)
        if new is None:
            del self.objects[key]
            del self.keys[bisect.bisect_left(self.keys, key)]
        else:
            self.objects[key] = new
            if old is None:
                bisect.insort(self.keys, key)
        self.events.append(Event(version, key, new, old))
        if len(self.events) > self.history + self.history // 4:
            self.trim(len(self.events) - self.history)
        for wake in tuple(self.wakers):
            wake()

    def fill(self, records):
        """Many at once, before anybody looks: without events."""
        for r in records:
            self.objects[key_of(r.namespace, r.name)] = r
        self.keys = sorted(self.objects)

    def after(self, version):
        """The number of the first event after version."""
        return self.first + bisect.bisect_right(
            self.events, version, key=lambda e: e.version)

    def at(self, version, start):
        """(keys, lookup) as of version, from start on; None: too old. To be
        used before anything else happens."""
        if version < self.floor:
            return None
        past = {}
        for e in reversed(self.events):
            if e.version <= version:
                break
            past[e.key] = e.old
        keys = self.keys[bisect.bisect_left(self.keys, start):]
        if past:
            keys = [k for k in keys if k not in past or past[k] is not None]
            gone = [k for k, r in past.items() if r is not None
                    and k >= start and k not in self.objects]
            if gone:
                keys = sorted(keys + gone)

        def lookup(key):
            return past[key] if key in past else self.objects[key]
        return keys, lookup


class Store:
    def __init__(self, history=20000, version=100):
        self.version = version
        self.tables = {k.name: Table(k, history) for k in kinds.KINDS}
        for name in ("default", "kube-node-lease", "kube-public",
                     "kube-system"):
            self.put(kinds.BY_NAME["namespaces"], {"metadata": {"name": name}})

    def table(self, kind):
        return self.tables[kind.name]

    def get(self, kind, namespace, name):
        return self.table(kind).objects.get(
            key_of(namespace if kind.namespaced else "", name))

    def put_record(self, kind, record):
        """record.version is set."""
        self.version += 1
        record.version = self.version
        self.table(kind).add(self.version,
                             key_of(record.namespace, record.name), record)
        return record

    def put(self, kind, obj):
        """Creates or replaces; fills in what a server fills in."""
        obj = copy.deepcopy(obj)
        m = obj.setdefault("metadata", {})
        if kind.namespaced:
            m.setdefault("namespace", "default")
        else:
            m.pop("namespace", None)
        if not m.get("name"):
            m["name"] = m["generateName"] + uuid.uuid4().hex[:5]
        old = self.get(kind, m.get("namespace", ""), m["name"])
        before = json.loads(old.render()) if old else None
        kinds.fill_in(kind, obj, before)
        was = before["metadata"] if before else {}
        m["uid"] = m.get("uid") or was.get("uid") or str(uuid.uuid4())
        m["creationTimestamp"] = (m.get("creationTimestamp")
                                  or was.get("creationTimestamp") or now())
        if kind.generation:
            m["generation"] = was.get("generation", m.get("generation", 1))
            if before and any(before.get(k) != obj.get(k)
                              for k in set(before) | set(obj)
                              if k not in ("metadata", "status", "kind",
                                           "apiVersion")):
                m["generation"] += 1
        for k in ("labels", "annotations"):
            if not m.get(k):
                m.pop(k, None)
        if before and same(before, obj):
            return old
        return self.put_record(kind, Object(obj, 0))

    def delete(self, kind, namespace, name):
        """What it was, or None. A namespace goes with all that is in it."""
        table = self.table(kind)
        key = key_of(namespace if kind.namespaced else "", name)
        old = table.objects.get(key)
        if old is None:
            return None
        if kind.name == "namespaces":
            for t in self.tables.values():
                for r in [r for r in t.objects.values()
                          if r.namespace == name]:
                    self.delete(t.kind, r.namespace, r.name)
        self.version += 1
        table.add(self.version, key, None)
        return old

    def compact(self, version=0):
        """Forgets the history up to version (0: all of it)."""
        version = version or self.version
        for t in self.tables.values():
            t.trim(t.after(version) - t.first, version)


def same(a, b):
    """Is b what a already is, but for its version?"""
    def bare(o):
        return {**{k: v for k, v in o.items()
                   if k not in ("kind", "apiVersion")},
                "metadata": {k: v for k, v in o["metadata"].items()
                             if k not in ("resourceVersion", "generation")}}
    return bare(a) == bare(b)
