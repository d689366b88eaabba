/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TRIPATH_LOADERS_LIB_VERSION_H
#define TRIPATH_LOADERS_LIB_VERSION_H

#define TP_VERSION "0.1.0"

#endif
