/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API server is: service accounts and kubeconfigs, and what is
 * refused in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../kube/base64.h"
#include "../../kube/config.h"
#include "../../kube/server_url.h"
#include "../../lib/cleanup.h"
#include "../../lib/state.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
/* "-----BEGIN CERTIFICATE-----\nx\n" */
#define PEM_BASE64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCngK"
#define PEM	   "-----BEGIN CERTIFICATE-----\nx\n"

static char dir[] = "/tmp/fairlead-kube-XXXXXX";
static struct err err;
static struct kube_config c;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-kube-XXXXXX");
	memset(&err, 0, sizeof(err));
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	kube_config_free(&c);
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void put_file(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(dir_make(path, NULL), 0);
	path[strlen(path)] = '/';
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_says(const char *sentence)
{
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

/* ---- in a cluster ----------------------------------------------------- */

static void be_pod(const char *host)
{
	setenv("KUBERNETES_SERVICE_HOST", host, 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	put_file(ACCOUNT "/token", " secret\n");
	put_file(ACCOUNT "/ca.crt", PEM);
}

static void assert_token(const char *want)
{
	__cleanup(mem_free) char *token = NULL;

	assert_int_equal(kube_config_token(&c, &token, &err), 0);
	assert_string_equal(token, want);
}

static void a_pod_finds_its_service_account(void **state)
{
	(void)state;
	be_pod("10.96.0.1");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), 0);
	assert_string_equal(c.server, "https://10.96.0.1:443");
	assert_string_equal(c.origin, "in-cluster");
	assert_non_null(strstr(c.ca_file, ACCOUNT "/ca.crt"));
	assert_null(c.token);
	assert_token("secret");
	put_file(ACCOUNT "/token", "rotated");
	assert_token("rotated");
}

static void an_ipv6_service_address_gets_brackets(void **state)
{
	(void)state;
	be_pod("fd00::1");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), 0);
	assert_string_equal(c.server, "https://[fd00::1]:443");
	kube_config_free(&c);
	be_pod("[fd00::1]");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), 0);
	assert_string_equal(c.server, "https://[fd00::1]:443");
}

static void what_a_pod_lacks_is_said(void **state)
{
	(void)state;
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -ENOENT);
	assert_says("KUBERNETES_SERVICE_HOST is not set: is this a pod?");
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -ENOENT);
	assert_says("KUBERNETES_SERVICE_PORT is not set");
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -ENOENT);
	assert_says("Does its service account mount a token");
	put_file(ACCOUNT "/token", "secret");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -ENOENT);
	assert_says("ca.crt");
	put_file(ACCOUNT "/ca.crt", "");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -EINVAL);
	assert_says("ca.crt is empty");
	setenv("KUBERNETES_SERVICE_PORT", "http", 1);
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), -EINVAL);
	assert_says("KUBERNETES_SERVICE_PORT");
	assert_null(c.server);
}

static void a_token_cannot_break_out_of_its_header(void **state)
{
	__cleanup(mem_free) char *token = NULL;

	(void)state;
	be_pod("10.96.0.1");
	assert_int_equal(kube_config_in_cluster(dir, &c, &err), 0);
	put_file(ACCOUNT "/token", "a\r\nHost: b");
	assert_int_equal(kube_config_token(&c, &token, &err), -EINVAL);
	assert_says("has a character that no token has");
	put_file(ACCOUNT "/token", " \n");
	assert_int_equal(kube_config_token(&c, &token, &err), -EINVAL);
	assert_says("is empty");
	assert_null(token);
}

static void no_credentials_are_no_token(void **state)
{
	struct kube_config none = {0};
	char *token = dir;

	(void)state;
	assert_int_equal(kube_config_token(&none, &token, &err), 0);
	assert_null(token);
}

/* ---- kubeconfig ------------------------------------------------------- */

/* A kubeconfig with one cluster and one user, as flow mappings. */
static int read_config(const char *cluster, const char *user)
{
	char text[4096], path[512];

	snprintf(
		text, sizeof(text),
		"apiVersion: v1\nkind: Config\ncurrent-context: here\n"
		"clusters:\n- name: one\n  cluster: {%s}\n"
		"users:\n- name: me\n  user: {%s}\n"
		"contexts:\n- name: here\n  context: {cluster: one, user: me}\n"
		"- name: lost\n  context: {cluster: two, user: me}\n"
		"- name: nobody\n  context: {cluster: one, user: you}\n"
		"- name: anonymous\n  context: {cluster: one}\n",
		cluster, user);
	put_file("etc/kubeconfig", text);
	snprintf(path, sizeof(path), "%s/etc/kubeconfig", dir);
	kube_config_free(&c);
	return kube_config_read(path, "", &c, &err);
}

static int read_named(const char *context)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/etc/kubeconfig", dir);
	kube_config_free(&c);
	return kube_config_read(path, context, &c, &err);
}

