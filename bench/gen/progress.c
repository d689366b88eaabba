// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/progress.h"

#include <stdio.h>

#include "bench/gen/clock.h"
#include "bench/gen/load.h"

void progress_begin(struct progress *p, uint64_t now_ns)
{
	*p = (struct progress){.begin_ns = now_ns, .next_ns = now_ns + NS_PER_S};
}

void progress_show(struct progress *p, uint64_t now_ns, unsigned int classes, const struct load *l)
{
	struct load_counts sum = {0};
	double seconds;

	if (now_ns < p->next_ns)
		return;
	for (unsigned int i = 0; i < classes; i++) {
		const struct load_counts *c = &load_record(l, i)->counts;

		sum.answered += c->answered;
		sum.lost += c->lost;
		sum.corrupt += c->corrupt;
	}
	seconds = (double)(now_ns - p->next_ns + NS_PER_S) / 1e9;
	fprintf(stderr, "\r%5.0f s  %9.0f answers/s  p99 %8.1f us  lost %llu  corrupt %llu ",
		(double)(now_ns - p->begin_ns) / 1e9,
		(double)(sum.answered - p->answered) / seconds,
		(double)histogram_quantile(&load_record(l, 0)->intended, 0.99) / 1e3,
		(unsigned long long)sum.lost, (unsigned long long)sum.corrupt);
	p->answered = sum.answered;
	p->next_ns = now_ns + NS_PER_S;
}

void progress_end(const struct progress *p)
{
	if (p->next_ns > p->begin_ns + NS_PER_S)
		fputc('\n', stderr);
}
