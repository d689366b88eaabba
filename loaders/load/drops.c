// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaches the tracer of lost redirects, bpf/xdp/drops.bpf.c. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "maps/drops.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/load.h"
#include "skel/drops.skel.h"

static uint32_t pinned_map_id(const char *ifname, const char *name)
{
	int fd = pins_open(ifname, name);
	uint32_t id;

	if (fd < 0)
		return 0;
	id = xdp_map_id(fd);
	close(fd);
	return id;
}

/* Over the map that is there, which keeps its counts, or a new one. */
static int set_map(struct drops *skel, const char *ifname, uint32_t rows)
{
	int fd = pins_open(ifname, "redirect_drops"), err;

	if (fd == -ENOENT)
		return bpf_map__set_max_entries(skel->maps.redirect_drops, rows);
	if (fd < 0)
		return fd;
	err = bpf_map__reuse_fd(skel->maps.redirect_drops, fd);
	close(fd);
	return err;
}

static int pin_map(struct drops *skel, const char *ifname)
{
	char path[PINS_PATH_MAX];
	int err;

	err = pins_path(ifname, "redirect_drops", path, sizeof(path));
	if (!err && access(path, F_OK))
		err = bpf_map__pin(skel->maps.redirect_drops, path);
	return err;
}

static int attach_one(struct bpf_program *prog, const char *ifname)
{
	char name[64] = "links/", path[PINS_PATH_MAX];
	struct bpf_link *link;
	int err;

	strncat(name, bpf_program__name(prog), sizeof(name) - strlen(name) - 1);
	err = pins_path(ifname, name, path, sizeof(path));
	if (err)
		return err;
	link = bpf_program__attach(prog);
	if (!link)
		return -errno;
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return err;
}

/* Only the programs that are wanted and not there. False: none. */
static bool choose(struct drops *skel, const char *ifname, bool cpumap)
{
	const struct {
		struct bpf_program *prog;
		const char *pin;
		bool wanted;
	} progs[] = {
		{skel->progs.drop_redirect, "links/drop_redirect", true},
		{skel->progs.drop_cpu_queue, "links/drop_cpu_queue", cpumap},
		{skel->progs.drop_cpu_alloc, "links/drop_cpu_alloc", cpumap},
	};
	bool any = false, load;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
		fd = progs[i].wanted ? pins_open(ifname, progs[i].pin) : -1;
		load = progs[i].wanted && fd < 0;
		if (fd >= 0)
			close(fd);
		bpf_program__set_autoload(progs[i].prog, load);
		any = any || load;
	}
	return any;
}

void drops_attach(const char *ifname, uint32_t queues, bool cpumap)
{
	uint32_t rows = queues > cpus_entries() ? queues : cpus_entries();
	struct drops *skel = drops__open();
	struct bpf_program *prog;
	int err;

	if (!skel) {
		err = -errno;
		goto say_so;
	}
	if (!choose(skel, ifname, cpumap)) {
		drops__destroy(skel);
		return;
	}
	skel->rodata->cfg.xsks_id = pinned_map_id(ifname, "xsks");
	skel->rodata->cfg.cpus_id = pinned_map_id(ifname, "cpus");
	skel->rodata->cfg.rows = rows;
	err = set_map(skel, ifname, rows);
	if (!err)
		err = drops__load(skel);
	if (!err)
		err = pin_map(skel, ifname);
	bpf_object__for_each_program (prog, skel->obj) {
		if (!err && bpf_program__autoload(prog))
			err = attach_one(prog, ifname);
	}
	drops__destroy(skel);
say_so:
	if (err) {
		msg_warn("frames that a redirect loses will not be counted: this kernel cannot "
			 "attach BPF to "
			 "its XDP tracepoints (%s); it needs BTF of its own "
			 "(/sys/kernel/btf/vmlinux)",
			 strerror(-err));
		if (msg_verbose())
			msg_show_libs();
		msg_clear_libs();
	}
}
