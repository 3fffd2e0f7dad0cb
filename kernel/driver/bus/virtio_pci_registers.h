/* Virtio over PCI: capabilities and the common configuration (virtio 1.2, section 4.1.4). */
#ifndef DRIVER_BUS_VIRTIO_PCI_REGISTERS_H
#define DRIVER_BUS_VIRTIO_PCI_REGISTERS_H

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_ID_MODERN 0x1040		/* and the device's number */

/* struct virtio_pci_cap; its first word holds id, next, length and type. */
#define CAP_TYPE_SHIFT 24
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_BYTES 16
#define CAP_NOTIFY_MULTIPLIER 16
#define CAP_NOTIFY_BYTES 20

#define VIRTIO_PCI_CAP_COMMON_CFG 1
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2
#define VIRTIO_PCI_CAP_ISR_CFG 3
#define VIRTIO_PCI_CAP_DEVICE_CFG 4

/* struct virtio_pci_common_cfg. */
#define COMMON_DEVICE_FEATURE_SELECT 0x00
#define COMMON_DEVICE_FEATURE 0x04
#define COMMON_DRIVER_FEATURE_SELECT 0x08
#define COMMON_DRIVER_FEATURE 0x0c
#define COMMON_CONFIG_MSIX_VECTOR 0x10
#define COMMON_NUM_QUEUES 0x12
#define COMMON_DEVICE_STATUS 0x14
#define COMMON_QUEUE_SELECT 0x16
#define COMMON_QUEUE_SIZE 0x18
#define COMMON_QUEUE_MSIX_VECTOR 0x1a
#define COMMON_QUEUE_ENABLE 0x1c
#define COMMON_QUEUE_NOTIFY_OFF 0x1e
#define COMMON_QUEUE_DESC 0x20
#define COMMON_QUEUE_DRIVER 0x28
#define COMMON_QUEUE_DEVICE 0x30
#define COMMON_BYTES 0x38

#define VIRTIO_MSI_NO_VECTOR 0xffff

#endif
