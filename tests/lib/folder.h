/* Folders of tests. */
#pragma once

/* With all that is in it. */
void folder_remove(const char *path);
