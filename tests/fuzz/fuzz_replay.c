/* fuzz_replay.c - corpora in (a line is an input in hex), each input given to the target once: the
 * main() of targets where there is no libFuzzer, so that every build keeps what was once found. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static uint8_t nibble(char c)
{
	require((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void replay_line(const char *line, size_t digits)
{
	struct bytes b = {.size = digits / 2};
	uint8_t *input = malloc(b.size);
	for (size_t i = 0; i < b.size; i++)
		input[i] = (uint8_t)(nibble(line[2 * i]) << 4 | nibble(line[2 * i + 1]));
	b.data = input;
	LLVMFuzzerTestOneInput(b.data, b.size);
	free(input);
}

static unsigned replay(const char *path)
{
	unsigned inputs = 0;
	char *line = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");
	require(file);
	for (ssize_t size; (size = getline(&line, &room, file)) > 0; inputs++)
		replay_line(line, (size_t)size - 1);
	free(line);
	fclose(file);
	return inputs;
}

int main(int argc, char **argv)
{
	require(argc == 2);
	unsigned inputs = replay(argv[1]);
	printf("%u inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
