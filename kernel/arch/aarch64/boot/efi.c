/*
 * The image as an EFI application. Runs where firmware has loaded it, on firmware's page tables and
 * stack: only what the compiler reaches relative to the program counter may be used, no pointer in
 * data, nothing of the kernel but pure functions. Collects what the kernel has to know behind a
 * copy of the image, ends firmware's boot services and starts the copy. What firmware says is
 * bounded; where it points cannot be checked before its page tables are left.
 */
#include "arch/aarch64/boot/efi.h"

#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/boot/linker.h"
#include "arch/clock.h"
#include "base/arithmetic.h"
#include "base/string.h"
#include "firmware/device_tree.h"
#include "firmware/efi.h"
#include "machine/layout.h"

#define IMAGE_ALIGNMENT 0x200000u
#define ROOT_SLOT_BYTES (UINT64_C(1) << 39)	/* what one entry of the root table maps */

/* More is not believed. */
#define OPTIONS_BYTES_LIMIT 0x10000u
#define TABLE_COUNT_LIMIT 4096u
#define MEMORY_MAP_BYTES_LIMIT 0x200000u
#define DESCRIPTOR_BYTES_LIMIT 0x1000u

/* The map grows by what happens between asking for its size and leaving. */
#define DESCRIPTORS_MORE 64
#define LEAVE_ATTEMPTS 8

struct stub {
	void *image;
	const struct efi_system_table *system;
	const struct efi_boot_services *boot;
	const void *options, *tree;
	size_t options_bytes, tree_bytes;
	uint64_t acpi_root, initramfs, initramfs_bytes;
	uint64_t map_bytes;		/* that there is room for */
	struct efi_handover *handover;
};

static void say(const struct stub *stub, const uint16_t *text)
{
	struct efi_text_output *output = stub->system->ConOut;

	if (output)
		output->OutputString(output, text);
}

static efi_status_t fail(const struct stub *stub, const uint16_t *why, efi_status_t status)
{
	say(stub, u"[BOOT] FAIL: ");
	say(stub, why);
	say(stub, u"\r\n");
	return status ? status : EFI_LOAD_ERROR;
}

