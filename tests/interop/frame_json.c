/* frame_json.c - vehicles' frames in hex, a line each, in; their JSON, a line each, out. */
#include "dataplane/wire/fleet/gbt32960_json.h"
#include "dataplane/wire/fleet/jt808_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* One that begins with a delimiter is of JT/T 808, and has been cut from its stream already. */
static size_t write_json(struct bytes frame, char *text, size_t room)
{
	size_t bytes;
	uint8_t message[JT808_CONTENT_BYTES_MAX];
	if (frame.size == 0 || frame.data[0] != JT808_DELIMITER) {
		gbt32960_json(frame, text, room, &bytes);
		return bytes;
	}
	struct bytes content = {frame.data + 1, frame.size - 2};
	size_t size = jt808_unescape(message, content);
	jt808_json((struct bytes){message, size}, text, room, &bytes);
	return bytes;
}

int main(void)
{
	char *line = NULL;
	size_t capacity = 0;
	for (ssize_t read; (read = getline(&line, &capacity, stdin)) > 0;) {
		size_t size = (size_t)read / 2;
		uint8_t *frame = malloc(size + 1);
		size_t room = GBT32960_JSON_BYTES(size);
		char *text = malloc(room);
		for (size_t i = 0; i < size; i++)
			frame[i] = (uint8_t)(nibble(line[2 * i]) << 4 | nibble(line[2 * i + 1]));
		size_t bytes = write_json((struct bytes){frame, size}, text, room);
		printf("%.*s\n", (int)bytes, text);
		free(text);
		free(frame);
	}
	free(line);
	return 0;
}
