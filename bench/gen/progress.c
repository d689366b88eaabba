// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/progress.h"

#include <stdio.h>

#include "bench/gen/clock.h"
#include "bench/gen/load.h"

void progress_begin(struct progress *p, uint64_t now_ns, unsigned int classes, const char *first)
{
	*p = (struct progress){
		.begin_ns = now_ns,
		.next_ns = now_ns + NS_PER_S,
		.whose = classes > 1 ? first : NULL,
	};
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
	fprintf(stderr, "\r%5.0f s  %9.0f answers/s  lost %llu  corrupt %llu  p99%s%s %8.1f us ",
		(double)(now_ns - p->begin_ns) / 1e9,
		(double)(sum.answered - p->answered) / seconds, (unsigned long long)sum.lost,
		(unsigned long long)sum.corrupt, p->whose ? " of class " : "",
		p->whose ? p->whose : "",
		(double)histogram_quantile(&load_record(l, 0)->intended, 0.99) / 1e3);
	p->answered = sum.answered;
	p->next_ns = now_ns + NS_PER_S;
}

void progress_end(const struct progress *p)
{
	if (p->next_ns > p->begin_ns + NS_PER_S)
		fputc('\n', stderr);
}
