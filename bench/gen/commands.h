/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands of tp-bench; each returns an exit status. */
#ifndef TRIPATH_BENCH_COMMANDS_H
#define TRIPATH_BENCH_COMMANDS_H

int command_run(int argc, char **argv);
int command_serve(int argc, char **argv);

#endif
