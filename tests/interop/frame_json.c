/* frame_json.c - vehicles' frames in hex, a line each, in; their JSON, a line each, out. */
#include "dataplane/wire/fleet/gbt32960_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

int main(void)
{
	char *line = NULL;
	size_t capacity = 0, bytes;
	for (ssize_t read; (read = getline(&line, &capacity, stdin)) > 0;) {
		size_t size = (size_t)read / 2;
		uint8_t *frame = malloc(size + 1);
		char *text = malloc(GBT32960_JSON_BYTES(size));
		for (size_t i = 0; i < size; i++)
			frame[i] = (uint8_t)(nibble(line[2 * i]) << 4 | nibble(line[2 * i + 1]));
		gbt32960_json((struct bytes){frame, size}, text, GBT32960_JSON_BYTES(size), &bytes);
		printf("%.*s\n", (int)bytes, text);
		free(text);
		free(frame);
	}
	free(line);
	return 0;
}
