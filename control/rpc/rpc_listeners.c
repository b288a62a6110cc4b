/* rpc_listeners.c - listener.reload: files of names read again, how many there are out. */
#include "control/rpc/rpc_listeners.h"
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_change.h"
#include "dataplane/wire/kafka/kafka_error.h"

void rpc_listener_reload(struct rpc_call *call)
{
	const struct rpc_options *o = &call->rpc->options;
	struct rpc_names names[LISTENERS_MAX] = {0};
	char message[480];
	if (!o->reload(o->owner, names, message, sizeof message)) {
		rpc_refuse(call, KAFKA_ERROR_INVALID_CONFIG, message);
		return;
	}
	json_t *listeners = json_array();
	for (unsigned i = 0; i < o->listener_count; i++)
		if (names[i].has_list)
			json_array_append_new(
				listeners,
				json_pack("{s:s, s:I, s:I}", "name", o->listener_names[i],
					  "vehicles", (json_int_t)names[i].vehicles, "accounts",
					  (json_int_t)names[i].accounts));
	call->result = json_pack("{s:o}", "listeners", listeners);
}