static void a_kubeconfig_with_everything_inline(void **state)
{
	char origin[512];

	(void)state;
	assert_int_equal(
		read_config(
			"server: 'https://api.example:6443/', tls-server-name: kubernetes, proxy-url: 'socks5://127.0.0.1:1080', certificate-authority-data: " PEM_BASE64,
			"token: abc, client-certificate-data: " PEM_BASE64
			", client-key-data: " PEM_BASE64),
		0);
	assert_string_equal(c.server, "https://api.example:6443");
	assert_string_equal(c.ca_data, PEM);
	assert_string_equal(c.cert_data, PEM);
	assert_string_equal(c.key_data, PEM);
	assert_string_equal(c.tls_server_name, "kubernetes");
	assert_string_equal(c.proxy_url, "socks5://127.0.0.1:1080");
	assert_token("abc");
	snprintf(origin, sizeof(origin), "%s/etc/kubeconfig (context here)",
		 dir);
	assert_string_equal(c.origin, origin);
	assert_null(c.ca_file);
	assert_null(c.token_file);
}

static void files_are_named_from_the_kubeconfigs_directory(void **state)
{
	char want[512];

	(void)state;
	assert_int_equal(
		read_config(
			"server: 'https://a', certificate-authority: pki/ca.crt",
			"tokenFile: /abs/token, client-certificate: me.crt, client-key: me.key"),
		0);
	assert_string_equal(c.server, "https://a:443");
	snprintf(want, sizeof(want), "%s/etc/pki/ca.crt", dir);
	assert_string_equal(c.ca_file, want);
	snprintf(want, sizeof(want), "%s/etc/me.key", dir);
	assert_string_equal(c.key_file, want);
	assert_string_equal(c.token_file, "/abs/token");
}

static void of_two_the_one_that_kubectl_takes_is_taken(void **state)
{
	(void)state;
	assert_int_equal(
		read_config(
			"server: 'https://a', certificate-authority: ca.crt, certificate-authority-data: " PEM_BASE64,
			"tokenFile: /abs/token, token: abc"),
		0);
	assert_null(c.ca_file);
	assert_string_equal(c.ca_data, PEM);
	assert_null(c.token);
	assert_string_equal(c.token_file, "/abs/token");
}

static void a_context_is_chosen_by_name(void **state)
{
	(void)state;
	assert_int_equal(read_config("server: 'https://a'", "token: abc"), 0);
	assert_int_equal(read_named("anonymous"), 0);
	assert_null(c.token);
	assert_int_equal(read_named("elsewhere"), -ENOENT);
	assert_says(
		"there is no context \"elsewhere\"; there is: here, lost, nobody, anonymous");
	assert_int_equal(read_named("lost"), -ENOENT);
	assert_says("there is no cluster \"two\"; there is: one");
	assert_int_equal(read_named("nobody"), -ENOENT);
	assert_says("there is no user \"you\"; there is: me");
}

static void no_context_at_all_is_said(void **state)
{
	(void)state;
	put_file("etc/kubeconfig", "clusters: []\n");
	assert_int_equal(read_named(""), -EINVAL);
	assert_says("has no current-context");
	assert_int_equal(read_named("x"), -ENOENT);
	assert_says("there is: none");
	put_file("etc/kubeconfig", "kind: Pod\n");
	assert_int_equal(read_named(""), -EINVAL);
	assert_says("is no kubeconfig");
}

static void what_would_weaken_tls_is_refused(void **state)
{
	(void)state;
	assert_int_equal(
		read_config(
			"server: 'https://a', insecure-skip-tls-verify: true",
			""),
		-ENOTSUP);
	assert_says("insecure-skip-tls-verify is refused");
	assert_says("cluster \"one\"");
	assert_int_equal(
		read_config(
			"server: 'https://a', insecure-skip-tls-verify: false",
			""),
		0);
	assert_int_equal(read_config("server: 'http://api.example'", ""),
			 -EPERM);
	assert_says("plain http");
	assert_int_equal(read_config("server: 'http://127.0.0.1.evil:80'", ""),
			 -EPERM);
	assert_int_equal(read_config("server: 'http://127.0.0.2:8001'", ""), 0);
	assert_int_equal(read_config("server: 'http://[::1]:8001'", ""), 0);
	assert_int_equal(read_config("server: 'http://localhost'", ""), 0);
	assert_string_equal(c.server, "http://localhost:80");
}

