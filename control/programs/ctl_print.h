/* ctl_print.h - answers of the gateway as tables for people. Each takes the result of its
 * method and writes to stdout. */
#ifndef PENSTOCK_CTL_PRINT_H
#define PENSTOCK_CTL_PRINT_H

#include <jansson.h>

void print_topic(const json_t *result);
void print_topics(const json_t *result);
void print_lists(const json_t *result);
void print_logdirs(const json_t *result);
void print_stats(const json_t *result);
void print_frames(const json_t *result);
void print_state(const json_t *result);
void print_version(const json_t *result);
void print_methods(const json_t *result);
void print_deleted(const json_t *result);
void print_start(const json_t *result);
void print_reopened(const json_t *result);
void print_config(const json_t *result);
void print_config_set(const json_t *result);

/* One line of what happened between two stats.get, `seconds` apart. */
void print_stats_line(const json_t *before, const json_t *after, double seconds);

#endif
