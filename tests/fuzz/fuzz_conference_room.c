/* A few users' doings in one room, whatever their order. */
#include "tests/lib/room_play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= 4096)
		room_play(data, size);
	return 0;
}
