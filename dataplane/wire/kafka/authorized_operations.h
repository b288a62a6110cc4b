/* authorized_operations.h - what a client may do to a topic, a group or the cluster: a bit for each
 * of Kafka's operations that there are for it.
 *
 * Nobody is authorized or not here, as with a broker of Kafka's that has no authorizer: who asks
 * may do all. Who does not ask is told AUTHORIZED_UNKNOWN.
 *
 * Core: any. No state.
 */
#ifndef PENSTOCK_AUTHORIZED_OPERATIONS_H
#define PENSTOCK_AUTHORIZED_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* AclOperation's codes. */
enum {
	ACL_READ = 3,
	ACL_WRITE,
	ACL_CREATE,
	ACL_DELETE,
	ACL_ALTER,
	ACL_DESCRIBE,
	ACL_CLUSTER_ACTION,
	ACL_DESCRIBE_CONFIGS,
	ACL_ALTER_CONFIGS,
	ACL_IDEMPOTENT_WRITE,
};

enum {
	AUTHORIZED_TOPIC = 1 << ACL_READ | 1 << ACL_WRITE | 1 << ACL_CREATE | 1 << ACL_DELETE |
			   1 << ACL_ALTER | 1 << ACL_DESCRIBE | 1 << ACL_DESCRIBE_CONFIGS |
			   1 << ACL_ALTER_CONFIGS,
	AUTHORIZED_GROUP = 1 << ACL_READ | 1 << ACL_DELETE | 1 << ACL_DESCRIBE |
			   1 << ACL_DESCRIBE_CONFIGS | 1 << ACL_ALTER_CONFIGS,
	AUTHORIZED_CLUSTER = 1 << ACL_CREATE | 1 << ACL_ALTER | 1 << ACL_DESCRIBE |
			     1 << ACL_CLUSTER_ACTION | 1 << ACL_DESCRIBE_CONFIGS |
			     1 << ACL_ALTER_CONFIGS | 1 << ACL_IDEMPOTENT_WRITE,
	AUTHORIZED_UNKNOWN = INT32_MIN,
};

static inline int32_t authorized_if(bool is_asked, int32_t operations)
{
	return is_asked ? operations : AUTHORIZED_UNKNOWN;
}

#endif
