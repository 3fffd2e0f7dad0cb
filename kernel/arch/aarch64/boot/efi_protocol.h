/*
 * What is used of UEFI's tables and protocols, in the specification's spelling (UEFI 2.10, chapters
 * 4, 7, 8, 9, 10, 12, 13 and 37). What stands between is never called.
 */
#ifndef ARCH_AARCH64_BOOT_EFI_PROTOCOL_H
#define ARCH_AARCH64_BOOT_EFI_PROTOCOL_H

#include "base/compiler.h"
#include "base/types.h"

typedef uint64_t efi_status_t;
#define EFI_SUCCESS ((efi_status_t)0)
#define EFI_LOAD_ERROR ((efi_status_t)(BIT(63) | 1))
#define EFI_INVALID_PARAMETER ((efi_status_t)(BIT(63) | 2))
#define EFI_BUFFER_TOO_SMALL ((efi_status_t)(BIT(63) | 5))
#define EFI_OUT_OF_RESOURCES ((efi_status_t)(BIT(63) | 9))

struct efi_guid {
	uint32_t first;
	uint16_t second, third;
	uint8_t rest[8];
};
#define ACPI_20_TABLE_GUID \
	{ 0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } }
#define DTB_TABLE_GUID \
	{ 0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } }
#define LOADED_IMAGE_PROTOCOL_GUID \
	{ 0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }
#define LOAD_FILE2_PROTOCOL_GUID \
	{ 0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d } }
#define RNG_PROTOCOL_GUID \
	{ 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } }
/* Names the file whose contents are the initial file system; Linux's, which loaders follow. */
#define LINUX_EFI_INITRD_MEDIA_GUID \
	{ 0x5568e427, 0x68fc, 0x4f3d, { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 } }

/* EFI_TABLE_HEADER */
struct efi_table_header {
	uint64_t Signature;
	uint32_t Revision, HeaderSize, CRC32, Reserved;
};

/* EFI_DEVICE_PATH_PROTOCOL */
struct efi_path_node {
	uint8_t Type, SubType;
	uint16_t Length;
} __packed;
#define MEDIA_DEVICE_PATH 4
#define MEDIA_VENDOR_DP 3
#define END_DEVICE_PATH_TYPE 0x7f
#define END_ENTIRE_DEVICE_PATH_SUBTYPE 0xff

/* EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL */
struct efi_text_output {
	void *Reset;
	efi_status_t (*OutputString)(struct efi_text_output *self, const uint16_t *text);
};

/* EFI_LOAD_FILE2_PROTOCOL */
struct efi_load_file {
	efi_status_t (*LoadFile)(struct efi_load_file *self, const struct efi_path_node *path,
				 uint8_t boot_policy, uint64_t *size, void *buffer);
};

/* EFI_RNG_PROTOCOL */
struct efi_random {
	void *GetInfo;
	efi_status_t (*GetRNG)(struct efi_random *self, const struct efi_guid *algorithm,
			       uint64_t length, uint8_t *value);
};

/* EFI_LOADED_IMAGE_PROTOCOL */
struct efi_loaded_image {
	uint32_t Revision;
	void *ParentHandle, *SystemTable, *DeviceHandle, *FilePath, *Reserved;
	uint32_t LoadOptionsSize;
	const void *LoadOptions;
};

enum efi_allocate_type {
	AllocateAnyPages = 0,
};
enum efi_memory_type {
	EfiLoaderCode = 1,
	EfiLoaderData = 2,
};

/* EFI_BOOT_SERVICES */
struct efi_boot_services {
	struct efi_table_header Hdr;
	void *RaiseTPL, *RestoreTPL;
	efi_status_t (*AllocatePages)(uint32_t allocate_type, uint32_t memory_type, uint64_t pages,
				      uint64_t *address);
	void *FreePages;
	efi_status_t (*GetMemoryMap)(uint64_t *size, void *map, uint64_t *key,
				     uint64_t *descriptor_size, uint32_t *descriptor_version);
	void *AllocatePool, *FreePool;
	void *CreateEvent, *SetTimer, *WaitForEvent, *SignalEvent, *CloseEvent, *CheckEvent;
	void *InstallProtocolInterface, *ReinstallProtocolInterface, *UninstallProtocolInterface;
	efi_status_t (*HandleProtocol)(void *handle, const struct efi_guid *protocol,
				       void **interface);
	void *Reserved, *RegisterProtocolNotify, *LocateHandle;
	efi_status_t (*LocateDevicePath)(const struct efi_guid *protocol,
					 const struct efi_path_node **path, void **handle);
	void *InstallConfigurationTable;
	void *LoadImage, *StartImage, *Exit, *UnloadImage;
	efi_status_t (*ExitBootServices)(void *image, uint64_t key);
	void *GetNextMonotonicCount, *Stall, *SetWatchdogTimer;
	void *ConnectController, *DisconnectController;
	void *OpenProtocol, *CloseProtocol, *OpenProtocolInformation;
	void *ProtocolsPerHandle, *LocateHandleBuffer;
	efi_status_t (*LocateProtocol)(const struct efi_guid *protocol, void *registration,
				       void **interface);
};

/* EFI_RUNTIME_SERVICES, as far as it is used. GetTime() fills in an EFI_TIME. */
struct efi_runtime_services {
	struct efi_table_header Hdr;
	efi_status_t (*GetTime)(void *time, void *capabilities);
};

/* EFI_CONFIGURATION_TABLE */
struct efi_configuration_table {
	struct efi_guid VendorGuid;
	void *VendorTable;
};

/* EFI_SYSTEM_TABLE */
struct efi_system_table {
	struct efi_table_header Hdr;
	uint16_t *FirmwareVendor;
	uint32_t FirmwareRevision;
	void *ConsoleInHandle, *ConIn, *ConsoleOutHandle;
	struct efi_text_output *ConOut;
	void *StandardErrorHandle, *StdErr;
	const struct efi_runtime_services *RuntimeServices;
	const struct efi_boot_services *BootServices;
	uint64_t NumberOfTableEntries;
	const struct efi_configuration_table *ConfigurationTable;
};
static_assert(offsetof(struct efi_boot_services, ExitBootServices) == 24 + 26 * 8, "UEFI 4.4");
static_assert(offsetof(struct efi_boot_services, LocateProtocol) == 24 + 37 * 8, "UEFI 4.4");
static_assert(offsetof(struct efi_system_table, ConfigurationTable) == 112, "UEFI 4.3");
static_assert(offsetof(struct efi_loaded_image, LoadOptions) == 56, "UEFI 9.1");

#endif
