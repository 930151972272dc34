# SPDX-License-Identifier: Apache-2.0
"""What a request asks for: its parameters, its Accept header, its selectors."""

import base64
import json

import status


class Selector:
    """fieldSelector=metadata.name=x,spec.nodeName!=y,status.phase=z"""

    FIELDS = {"metadata.name": lambda r: r.name,
              "metadata.namespace": lambda r: r.namespace,
              "spec.nodeName": lambda r: r.node,
              "status.phase": lambda r: r.phase}
    ONLY_PODS = ("spec.nodeName", "status.phase")

    def __init__(self, kind, text):
        self.terms = []
        for term in text.split(",") if text else []:
            op = next((o for o in ("!=", "==", "=") if o in term), None)
            if op is None:
                raise status.bad_request(f"invalid selector: '{term}'; "
                                         f"can't understand '{term}'")
            field, value = (x.strip() for x in term.split(op, 1))
            if field not in self.FIELDS or (field in self.ONLY_PODS
                                            and kind.name != "pods"):
                raise status.bad_request("field label not supported: " + field)
            self.terms.append((self.FIELDS[field], value, op == "!="))

    def __bool__(self):
        return bool(self.terms)

    def matches(self, record):
        return all((get(record) == value) != negated
                   for get, value, negated in self.terms)


def version_of(text):
    """A resourceVersion as a number; None: not given."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise status.bad_version(text)
    return int(text)


def token_make(version, start):
    raw = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": start},
                     separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()


def token_read(text):
    """(version, first key to come); version -1: whatever there is now."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = json.loads(raw)
        if token["v"] != "meta.k8s.io/v1":
            raise ValueError("the version of the token is not known")
        start = token["start"]
        return int(token["rv"]), start if start[0] == "/" else "/" + start
    except (ValueError, KeyError, TypeError, IndexError) as e:
        raise status.bad_request("invalid continue token: continue key is "
                                 f"not valid: {e}")


def number_of(query, name):
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError:
        raise status.bad_request(f'strconv.ParseInt: parsing "{text}": '
                                 "invalid syntax")


def is_true(query, name):
    return query.get(name, "").lower() in ("true", "1")


def metadata_only(accept, table_ok=False):
    """Does Accept ask for PartialObjectMetadata? What cannot be served is an
    error."""
    for part in (accept or "*/*").split(","):
        media, *rest = (x.strip() for x in part.split(";"))
        options = dict(x.split("=", 1) for x in rest if "=" in x)
        if media not in ("application/json", "application/*", "*/*"):
            continue
        as_ = options.get("as")
        if as_ is None:
            return False
        if as_ in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return True
    raise status.not_acceptable()
