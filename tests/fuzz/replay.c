/* Replays a corpus through a fuzz target under any compiler: every argument is
 * a file, or a folder of files. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t n = 0, room = 0;

	if (!f) {
		perror(path);
		return -1;
	}
	for (;;) {
		if (n == room) {
			room = room ? room * 2 : 4096;
			data = realloc(data, room);
			if (!data)
				abort();
		}
		size_t got = fread(data + n, 1, room - n, f);
		if (got == 0)
			break;
		n += got;
	}
	fclose(f);
	/* an exact copy, so that a sanitizer sees one byte too many */
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		abort();
	if (n)
		memcpy(exact, data, n);
	free(data);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];
	int files = 0;

	if (!dir) {
		perror(path);
		return -1;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (replay_file(name) < 0) {
			closedir(dir);
			return -1;
		}
		files++;
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int n = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)
			    ? replay_folder(argv[i])
			: replay_file(argv[i]) < 0 ? -1
						   : 1;
		if (n < 0)
			return 1;
		files += n;
	}
	printf("replayed %d files\n", files);
	return files ? 0 : 1; /* an empty corpus proves nothing */
}
