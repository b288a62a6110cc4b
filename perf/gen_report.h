/* gen_report.h - a finished run in, its figures as JSON and as text out.
 *
 * Core: main, after the lcores have ended. What each figure means: docs/PERFORMANCE.md.
 */
#ifndef PENSTOCK_GEN_REPORT_H
#define PENSTOCK_GEN_REPORT_H

#include "perf/gen_gateway.h"
#include "perf/gen_team.h"

/* The figures; "balance" is "even", or says what is not. */
json_t *gen_report(const struct gen_team *t, const struct gen_gateway *g);
void gen_report_print(const json_t *report);
/* True: the run counts. */
bool gen_report_is_even(const json_t *report);

#endif
