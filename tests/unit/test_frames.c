// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ownership of UMEM frames (loaders/lib/frames.h): what --sanitize lets pass, and what it stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loaders/lib/frames.h"
#include "loaders/lib/msg.h"

#define FRAMES 16
#define SIZE   2048

static void test_round_trip(void **state)
{
	struct frames f;
	uint64_t addr[FRAMES];
	int i, sanitize;

	for (sanitize = 0; sanitize < 2; sanitize++) {
		assert_int_equal(frames_init(&f, FRAMES, SIZE, sanitize), 0);
		for (i = 0; i < FRAMES; i++)
			addr[i] = frames_take(&f, FRAME_KERNEL_RX);
		assert_int_equal(addr[0], 0);
		assert_int_equal(addr[FRAMES - 1], (FRAMES - 1) * SIZE);
		assert_int_equal(f.nfree, 0);
		for (i = 0; i < FRAMES; i++) {
			/* The kernel names a received frame by an address inside it. */
			frames_move(&f, addr[i] + 256, FRAME_KERNEL_RX, FRAME_WORKER);
			frames_move(&f, addr[i] + 256, FRAME_WORKER, FRAME_KERNEL_TX);
			frames_give(&f, addr[i] + 256, FRAME_KERNEL_TX);
		}
		frames_check_worker(&f);
		assert_int_equal(f.nfree, FRAMES);
		assert_int_equal(frames_take(&f, FRAME_WORKER), addr[FRAMES - 1]);
		if (sanitize) {
			assert_int_equal(frames_owned(&f, FRAME_POOL), FRAMES - 1);
			assert_int_equal(frames_owned(&f, FRAME_WORKER), 1);
		}
		frames_fini(&f);
	}
}

static void double_free(struct frames *f)
{
	uint64_t addr = frames_take(f, FRAME_WORKER);

	frames_give(f, addr, FRAME_WORKER);
	frames_give(f, addr, FRAME_WORKER);
}

static void send_what_the_kernel_has(struct frames *f)
{
	frames_move(f, frames_take(f, FRAME_KERNEL_RX), FRAME_WORKER, FRAME_KERNEL_TX);
}

static void keep_one(struct frames *f)
{
	frames_take(f, FRAME_WORKER);
	frames_check_worker(f);
}

static void invent_one(struct frames *f)
{
	frames_give(f, (uint64_t)FRAMES * SIZE, FRAME_KERNEL_TX);
}

/* Runs @misuse in a child, which must abort with @words on stderr. */
static void must_abort(void (*misuse)(struct frames *), const char *words)
{
	const struct rlimit no_core = {};
	char text[4096] = "";
	size_t len = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct frames f;

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		frames_init(&f, FRAMES, SIZE, true);
		misuse(&f);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	if (!strstr(text, words))
		fail_msg("'%s' is not in: %s", words, text);
}

static void test_misuse(void **state)
{
	must_abort(double_free, "frame 0 should go from the worker to the pool");
	must_abort(double_free, "step 2: from the worker to the pool");
	must_abort(send_what_the_kernel_has, "now owned by the kernel, to receive");
	must_abort(keep_one, "1 frames leaked");
	must_abort(keep_one, "step 1: from the pool to the worker");
	must_abort(invent_one, "outside of the UMEM (16 frames)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_misuse),
	};

	msg_init("test_frames", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
