/* Fuzzes decompression: raw and gzip. A sink that refuses above 16 MB keeps bombs short. */
#include "base/codec/inflate.h"

#include "base/errno.h"

#define OUTPUT_LIMIT (16u << 20)

struct counting_sink {
	struct inflate_sink sink;
	size_t total;
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int count_output(struct inflate_sink *sink, const uint8_t *bytes, size_t length)
{
	struct counting_sink *counting = container_of(sink, struct counting_sink, sink);

	if (bytes[0] == 0 && length > INFLATE_WINDOW_SIZE)
		return -EINVAL;
	counting->total += length;
	return counting->total > OUTPUT_LIMIT ? -EFBIG : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct inflate inflate;
	struct counting_sink counting = { .sink = { .write = count_output } };
	size_t used;
	int result = inflate_raw(&inflate, bytes, size, &used, &counting.sink);

	if (result == 0 && used > size)
		__builtin_trap();
	counting.total = 0;
	if (inflate_gzip(&inflate, bytes, size, &counting.sink) == 0 && size < 18)
		__builtin_trap();
	return 0;
}
