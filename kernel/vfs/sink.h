/*
 * Helpers for the texts below /proc, built on format_sink.
 */
#ifndef VFS_SINK_H
#define VFS_SINK_H

#include "base/compiler.h"
#include "base/format.h"

void sink_text(struct format_sink *sink, const char *text);
/* The text with each of these characters as \ooo. */
void sink_escaped(struct format_sink *sink, const char *text, const char *characters);

#endif
