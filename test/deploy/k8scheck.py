#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks manifests against the types of Kubernetes, strictly: a field that does
not exist, a missing one that is required, a value of another type are errors.

usage: k8scheck.py TYPES FILE...   (TYPES: the unpacked package kubernetes-types)

The package is made from Kubernetes' own OpenAPI document. Prints a line for
each error ("FILE: Kind name: path: what") and ends with 1 if there is any.
"""
import os
import re
import sys

import yaml

FIELD = re.compile(r'^    (?:readonly )?"?([A-Za-z$0-9_-]+)"?(\??): (.+);$')


class Types:
    def __init__(self, root):
        self.root = root
        self.files = {}

    def load(self, file):
        """{type name: {field: (type text, required)} or type text}, imports"""
        file = os.path.normpath(file)
        if file in self.files:
            return self.files[file]
        types, imports, current = {}, {}, None
        with open(os.path.join(self.root, file + ".d.ts")) as f:
            # A map stands on three lines.
            text = re.sub(r"\{\n\s*(\[name: string\]: .*);\n\s*\}", r"{ \1 }", f.read())
            for line in text.splitlines():
                m = re.match(r'import \{ (.*) \} from "(.*)";', line)
                if m:
                    for name in m.group(1).split(", "):
                        imports[name] = os.path.join(os.path.dirname(file), m.group(2))
                m = re.match(r"export interface (\w+) \{(\})?", line)
                if m:
                    current = types[m.group(1)] = {}
                m = re.match(r"export (?:declare )?type (\w+) = (.*);", line)
                if m:
                    types[m.group(1)] = m.group(2)
                m = FIELD.match(line)
                if m and current is not None:
                    current[m.group(1)] = (m.group(3), not m.group(2))
                if line.startswith("}"):
                    current = None
        self.files[file] = types, imports
        return types, imports

    def check(self, value, text, file, path, errors):
        def wrong(what):
            errors.append(f"{path}: {what}")

        types, imports = self.load(file)
        m = re.fullmatch(r"Array<(.*)>", text)
        if m:
            if not isinstance(value, list):
                return wrong("is not a list")
            for i, item in enumerate(value):
                self.check(item, m.group(1), file, f"{path}[{i}]", errors)
            return None
        m = re.fullmatch(r"\{ \[name: string\]: (.*?) \}", text)
        if m:
            if not isinstance(value, dict):
                return wrong("is not a map")
            for k, v in value.items():
                self.check(v, m.group(1), file, f"{path}.{k}", errors)
            return None
        if " | " in text:
            for one in text.split(" | "):
                some = []
                self.check(value, one, file, path, some)
                if not some:
                    return None
            return wrong(f"is not {text}")
        if text in ("string", "number", "boolean"):
            is_bool = isinstance(value, bool)
            good = {"string": isinstance(value, str), "boolean": is_bool,
                    "number": isinstance(value, (int, float)) and not is_bool}
            return None if good[text] else wrong(f"{value!r} is not a {text}")
        if text.startswith('"'):
            return None if value == text.strip('"') else wrong(f"is not {text}")
        if text in imports:
            return self.check(value, text, imports[text], path, errors)
        if text not in types:
            return wrong(f"nothing is known of the type {text}")
        if isinstance(types[text], str):
            return self.check(value, types[text], file, path, errors)
        return self.check_object(value, types[text], file, path, errors)

    def check_object(self, value, fields, file, path, errors):
        if not isinstance(value, dict):
            errors.append(f"{path}: is not an object")
            return
        for k, v in value.items():
            if k not in fields:
                errors.append(f"{path}.{k}: there is no such field")
            else:
                self.check(v, fields[k][0], file, f"{path}.{k}", errors)
        for k, (_, required) in fields.items():
            if required and k not in value:
                errors.append(f"{path}.{k}: is missing")


def check_document(types, doc):
    group, _, version = doc.get("apiVersion", "").rpartition("/")
    file = os.path.join((group or "core").split(".")[0], version)
    errors = []
    if not os.path.exists(os.path.join(types.root, file + ".d.ts")):
        return [f": there is no {doc.get('apiVersion')}"]
    for field in ("apiVersion", "kind", "metadata"):
        if field not in doc:
            errors.append(f".{field}: is missing")
    types.check(doc, doc.get("kind", ""), file, "", errors)
    return errors


def main():
    types, failed = Types(sys.argv[1]), False
    for file in sys.argv[2:]:
        with open(file) as f:
            for doc in yaml.safe_load_all(f):
                name = doc.get("metadata", {}).get("name")
                for error in check_document(types, doc):
                    print(f"{file}: {doc.get('kind')} {name}: {error}")
                    failed = True
    sys.exit(failed)


main()
