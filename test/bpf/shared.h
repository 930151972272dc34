/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that were loaded once and serve several tests: where a machine is
 * emulated the verifier takes a quarter of a minute, and each of the programs
 * of test/bpf would have it walk the same again. FL_BPF_SHARED names a
 * directory on a BPF file system; below it is a set of pins for each
 * combination of options that some test has loaded.
 *
 * Whoever takes over a set finds the tables as the last test left them (and
 * empties them, as before each test) and all slots filled.
 */
#pragma once

#include <stdbool.h>

struct bpf_object;
struct fl_options;

/* Makes the maps of both objects, which are open and not loaded, those of the
 * set for *options. False: there is none, so they are to be loaded, or nothing
 * is shared. Ends the program on failure. */
bool shared_take(struct bpf_object *datapath, struct bpf_object *stub,
		 const struct fl_options *options);

/* Pins what has been loaded with *options, if there is a place for it. */
void shared_keep(struct bpf_object *datapath, struct bpf_object *stub,
		 const struct fl_options *options);

/* fd of a program of the set that was taken, -1: there is none of that name.
 * It stays ours. */
int shared_program_fd(const char *name);

/* Closes the programs of the set that was taken, if one was. */
void shared_release(void);
