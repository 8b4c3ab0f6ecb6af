/* Unicode's canonical composition. Pure. */
#pragma once

#include "base/buf.h"

/* The text in NFC; what is no UTF-8 as it is. */
void nfc_add(struct buf *out, struct str text);
