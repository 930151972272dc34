# SPDX-License-Identifier: Apache-2.0
"""A request: what it is for, who makes it, whether that is allowed."""

import urllib.parse

import kinds
import status

ANONYMOUS = "system:anonymous"


class Request:
    def __init__(self, conn, method, target, headers, body):
        self.method, self.target = method, target
        self.headers, self.body, self.proto = headers, body, conn.proto
        parts = urllib.parse.urlsplit(target)
        self.path = urllib.parse.unquote(parts.path)
        self.query = {k: v[-1] for k, v in urllib.parse.parse_qs(
            parts.query, keep_blank_values=True).items()}
        self.kind = None
        self.namespace = self.name = self.sub = ""
        self.user = ANONYMOUS
        self.rule = None
        self.route()
        self.verb = self.verb_of()

    def route(self):
        """/api/v1[/namespaces/NS]/RESOURCE[/NAME[/SUB]]"""
        parts = self.path.strip("/").split("/")
        if parts[:2] == ["api", "v1"]:
            group, version, rest = "", "v1", parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return
        if len(rest) > 2 and rest[0] == "namespaces" and rest[2] != "status":
            self.namespace, rest = rest[1], rest[2:]
        kind = kinds.BY_NAME.get(rest[0]) if rest else None
        if (kind is None or (kind.group, kind.version) != (group, version)
                or len(rest) > 3 or (self.namespace and not kind.namespaced)):
            return
        self.kind = kind
        self.name = rest[1] if len(rest) > 1 else ""
        self.sub = rest[2] if len(rest) > 2 else ""

    def verb_of(self):
        if self.kind is None:
            return self.method.lower()
        if self.method in ("GET", "HEAD"):
            if self.query.get("watch", "").lower() in ("true", "1"):
                return "watch"
            return "get" if self.name else "list"
        if self.method == "DELETE" and not self.name:
            return "deletecollection"
        return {"POST": "create", "PUT": "update"}.get(
            self.method, self.method.lower())

    def resource(self):
        if self.kind is None:
            return self.path
        return f"{self.kind.name}/{self.sub}" if self.sub else self.kind.name

    def what(self):
        return f"{self.resource()} {self.verb}"


class Gate:
    """Who may come in. Files are read for each request: tests change them."""

    def __init__(self, token_file, forbidden_file, certificates):
        self.token_file, self.forbidden_file = token_file, forbidden_file
        self.open = not token_file and not certificates

    def user(self, req, certificate):
        """certificate: the user that the client's certificate names, or ""."""
        kind, _, token = req.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.token_file:
            with open(self.token_file, encoding="utf-8") as f:
                for line in f:
                    known, _, user = line.strip().partition(",")
                    if known and known == token.strip():
                        return user or "admin"
            raise status.unauthorized()
        if certificate:
            return certificate
        if self.open:
            return "admin"
        return ANONYMOUS

    def check(self, req):
        """Lines of the file of what is forbidden: [USER] RESOURCE VERB."""
        public = req.kind is None and req.path in (
            "/version", "/readyz", "/livez", "/healthz")
        refused = req.user == ANONYMOUS and not public
        if self.forbidden_file and not refused:
            with open(self.forbidden_file, encoding="utf-8") as f:
                for line in f:
                    words = line.split("#")[0].split()
                    if len(words) == 2:
                        words.insert(0, "*")
                    if len(words) == 3 and all(
                            w in ("*", have) for w, have in
                            zip(words, (req.user, req.resource(), req.verb))):
                        refused = True
        if not refused:
            return
        if req.kind is None:
            raise status.forbidden_path(req.user, req.verb, req.path)
        raise status.forbidden(req.user, req.verb, req.kind, req.namespace,
                               req.name, req.sub)
