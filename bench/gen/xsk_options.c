// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/xsk_options.h"

#include <string.h>

#include "bench/gen/options.h"

enum key {
	KEY_LOCAL_PORT = 0x200,
	KEY_RING,
	KEY_REQUIRE,
	KEY_BUSY_POLL,
};

static const struct argp_option table[] = {
	{"local-port", KEY_LOCAL_PORT, "PORT", 0,
	 "xsk, client: ask from here; the policy steers it to af_xdp", 3},
	{"ring", KEY_RING, "N", 0, "xsk: entries of its rings, a power of two (1024)", 3},
	{"require", KEY_REQUIRE, "zero-copy", 0, "xsk: fail where the driver refuses it", 3},
	{"busy-poll", KEY_BUSY_POLL, NULL, 0, "xsk: prefer busy polling", 3},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct xsk_options *o = state->input;

	switch (key) {
	case KEY_LOCAL_PORT:
		o->local_port = (unsigned int)option_whole(state, "--local-port", arg, 1, 65535);
		return 0;
	case KEY_RING:
		o->ring = (unsigned int)option_whole(state, "--ring", arg, 64, 16384);
		if (o->ring & (o->ring - 1))
			argp_error(state, "--ring: %s is not a power of two", arg);
		return 0;
	case KEY_REQUIRE:
		if (strcmp(arg, "zero-copy") != 0)
			argp_error(state, "--require: '%s' is not zero-copy", arg);
		o->require_zero_copy = true;
		return 0;
	case KEY_BUSY_POLL:
		o->busy_poll = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp xsk_argp = {.options = table, .parser = parse};

bool xsk_options_given(const struct xsk_options *o)
{
	return o->local_port || o->ring || o->require_zero_copy || o->busy_poll;
}

void xsk_options_apply(const struct xsk_options *o, struct transport_config *config)
{
	config->local_port = o->local_port;
	config->ring = o->ring;
	config->require_zero_copy = o->require_zero_copy;
	config->busy_poll = o->busy_poll;
}
