/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows resources of an API server with kube/watch and kube/http, and tells
 * what they tell, a line each, on standard output:
 *
 *	LISTING pods
 *	OBJECT pods blue/web 7
 *	GONE pods blue/web 8
 *	LISTED pods
 *	STATE pods phase=watching listed=1 version=8 error=""
 *
 * and at the end (SIGTERM, SIGINT, --seconds), or on SIGUSR1:
 *
 *	COUNTERS pods lists=1 watches=2 relists=0 events=3 bookmarks=1 errors=0
 *		bytes=4711		(in one line)
 *	HTTP requests=3 connections=1 bytes=5000 version=20
 *	MEMORY now_kb=9000 peak_kb=9100
 *
 * for tests that drive a server.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kube/http.h"
#include "../../kube/watch.h"
#include "../../lib/log.h"

static const char usage[] =
	"usage: follow (--server URL | --kubeconfig FILE [--context NAME])\n"
	"              [--token-file FILE] [--ca FILE] [--select QUERY]\n"
	"              [--metadata-only] [--optional] [--quiet] [--debug]\n"
	"              [--seconds N] RESOURCE...\n"
	"\n"
	"RESOURCE: pods, nodes, namespaces, services, endpointslices,\n"
	"networkpolicies, clusternetworkpolicies, or a path:\n"
	"/apis/example.com/v1/things. --quiet: no OBJECT and GONE lines.\n"
	"QUERY: fieldSelector=spec.nodeName%3Dn1, say.\n";

enum { RESOURCES_MAX = 16 };

static const struct kube_resource known[] = {
	{.name = "pods", .group = "", .path = "/api/v1/pods"},
	{.name = "nodes", .group = "", .path = "/api/v1/nodes"},
	{.name = "namespaces", .group = "", .path = "/api/v1/namespaces"},
	{.name = "services", .group = "", .path = "/api/v1/services"},
	{.name = "endpointslices",
	 .group = "discovery.k8s.io",
	 .path = "/apis/discovery.k8s.io/v1/endpointslices"},
	{.name = "networkpolicies",
	 .group = "networking.k8s.io",
	 .path = "/apis/networking.k8s.io/v1/networkpolicies"},
	{.name = "clusternetworkpolicies",
	 .group = "policy.networking.k8s.io",
	 .path = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies",
	 .optional = true},
};

struct followed {
	struct kube_resource resource;
	struct kube_watch *watch;
};

static struct followed all[RESOURCES_MAX];
static int n_all;
static struct kube_http *http;
static bool quiet;

/* ---- lines --------------------------------------------------------------- */

static const char *text(const cJSON *object, const char *key)
{
	const char *t = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, key));

	return t ? t : "";
}

static void say_object(const char *what, const cJSON *json, void *arg)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(json, "metadata");
	const struct followed *f = arg;
	const char *namespace = text(m, "namespace");

	if (!quiet)
		printf("%s %s %s%s%s %s\n", what, f->resource.name, namespace,
		       *namespace ? "/" : "", text(m, "name"),
		       text(m, "resourceVersion"));
}

static void on_listing(void *arg)
{
	printf("LISTING %s\n", ((struct followed *)arg)->resource.name);
}

static void on_object(const cJSON *json, void *arg)
{
	say_object("OBJECT", json, arg);
}

static void on_gone(const cJSON *json, void *arg)
{
	say_object("GONE", json, arg);
}

static void on_listed(void *arg)
{
	printf("LISTED %s\n", ((struct followed *)arg)->resource.name);
}

static void on_state(void *arg)
{
	static const char *const phases[] = {"listing", "watching", "waiting",
					     "absent"};
	const struct followed *f = arg;
	const struct kube_watch_state *s = kube_watch_state(f->watch);

	printf("STATE %s phase=%s listed=%d version=%s error=\"%s\"\n",
	       f->resource.name, phases[s->phase], s->listed, s->version,
	       s->error);
}

static long memory_kb(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = atol(line + strlen(key));
	if (f)
		fclose(f);
	return kb;
}

static void say_counters(void)
{
	const struct kube_watch_state *s;
	struct kube_http_stats h;
	int i;

	for (i = 0; i < n_all; i++) {
		s = kube_watch_state(all[i].watch);
		printf("COUNTERS %s lists=%llu watches=%llu relists=%llu events=%llu bookmarks=%llu errors=%llu bytes=%llu\n",
		       all[i].resource.name, s->lists, s->watches, s->relists,
		       s->events, s->bookmarks, s->errors, s->bytes);
	}
	kube_http_stats(http, &h);
	printf("HTTP requests=%llu connections=%llu bytes=%llu version=%d\n",
	       h.requests, h.connections, h.bytes_in, h.http_version);
	printf("MEMORY now_kb=%ld peak_kb=%ld\n", memory_kb("VmRSS:"),
	       memory_kb("VmHWM:"));
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	if (number == SIGUSR1)
		say_counters();
	else
		event_base_loopbreak(arg);
}

