/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TRIPATH_LOADERS_LIB_CPU_RELAX_H
#define TRIPATH_LOADERS_LIB_CPU_RELAX_H

/* Lets the sibling thread of the core, and the memory bus, do something else. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
