/* The option that names a memory-mapped device: forms that are right, and others. */
#include "device/virtio/option.h"

#include "base/test.h"

TEST(virtio_option, right_forms)
{
	struct virtio_mmio_option option;

	ASSERT_TRUE(virtio_mmio_option_parse("512@0xfeb00e00:12 console=hvc0", &option));
	EXPECT(option.length == 512 && option.address == 0xfeb00e00 && option.line == 12);
	ASSERT_TRUE(virtio_mmio_option_parse("4K@0x1000:5:3", &option));
	EXPECT(option.length == 4096 && option.address == 0x1000 && option.line == 5);
}

TEST(virtio_option, wrong_forms)
{
	static const char *const wrong[] = {
		"", "@", "512", "512@", "512@0x1000", "512@0x1000:", "512@0x1000:x", "0@0x1000:5",
		"512@0x1000:5x", "512@0x1000:65536", "2M@0x1000:5", "512@0xffffffffffffff00:5",
		"0xffffffffffffffffK@0:5", "18014398509481984K@0x1000:5", "512@0x10000000000:5",
		"99999999999999999999@0:5", "-1@0:5", " 512@0x1000:5",
	};
	struct virtio_mmio_option option;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(!virtio_mmio_option_parse(wrong[i], &option));
}
