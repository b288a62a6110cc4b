/* msg_incremental_alter_configs.h - IncrementalAlterConfigs, versions 0 and 1: single settings of
 * topics and brokers. The structs are AlterConfigs'.
 */
#ifndef PENSTOCK_MSG_INCREMENTAL_ALTER_CONFIGS_H
#define PENSTOCK_MSG_INCREMENTAL_ALTER_CONFIGS_H

#include "dataplane/wire/kafka/msg_alter_configs.h"

extern const struct kafka_message incremental_alter_configs_request;
extern const struct kafka_message incremental_alter_configs_response;

#endif
