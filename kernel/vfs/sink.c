/*
 * Helpers for texts that go to a format_sink.
 */
#include "vfs/sink.h"
#include "base/string.h"

void sink_text(struct format_sink *sink, const char *text)
{
	sink->write(sink, text, strlen(text));
}

void sink_escaped(struct format_sink *sink, const char *text, const char *characters)
{
	for (; *text; text++) {
		if (strchr(characters, *text))
			format_to(sink, "\\%03o", (unsigned)(uint8_t)*text);
		else
			sink->write(sink, text, 1);
	}
}
