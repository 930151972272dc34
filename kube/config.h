/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API server is, and who we are to it. */
#pragma once

#include "../lib/err.h"

/* All strings are owned; NULL where there is none. Of each pair FILE, DATA at
 * most one is set. Files are read anew by whoever uses them: they rotate. */
struct kube_config {
	char *origin; /* for people: "in-cluster", "/path (context NAME)" */
	char *server; /* "https://10.96.0.1:443", "https://[fd00::1]:443/path"
		       */
	char *ca_file, *ca_data;     /* PEM; neither: the system's */
	char *cert_file, *cert_data; /* PEM */
	char *key_file, *key_data;   /* PEM */
	char *token_file, *token;
	char *tls_server_name; /* what the certificate must be for */
	char *proxy_url;       /* NULL: as the environment says */
};

/* The service account that a pod is given: KUBERNETES_SERVICE_HOST and
 * KUBERNETES_SERVICE_PORT, and below root ("" but in tests)
 * /var/run/secrets/kubernetes.io/serviceaccount/{token,ca.crt}. */
int kube_config_in_cluster(const char *root, struct kube_config *out,
			   struct err *e);

/* A kubeconfig file; context "": the current one. What would weaken TLS, and
 * what we cannot do (exec plugins, auth providers, passwords), is an error that
 * says what to use instead. */
int kube_config_read(const char *path, const char *context,
		     struct kube_config *out, struct err *e);

void kube_config_free(struct kube_config *c); /* and empty */

/* The bearer token as of now, without white space around it, to be freed; NULL
 * and 0 where there is none. */
int kube_config_token(const struct kube_config *c, char **out, struct err *e);
