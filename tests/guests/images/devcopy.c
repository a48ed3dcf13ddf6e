/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tool as people write them on /dev/mem: copies BYTES of physical memory at ADDRESS with
 * memcpy(3), which reads pairs of registers, and prints the first word. devcopy ADDRESS BYTES Exits
 * with 1 where the kernel does not give the memory; a bus error ends it by its signal.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	static uint32_t copy[1024];
	size_t address, size;
	void *device;
	int fd;

	if (argc != 3)
		return 2;
	address = strtoull(argv[1], NULL, 0);
	size = strtoull(argv[2], NULL, 0);
	fd = open("/dev/mem", O_RDONLY | O_SYNC);
	device = mmap(NULL, sizeof(copy), PROT_READ, MAP_SHARED, fd, (off_t)address);
	if (device == MAP_FAILED || size > sizeof(copy)) {
		perror("devcopy");
		return 1;
	}
	memcpy(copy, device, size);
	printf("0x%x\n", copy[0]);
	return 0;
}
