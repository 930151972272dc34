#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulated API server of test/kube with the kinds that our manifests have
as well, so that kubectl can be asked to apply them. Same options."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "kube"))

import kinds  # noqa: E402

RBAC = "rbac.authorization.k8s.io"
MORE = [
    kinds.Kind("serviceaccounts", "", "v1", "ServiceAccount", True, ["sa"], status=False),
    kinds.Kind("configmaps", "", "v1", "ConfigMap", True, ["cm"], status=False),
    kinds.Kind("clusterroles", RBAC, "v1", "ClusterRole", False, [], status=False),
    kinds.Kind("clusterrolebindings", RBAC, "v1", "ClusterRoleBinding", False, [], status=False),
    kinds.Kind("daemonsets", "apps", "v1", "DaemonSet", True, ["ds"], generation=True),
]
for kind in MORE:
    kinds.KINDS.append(kind)
    kinds.BY_NAME[kind.name] = kind
    kinds.BY_KIND[(kind.api_version, kind.kind)] = kind

import apiserver  # noqa: E402

apiserver.asyncio.run(apiserver.serve(apiserver.arguments()))
