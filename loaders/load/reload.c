// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-load reload: another policy, under traffic; flows go on, and counters under their names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "loaders/lib/generation.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/netif.h"
#include "loaders/lib/pins.h"
#include "loaders/load/load.h"

struct reload {
	const char *ifname;
	const char *file;
	struct policy_source *source;
	struct policy *policy;
	struct policy *old;
	struct prefix_entry *prefixes;
	size_t prefix_count;
	enum tp_attach_mode mode; /* that attach obtained */
	bool here;                /* the interface is in this network namespace, not moved away */
};

static const struct argp_option options[] = {
	{"policy", 'p', "FILE", 0, "the new policy file (required)", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct reload *reload = state->input;

	switch (key) {
	case 'p':
		reload->file = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (reload->ifname)
			argp_error(state, "one interface at a time");
		reload->ifname = arg;
		return 0;
	case ARGP_KEY_END:
		if (!reload->ifname)
			argp_error(state, "which interface?");
		if (!reload->file)
			argp_error(state, "--policy FILE is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The types of the values, from the program that runs; NULL where the kernel does not tell. */
static struct btf *types_of(const char *ifname)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	struct btf *btf = NULL;
	int fd;

	fd = pins_open(ifname, "progs/classifier");
	if (fd < 0)
		return NULL;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.btf_id)
		btf = btf__load_from_kernel_by_id(info.btf_id);
	close(fd);
	/* libbpf keeps what it read and not the descriptor, which a map needs. */
	if (btf && btf__load_into_kernel(btf)) {
		btf__free(btf);
		return NULL;
	}
	return btf;
}

static bool same_flow_table(const struct reload *reload, const struct found *found)
{
	uint32_t now = found->state.config.flow_set_mask + 1;
	uint32_t wanted = policy_flow_sets(reload->source);

	if (now == wanted)
		return true;
	msg_error("%s: this policy wants a flow table of %u flows and %s runs with %u, which is "
		  "fixed "
		  "while it is attached: tp-load detach %s && tp-load attach %s --policy %s",
		  reload->file, wanted * TP_FLOW_WAYS, reload->ifname, now * TP_FLOW_WAYS,
		  reload->ifname, reload->ifname, reload->file);
	return false;
}

/* New CPUs before the policy that sends to them, old ones away only when nothing does. */
static int swap(struct reload *reload, const struct generation_maps *maps, int cpus,
		uint32_t queues)
{
	struct btf *btf = types_of(reload->ifname);
	int err;

	policy_keep_ids(reload->policy, reload->prefixes, reload->prefix_count, reload->old);
	err = counts_restart(reload->ifname, queues, reload->policy, reload->old);
	if (!err)
		err = cpus_fill(cpus, reload->source);
	if (!err)
		err = generation_install(maps, btf, reload->policy, reload->prefixes,
					 reload->prefix_count);
	if (!err)
		cpus_prune(cpus, reload->source);
	btf__free(btf);
	return err;
}

/* What is attached; says why where it is nothing that could be reloaded. */
static int find(const struct reload *reload, struct found *found)
{
	int err = found_query(reload->ifname, found);

	if (err) {
		msg_error("cannot ask the kernel what runs on %s: %s", reload->ifname,
			  strerror(-err));
		return err;
	}
	return found_usable(found) ? 0 : -ENOENT;
}

static int reload_locked(struct reload *reload)
{
	struct generation_maps maps;
	struct found found;
	int cpus, err;

	err = find(reload, &found);
	if (err)
		return err;
	if (!same_flow_table(reload, &found))
		return -EINVAL;
	maps.policy_gen = pins_open(reload->ifname, "policy_gen");
	maps.policy = pins_open(reload->ifname, "policy");
	maps.tenant_prefixes = pins_open(reload->ifname, "tenant_prefixes");
	cpus = pins_open(reload->ifname, "cpus");
	if (maps.policy_gen < 0 || maps.policy < 0 || maps.tenant_prefixes < 0 || cpus < 0) {
		msg_error("pins of %s are missing; attach anew: tp-load detach %s", reload->ifname,
			  reload->ifname);
		err = -ENOENT;
		goto close_maps;
	}
	if (generation_read(&maps, reload->old))
		memset(reload->old, 0, sizeof(*reload->old));
	if (policy_cpus(reload->source, NULL, 0))
		drops_attach(reload->ifname, found.state.config.queues, true);
	reload->mode = found.state.mode;
	reload->here = !found.moved;
	err = swap(reload, &maps, cpus, found.state.config.queues);
	if (err == -EOVERFLOW)
		msg_error("%s has had %u policies, which is all that can be counted: tp-load "
			  "detach %s && "
			  "tp-load attach %s --policy %s",
			  reload->ifname, TP_GENERATION_MAX, reload->ifname, reload->ifname,
			  reload->file);
	else if (err)
		msg_error("the policy of %s could not be swapped (%s); the old one stays in force",
			  reload->ifname, strerror(-err));
close_maps:
	if (cpus >= 0)
		close(cpus);
	if (maps.tenant_prefixes >= 0)
		close(maps.tenant_prefixes);
	if (maps.policy >= 0)
		close(maps.policy);
	if (maps.policy_gen >= 0)
		close(maps.policy_gen);
	return err;
}

static int run(struct reload *reload)
{
	struct found found;
	struct netif netif;
	int lock, err;

	if (!cpus_online(reload->source))
		return EXIT_FAILED;
	do
		lock = pins_lock_interface(reload->ifname);
	while (lock == -ENOENT && !find(reload, &found)); /* attached just now */
	if (lock == -ENOENT)
		return EXIT_FAILED;
	if (lock < 0) {
		msg_error("cannot lock the pins of %s: %s", reload->ifname, strerror(-lock));
		return EXIT_FAILED;
	}
	err = reload_locked(reload);
	close(lock);
	if (err)
		return EXIT_FAILED;
	if (reload->here && !netif_query(reload->ifname, &netif))
		warn_policy(&netif, reload->source, reload->policy->flags, reload->mode);
	printf("%s: policy %s in force as generation %u, in place of %s\n", reload->ifname,
	       reload->policy->name, reload->policy->generation,
	       reload->old->name[0] ? reload->old->name : "none");
	return EXIT_OK;
}

int load_reload(int argc, char **argv)
{
	const struct argp_child children[] = {{&load_common_argp, 0, NULL, 0}, {}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "IFACE",
		.doc = "Swap the policy of IFACE for that of FILE; no packet sees half of it.",
		.children = children,
	};
	struct reload reload = {};
	int code = EXIT_FAILED;

	argp_parse(&argp, argc, argv, 0, NULL, &reload);
	if (!load_can_work("reload"))
		return EXIT_FAILED;
	if (policy_load(reload.file, &reload.source))
		return EXIT_USAGE;
	reload.policy = calloc(1, sizeof(*reload.policy));
	reload.old = calloc(1, sizeof(*reload.old));
	if (!reload.policy || !reload.old ||
	    policy_compile(reload.source, reload.policy, &reload.prefixes, &reload.prefix_count))
		msg_error("out of memory");
	else
		code = run(&reload);
	free(reload.prefixes);
	free(reload.old);
	free(reload.policy);
	policy_free(reload.source);
	return code;
}
