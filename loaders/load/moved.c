// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/load/moved.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loaders/lib/msg.h"

struct search {
	struct found *found;
	uint32_t ifindex;
	uint32_t map_id;
	uint64_t own; /* namespace, which was looked at before */
};

static int look(void *data)
{
	struct search *s = data;

	return found_hook(s->found, s->ifindex, s->map_id);
}

static int look_there(const char *path, uint64_t inode, void *data)
{
	struct search *s = data;

	if (inode == s->own || netns_run(path, look, s) || !s->found->attached)
		return 0;
	snprintf(s->found->netns, sizeof(s->found->netns), "%s", path);
	return 1;
}

void moved_away(struct found *found, uint32_t ifindex, uint32_t map_id)
{
	struct search s = {.found = found, .ifindex = ifindex, .map_id = map_id};

	if (!pins_netns_inode(&s.own) && netns_walk(look_there, &s))
		found->moved = true;
}

struct origin_search {
	uint32_t ifindex;
	struct origin *origin;
};

static int is_origin(const char *dir, void *data)
{
	struct origin_search *s = data;
	char path[PINS_PATH_MAX + 16];
	uint32_t map_id;
	int fd;

	snprintf(path, sizeof(path), "%s/queue_stats", dir);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	map_id = xdp_map_id(fd);
	close(fd);
	if (xdp_hook_query(s->ifindex, map_id, &s->origin->hook) ||
	    s->origin->hook.owner != XDP_OWNER_OURS)
		return 0;
	snprintf(s->origin->dir, sizeof(s->origin->dir), "%s", dir);
	return 1;
}

static int has_inode(const char *path, uint64_t inode, void *data)
{
	struct origin *origin = data;
	uint64_t wanted;

	if (sscanf(origin->dir, PINS_ROOT "/netns-%" SCNu64 "/", &wanted) != 1 || inode != wanted)
		return 0;
	snprintf(origin->netns, sizeof(origin->netns), "%s", path);
	return 1;
}

bool moved_here(uint32_t ifindex, struct origin *origin)
{
	struct origin_search s = {.ifindex = ifindex, .origin = origin};
	struct xdp_hook hook;
	char *c;

	memset(origin, 0, sizeof(*origin));
	if (!ifindex || xdp_hook_query(ifindex, 0, &hook) || hook.owner == XDP_OWNER_NONE)
		return false;
	if (pins_walk_others(is_origin, &s) <= 0)
		return false;
	snprintf(origin->ifname, sizeof(origin->ifname), "%s", strrchr(origin->dir, '/') + 1);
	for (c = origin->ifname; *c; c++)
		if (*c == ':')
			*c = '.';
	if (strncmp(origin->dir, PINS_ROOT "/netns-", strlen(PINS_ROOT "/netns-")) != 0)
		strcpy(origin->netns, "/proc/1/ns/net");
	else
		netns_walk(has_inode, origin);
	return true;
}

void moved_here_say(const char *ifname, const struct origin *origin)
{
	if (origin->netns[0])
		msg_error("%s was moved here from another network namespace with the classifier on "
			  "it; its pins are there: nsenter --net=%s tp-load status %s; to take it "
			  "off: tp-load detach %s",
			  ifname, origin->netns, origin->ifname, ifname);
	else
		msg_error("%s was moved here with the classifier on it from a network namespace "
			  "that is gone; what is pinned in %s still counts; to take it off: "
			  "tp-load detach %s",
			  ifname, origin->dir, ifname);
}

int moved_here_each(void (*act)(const char *ifname, uint32_t ifindex, const struct origin *origin,
				void *data),
		    void *data)
{
	struct if_nameindex *all = if_nameindex(), *i;
	struct origin origin;
	int n = 0;

	for (i = all; i && i->if_index; i++) {
		if (!moved_here(i->if_index, &origin))
			continue;
		act(i->if_name, i->if_index, &origin, data);
		n++;
	}
	if (all)
		if_freenameindex(all);
	return n;
}
