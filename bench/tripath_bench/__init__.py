# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What bench/run is made of: statistics, the result envelope, host facts and one module a suite."""
