# SPDX-License-Identifier: Apache-2.0
"""The control socket: a line of JSON in, a line of JSON out. test/kube/api is
its client and tells the commands."""

import asyncio
import json

import cluster
import faults
import kinds


def manifests(text):
    """The objects of a manifest: JSON, or YAML where python3-yaml is there."""
    try:
        docs = [json.loads(text)]
    except ValueError:
        import yaml
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        # A date is text here: an API object has no other.
        loader.add_constructor("tag:yaml.org,2002:timestamp",
                               lambda l, n: l.construct_scalar(n))
        docs = yaml.load_all(text, Loader=loader)
    for doc in docs:
        if not doc:
            continue
        if isinstance(doc, list):
            yield from doc
        elif "items" in doc and str(doc.get("kind", "")).endswith("List"):
            one = doc["kind"][:-4]
            for item in doc["items"] or []:
                if one and "kind" not in item:
                    item["kind"] = one
                    item["apiVersion"] = doc["apiVersion"]
                yield item
        else:
            yield doc


def kind_of(obj):
    kind = kinds.BY_KIND.get((obj.get("apiVersion"), obj.get("kind")))
    if kind is None:
        raise ValueError(f"no such resource here: {obj.get('apiVersion')} "
                         f"{obj.get('kind')}")
    return kind


def name_of(kind, name):
    """NAME or NAMESPACE/NAME"""
    if not kind.namespaced:
        return "", name
    ns, _, name = name.rpartition("/")
    return ns or "default", name


def kind_named(word):
    kind = kinds.find(word)
    if kind is None:
        raise ValueError(f"no such resource here: {word}")
    return kind


def put(server, objects):
    # All are known, or none is put.
    objects = [(kind_of(o), o) for o in objects]
    return [server.store.put(k, o).version for k, o in objects]


class Commands:
    """Each method is a command; what it returns is the answer."""

    def __init__(self, server, stop):
        self.server, self.stop = server, stop

    def put(self, objects):
        return {"versions": put(self.server, objects)}

    def delete(self, objects=None, resource=None, names=()):
        pairs = [(kind_of(o), o["metadata"].get("namespace", "default"),
                  o["metadata"]["name"]) for o in objects or []]
        if resource:
            kind = kind_named(resource)
            pairs += [(kind, *name_of(kind, n)) for n in names]
        gone = [self.server.store.delete(*p) is not None for p in pairs]
        if not all(gone):
            raise ValueError("some were not there")
        return {"version": self.server.store.version}

    def get(self, resource, name=None):
        kind = kind_named(resource)
        table = self.server.store.table(kind)
        if name:
            r = self.server.store.get(kind, *name_of(kind, name))
            if r is None:
                raise ValueError(f"no {kind.name} {name}")
            records = [r]
        else:
            records = [table.objects[k] for k in table.keys]
        items = [{"kind": kind.kind, "apiVersion": kind.api_version,
                  **json.loads(r.render())} for r in records]
        return items[0] if name else {"items": items}

    def names(self, resource):
        """Lines "VERSION [NAMESPACE/]NAME", sorted."""
        table = self.server.store.table(kind_named(resource))
        return {"lines": [f"{table.objects[k].version} {k[1:]}"
                          for k in table.keys]}

    def version(self):
        return {"version": self.server.store.version}

    def compact(self, version=0):
        self.server.store.compact(version)
        return {"version": self.server.store.version}

    def bookmark(self, resource=None):
        kind = resource and kind_named(resource)
        of = [w for w in self.server.watches if kind in (None, w.kind)]
        for w in of:
            w.bookmark()
        return {"watches": len(of)}

    def end(self, resource=None):
        """Ends open watches cleanly, as their timeout does."""
        kind = resource and kind_named(resource)
        of = [w for w in self.server.watches if kind in (None, w.kind)]
        for w in of:
            w.end()
        return {"watches": len(of)}

    def drop(self, how="rst"):
        n = len(self.server.connections)
        self.server.drop(how)
        return {"connections": n}

    def freeze(self):
        self.server.freeze()

    def thaw(self):
        self.server.thaw()

    def listen(self):
        self.server.listen()

    def deaf(self, keep=False):
        """Stops listening; connections are reset unless they are kept."""
        self.server.stop_listening()
        if not keep:
            self.server.drop("rst")

    def reload(self):
        self.server.load_tls()

    def fault(self, rule):
        rule = faults.Rule(rule)
        self.server.rules.append(rule)
        return {"id": rule.id}

    def faults(self):
        return {"rules": [{"id": r.id, "seen": r.seen, "hits": r.hits, **r}
                          for r in self.server.rules]}

    def clear(self, id=0):
        """Of open watches that a rule spoils nothing changes."""
        self.server.rules = [r for r in self.server.rules if id and r.id != id]

    def counters(self, reset=False):
        out = self.server.counters.as_json(self.server)
        out = json.loads(json.dumps(out))
        if reset:
            self.server.counters.reset()
        return out

    def requests(self):
        return {"requests": list(self.server.counters.log)}

    def without(self, resources):
        self.server.options.without = [kind_named(r).name for r in resources]

    def generate(self, spec):
        """More objects, each with its event."""
        return {"objects": cluster.Cluster.parse(spec).put(self.server.store)}

    def churn(self, rate=0, seconds=0, seed=1):
        """So many changes of pods a second; rate 0 ends it. It answers when
        it is over where seconds are given."""
        if self.server.churn:
            self.server.churn.cancel()
            self.server.churn = None
        if rate:
            self.server.churn = asyncio.ensure_future(cluster.churn(
                self.server.store, rate, seconds, seed))
            if seconds:
                return self.server.churn
        return None

    def burst(self, count, seed=1):
        """So many changes of pods at once."""
        change = cluster.Churn(self.server.store, seed)
        for _ in range(count):
            change.step()
        return {"version": self.server.store.version}

    def quit(self):
        self.stop.set()


async def start(server, path, stop):
    commands = Commands(server, stop)

    async def talk(reader, writer):
        try:
            while line := await reader.readline():
                writer.write(await one(line))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def one(line):
        try:
            given = json.loads(line)
            name = given.pop("command")
            if name.startswith("_") or not hasattr(Commands, name):
                raise ValueError(f"no such command: {name}")
            out = getattr(commands, name)(**given)
            if asyncio.isfuture(out):
                out = await out
            out = out or {}
        except (ValueError, KeyError, TypeError, ImportError) as e:
            out = {"error": f"{e}" or repr(e)}
        except asyncio.CancelledError:
            out = {}
        return json.dumps(out).encode() + b"\n"

    return await asyncio.start_unix_server(talk, path, limit=1 << 30)