static void what_we_cannot_do_is_refused_by_name(void **state)
{
	static const char *const refused[][2] = {
		{"exec: {command: x}", "no programs are run"},
		{"auth-provider: {name: gcp}", "auth providers"},
		{"username: me", "passwords"},
		{"password: x", "passwords"},
		{"as: root", "impersonation"},
		{"as-groups: [a]", "impersonation"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		assert_int_equal(
			read_config("server: 'https://a'", refused[i][0]),
			-ENOTSUP);
		assert_says(refused[i][1]);
		assert_says("user \"me\"");
		assert_null(c.server);
	}
}

static void what_is_misspelt_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(
		read_config("server: 'https://a', certificate-autority: ca.crt",
			    ""),
		-EINVAL);
	assert_says("certificate-autority");
	assert_int_equal(read_config("server: 'https://a'", "tokenfile: x"),
			 -EINVAL);
	assert_says("tokenFile");
	assert_int_equal(
		read_config(
			"server: 'https://a', certificate-authority-data: '####'",
			""),
		-EINVAL);
	assert_says("certificate-authority-data is not base64");
	assert_int_equal(
		read_config(
			"server: 'https://a', certificate-authority-data: YWJj",
			""),
		-EINVAL);
	assert_says("certificate-authority-data holds no PEM");
	assert_int_equal(
		read_config("server: 'https://a'", "client-certificate: a.crt"),
		-EINVAL);
	assert_says("belong together");
	assert_int_equal(read_config("server: 'https://a', proxy-url: a:1", ""),
			 -EINVAL);
	assert_says("proxy-url");
	assert_int_equal(
		read_config("server: 'http://[::1]', proxy-url: 'http://a:1'",
			    ""),
		-EINVAL);
	assert_says("no proxy-url goes with it");
	assert_int_equal(
		read_config("server: 'https://a', tls-server-name: a/b", ""),
		-EINVAL);
	assert_says("tls-server-name");
	assert_int_equal(read_config("tls-server-name: a", ""), -EINVAL);
	assert_says("server is missing");
	assert_int_equal(read_config("server: [a]", ""), -EINVAL);
	assert_says("server must be a string");
}

/* ---- parts ------------------------------------------------------------ */

static void a_server_is_host_port_and_path(void **state)
{
	static const char *const good[][2] = {
		{"https://a", "https://a:443"},
		{"HTTPS://a.b-c_d:1/", "https://a.b-c_d:1"},
		{"https://[fd00::1]", "https://[fd00::1]:443"},
		{"https://[::1]:65535/k8s/c-1//",
		 "https://[::1]:65535/k8s/c-1"},
		{"http://127.1.2.3:80", "http://127.1.2.3:80"},
	};
	static const char *const bad[] = {
		"",
		"a:6443",
		"https://",
		"https://:1",
		"https://a:",
		"https://a:0",
		"https://a:65536",
		"https://a:1x",
		"https://[fd00::1",
		"https://[a]",
		"https://[fd00::1]x",
		"https://fd00::1",
		"https://a b",
		"https://a/ b",
		"https://a?x",
		"https://a/#x",
		"https://u:p@a",
		"ftp://a",
		"https://[10.0.0.1]",
		"https://a\r\nb",
		"https://[]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		__cleanup(mem_free) char *text = NULL;
		struct server_url u;

		assert_int_equal(server_url_parse(good[i][0], &u, &err), 0);
		text = server_url_format(&u);
		assert_string_equal(text, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct server_url u;

		if (server_url_parse(bad[i], &u, &err) != -EINVAL)
			fail_msg("%s is taken", bad[i]);
	}
}

static void base64_is_taken_strictly(void **state)
{
	static const char *const good[][2] = {
		{"", ""},	 {"YQ==", "a"},		{"YWI=", "ab"},
		{"YWJj", "abc"}, {"YW\nJj\r\n", "abc"}, {"//8=", "\xff\xff"},
	};
	static const char *const bad[] = {
		"Y",	    "YQ",   "YQ=", "YQ===", "YR==",  "Y Q==",
		"YQ==YQ==", "-_8=", "=",   "====",  "YWJjZ", "YWK=a"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		__cleanup(mem_free) char *out = NULL;
		size_t len;

		assert_int_equal(base64_decode(good[i][0], &out, &len), 0);
		assert_string_equal(out, good[i][1]);
		assert_int_equal(len, strlen(good[i][1]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *out = NULL;

		if (base64_decode(bad[i], &out, NULL) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_null(out);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_pod_finds_its_service_account),
		test(an_ipv6_service_address_gets_brackets),
		test(what_a_pod_lacks_is_said),
		test(a_token_cannot_break_out_of_its_header),
		test(no_credentials_are_no_token),
		test(a_kubeconfig_with_everything_inline),
		test(files_are_named_from_the_kubeconfigs_directory),
		test(of_two_the_one_that_kubectl_takes_is_taken),
		test(a_context_is_chosen_by_name),
		test(no_context_at_all_is_said),
		test(what_would_weaken_tls_is_refused),
		test(what_we_cannot_do_is_refused_by_name),
		test(what_is_misspelt_is_an_error),
		test(a_server_is_host_port_and_path),
		test(base64_is_taken_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
