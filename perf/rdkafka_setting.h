/* rdkafka_setting.h - a setting of librdkafka's, and what it says when it refuses one. */
#ifndef PENSTOCK_RDKAFKA_SETTING_H
#define PENSTOCK_RDKAFKA_SETTING_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>

static inline bool rdkafka_setting(const char *program, rd_kafka_conf_t *conf, const char *key,
				   const char *value)
{
	char said[256];
	if (rd_kafka_conf_set(conf, key, value, said, sizeof said) == RD_KAFKA_CONF_OK)
		return true;
	fprintf(stderr, "%s: %s\n", program, said);
	return false;
}

#endif
