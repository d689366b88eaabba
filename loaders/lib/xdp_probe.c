// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Does libxdp's dispatcher work on this kernel?  See xdp_attach.h. */
#include "loaders/lib/xdp_attach.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "loaders/lib/pins.h"
#include "skel/nothing.skel.h"

#define LOOPBACK_IFINDEX 1

/* In namespaces of its own, where libxdp's pins and the attachment vanish with the process. */
static bool try_dispatcher(void)
{
	struct xdp_multiprog *multi;
	struct nothing *skel;
	uint32_t prog_id;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", PINS_BPFFS, "bpf", 0, "mode=0700"))
		return false;
	skel = nothing__open();
	if (!skel || xdp_attach_dispatched(skel->obj, "nothing", LOOPBACK_IFINDEX, TP_MODE_GENERIC,
					   &prog_id))
		return false;
	/* Where freplace is refused, libxdp attaches a program alone and calls that a success. */
	multi = xdp_multiprog__get_from_ifindex(LOOPBACK_IFINDEX);
	return !libxdp_get_error(multi) && !xdp_multiprog__is_legacy(multi);
}

bool xdp_dispatcher_works(void)
{
	pid_t parent = getpid(), child;
	int status;

	child = fork();
	if (child < 0)
		return false;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == parent && try_dispatcher() ? 0 : 1);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
