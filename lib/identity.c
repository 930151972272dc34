/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stddef.h>

#include <fairlead/abi.h>

const char *identity_reserved_name(__u32 identity)
{
	switch (identity) {
	case FL_IDENTITY_UNKNOWN:
		return "pods that are not known yet";
	case FL_IDENTITY_HOST:
		return "this node";
	case FL_IDENTITY_REMOTE_NODE:
		return "other nodes";
	case FL_IDENTITY_WORLD:
		return "the world";
	case FL_IDENTITY_POD:
		return "pods that no policy names";
	case FL_IDENTITY_ANY:
		return "anybody";
	}
	return NULL;
}
