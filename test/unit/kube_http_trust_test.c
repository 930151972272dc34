/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are to a server, and who it must be: tokens and certificates, good and
 * bad. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "kube_http_world.h"

/* ---- who we are ------------------------------------------------------- */

static void a_token_that_rotates_is_read_again(void **state)
{
	struct fetch f;

	(void)state;
	put_token("first\n");
	w.config.token_file = format("%s/token", w.dir);
	open_to("h2");
	f = get("/echo");
	assert_says(f.body, "Bearer first\n");
	put_token("second");
	f = get("/echo");
	assert_says(f.body, "Bearer second\n");
	unlink(w.config.token_file);
	assert_fails("/echo", -ENOENT, "token");
	put_token("third");
	f = get("/echo");
	assert_says(f.body, "Bearer third\n");
}

static void use_client(const char *name)
{
	__cleanup(mem_free) char *cert = format("%s.crt", name);
	__cleanup(mem_free) char *key = format("%s.key", name);

	copy_file(cert, "me.crt");
	copy_file(key, "me.key");
}

static void a_client_certificate_is_shown_and_rotates(void **state)
{
	struct fetch f;

	(void)state;
	use_client("client");
	w.config.cert_file = format("%s/me.crt", w.dir);
	w.config.key_file = format("%s/me.key", w.dir);
	open_to("client");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client\n");
	use_client("client2");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client2\n");
	copy_file("good.crt", "me.crt"); /* and not yet its key */
	assert_fails("/echo", -EACCES, "client certificate and key");
}

static void a_client_certificate_can_be_inline(void **state)
{
	__cleanup(mem_free) char *cert = format("%s/client.crt", w.dir);
	__cleanup(mem_free) char *key = format("%s/client.key", w.dir);
	struct fetch f;

	(void)state;
	assert_int_equal(
		file_read(cert, 1 << 20, &w.config.cert_data, NULL, NULL), 0);
	assert_int_equal(
		file_read(key, 1 << 20, &w.config.key_data, NULL, NULL), 0);
	w.config.ca_data = NULL;
	assert_int_equal(file_read(w.config.ca_file, 1 << 20, &w.config.ca_data,
				   NULL, NULL),
			 0);
	free(w.config.ca_file);
	w.config.ca_file = NULL;
	open_to("client");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client\n");
}

static void a_client_certificate_that_is_missing_is_said(void **state)
{
	(void)state;
	open_to("client");
	assert_fails("/echo", -EACCES, "certificate required");
}

/* ---- who the server is ------------------------------------------------ */

static void a_server_of_another_authority_is_refused(void **state)
{
	(void)state;
	open_to("moved");
	assert_fails("/echo", -EACCES, "certificate authority");
}

static void an_expired_certificate_is_refused(void **state)
{
	(void)state;
	open_to("expired");
	assert_fails("/echo", -EACCES, "certificate has expired");
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	(void)state;
	open_to("elsewhere");
	assert_fails("/echo", -EACCES, "127.0.0.1");
}

static void the_system_does_not_know_this_authority(void **state)
{
	(void)state;
	free(w.config.ca_file);
	w.config.ca_file = NULL;
	open_to("h2");
	assert_fails("/echo", -EACCES, "certificate");
}

static void a_tls_server_name_is_what_is_verified(void **state)
{
	static const char *const wrong = "kubernetes.other";
	struct fetch f;

	(void)state;
	w.config.tls_server_name = strdup("kubernetes.default");
	open_to("elsewhere");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, ":authority: 127.0.0.1:");
	kube_http_close(w.http);
	free(w.config.server);
	free(w.config.tls_server_name);
	w.config.tls_server_name = strdup(wrong);
	open_to("elsewhere");
	assert_fails("/echo", -EACCES, wrong);
}

static void an_authority_that_rotates_counts_at_once(void **state)
{
	struct fetch f;

	(void)state;
	open_to("h2");
	f = get("/echo");
	assert_fine(&f);
	/* The connection of before is there, and must not be used. */
	copy_file("other-ca.crt", "roots.crt");
	assert_fails("/echo", -EACCES, "certificate");
	copy_file("ca.crt", "roots.crt");
	f = get("/echo");
	assert_fine(&f);
	unlink(w.config.ca_file);
	assert_fails("/echo", -ENOENT, "certificate authority");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_token_that_rotates_is_read_again),
		test(a_client_certificate_is_shown_and_rotates),
		test(a_client_certificate_can_be_inline),
		test(a_client_certificate_that_is_missing_is_said),
		test(a_server_of_another_authority_is_refused),
		test(an_expired_certificate_is_refused),
		test(a_certificate_for_another_name_is_refused),
		test(the_system_does_not_know_this_authority),
		test(a_tls_server_name_is_what_is_verified),
		test(an_authority_that_rotates_counts_at_once),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