/* ---- what to follow -------------------------------------------------------
 */

static void add_resource(const char *word, const char *select,
			 bool metadata_only, bool optional)
{
	struct kube_resource *r = &all[n_all].resource;
	size_t i;

	if (n_all == RESOURCES_MAX) {
		fputs("follow: too many resources\n", stderr);
		exit(2);
	}
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(word, known[i].name))
			*r = known[i];
	if (!r->name && *word == '/')
		*r = (struct kube_resource){.name = strrchr(word, '/') + 1,
					    .group = "",
					    .path = word};
	if (!r->name) {
		fprintf(stderr, "follow: no such resource: %s\n", word);
		exit(2);
	}
	r->select = select;
	r->metadata_only = metadata_only;
	r->optional |= optional;
	n_all++;
}

/* For as long as it takes: until a signal, or the seconds are over. */
static int follow(struct event_base *base, const struct kube_config *config,
		  double seconds)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
	struct kube_watch_ops ops = {
		.listing = on_listing,
		.object = on_object,
		.gone = on_gone,
		.listed = on_listed,
		.state = on_state,
	};
	const struct timeval limit = {(time_t)seconds,
				      (seconds - (time_t)seconds) * 1e6};
	struct event *signal_events[3];
	struct kube_transport transport;
	struct err e = {0};
	int i;

	if (kube_http_open(base, config, &http, &e)) {
		fprintf(stderr, "follow: %s\n", e.msg);
		return 1;
	}
	for (i = 0; i < 3; i++) {
		signal_events[i] =
			evsignal_new(base, signals[i], on_signal, base);
		evsignal_add(signal_events[i], NULL);
	}
	transport = kube_http_transport(http);
	for (i = 0; i < n_all; i++) {
		ops.arg = &all[i];
		all[i].watch = kube_watch_new(base, &all[i].resource,
					      &transport, &ops);
	}
	if (seconds > 0)
		event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	say_counters();
	for (i = 0; i < n_all; i++)
		kube_watch_free(all[i].watch);
	kube_http_close(http);
	for (i = 0; i < 3; i++)
		event_free(signal_events[i]);
	return 0;
}

static char *copy(const char *given)
{
	return given ? strdup(given) : NULL;
}

struct options {
	const char *server, *kubeconfig, *context, *token_file, *ca, *select;
	bool metadata_only, optional;
	double seconds;
};

static void read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"server", 1, NULL, 's'},
		{"kubeconfig", 1, NULL, 'k'},
		{"context", 1, NULL, 'c'},
		{"token-file", 1, NULL, 't'},
		{"ca", 1, NULL, 'a'},
		{"select", 1, NULL, 'q'},
		{"metadata-only", 0, NULL, 'm'},
		{"optional", 0, NULL, 'o'},
		{"quiet", 0, NULL, 'n'},
		{"debug", 0, NULL, 'd'},
		{"seconds", 1, NULL, 'S'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			o->server = optarg;
			break;
		case 'k':
			o->kubeconfig = optarg;
			break;
		case 'c':
			o->context = optarg;
			break;
		case 't':
			o->token_file = optarg;
			break;
		case 'a':
			o->ca = optarg;
			break;
		case 'q':
			o->select = optarg;
			break;
		case 'm':
			o->metadata_only = true;
			break;
		case 'o':
			o->optional = true;
			break;
		case 'n':
			quiet = true;
			break;
		case 'd':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'S':
			o->seconds = atof(optarg);
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (!o->server == !o->kubeconfig || optind == argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct options o = {.context = "", .select = ""};
	struct kube_config config = {0};
	struct event_base *base;
	struct err e = {0};
	int ret, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	read_options(argc, argv, &o);
	for (i = optind; i < argc; i++)
		add_resource(argv[i], o.select, o.metadata_only, o.optional);
	if (o.kubeconfig &&
	    kube_config_read(o.kubeconfig, o.context, &config, &e)) {
		fprintf(stderr, "follow: %s\n", e.msg);
		return 1;
	}
	if (o.server) {
		config.origin = copy("--server");
		config.server = copy(o.server);
		config.token_file = copy(o.token_file);
		config.ca_file = copy(o.ca);
	}
	base = event_base_new();
	ret = follow(base, &config, o.seconds);
	event_base_free(base);
	kube_config_free(&config);
	return ret;
}
