/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP hook of an interface: who is on it, and putting the classifier there and taking it away.
 * A program is known as ours by the maps that it uses, never by its name, so that a process killed
 * between attaching and recording it leaves nothing that cannot be told apart.
 */
#ifndef TRIPATH_LOADERS_LIB_XDP_ATTACH_H
#define TRIPATH_LOADERS_LIB_XDP_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "maps/state.h"

struct bpf_object;

enum xdp_owner {
	XDP_OWNER_NONE,    /* no program */
	XDP_OWNER_OURS,    /* ours, alone or under a dispatcher */
	XDP_OWNER_SHARED,  /* a libxdp dispatcher without ours: it can take one more */
	XDP_OWNER_FOREIGN, /* a program that leaves no room */
};

/* What stands on the hook. */
struct xdp_hook {
	enum xdp_owner owner;
	enum tp_attach_method method; /* of OURS */
	enum tp_attach_mode mode;     /* native or generic, of whatever is there */
	uint32_t prog_id;             /* ours, else the foreign one */
	char prog_name[16];
	uint32_t others; /* programs beside ours under the dispatcher */
};

/* @map_id: a map that only our program on this interface uses, 0 where there is none. 0 or -errno.
 */
int xdp_hook_query(uint32_t ifindex, uint32_t map_id, struct xdp_hook *hook);

/* Id of the map behind @fd; 0 where it cannot be told. */
uint32_t xdp_map_id(int fd);

/*
 * Whether libxdp can dispatch several programs on this kernel.  Tried for real, in a child process
 * with network and mount namespaces of its own, so that whatever happens leaves no trace.
 */
bool xdp_dispatcher_works(void);

/*
 * Attaches the loaded program @prog_fd as the only one.  Returns the link's descriptor, which
 * detaches when it is closed unless it is pinned, or a negative errno.
 */
int xdp_attach_link(int prog_fd, uint32_t ifindex, enum tp_attach_mode mode);

/*
 * Loads @prog_name of the opened, not yet loaded @obj and attaches it beside others through libxdp;
 * it stays attached.  Stores the program's id.  @obj must live until the caller has done with the
 * program.
 */
int xdp_attach_dispatched(struct bpf_object *obj, const char *prog_name, uint32_t ifindex,
			  enum tp_attach_mode mode, uint32_t *prog_id);

/* Takes the program @prog_id off the dispatcher of @ifindex; 0 where it is not there. */
int xdp_detach_dispatched(uint32_t ifindex, uint32_t prog_id);

/* Removes what libxdp left in bpffs when a process was killed inside of it; what is attached stays. */
void xdp_clean_dispatched(uint32_t ifindex);

/* The interface that the pinned XDP link @fd holds; 0: it is gone. Negative errno. */
int xdp_link_ifindex(int fd);

#endif
