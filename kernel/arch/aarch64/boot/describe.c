/* What a device tree says of the machine as a whole (Devicetree specification, chapter 3). */
#include "arch/aarch64/boot/boot.h"
#include "base/arithmetic.h"
#include "base/string.h"

static void read_chosen(const struct device_tree *tree, const struct device_tree_node *node,
			struct boot_information *information)
{
	struct device_tree_property property, end;
	const char *line;

	if (device_tree_find(tree, node, "bootargs", &property)) {
		line = device_tree_string(&property, 0);
		if (line)
			information->command_line = line;
	}
	if (device_tree_find(tree, node, "rng-seed", &property))
		memcpy(information->random_seed, property.value,
		       min((size_t)property.length, sizeof(information->random_seed)));
	if (device_tree_find(tree, node, "linux,initrd-start", &property) &&
	    device_tree_find(tree, node, "linux,initrd-end", &end)) {
		uint64_t from = device_tree_cell(&property, 0, 0);
		uint64_t to = device_tree_cell(&end, 0, 0);

		if (property.length >= 8)
			from = from << 32 | device_tree_cell(&property, 1, 0);
		if (end.length >= 8)
			to = to << 32 | device_tree_cell(&end, 1, 0);
		information->initramfs = from;
		information->initramfs_bytes = to > from ? to - from : 0;
	}
}

static void read_memory(const struct device_tree *tree, const struct device_tree_node *node,
			struct memory_map *map)
{
	uint64_t start, length;

	for (unsigned i = 0; device_tree_registers(tree, node, i, &start, &length); i++)
		memory_map_add_usable(map, start, length);
}

/* Children of /reserved-memory; their regions are never ours. */
static void read_reserved(const struct device_tree *tree, const struct device_tree_node *node,
			  struct memory_map *map)
{
	uint64_t start, length;

	for (unsigned i = 0; device_tree_registers(tree, node, i, &start, &length); i++)
		memory_map_set(map, start, length, BOOT_MEMORY_RESERVED);
}

static bool is_memory(const struct device_tree *tree, const struct device_tree_node *node)
{
	struct device_tree_property type;
	const char *name;

	if (!device_tree_find(tree, node, "device_type", &type))
		return false;
	name = device_tree_string(&type, 0);
	return name && strcmp(name, "memory") == 0;
}

void boot_read_chosen(const struct device_tree *tree, struct boot_information *information)
{
	struct device_tree_node node;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (node.depth == 1 && strcmp(node.name, "chosen") == 0)
			read_chosen(tree, &node, information);
	}
}

void boot_read_memory(const struct device_tree *tree, struct memory_map *map)
{
	struct device_tree_node node;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (is_memory(tree, &node) && device_tree_is_enabled(tree, &node))
			read_memory(tree, &node, map);
	}
}

void boot_read_reserved(const struct device_tree *tree, struct memory_map *map)
{
	struct device_tree_node node;
	uint64_t start, length;
	bool is_in_reserved = false;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (node.depth == 1)
			is_in_reserved = strcmp(node.name, "reserved-memory") == 0;
		else if (is_in_reserved)
			read_reserved(tree, &node, map);
	}
	for (unsigned i = 0; device_tree_reservation(tree, i, &start, &length); i++)
		memory_map_set(map, start, length, BOOT_MEMORY_RESERVED);
}
