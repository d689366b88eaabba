/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tp-load: one file a subcommand, and what they share.  A command parses its own arguments, argv[0]
 * being "tp-load COMMAND", and returns an exit code of enum msg_exit.
 */
#ifndef TRIPATH_LOADERS_LOAD_LOAD_H
#define TRIPATH_LOADERS_LOAD_LOAD_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loaders/lib/netns.h"
#include "loaders/lib/policy.h"
#include "loaders/lib/xdp_attach.h"
#include "maps/state.h"

int load_attach(int argc, char **argv);
int load_detach(int argc, char **argv);
int load_reload(int argc, char **argv);
int load_status(int argc, char **argv);
int load_explain(int argc, char **argv);

/* --- tp-load.c --- */

/* Options that every command has (-v); a command's argp names it as a child. */
extern const struct argp load_common_argp;

/* False, having said so, without root or where pins are out of sight. */
bool load_can_work(const char *command);

/* --- found.c: what is attached under an interface's name --- */

struct found {
	char ifname[16];     /* the name of the pin directory */
	char ifname_now[16]; /* of the interface today: it may have been renamed; empty: gone */
	uint32_t ifindex;    /* of the interface that the program is on, or of @ifname; 0: gone */
	bool moved;          /* it is in another network namespace, and so are the two above */
	char netns[NETNS_PATH_MAX]; /* that one; empty: not to be found, or not moved */
	int state_err;              /* of pins_state() */
	struct attach_state state;  /* where state_err is 0 */
	struct xdp_hook hook;       /* of that interface, where it is there */
	bool attached;              /* our program is on the hook */
};

/* 0 or -errno; nothing being there is no error: state_err is -ENOENT then. */
int found_query(const char *ifname, struct found *found);

/* Asks the hook of the interface @ifindex of the network namespace that this runs in. 0 or -errno. */
int found_hook(struct found *found, uint32_t ifindex, uint32_t map_id);

/* True where @found is attached by a tool of this ABI; else says what is wrong and how to mend it.
 */
bool found_usable(const struct found *found);

/* "2026-11-23 04:12:07 (3 h 2 min ago)" */
void found_since(const struct attach_state *state, char *text, size_t size);

const char *mode_name(enum tp_attach_mode mode);
const char *method_name(enum tp_attach_method method);

/* --- cpus.c: the cpumap --- */

/* False, having said which, where the policy names a CPU that is not online. */
bool cpus_online(const struct policy_source *source);

/* Entries of the cpumap for this machine. */
uint32_t cpus_entries(void);

/* Adds the entries that @source needs, leaving those that are right alone. 0 or -errno. */
int cpus_fill(int map, const struct policy_source *source);

/* Removes the entries that @source does not need; no packet may be sent to them any more. */
void cpus_prune(int map, const struct policy_source *source);

/* --- counts.c: counters by service and tenant --- */

/*
 * Before @policy is put in force in place of @old: rows of ids that stand for another name begin at
 * 0.  Nothing counts there yet, unless the default tenant has a new name or every id is in use.
 * 0 or -errno.
 */
int counts_restart(const char *ifname, uint32_t queues, const struct policy *policy,
		   const struct policy *old);

/* --- drops.c: the tracer of lost redirects --- */

/*
 * Attaches and pins what counts losses of @ifname's maps into redirect_drops; with @cpumap those of
 * the cpumap too.  What is there already stays.  Where the kernel cannot, it says so: losses are
 * then invisible, and that is no reason not to steer.
 */
void drops_attach(const char *ifname, uint32_t queues, bool cpumap);

/* --- warn.c --- */

struct netif;

/* Says what attaching to this interface will cost or break, each with its fix. */
void warn_about(const struct netif *netif, enum tp_attach_mode mode);

struct policy_source;

/* Warns of what of the policy cannot work on this interface, each with its fix; attach and reload. */
void warn_policy(const struct netif *netif, const struct policy_source *source,
		 uint32_t policy_flags, enum tp_attach_mode mode);

/* Says under which name, or in which network namespace, this interface was attached, if it was another one. */
bool found_under_other_name(const char *ifname, uint32_t ifindex);

#endif
