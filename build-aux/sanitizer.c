/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the sanitizers, for all programs of a sanitized build: built in,
 * for container runtimes and tests start programs with an environment of their
 * own. Reports go to files, as the plugin's output is its caller's.
 */

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "log_path=" LOG ":detect_leaks=1:strict_string_checks=1:"
	       "detect_stack_use_after_return=1:check_initialization_order=1";
}

const char *__ubsan_default_options(void)
{
	return "log_path=" LOG ":print_stacktrace=1";
}
