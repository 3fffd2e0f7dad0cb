/* Registers of memory-mapped virtio devices (virtio 1.2, section 4.2.2). */
#ifndef DRIVER_BUS_VIRTIO_MMIO_REGISTERS_H
#define DRIVER_BUS_VIRTIO_MMIO_REGISTERS_H

#define MagicValue 0x000
#define MAGIC 0x74726976u		/* "virt" */
#define Version 0x004
#define VERSION_MODERN 2u
#define DeviceID 0x008
#define DeviceFeatures 0x010
#define DeviceFeaturesSel 0x014
#define DriverFeatures 0x020
#define DriverFeaturesSel 0x024
#define QueueSel 0x030
#define QueueSizeMax 0x034
#define QueueSize 0x038
#define QueueReady 0x044
#define QueueNotify 0x050
#define InterruptStatus 0x060
#define InterruptACK 0x064
#define Status 0x070
#define QueueDescLow 0x080
#define QueueDriverLow 0x090
#define QueueDeviceLow 0x0a0
#define Config 0x100

#endif
