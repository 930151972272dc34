# SPDX-License-Identifier: Apache-2.0
"""Errors of an API server, word for word as a real one says them."""


class Error(Exception):
    """Becomes the answer. body: a Status object, or text."""

    def __init__(self, code, body, headers=()):
        super().__init__(code)
        self.code, self.body, self.headers = code, body, list(headers)


def status(code, reason, message, details=None, metadata=None):
    out = {"kind": "Status", "apiVersion": "v1", "metadata": metadata or {},
           "status": "Failure", "message": message, "reason": reason}
    if details is not None:
        out["details"] = details
    out["code"] = code
    return out


def _error(code, reason, message, details=None, metadata=None, headers=()):
    return Error(code, status(code, reason, message, details, metadata),
                 headers)


def bad_request(message):
    return _error(400, "BadRequest", message)


def bad_version(text):
    return bad_request(
        "invalid resource version: resourceVersion: Invalid value: "
        f'"{text}": strconv.ParseUint: parsing "{text}": invalid syntax')


def unauthorized():
    return _error(401, "Unauthorized", "Unauthorized")


def forbidden(user, verb, kind, namespace, name, sub=""):
    what = f'{kind.full} "{name}"' if name else kind.full
    where = (f'in the namespace "{namespace}"' if namespace
             else "at the cluster scope")
    resource = f"{kind.name}/{sub}" if sub else kind.name
    details = {"name": name} if name else {}
    return _error(
        403, "Forbidden",
        f'{what} is forbidden: User "{user}" cannot {verb} resource '
        f'"{resource}" in API group "{kind.group}" {where}',
        kind.details(**details), headers=[("X-Content-Type-Options",
                                           "nosniff")])


def forbidden_path(user, verb, path):
    return _error(403, "Forbidden",
                  f'forbidden: User "{user}" cannot {verb} path "{path}"', {},
                  headers=[("X-Content-Type-Options", "nosniff")])


def not_found(kind, name):
    return _error(404, "NotFound", f'{kind.full} "{name}" not found',
                  {"name": name, **kind.details()})


def no_such_resource():
    return _error(404, "NotFound",
                  "the server could not find the requested resource", {})


def not_allowed():
    return _error(405, "MethodNotAllowed", "the server does not allow this "
                  "method on the requested resource", {})


def not_acceptable():
    return _error(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable "
                  "representations: application/json", {})


def exists(kind, name):
    return _error(409, "AlreadyExists", f'{kind.full} "{name}" already exists',
                  {"name": name, **kind.details()})


def conflict(kind, name):
    return _error(
        409, "Conflict", f'Operation cannot be fulfilled on {kind.full} '
        f'"{name}": the object has been modified; please apply your changes '
        "to the latest version and try again",
        {"name": name, **kind.details()})


def continue_expired(token):
    return _error(
        410, "Expired", "The provided continue parameter is too old to "
        "display a consistent list result. You can start a new list without "
        "the continue parameter, or use the continue token in this response "
        "to retrieve the remainder of the results. Continuing with the "
        "provided token results in an inconsistent list - objects that were "
        "created, modified, or deleted between the time the first chunk was "
        "returned and now may show up in the list.",
        metadata={"continue": token})


def list_expired():
    return _error(410, "Expired",
                  "The resourceVersion for the provided list is too old.")


def watch_expired(version, floor):
    """The object of an ERROR event."""
    return status(410, "Expired",
                  f"too old resource version: {version} ({floor})")


def unsupported_media():
    return _error(
        415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media "
        "types include: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf")


def invalid(kind, name, message, field):
    text = f"Forbidden: {message}"
    return _error(422, "Invalid",
                  f'{kind.kind} "{name}" is invalid: {field}: {text}',
                  {"name": name, "kind": kind.kind, "causes": [
                      {"reason": "FieldValueForbidden", "message": text,
                       "field": field}]})


def initial_events_need_match():
    text = ("Forbidden: sendInitialEvents requires setting "
            "resourceVersionMatch to NotOlderThan")
    return _error(
        422, "Invalid", 'ListOptions.meta.k8s.io "" is invalid: '
        f"resourceVersionMatch: {text}",
        {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [
            {"reason": "FieldValueForbidden", "message": text,
             "field": "resourceVersionMatch"}]})


def version_too_large(version, current):
    return _error(
        504, "Timeout", f"Timeout: Too large resource version: {version}, "
        f"current: {current}",
        {"causes": [{"reason": "ResourceVersionTooLarge",
                     "message": "Too large resource version"}],
         "retryAfterSeconds": 1}, headers=[("Retry-After", "1")])
