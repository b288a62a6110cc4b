/* registry_say.c - a line for the operator; see registry_say.h. */
#include "control/catalog/registry_say.h"

#include <stdarg.h>
#include <stdio.h>

void registry_say(struct registry *r, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	r->options.say(r->options.say_owner, line);
}