static bool guid_is(const struct efi_guid *a, const struct efi_guid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static efi_status_t options_find(struct stub *stub)
{
	static const struct efi_guid wanted = LOADED_IMAGE_PROTOCOL_GUID;
	const struct efi_loaded_image *loaded = NULL;
	efi_status_t status;

	status = stub->boot->HandleProtocol(stub->image, &wanted, (void **)&loaded);
	if (status || !loaded)
		return fail(stub, u"firmware does not say what it has loaded", status);
	if (!loaded->LoadOptions)
		return EFI_SUCCESS;
	if (loaded->LoadOptionsSize > OPTIONS_BYTES_LIMIT)
		return fail(stub, u"the command line is too long", EFI_INVALID_PARAMETER);
	stub->options = loaded->LoadOptions;
	stub->options_bytes = loaded->LoadOptionsSize;
	return EFI_SUCCESS;
}

static void tables_find(struct stub *stub)
{
	static const struct efi_guid acpi = ACPI_20_TABLE_GUID, tree = DTB_TABLE_GUID;
	const struct efi_configuration_table *tables = stub->system->ConfigurationTable;
	uint64_t count = min(stub->system->NumberOfTableEntries, (uint64_t)TABLE_COUNT_LIMIT);

	for (uint64_t i = 0; tables && i < count; i++) {
		if (guid_is(&tables[i].VendorGuid, &acpi))
			stub->acpi_root = (uint64_t)tables[i].VendorTable;
		else if (guid_is(&tables[i].VendorGuid, &tree))
			stub->tree = tables[i].VendorTable;
	}
	if (stub->tree)
		stub->tree_bytes = device_tree_bytes(stub->tree);
	if (stub->tree_bytes > DEVICE_TREE_BYTES_LIMIT)
		stub->tree_bytes = 0;
}

static efi_status_t pages_take(struct stub *stub, enum efi_memory_type type, uint64_t bytes,
			       uint64_t *address)
{
	uint64_t end;
	efi_status_t status = stub->boot->AllocatePages(AllocateAnyPages, type,
							divide_up(bytes, EFI_PAGE_BYTES), address);

	if (status)
		return fail(stub, u"not enough memory", status);
	if (!is_aligned(*address, EFI_PAGE_BYTES) || range_end(*address, bytes, &end) < 0 ||
	    end > DIRECT_MAP_BYTES)
		return fail(stub, u"memory lies too high", EFI_OUT_OF_RESOURCES);
	return EFI_SUCCESS;
}

static efi_status_t initramfs_read(struct stub *stub, struct efi_load_file *file,
				   const struct efi_path_node *path)
{
	uint64_t bytes = 0, room;
	efi_status_t status = file->LoadFile(file, path, false, &bytes, NULL);

	if (status != EFI_BUFFER_TOO_SMALL || bytes == 0)
		return status == EFI_SUCCESS ? status :
			fail(stub, u"the initial file system cannot be read", status);
	if (bytes > DIRECT_MAP_BYTES)
		return fail(stub, u"the initial file system is too large", EFI_OUT_OF_RESOURCES);
	room = bytes;
	status = pages_take(stub, EfiLoaderData, room, &stub->initramfs);
	if (status)
		return status;
	status = file->LoadFile(file, path, false, &bytes, (void *)stub->initramfs);
	if (status || bytes > room)
		return fail(stub, u"the initial file system cannot be read", status);
	stub->initramfs_bytes = bytes;
	return EFI_SUCCESS;
}

/* The loader offers the initial file system under a path that consists of one name. */
static efi_status_t initramfs_load(struct stub *stub)
{
	static const struct {
		struct efi_path_node vendor;
		struct efi_guid name;
		struct efi_path_node end;
	} __packed wanted = {
		{ MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP,
		  sizeof(struct efi_path_node) + sizeof(struct efi_guid) },
		LINUX_EFI_INITRD_MEDIA_GUID,
		{ END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE,
		  sizeof(struct efi_path_node) },
	};
	static const struct efi_guid protocol = LOAD_FILE2_PROTOCOL_GUID;
	const struct efi_path_node *path = &wanted.vendor;
	struct efi_load_file *file = NULL;
	void *handle = NULL;
	efi_status_t status;

	if (stub->boot->LocateDevicePath(&protocol, &path, &handle))
		return EFI_SUCCESS;	/* there is none */
	status = stub->boot->HandleProtocol(handle, &protocol, (void **)&file);
	if (status || !file)
		return fail(stub, u"the initial file system cannot be opened", status);
	return initramfs_read(stub, file, path);
}

/* Better than nothing where firmware has it; never needed. */
static void seed_get(struct stub *stub)
{
	static const struct efi_guid protocol = RNG_PROTOCOL_GUID;
	struct efi_random *source = NULL;

	if (stub->boot->LocateProtocol(&protocol, NULL, (void **)&source) || !source)
		return;
	source->GetRNG(source, NULL, sizeof(stub->handover->random_seed),
		       stub->handover->random_seed);
}

/* The last that is asked of firmware: its clock is not within reach once it is left. */
static void time_get(struct stub *stub)
{
	const struct efi_runtime_services *runtime = stub->system->RuntimeServices;
	struct efi_handover *handover = stub->handover;

	if (!runtime || runtime->GetTime(handover->time, NULL) != EFI_SUCCESS)
		memset(handover->time, 0, sizeof(handover->time));
	handover->time_cycles = clock_cycles_ordered();
}

/* How many bytes the memory map has, and some more. */
static efi_status_t map_measure(struct stub *stub)
{
	uint64_t key, stride = 0;
	uint32_t version;
	efi_status_t status;

	stub->map_bytes = 0;
	status = stub->boot->GetMemoryMap(&stub->map_bytes, NULL, &key, &stride, &version);
	if (status != EFI_BUFFER_TOO_SMALL || stub->map_bytes > MEMORY_MAP_BYTES_LIMIT ||
	    stride > DESCRIPTOR_BYTES_LIMIT)
		return fail(stub, u"firmware does not say where memory is", status);
	stub->map_bytes += DESCRIPTORS_MORE * stride;
	return EFI_SUCCESS;
}

/* A place for the image at a multiple of 2 MB, and behind it for the handover with its parts. */
static efi_status_t place_take(struct stub *stub)
{
	uint64_t image_bytes = (uint64_t)(__boot_bss_end - __kernel_start);
	uint64_t address = 0, start, behind;
	uint64_t more = align_up(sizeof(struct efi_handover) + stub->map_bytes, sizeof(uint64_t)) +
			align_up(stub->tree_bytes, sizeof(uint64_t)) +
			EFI_TEXT_BYTES(stub->options_bytes);
	uint64_t bytes = image_bytes + align_up(more, EFI_PAGE_BYTES);
	efi_status_t status;

	if (more > EFI_HANDOVER_BYTES_LIMIT)
		return fail(stub, u"firmware says too much", EFI_OUT_OF_RESOURCES);
	status = pages_take(stub, EfiLoaderCode, bytes + IMAGE_ALIGNMENT, &address);
	if (status)
		return status;
	start = align_up(address, IMAGE_ALIGNMENT);
	behind = start + image_bytes;
	/* The first page tables have one entry of the root for all of this. */
	if (start / ROOT_SLOT_BYTES != (behind + EFI_HANDOVER_BYTES_LIMIT) / ROOT_SLOT_BYTES)
		return fail(stub, u"memory lies across an odd border", EFI_OUT_OF_RESOURCES);
	stub->handover = (struct efi_handover *)behind;
	*stub->handover = (struct efi_handover){ .start = start, .length = bytes };
	return EFI_SUCCESS;
}

static void handover_fill(struct stub *stub)
{
	struct efi_handover *handover = stub->handover;
	uint64_t at = (uint64_t)handover + sizeof(*handover);

	handover->memory_map = at;
	at = align_up(at + stub->map_bytes, sizeof(uint64_t));
	if (stub->tree_bytes) {
		handover->device_tree = at;
		memcpy((void *)at, stub->tree, stub->tree_bytes);
		at += align_up(stub->tree_bytes, sizeof(uint64_t));
	}
	handover->command_line = at;
	efi_text_convert(stub->options, stub->options_bytes, (char *)at,
			 EFI_TEXT_BYTES(stub->options_bytes));
	handover->initramfs = stub->initramfs;
	handover->initramfs_bytes = stub->initramfs_bytes;
	handover->acpi_root = stub->acpi_root;
	seed_get(stub);
	time_get(stub);
}

/* Firmware may change the map at the first attempt to leave; then the second one counts. */
static efi_status_t services_end(struct stub *stub)
{
	struct efi_handover *handover = stub->handover;
	efi_status_t status = EFI_LOAD_ERROR;

	for (unsigned i = 0; i < LEAVE_ATTEMPTS; i++) {
		uint64_t bytes = stub->map_bytes, stride = 0, key = 0;
		uint32_t version;

		status = stub->boot->GetMemoryMap(&bytes, (void *)handover->memory_map, &key,
						  &stride, &version);
		if (status || bytes > stub->map_bytes)
			return fail(stub, u"firmware does not say where memory is", status);
		handover->memory_map_bytes = bytes;
		handover->memory_descriptor_bytes = stride;
		status = stub->boot->ExitBootServices(stub->image, key);
		if (status != EFI_INVALID_PARAMETER)
			break;
	}
	return status ? fail(stub, u"firmware does not end its services", status) : EFI_SUCCESS;
}

static efi_status_t prepare(struct stub *stub)
{
	efi_status_t status = options_find(stub);

	tables_find(stub);
	if (!status && !stub->acpi_root && !stub->tree_bytes)
		status = fail(stub, u"neither ACPI nor a device tree", EFI_LOAD_ERROR);
	if (!status)
		status = initramfs_load(stub);
	if (!status)
		status = map_measure(stub);
	if (!status)
		status = place_take(stub);
	return status;
}

efi_status_t efi_main(void *image, const struct efi_system_table *system)
{
	struct stub stub = { .image = image, .system = system, .boot = system->BootServices };
	efi_status_t status = prepare(&stub);
	uint64_t start;

	if (status)
		return status;
	start = stub.handover->start;
	memcpy((void *)start, __kernel_start, (size_t)(__data_end - __kernel_start));
	handover_fill(&stub);
	status = services_end(&stub);
	if (status)
		return status;
	efi_leave(start, start + stub.handover->length,
		  start + (uint64_t)(efi_start - __kernel_start), (uint64_t)stub.handover);
}
